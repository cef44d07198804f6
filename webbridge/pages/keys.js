/**
 * The person's keys in this page: sealed identities, and the key that seals them, both only in this module's memory.
 *
 * Private keys are opened only inside the vault, for one operation each. The page holds them sealed under `sealKey`;
 * every vault call gets copies, which it transfers and the vault overwrites. Locking overwrites both.
 */

import { ApiError } from "./api.js";
import { SECRET_BUFFER_BYTES } from "./runtime/ui/secret_field.js";

/** @typedef {import("./runtime/ui/secret_field.js").Secret} Secret */
/** @typedef {import("./api.js").KeyServer} KeyServer */
/** @typedef {import("./api.js").BridgeApi} BridgeApi */
/** @typedef {{call: (verb: string, args: object, options?: object) => Promise<any>}} Vault */
/**
 * @typedef {{
 *   sealed: ArrayBuffer, certificate: ArrayBuffer, addresses: string[], subject: string, issuer: string,
 *   notBefore: string, notAfter: string, fingerprint: string,
 * }} SealedIdentity
 */

const SEAL_KEY_BYTES = 32;

export class KeyRing extends EventTarget {
  #vault;
  /** @type {SealedIdentity[]} */
  #identities = [];
  /** @type {ArrayBuffer | null} */
  #sealKey = null;
  /** @type {import("./password_mark.js").PasswordMark | null} */
  #mailPassword = null;
  /** A file that was opened and may be kept on the key server. @type {{p12: ArrayBuffer, passphrase: Secret} | null} */
  #offered = null;

  /** @param {() => Promise<Vault>} vault */
  constructor(vault) {
    super();
    this.#vault = vault;
  }

  get unlocked() {
    return this.#identities.length > 0;
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

  /** Copies for one vault call. @returns {{identities: ArrayBuffer[], sealKey: Secret}} */
  copies() {
    return { identities: this.#identities.map(({ sealed }) => sealed.slice(0)), sealKey: this.#copySealKey() };
  }

  /**
   * Opens a file with keys: PKCS#12 or PEM.
   * @param {ArrayBuffer} p12
   * @param {Secret} passphrase
   */
  async openFile(p12, passphrase) {
    const offered = { p12: p12.slice(0), passphrase: copySecret(passphrase) };
    try {
      const vault = await this.#vault();
      const opened = await vault.call("identity.open", { p12, passphrase, sealKey: this.#copySealKey() });
      if (opened.identities.length === 0) throw new ApiError("no-identity-in-file", "no private key in the file");
      this.#adopt(opened);
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
    try {
      const vault = await this.#vault();
      const parameters = await keyServer.parameters(user);
      const { request } = await vault.call("roaming.login", { server, user, passphrase, parameters });
      const response = await keyServer.login(request);
      overwrite(request);
      const opening = { server, user, passphrase: forOpening, parameters, response, sealKey: this.#copySealKey() };
      this.#adopt(await vault.call("roaming.open", opening));
    } finally {
      overwrite(passphrase.buffer);
      overwrite(forOpening.buffer);
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
    try {
      const vault = await this.#vault();
      const joined = await vault.call("request.finish", { key, passphrase, files, sealKey: this.#copySealKey() });
      offered.p12 = joined.p12;
      this.#adopt(joined);
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

  /** Overwrites everything and forgets it. */
  lock() {
    for (const { sealed } of this.#identities) overwrite(sealed);
    if (this.#sealKey) overwrite(this.#sealKey);
    if (this.#offered) forget(this.#offered);
    this.#identities = [];
    this.#sealKey = null;
    this.#offered = null;
    this.#changed();
  }

  /** @param {{identities: SealedIdentity[]}} opened */
  #adopt({ identities }) {
    const known = new Set(this.#identities.map(({ fingerprint }) => fingerprint));
    this.#identities.push(...identities.filter(({ fingerprint }) => !known.has(fingerprint)));
  }

  /** @returns {Secret} */
  #copySealKey() {
    if (!this.#sealKey) {
      this.#sealKey = new ArrayBuffer(SECRET_BUFFER_BYTES);
      crypto.getRandomValues(new Uint8Array(this.#sealKey, 0, SEAL_KEY_BYTES));
    }
    return { buffer: this.#sealKey.slice(0), length: SEAL_KEY_BYTES };
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * Domains do not know case, and no mail server in use tells local parts apart by it.
 * @param {string} one
 * @param {string} other
 */
export function sameAddress(one, other) {
  return one.toLowerCase() === other.toLowerCase();
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

/**
 * Fills a buffer with zeros; one that was transferred is empty already.
 * @param {ArrayBuffer} buffer
 */
export function overwrite(buffer) {
  if (buffer.byteLength > 0) new Uint8Array(buffer).fill(0);
}
