/**
 * The person's account at the key server, between the vault and the server: each login and each change of the account.
 *
 * The vault makes and signs what is sent. Each change asks for the passphrase and logs in anew, because the server takes
 * it only from a fresh login.
 */

import { overwrite } from "./cleanup.js";
import { deviceName } from "./device_name.js";
import { ApiError } from "./json_requests.js";

/** @typedef {import("./session.js").Caller} Vault */
/** @typedef {import("./session.js").SealedSession} SealedSession */
/** @typedef {import("./key_server.js").KeyServer} KeyServer */
/** @typedef {import("./types/verbs.js").OpenedIdentity} SealedIdentity */
/** What this device knows of an account. @typedef {{token: ArrayBuffer, known: ArrayBuffer | null}} Remembered */
/**
 * @typedef {{
 *   read: (user: string) => Promise<Remembered>, write: (user: string, remembered: Remembered) => Promise<void>,
 *   forget: (user: string) => Promise<void>,
 * }} KeyServerMemory
 */
/** @typedef {{identities: SealedIdentity[], session: ArrayBuffer, known: ArrayBuffer}} Opened */
/** @typedef {{id: string, name: string, created: number, latest: number, is_this: boolean}} KeyDevice */
/** @typedef {{request: ArrayBuffer, condition: string, authorization: string, session: ArrayBuffer, known: ArrayBuffer}} Prepared */

export class KeyAccount {
  #vault;
  #seal;
  #memory;
  #server;
  #user;
  /** @type {ArrayBuffer | null} */
  #session = null;
  #calls = 0;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {SealedSession} seal
   * @param {KeyServerMemory} memory
   * @param {{server: KeyServer, user: string}} place
   */
  constructor(vault, seal, memory, { server, user }) {
    this.#vault = vault;
    this.#seal = seal;
    this.#memory = memory;
    this.#server = server;
    this.#user = user;
  }

  /** The host of the key server. */
  get host() {
    return new URL(this.#server.origin).host;
  }

  /** @param {Secret} passphrase @returns {Promise<Opened>} */
  logIn(passphrase) {
    return this.#open("roaming.login", "/login", { passphrase });
  }

  /**
   * Logs in by the recovery code, and stores a new passphrase.
   * @param {Secret} code
   * @param {Secret} passphrase
   * @returns {Promise<Opened>}
   */
  async recover(code, passphrase) {
    const opened = await this.#open("roaming.recover", "/recover", { code });
    await this.#rotate(passphrase, {});
    return opened;
  }

  /** @returns {Promise<KeyDevice[]>} the latest first */
  async devices() {
    return (await this.#server.devices(await this.#sign("GET", "/devices"))).devices;
  }

  /** @param {Secret} passphrase @param {Secret} next the new one */
  async changePassphrase(passphrase, next) {
    await this.logIn(passphrase);
    await this.#rotate(next, {});
  }

  /** @param {Secret} passphrase @returns {Promise<string>} the code, to be written down */
  async makeCode(passphrase) {
    const again = copyOf(passphrase);
    await this.logIn(passphrase);
    const { code } = await this.#rotate(again, { newCode: true });
    return new TextDecoder().decode(code);
  }

  /** Ends the access of a device. @param {string} id @param {Secret} passphrase */
  async revoke(id, passphrase) {
    const again = copyOf(passphrase);
    await this.logIn(passphrase);
    await this.#rotate(again, { revoked: [id] });
  }

  /** Deletes the account at the server. @param {Secret} passphrase */
  async remove(passphrase) {
    await this.logIn(passphrase);
    await this.#server.remove(await this.#sign("DELETE", "/account"));
    await this.#memory.forget(this.#user);
    this.forget();
  }

  /** Overwrites the session, at a lock. */
  forget() {
    if (this.#session) overwrite(this.#session);
    this.#session = null;
  }

  /**
   * @param {"roaming.login" | "roaming.recover"} verb
   * @param {"/login" | "/recover"} path
   * @param {Record<string, Secret>} secret
   * @returns {Promise<Opened>}
   */
  async #open(verb, path, secret) {
    const { ended } = this.#seal;
    const { token, known } = await this.#memory.read(this.#user);
    const before = () => (known ? { known: known.slice(0) } : {});
    const vault = await this.#vault();
    const { request, login } = await vault.call(verb, {
      server: this.#server.origin,
      user: this.#user,
      parameters: await this.#server.parameters(this.#user),
      at: new Date().toISOString(),
      deviceToken: token.slice(0),
      deviceName: deviceName(),
      ...secret,
      ...before(),
      sealKey: this.#seal.keyForUnlock(),
    });
    const response = await this.#server.logIn(path, request).finally(() => overwrite(request));
    // After a lock the session has another key, which opens nothing.
    if (ended.aborted) throw new ApiError("locked", "the keys are locked");
    const sealKey = this.#seal.keyForUnlock();
    const opened = await vault.call("roaming.open", { user: this.#user, login, response, ...before(), sealKey });
    this.#calls = 0;
    await this.#take(opened);
    return opened;
  }

  /**
   * @param {Secret} passphrase
   * @param {{revoked?: string[], newCode?: boolean}} change
   * @returns {Promise<Prepared & {code?: ArrayBuffer}>}
   */
  async #rotate(passphrase, { revoked = [], newCode = false }) {
    const prepared = await this.#prepare("roaming.rotate", { passphrase, revoked, newCode });
    await this.#server.rotate(prepared);
    await this.#take(prepared);
    return prepared;
  }

  /** @param {string} method @param {string} path @returns {Promise<string>} the header Authorization */
  async #sign(method, path) {
    return (await this.#prepare("roaming.sign", { method, path })).authorization;
  }

  /** @param {string} verb @param {Record<string, unknown>} members @returns {Promise<any>} */
  async #prepare(verb, members) {
    if (!this.#session) throw new ApiError("locked", "the keys are locked");
    const vault = await this.#vault();
    this.#calls += 1;
    const session = this.#session.slice(0);
    const sealKey = this.#seal.keyForUnlock();
    return vault.call(verb, { user: this.#user, session, sealKey, call: this.#calls, ...members });
  }

  /** @param {{session: ArrayBuffer, known: ArrayBuffer}} after */
  async #take({ session, known }) {
    this.forget();
    this.#session = session;
    const { token } = await this.#memory.read(this.#user);
    await this.#memory.write(this.#user, { token, known });
  }
}

/** @param {Secret} secret @returns {Secret} */
function copyOf({ buffer, length }) {
  return { buffer: buffer.slice(0), length };
}
