/**
 * The person's keys in this page: sealed identities in the memory of this module, and the session whose key seals the
 * identities.
 *
 * Private keys are decrypted only inside the vault, for one operation each. Every call transfers copies to the vault,
 * which overwrites them. A lock overwrites the identities and the key, and stops the operations that use them.
 */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { LockedEvent, SealedSession } from "../../../wasm_build/vault/storage/session.js";
import { sameAddress } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockReason} LockReason */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").Caller} Vault */
/**
 * @typedef {{
 *   sealed: ArrayBuffer, name: string, certificate: ArrayBuffer, addresses: string[], subject: string, issuer: string,
 *   notBefore: string, notAfter: string, fingerprint: string, isShared?: boolean,
 * }} SealedIdentity
 */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").Ages} Ages */
/** @typedef {"passphrase" | "passkey" | "tab" | "reload"} Way the way in which the keys were unlocked */
/** @typedef {{sealKey: Secret, identities: SealedIdentity[], ages: Ages}} SharedKeys */

/**
 * Dispatches "change" when keys are added or removed, and when a class that unlocks keys calls `changed`. Dispatches
 * "locked" with the reason when unlocked keys are locked, and "used" when the person is active while the keys are unlocked.
 */
export class KeyRing extends EventTarget {
  #vault;
  #session;
  /** @type {SealedIdentity[]} */
  #identities = [];
  /** @type {Way | null} */
  #way = null;

  /** @param {() => Promise<Vault>} vault @param {SealedSession} [session] */
  constructor(vault, session = new SealedSession()) {
    super();
    this.#session = session;
    this.#vault = async () => session.guard(await vault());
    session.addEventListener("locked", (event) => {
      this.#forget();
      this.dispatchEvent(new LockedEvent(/** @type {LockedEvent} */ (event).reason));
    });
    session.addEventListener("used", () => this.dispatchEvent(new Event("used")));
  }

  /** The function that returns the vault for operations with these keys. A lock ends these operations. */
  get vault() {
    return this.#vault;
  }

  get unlocked() {
    return this.#identities.length > 0 && this.#session.isOpen;
  }

  /** The way in which the keys were unlocked last; null while they are locked. */
  get way() {
    return this.unlocked ? this.#way : null;
  }

  /** A signal that aborts when the keys are locked, before "change" and "locked" are dispatched. */
  get ended() {
    return this.#session.ended;
  }

  /** The ages of the unlocking and of the last use; null while the keys are locked. */
  get ages() {
    return this.#session.ages;
  }

  /** The facts about the identities for the views: all but the keys and the certificates. */
  get identities() {
    return this.#identities.map(({ sealed, certificate, ...known }) => known);
  }

  /** @param {string} address */
  hasIdentityFor(address) {
    return this.#identities.some(({ addresses }) => addresses.some((own) => sameAddress(own, address)));
  }

  /** The name in the certificate for an address; "" if there is none. @param {string} address */
  nameFor(address) {
    return this.#identities.find(({ addresses }) => addresses.some((own) => sameAddress(own, address)))?.name ?? "";
  }

