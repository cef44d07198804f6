/**
 * The person's keys in this page: sealed identities, only in this module's memory, and the session whose key seals them.
 *
 * Private keys are opened only inside the vault, for one operation each. Every vault call gets copies, which it
 * transfers and the vault overwrites. Locking overwrites identities and key, and stops what runs with them.
 */

import { ApiError } from "./api.js";
import { overwrite } from "./runtime/cleanup.js";
import { LockedEvent, SealedSession } from "./runtime/session.js";
import { sameAddress } from "./runtime/ui/formats.js";

/** @typedef {import("./runtime/ui/secret_field.js").Secret} Secret */
/** @typedef {import("./api.js").KeyServer} KeyServer */
/** @typedef {import("./api.js").BridgeApi} BridgeApi */
/** @typedef {import("./runtime/session.js").LockReason} LockReason */
/** @typedef {import("./runtime/session.js").Caller} Vault */
/**
 * @typedef {{
 *   sealed: ArrayBuffer, name: string, certificate: ArrayBuffer, addresses: string[], subject: string, issuer: string,
 *   notBefore: string, notAfter: string, fingerprint: string,
 * }} SealedIdentity
 */

/** Tells "change" when keys come or go, and "locked" with the reason when they were unlocked and are not any more. */
export class KeyRing extends EventTarget {
  #vault;
  #session;
  /** @type {SealedIdentity[]} */
  #identities = [];
  /** @type {import("./password_mark.js").PasswordMark | null} */
  #mailPassword = null;
  /** A file that was opened and may be kept on the key server. @type {{p12: ArrayBuffer, passphrase: Secret} | null} */
  #offered = null;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {SealedSession} [session]
   */
  constructor(vault, session = new SealedSession()) {
    super();
    this.#session = session;
    this.#vault = async () => session.guard(await vault());
    session.addEventListener("locked", (event) => {
      this.#forget();
      this.dispatchEvent(new LockedEvent(/** @type {LockedEvent} */ (event).reason));
    });
  }

  /** The vault for whoever works with these keys: what runs with them ends when they are locked. */
  get vault() {
    return this.#vault;
  }

  get unlocked() {
    return this.#identities.length > 0 && this.#session.isOpen;
  }

  /** Whether a file was just opened that the key server could keep. */
  get canEnrol() {
    return this.#offered !== null;
  }

  /**
   * Remembers which words must not open keys on the server.
   * @param {import("./password_mark.js").PasswordMark} mark
   */
  refusePassphrase(mark) {
    this.#mailPassword = mark;
  }

  /** What people may know about the identities. */
  get identities() {
    return this.#identities.map(({ sealed, certificate, ...known }) => known);
  }

  /** @param {string} address */
  hasIdentityFor(address) {
    return this.#identities.some(({ addresses }) => addresses.some((own) => sameAddress(own, address)));
  }

  /** The name in the certificate for an address; empty without one. @param {string} address */
  nameFor(address) {
    return this.#identities.find(({ addresses }) => addresses.some((own) => sameAddress(own, address)))?.name ?? "";
  }

