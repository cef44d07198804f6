/** The person's account at the key server. The vault makes and judges all data that is exchanged with the server (`operation.js`). */

import { ApiError } from "../server/json_requests.js";
import { deviceName } from "./device_name.js";
import { operate } from "./operation.js";
import { ServerSession } from "./server_session.js";

/** @import {Answers, AskFactor, AskReset, Factors, KeptTrust, KeyDevice, KeyServerMemory, MergedTrust, Opened, Passphrase, Sealing, Secret, Step} from "../types/account.js" */

export class KeyAccount {
  #memory;
  #setting;
  /** Resolves when the last operation is done. The server accepts the calls of a session only in their order. */
  #turn = Promise.resolve();
  /** Whether the recovery code was dropped and not replaced. It is dropped if the passphrase does not vouch for it. */
  hasLostCode = false;
  /** Whether the account has a recovery code. Null before a login has shown it. @type {boolean | null} */
  hasCode = null;
  /** The time from which a reset may replace this account, in seconds since 1970; null if no reset is running. @type {number | null} */
  resetReady = null;

  /**
   * @param {() => Promise<import("../storage/session.js").Caller>} vault @param {Sealing} seal @param {KeyServerMemory} memory
   * @param {{server: import("./key_server.js").KeyServer, user: string, askFactor?: AskFactor, askReset?: AskReset}} setting
   */
  constructor(vault, seal, memory, setting) {
    this.#memory = memory;
    this.user = setting.user;
    /** The session at the server, which a later client can continue. */
    this.session = new ServerSession(memory, setting.user);
    this.#setting = { vault, seal, ...setting, take: (/** @type {Step} */ step) => this.session.take(step) };
  }

  /** The host of the key server. */
  get host() {
    return new URL(this.#setting.server.origin).host;
  }

  get isOpen() {
    return this.session.copy !== null;
  }

  /** Overwrites the session. Called when the keys are locked. */
  forget() {
    this.session.forget();
  }

  /** Makes the account, with a key file. @param {{ticket: string, p12: ArrayBuffer, p12Passphrase: Passphrase, passphrase: Passphrase}} first */
  register(first) {
    return this.#inTurn(() => operate(this.#setting, "roaming.register", { server: this.#setting.server.origin, ...first }, {}));
  }

  logIn(/** @type {Passphrase} */ passphrase) {
    return this.enter("roaming.login", { passphrase });
  }

  changePassphrase(/** @type {Passphrase} */ passphrase, /** @type {Passphrase} */ newPassphrase) {
    return this.enter("roaming.rotate", { passphrase, newPassphrase });
  }

  /** @param {Passphrase} passphrase @returns {Promise<ArrayBuffer>} the recovery code for the person to write down, as the vault returned it */
  async makeCode(passphrase) {
    return (await this.enter("roaming.rotate", { passphrase, newCode: true })).code ?? new ArrayBuffer(0);
  }

  /** Ends the access of a device. @param {string} id @param {Passphrase} passphrase */
  revoke(id, passphrase) {
    return this.enter("roaming.rotate", { passphrase, revoked: [id] });
  }

  /** Adds a second factor. `make` makes it for a challenge. @param {Secret} passphrase @param {(challenge: string) => Promise<object>} make */
  addFactor(passphrase, make) {
    return this.enter("roaming.factors", { passphrase }, { "new-factor": ({ challenge }) => make(challenge) });
  }

  removeFactor(/** @type {Secret} */ passphrase, /** @type {string} */ removed) {
    return this.enter("roaming.factors", { passphrase, removed });
  }

  /** Deletes the account at the server. @param {Passphrase} passphrase */
  async remove(passphrase) {
    await this.enter("roaming.remove", { passphrase });
    await this.#memory.forget(this.user);
    this.forget();
  }

  /** @param {"devices" | "factors" | "recovery" | "export" | "stop-reset"} what `export` says that keys are saved to a file @returns {Promise<any>} */
  ask(what) {
    return this.run("roaming.ask", { what });
  }

  /** Stores further identities, such as a renewed one. @param {{sealed: ArrayBuffer}[]} identities */
  add(identities) {
    return this.run("roaming.push", { identities: identities.map(({ sealed }) => sealed.slice(0)) });
  }

  async devices() {
    return /** @type {KeyDevice[]} */ ((await this.ask("devices")).devices);
  }

  factors() {
    return /** @type {Promise<Factors>} */ (this.ask("factors"));
  }

  async stopReset() {
    await this.ask("stop-reset");
    this.resetReady = null;
  }

  /**
   * Merges the trust that the page keeps with the trust in the account, and stores in the account what it lacks.
   * @param {KeptTrust} kept @param {Record<string, Record<string, string | null>>} others settings, recipes and address book
   * @param {(sent: ArrayBuffer) => Promise<void>} storeUnconfirmed keeps `sent` until the page keeps a result: the answer may be lost
   * @returns {Promise<MergedTrust>}
   */
  merge(kept, others, storeUnconfirmed) {
    const copies = Object.fromEntries(Object.entries(kept).map(([name, buffer]) => [name, buffer?.slice(0) ?? null]));
    return this.run("roaming.merge", { ...copies, others, at: new Date().toISOString() }, {
      sent: ({ sent }) => storeUnconfirmed(sent),
    });
  }

  /** Runs an operation of the session. @param {string} verb @param {object} members @param {Answers} [answers] @returns {Promise<any>} */
  run(verb, members, answers = {}) {
    return this.#inTurn(async () => {
      const session = this.session.copy;
      if (!session) throw new ApiError("locked", "the keys are locked");
      return operate(this.#setting, verb, { ...session, ...members }, answers);
    });
  }

  /** Runs an operation that begins with a login. @param {string} verb @param {object} members @param {Answers} [answers] @returns {Promise<Opened & {code: ArrayBuffer | null}>} */
  enter(verb, members, answers = {}) {
    return this.#inTurn(async () => {
      const { token, known } = await this.#memory.read(this.user);
      const device = { deviceToken: token.slice(0), deviceName: deviceName(), ...(known && { known: known.slice(0) }) };
      const ahead = [await this.#setting.server.termsOf(this.user, verb === "roaming.undo")];
      const login = { server: this.#setting.server.origin, at: new Date().toISOString(), ahead, ...device };
      const opened = await operate(this.#setting, verb, { ...login, ...members }, answers);
      this.hasLostCode = !opened.code && (this.hasLostCode || Boolean(opened.hasLostCode));
      if ("hasCode" in opened) this.hasCode = opened.hasCode;
      if ("resetReady" in opened) this.resetReady = opened.resetReady;
      return { code: null, ...opened };
    });
  }

  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  #inTurn(task) {
    const done = this.#turn.then(task);
    this.#turn = done.then(() => undefined, () => undefined);
    return done;
  }
}