  /**
   * Copies of the identities and of the session's key for one vault call. While locked, there are no identities and the key
   * is null. Locks the keys if a deadline has passed.
   * @param {{byPerson?: boolean}} [options] as for `SealedSession.useKey`
   * @returns {{identities: ArrayBuffer[], sealKey: Secret | null}}
   */
  copies(options) {
    const sealKey = this.#session.useKey(options);
    return { identities: this.#identities.map(({ sealed }) => sealed.slice(0)), sealKey };
  }

  /**
   * Copies of the key, the identities and the ages for another tab; null while the keys are locked.
   * @returns {SharedKeys | null}
   */
  share() {
    const sealKey = this.#session.useKey({ byPerson: false });
    const { ages } = this;
    return sealKey && ages && { sealKey, identities: this.shareIdentities(), ages };
  }

  /** Copies of the identities for a tab that has the key under which they are sealed. @returns {SealedIdentity[]} */
  shareIdentities() {
    return this.#identities.map((identity) => (
      { ...identity, sealed: identity.sealed.slice(0), certificate: identity.certificate.slice(0) }
    ));
  }

  /** A copy of the session's key. The vault seals keys that are being unlocked under the session's key. */
  keyForUnlock() {
    return this.#session.keyForUnlock();
  }

  /**
   * Adds the identities from `open` to the unlocked ones, and overwrites the secrets. Rejects if the keys were locked
   * meanwhile. The caller has to call `changed`, after it has stored the data that came with the keys.
   * @template {{identities: SealedIdentity[]}} Found
   * @param {Secret[]} secrets
   * @param {(vault: Vault) => Promise<Found>} open
   * @param {{way?: Way, ages?: () => Ages, ended?: AbortSignal}} [options] `ended` is the session's signal from before the
   *   unlocking began
   * @returns {Promise<Found>}
   */
  async unlock(secrets, open, { way = "passphrase", ages, ended = this.#session.ended } = {}) {
    try {
      const opened = await open(await this.#vault());
      const { identities } = opened;
      this.#session.begin(ended, ages?.());
      this.#way = way;
      this.#identities.push(...this.#without(identities));
      return opened;
    } finally {
      for (const { buffer } of secrets) overwrite(buffer);
    }
  }

  /**
   * Unlocks with the keys of another tab. The deadlines of that tab go on. Throws `locked` if a deadline has passed.
   * @param {SharedKeys} shared the key is overwritten
   */
  adopt({ sealKey, identities, ages }) {
    this.#session.adopt(sealKey, ages);
    this.#identities = identities;
    this.#way = "tab";
    this.changed();
  }

  /**
   * Adds the identities of a tab that has the same key, and uses that tab's order.
   * @param {SealedIdentity[]} identities
   */
  join(identities) {
    if (!this.unlocked) return;
    this.#identities.push(...this.#without(identities));
    this.arrange(identities);
    this.changed();
  }

  /** Puts the identities in an order. @param {SealedIdentity[]} order identities that the order lacks come last */
  arrange(order) {
    const places = new Map(order.map(({ fingerprint }, place) => [fingerprint, place]));
    const placeOf = (/** @type {SealedIdentity} */ { fingerprint }) => places.get(fingerprint) ?? places.size;
    this.#identities.sort((one, other) => placeOf(one) - placeOf(other));
  }

  /** Reports that the keys, their account or the offer to store the keys have changed. */
  changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** Restarts the idle time, because the person was active in another tab. @param {number} wall the wall-clock time of the activity */
  noteUseElsewhere(wall) {
    this.#session.noteUseElsewhere(wall);
  }

  /** Restarts the idle time, because the person is active. */
  touch() {
    this.#session.touch();
  }

  /** Locks the keys if a deadline has passed. There is also a timer, but timers do not run while the computer sleeps. */
  check() {
    this.#session.check();
  }

  /**
   * Overwrites and forgets all keys.
   * @param {LockReason} reason
   */
  lock(reason) {
    this.#session.lock(reason);
    this.#forget();
  }

  #forget() {
    if (this.#identities.length === 0) return;
    for (const { sealed } of this.#identities) overwrite(sealed);
    this.#identities = [];
    this.changed();
  }

  /** Those of the identities that this object does not have yet. @param {SealedIdentity[]} identities */
  #without(identities) {
    const known = new Set(this.#identities.map(({ fingerprint }) => fingerprint));
    return identities.filter(({ fingerprint }) => !known.has(fingerprint));
  }
}

/**
 * Locks the keys after a time without use, and when the page is closed or frozen.
 * @param {Pick<KeyRing, "lock" | "check" | "touch" | "unlocked">} keys
 */
export function lockByItself(keys) {
  // The memory of a closed or frozen page cannot be overwritten later, so no secret may stay there.
  addEventListener("pagehide", () => keys.lock("left"));
  document.addEventListener("freeze", () => keys.lock("asleep"));
  // Timers do not run while a computer sleeps, so the deadlines are checked when the page is shown again.
  document.addEventListener("visibilitychange", () => keys.check());
  addEventListener("pointerdown", () => keys.touch(), { capture: true, passive: true });
  addEventListener("keydown", (event) => {
    const wasUnlocked = keys.unlocked;
    keys.touch();
    if (!wasUnlocked || keys.unlocked) return;
    // The key was meant for a view that is gone now. It must not be typed into the field for the passphrase.
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
}
