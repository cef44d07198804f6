/**
 * The person's keys in this page: sealed identities in the memory of this module, and the session whose key seals them.
 *
 * Private keys are decrypted only inside the vault, for one operation each. Every call transfers copies to the vault,
 * which overwrites them. A lock overwrites the identities and the key, and stops the operations that use them.
 */

import { ApiError } from "../app/api.js";
import { KeyServerMemory } from "./key_server_memory.js";
import { PassphraseRule } from "./passphrase_rule.js";
import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { copySecret, KeyAccount } from "../../../wasm_build/vault/account/key_account.js";
import { LockedEvent, SealedSession } from "../../../wasm_build/vault/storage/session.js";
import { sameAddress } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("../../../wasm_build/vault/account/key_server.js").KeyServer} KeyServer */
/** @typedef {import("../../../wasm_build/vault/account/key_account.js").AskFactor} AskFactor */
/** @typedef {import("../../../wasm_build/vault/account/key_account.js").AskReset} AskReset */
/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockReason} LockReason */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").Caller} Vault */
/**
 * @typedef {{
 *   sealed: ArrayBuffer, name: string, certificate: ArrayBuffer, addresses: string[], subject: string, issuer: string,
 *   notBefore: string, notAfter: string, fingerprint: string, isShared?: boolean,
 * }} SealedIdentity
 */
/** @typedef {(vault: Vault) => Promise<{identities: SealedIdentity[]}>} Opening */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").Ages} Ages */
/** @typedef {"passphrase" | "passkey" | "tab" | "reload"} Way the way by which the keys were unlocked */
/** @typedef {{sealKey: Secret, identities: SealedIdentity[], ages: Ages}} SharedKeys */

/**
 * Dispatches "change" when keys are added or removed, "locked" with the reason when unlocked keys are locked, and "used"
 * when the person is active while they are unlocked.
 */
export class KeyRing extends EventTarget {
  #vault;
  #session;
  /** @type {SealedIdentity[]} */
  #identities = [];
  #passphraseRule;
  /**
   * The key file that was unlocked last, with its passphrase, while the person can store it on the key server.
   * @type {{p12: ArrayBuffer, passphrase: Secret} | null}
   */
  #offered = null;