  /**
   * Copies for one vault call; nothing while locked, and nothing once a deadline is over, which locks.
   * @returns {{identities: ArrayBuffer[], sealKey: Secret | null}}
   */
  copies() {
    const sealKey = this.#session.useKey();
    return { identities: this.#identities.map(({ sealed }) => sealed.slice(0)), sealKey };
  }

  /** The person is there. */
  touch() {
    this.#session.touch();
  }

  /** Locks what is over: after a sleep no timer has run. */
  check() {
    this.#session.check();
  }

  /**
   * Opens a file with keys: PKCS#12 or PEM.
   * @param {ArrayBuffer} p12
   * @param {Secret} passphrase
   */
  async openFile(p12, passphrase) {
    const offered = { p12: p12.slice(0), passphrase: copySecret(passphrase) };
    const { ended } = this.#session;
    try {
      const vault = await this.#vault();
      const opened = await vault.call("identity.open", { p12, passphrase, sealKey: this.#session.keyForUnlock() });
      if (opened.identities.length === 0) throw new ApiError("no-identity-in-file", "no private key in the file");
      this.#adopt(opened, ended);
    } catch (error) {
      forget(offered);
      throw error;
    } finally {
      overwrite(passphrase.buffer);
    }
    this.dismissOffer();
    // The key server keeps keys under the same passphrase: without one there is nothing to offer.
    if (offered.passphrase.length > 0) this.#offered = offered;
    else forget(offered);
    this.#changed();
  }

  /**
   * Fetches the keys from the key server and opens them.
   * @param {KeyServer} keyServer
   * @param {string} user
   * @param {Secret} passphrase
   */
  async openFromServer(keyServer, user, passphrase) {
    const forOpening = copySecret(passphrase);
    const server = keyServer.origin;
    const { ended } = this.#session;
    try {
      const vault = await this.#vault();
      const parameters = await keyServer.parameters(user);
      const { request } = await vault.call("roaming.login", { server, user, passphrase, parameters });
      const response = await keyServer.login(request);
      overwrite(request);
      const opening = { server, user, passphrase: forOpening, parameters, response, sealKey: this.#session.keyForUnlock() };
      this.#adopt(await vault.call("roaming.open", opening), ended);
    } finally {
      overwrite(passphrase.buffer);
      overwrite(forOpening.buffer);
    }
    this.#changed();
  }

  /**
   * What a passkey of this device opens from now on: the unlocked keys under its secret, to be kept.
   * @param {string} account
   * @param {Secret} output
   * @returns {Promise<ArrayBuffer>}
   */
  async sealForPasskey(account, output) {
    try {
      const vault = await this.#vault();
      const keys = this.copies();
      if (!keys.sealKey) throw new ApiError("locked", "the keys are locked");
      return (await vault.call("passkey.seal", { account, output, ...keys })).bundle;
    } finally {
      overwrite(output.buffer);
    }
  }

  /**
   * Opens what `sealForPasskey` made.
   * @param {string} account
   * @param {ArrayBuffer} bundle
   * @param {Secret} output
   */
  async openWithPasskey(account, bundle, output) {
    const { ended } = this.#session;
    try {
      const vault = await this.#vault();
      const args = { account, output, bundle, sealKey: this.#session.keyForUnlock() };
      this.#adopt(await vault.call("passkey.open", args), ended);
    } finally {
      overwrite(output.buffer);
    }
    this.#changed();
  }

  /**
   * Puts the file that was just opened on the key server, under the same passphrase.
   * @param {KeyServer} keyServer
   * @param {string} user
   * @param {BridgeApi} api
   */
  async enrol(keyServer, user, api) {
    if (!this.#offered) throw new Error("no file was opened");
    const { p12, passphrase } = this.#offered;
    if (await this.#mailPassword?.matches(passphrase)) {
      throw new ApiError("passphrase-reused", "the passphrase is the mail password");
    }
    const vault = await this.#vault();
    const ticket = await api.enrolmentTicket();
    const { request } = await vault.call("roaming.register", {
      server: keyServer.origin,
      user,
      ticket,
      passphrase: copySecret(passphrase),
      p12: p12.slice(0),
      p12Passphrase: copySecret(passphrase),
    });
    await keyServer.register(request).finally(() => overwrite(request));
    this.dismissOffer();
  }

  /**
   * A new key under the passphrase, and the request for its certificate, both as files.
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
   * Joins the key of a request with what the authority sent; the keys are unlocked then.
   * @param {ArrayBuffer} key
   * @param {ArrayBuffer[]} files
   * @param {Secret} passphrase
   */
  async finishRequest(key, files, passphrase) {
    const kept = copySecret(passphrase);
    const offered = { p12: new ArrayBuffer(0), passphrase: kept };
    const { ended } = this.#session;
    try {
      const vault = await this.#vault();
      const joined = await vault.call("request.finish", { key, passphrase, files, sealKey: this.#session.keyForUnlock() });
      offered.p12 = joined.p12;
      this.#adopt(joined, ended);
    } catch (error) {
      forget(offered);
      throw error;
    } finally {
      overwrite(passphrase.buffer);
    }
    this.dismissOffer();
    this.#offered = offered;
    this.#changed();
  }

  /** The file that may be kept, as a copy for the person to save; null when there is none. */
  get offeredFile() {
    return this.#offered?.p12.slice(0) ?? null;
  }

  /** Forgets the file that could be kept on the key server. */
  dismissOffer() {
    if (!this.#offered) return;
    forget(this.#offered);
    this.#offered = null;
    this.#changed();
  }

  /**
   * Overwrites everything and forgets it.
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
    this.#identities = [];
    this.#offered = null;
    this.#changed();
  }

  /**
   * @param {{identities: SealedIdentity[]}} opened
   * @param {AbortSignal} ended of the session in which the unlocking began
   */
  #adopt({ identities }, ended) {
    this.#session.begin(ended);
    const known = new Set(this.#identities.map(({ fingerprint }) => fingerprint));
    this.#identities.push(...identities.filter(({ fingerprint }) => !known.has(fingerprint)));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * @param {Secret} secret
 * @returns {Secret}
 */
function copySecret({ buffer, length }) {
  return { buffer: buffer.slice(0), length };
}

/** @param {{p12: ArrayBuffer, passphrase: Secret}} offered */
function forget({ p12, passphrase }) {
  overwrite(p12);
  overwrite(passphrase.buffer);
}