  #memory;
  #askFactor;
  #askReset;
  /** @type {KeyAccount | null} */
  #account = null;
  /** @type {Way | null} */
  #way = null;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {{
   *   session?: SealedSession, memory?: KeyServerMemory, askFactor?: AskFactor, askReset?: AskReset, passphraseRule?: PassphraseRule,
   * }} [parts]
   */
  constructor(vault, {
    session = new SealedSession(), memory = new KeyServerMemory(() => false), askFactor, askReset, passphraseRule = new PassphraseRule(),
  } = {}) {
    super();
    this.#passphraseRule = passphraseRule;
    this.#memory = memory;
    this.#askFactor = askFactor;
    this.#askReset = askReset;
    this.#session = session;
    this.#vault = async () => session.guard(await vault());
    session.addEventListener("locked", (event) => {
      this.#forget();
      this.dispatchEvent(new LockedEvent(/** @type {LockedEvent} */ (event).reason));
    });
    session.addEventListener("used", () => this.dispatchEvent(new Event("used")));
  }

  /** The function that returns the vault for operations with these keys. A lock ends the operations. */
  get vault() {
    return this.#vault;
  }

  get unlocked() {
    return this.#identities.length > 0 && this.#session.isOpen;
  }

  /** The way by which the keys were unlocked last; null while they are locked. */
  get way() {
    return this.unlocked ? this.#way : null;
  }

  /** A signal that aborts when the keys are locked. */
  get ended() {
    return this.#session.ended;
  }

  /** A copy of the session's key, under which the vault seals keys that are being unlocked. */
  keyForUnlock() {
    return this.#session.keyForUnlock();
  }

  /** The ages of the unlocking and of the last use; null while the keys are locked. */
  get ages() {
    return this.#session.ages;
  }

  /** Whether there is a key file that the person can store on the key server. */
  get canEnrol() {
    return this.#offered !== null;
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
   * Copies of identities and key for one vault call. While locked, there are no identities and the key is null. Locks
   * the keys if a deadline has passed.
   * @param {{byPerson?: boolean}} [options] as for `SealedSession.useKey`
   * @returns {{identities: ArrayBuffer[], sealKey: Secret | null}}
   */
  copies(options) {
    const sealKey = this.#session.useKey(options);
    return { identities: this.#identities.map(({ sealed }) => sealed.slice(0)), sealKey };
  }

  /** Copies for another tab; null while the keys are locked. @returns {SharedKeys | null} */
  share() {
    const sealKey = this.#session.useKey({ byPerson: false });
    const { ages } = this;
    return sealKey && ages && { sealKey, identities: this.shareIdentities(), ages };
  }

  /** Copies of the identities for a tab that has their key. @returns {SealedIdentity[]} */
  shareIdentities() {
    return this.#identities.map((one) => ({ ...one, sealed: one.sealed.slice(0), certificate: one.certificate.slice(0) }));
  }

  /** Adds the identities of a tab that has the same key, in whose order they are then. @param {SealedIdentity[]} identities */
  join(identities) {
    if (!this.unlocked) return;
    this.#identities.push(...this.#without(identities));
    this.#arrange(identities);
    this.changed();
  }

  /**
   * Unlocks with the keys of another tab, whose deadlines go on. Throws `locked` if they are over.
   * @param {SharedKeys} shared the key is overwritten
   */
  adopt({ sealKey, identities, ages }) {
    this.#session.adopt(sealKey, ages);
    this.#identities = identities;
    this.#way = "tab";
    this.changed();
  }

  /** Restarts the idle time, because the person was active in another tab. @param {number} wall the time there */
  noteUseElsewhere(wall) {
    this.#session.noteUseElsewhere(wall);
  }

  /** Restarts the idle time, because the person is active. */
  touch() {
    this.#session.touch();
  }

  /** Locks the keys if a deadline has passed. A timer does so too, but not while the computer sleeps. */
  check() {
    this.#session.check();
  }

  /**
   * Unlocks the keys of a file, PKCS#12 or PEM.
   * @param {ArrayBuffer} p12
   * @param {Secret} passphrase
   */
  async openFile(p12, passphrase) {
    const offered = { p12: p12.slice(0), passphrase: copySecret(passphrase) };
    await this.#unlockOffered(passphrase, offered, async (vault) => {
      const opened = await vault.call("identity.open", { p12, passphrase, sealKey: this.keyForUnlock() });
      if (opened.identities.length === 0) throw new ApiError("no-identity-in-file", "no private key in the file");
      return opened;
    });
  }

  /**
   * Adds the keys of a file to the account at the key server, and unlocks them beside the others.
   * @param {ArrayBuffer} p12
   * @param {Secret} passphrase
   */
  async addToAccount(p12, passphrase) {
    const account = this.#account;
    if (!account) throw new ApiError("locked", "the keys are locked");
    await this.unlock([passphrase], async (vault) => {
      const opened = await vault.call("identity.open", { p12, passphrase, sealKey: this.keyForUnlock() });
      if (opened.identities.length === 0) throw new ApiError("no-identity-in-file", "no private key in the file");
      await account.add(opened.identities);
      return opened;
    });
    this.changed();
  }

  /**
   * Unlocks what a change of the account has added, such as the keys of a shared identity. The order is that of the account,
   * because messages are signed with the first identity of an address.
   * @template {{identities: SealedIdentity[]}} Found
   * @param {(account: KeyAccount) => Promise<Found>} change
   * @returns {Promise<Found>} the result of `change`
   */
  async unlockFrom(change) {
    const account = this.#account;
    if (!account) throw new ApiError("locked", "the keys are locked");
    const opened = await this.unlock([], () => change(account));
    this.#arrange(opened.identities);
    this.changed();
    return opened;
  }

  /** @param {SealedIdentity[]} order those that it lacks come last */
  #arrange(order) {
    const places = new Map(order.map(({ fingerprint }, place) => [fingerprint, place]));
    const placeOf = (/** @type {SealedIdentity} */ { fingerprint }) => places.get(fingerprint) ?? places.size;
    this.#identities.sort((one, other) => placeOf(one) - placeOf(other));
  }

  /**
   * Fetches the keys from the key server and unlocks them.
   * @param {KeyServer} keyServer
   * @param {string} user
   * @param {Secret} passphrase
   */
  async openFromServer(keyServer, user, passphrase) {
    await this.openAt(keyServer, user, [passphrase], (account) => account.logIn(passphrase));
  }

  /**
   * Opens an account at the key server in another way, unlocks its keys, and overwrites the secrets.
   * @template {{identities: SealedIdentity[]}} Found
   * @param {KeyServer} keyServer
   * @param {string} user
   * @param {Secret[]} secrets
   * @param {(account: KeyAccount) => Promise<Found>} open
   * @returns {Promise<Found>} the result of `open`
   */
  async openAt(keyServer, user, secrets, open) {
    const account = this.#accountAt(keyServer, user);
    const opened = await this.unlock(secrets, () => open(account));
    this.#useAccount(account);
    return opened;
  }

  /** The account at the key server from which the keys come; null for keys of a file or passkey. */
  get account() {
    return this.#account;
  }

  /** Stops the reset of the account that goes on. */
  async stopReset() {
    await this.#account?.stopReset();
    this.changed();
  }

  /** Forgets the account, which was deleted. The keys stay unlocked. */
  leaveAccount() {
    this.#account = null;
    this.changed();
  }

  /** @param {KeyServer} server @param {string} user */
  #accountAt(server, user) {
    const place = { server, user, askFactor: this.#askFactor, askReset: this.#askReset };
    return new KeyAccount(this.#vault, this.#session, this.#memory, place);
  }

  /** @param {KeyAccount} account */
  #useAccount(account) {
    this.#account?.forget();
    this.#account = account;
    this.changed();
  }

  /**
   * Stores the keys of the offered file on the key server, under the same passphrase.
   * @param {KeyServer} keyServer
   * @param {string} user
   * @param {BridgeApi} api
   */
  async enrol(keyServer, user, api) {
    if (!this.#offered) throw new Error("no file was opened");
    const { p12, passphrase } = this.#offered;
    await this.#passphraseRule.checkCopyOf(passphrase);
    const ticket = await api.enrolmentTicket();
    const p12Passphrase = copySecret(passphrase);
    await this.#accountAt(keyServer, user).register({ ticket, p12: p12.slice(0), p12Passphrase, passphrase: copySecret(passphrase) });
    this.dismissOffer();
  }

  /**
   * Makes a new key, encrypted under the passphrase, and the request for its certificate. Resolves with both as files.
   * @param {string} address
   * @param {Secret} passphrase
   * @returns {Promise<{request: ArrayBuffer, key: ArrayBuffer}>}
   */
  async makeRequest(address, passphrase) {
    try {
      const vault = await this.#vault();
      return await vault.call("request.make", { addresses: [address], passphrase });
    } finally {
      overwrite(passphrase.buffer);
    }
  }

  /**
   * Joins the key of a request with the certificates from the authority, and unlocks it.
   * @param {ArrayBuffer} key
   * @param {ArrayBuffer[]} files
   * @param {Secret} passphrase
   */
  async finishRequest(key, files, passphrase) {
    const offered = { p12: new ArrayBuffer(0), passphrase: copySecret(passphrase) };
    await this.#unlockOffered(passphrase, offered, async (vault) => {
      const joined = await vault.call("request.finish", { key, passphrase, files, sealKey: this.keyForUnlock() });
      offered.p12 = joined.p12;
      return joined;
    });
  }

  /** A copy of the offered file, which the person can save; null if there is none. */
  get offeredFile() {
    return this.#offered?.p12.slice(0) ?? null;
  }

  /** Overwrites the offered file and its passphrase, and withdraws the offer. */
  dismissOffer() {
    if (!this.#offered) return;
    forget(this.#offered);
    this.#offered = null;
    this.changed();
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
    if (this.#identities.length === 0 && this.#offered === null) return;
    for (const { sealed } of this.#identities) overwrite(sealed);
    if (this.#offered) forget(this.#offered);
    this.#account?.forget();
    this.#account = null;
    this.#identities = [];
    this.#offered = null;
    this.changed();
  }

  /**
   * Adds the identities from `open` to the unlocked ones, and overwrites the secrets. Rejects if the keys were locked
   * meanwhile. The caller takes what came with the keys, and then calls `changed`.
   * @template {{identities: SealedIdentity[]}} Found
   * @param {Secret[]} secrets
   * @param {(vault: Vault) => Promise<Found>} open
   * @param {{way?: Way, ages?: () => Ages, ended?: AbortSignal}} [options] `ended` from before an earlier beginning
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

  /** Those that are not here yet. @param {SealedIdentity[]} identities */
  #without(identities) {
    const known = new Set(this.#identities.map(({ fingerprint }) => fingerprint));
    return identities.filter(({ fingerprint }) => !known.has(fingerprint));
  }

  /**
   * Unlocks as `unlock` does, and offers the file for the key server.
   * @param {Secret} passphrase
   * @param {{p12: ArrayBuffer, passphrase: Secret}} offered
   * @param {Opening} open
   */
  async #unlockOffered(passphrase, offered, open) {
    await this.unlock([passphrase], open).catch((error) => {
      forget(offered);
      throw error;
    });
    this.dismissOffer();
    // The key server would store the keys under the file's passphrase, so a file without a passphrase is not offered.
    if (offered.passphrase.length > 0) this.#offered = offered;
    else forget(offered);
    this.changed();
  }

  /** Dispatches "change", when the keys or what came with them have changed. */
  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {{p12: ArrayBuffer, passphrase: Secret}} offered */
function forget({ p12, passphrase }) {
  overwrite(p12);
  overwrite(passphrase.buffer);
}
