/**
 * The person's account at the key server, between the vault and the server: each login and each change of the account.
 *
 * The vault makes and signs what is sent. Each change asks for the passphrase and logs in anew, because the server takes
 * it only from a fresh login.
 */

import { overwrite } from "../memory/cleanup.js";
import { deviceName } from "./device_name.js";
import { GroupCalls } from "./group_calls.js";
import { ApiError } from "../server/json_requests.js";
import { PROTOCOL } from "./key_server.js";

/** @typedef {{buffer: ArrayBuffer, length: number}} Secret */
/** @typedef {{envelope: {sender: ArrayBuffer, ciphertext: ArrayBuffer}, length: number}} EncryptedSecret */
/** @typedef {Secret | EncryptedSecret} Passphrase */
/** @typedef {import("../storage/session.js").Caller} Vault */
/**
 * The session whose key seals the identities. `ended` aborts at a lock. The extension's background has the key, and the
 * passphrases, only encrypted to the vault.
 * @typedef {{ended: AbortSignal, keyForUnlock: () => Secret | EncryptedSecret}} Sealing
 */
/** @typedef {import("./key_server.js").KeyServer} KeyServer */
/** @typedef {import("../types/verbs.js").OpenedIdentity} SealedIdentity */
/** The token of this device, and the record of an account that it has seen last. @typedef {{token: ArrayBuffer, known: ArrayBuffer | null}} Remembered */
/**
 * @typedef {{
 *   read: (user: string) => Promise<Remembered>, write: (user: string, remembered: Remembered) => Promise<void>,
 *   forget: (user: string) => Promise<void>,
 * }} KeyServerMemory
 */
/** @typedef {{identities: SealedIdentity[], session: ArrayBuffer, known: ArrayBuffer, hasLostCode: boolean}} Opened */
/** A session at the server, sealed, and the number of its calls. @typedef {{session: ArrayBuffer, calls: number}} OpenSession */
/** @typedef {{id: string, name: string, created: number, latest: number, is_this: boolean}} KeyDevice */
/**
 * The texts that the page keeps of a person's trust after a merge with the account. `base` is for the next merge. `refused` has the
 * names of entries that none of the person's keys has signed; `staying` counts what does not roam.
 * @typedef {{
 *   contacts: ArrayBuffer, decisions: ArrayBuffer, others: import("./roaming_settings.js").Named, base: ArrayBuffer, refused: string[], staying: number,
 * }} MergedTrust
 */
/** @typedef {{organisation: string, needed: number, officers: {name: string, fingerprint: string}[], fingerprint: string}} RecoveryPolicy */
/** @typedef {{reason: string, asked: number, asked_by: string, recipient: string, needed: number, approved_by: string[], opened: number}} RecoveryCase */
/**
 * @typedef {{
 *   confirmed: RecoveryPolicy | null, offered: RecoveryPolicy | null, leftOut: number, cases: RecoveryCase[],
 *   mustRenew: boolean, hasFirstPassphrase: boolean,
 * }} Recovery
 */
/** @typedef {{request: ArrayBuffer, condition: string, authorization: string, session: ArrayBuffer, known: ArrayBuffer}} Prepared */

/** @typedef {{id: string, kind: "totp" | "webauthn", name: string, created: number, latest: number}} Factor */
/** @typedef {{factors: Factor[], challenge: string}} Factors `challenge` is for a security key to be added */
/** @typedef {{ends: number, factors: string[], challenge: string, credentials: string[]}} FactorDemand */
/**
 * Asks the person for a second factor, and gives each try to `prove`. Resolves with the answer to the right one.
 * @typedef {(demand: FactorDemand, prove: (proof: object) => Promise<object>) => Promise<object>} AskFactor
 */

/**
 * Asks the person whether to go on with an account that was reset on a day (2026-01-31), or whose reset was `undone`. Resolves
 * if so, and rejects otherwise.
 * @typedef {(reset: string) => Promise<void>} AskReset
 */

/**
 * A way to log in: the verb that signs, the paths at the server, and whether the record is compared with the one that this
 * device has seen. The account from before a reset is an earlier one.
 * @typedef {{
 *   verb: "roaming.login" | "roaming.recover" | "roaming.undo", parameters: "/parameters" | "/reset/parameters",
 *   path: Parameters<KeyServer["logIn"]>[0], compares: boolean,
 * }} Way
 */
/** @type {Way} */
const LOGIN = { verb: "roaming.login", parameters: "/parameters", path: "/login", compares: true };
/** @type {Way} */
const RECOVERY = { verb: "roaming.recover", parameters: "/parameters", path: "/recover", compares: true };
/** @type {Way} */
const UNDOING = { verb: "roaming.undo", parameters: "/reset/parameters", path: "/reset/undo", compares: false };
/** @type {Way} */
const UNDOING_BY_CODE = { ...UNDOING, path: "/reset/undo-by-code" };

const ACCOUNT_RESET = "account-reset-";
const DAY_LENGTH = "2026-01-31".length;
/** Each time, another device has stored something in the moment between. */
const STORE_TRIES = 5;

export class KeyAccount {
  #vault;
  #seal;
  #memory;
  #server;
  #user;
  #askFactor;
  #askReset;
  /** @type {ArrayBuffer | null} */
  #session = null;
  #calls = 0;
  /** Resolves when the last call is done: the server takes the calls of a session only in their order. */
  #turn = Promise.resolve();
  /** Whether the account has had a recovery code that the person's passphrase does not vouch for, and no new one since. */
  hasLostCode = false;
  /**
   * The time in seconds since 1970 from which a reset by mail login may put a new account in the place of this one; null if
   * none went on at the latest login.
   * @type {number | null}
   */
  resetReady = null;
  /** The time in seconds since 1970 of the reset that made the account; null if none did. @type {number | null} */
  resetAt = null;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {Sealing} seal
   * @param {KeyServerMemory} memory
   * @param {{server: KeyServer, user: string, askFactor?: AskFactor, askReset?: AskReset}} place
   */
  constructor(vault, seal, memory, { server, user, askFactor = askNobody, askReset = agreeToNone }) {
    this.#vault = vault;
    this.#seal = seal;
    this.#memory = memory;
    this.#server = server;
    this.#user = user;
    this.#askFactor = askFactor;
    this.#askReset = askReset;
  }

  /** The address of the account. */
  get user() {
    return this.#user;
  }

  /** The host of the key server. */
  get host() {
    return new URL(this.#server.origin).host;
  }

  /** Whether there is a session at the server. */
  get isOpen() {
    return this.#session !== null;
  }

  /** The session at the server, for a client that goes on with it; null if there is none. @returns {OpenSession | null} */
  get standing() {
    return this.#session && { session: this.#session.slice(0), calls: this.#calls };
  }

  /** Goes on with the session of an earlier client. @param {OpenSession} standing */
  resume({ session, calls }) {
    this.#session = session;
    this.#calls = calls;
  }

  /** @param {Passphrase} passphrase @returns {Promise<Opened>} */
  logIn(passphrase) {
    return this.#inTurn(() => this.#logIn(passphrase));
  }

  /**
   * Logs in by the recovery code, and stores a new passphrase.
   * @param {Passphrase} code
   * @param {Passphrase} passphrase
   * @returns {Promise<Opened>}
   */
  recover(code, passphrase) {
    return this.#recover(RECOVERY, code, passphrase);
  }

  /** Puts the account from before a reset back, by its passphrase. @param {Passphrase} passphrase @returns {Promise<Opened>} */
  undoReset(passphrase) {
    return this.#inTurn(() => this.#open(UNDOING, { passphrase }));
  }

  /** The same by its recovery code. Stores a new passphrase. @param {Passphrase} code @param {Passphrase} passphrase */
  undoResetByCode(code, passphrase) {
    return this.#recover(UNDOING_BY_CODE, code, passphrase);
  }

  /**
   * Ends a reset that the person has started: puts an account with the keys of a file in the place of this one, logs in to it,
   * and makes its recovery code.
   * @param {{ticket: string, version: number, p12: ArrayBuffer, p12Passphrase: Secret, passphrase: Secret}} next `version`: of the
   *   record before
   * @returns {Promise<Opened & {code: ArrayBuffer | null}>} without a code if it could not be made
   */
  finishReset({ passphrase, ...next }) {
    const [first, again] = [copySecret(passphrase), copySecret(passphrase)];
    const finish = async () => {
      const at = new Date().toISOString();
      const vault = await this.#vault();
      const parameters = await this.#server.parameters(this.#user);
      const { request } = await vault.call("roaming.reset", {
        server: this.#server.origin, user: this.#user, passphrase, parameters, at, ...next,
      });
      await this.#server.finishReset(request).finally(() => overwrite(request));
      const opened = await this.#open(LOGIN, { passphrase: first }, async (reset) => {
        // The person has just agreed to this reset, and to no other one.
        if (reset !== at.slice(0, DAY_LENGTH)) await this.#askReset(reset);
      });
      const made = await this.#rotate(again, { newCode: true }).catch(() => null);
      return { ...opened, code: made?.code ?? null };
    };
    return this.#inTurn(() => finish().finally(() => [first, again].forEach(({ buffer }) => overwrite(buffer))));
  }

  /**
   * Merges what the page keeps of the person's trust with the account, and stores there what it lacks.
   * @param {{contacts: ArrayBuffer | null, decisions: ArrayBuffer | null, base: ArrayBuffer | null, sent: ArrayBuffer | null}} kept
   * @param {Record<string, Record<string, string | null>>} others settings, recipes and address book; null for a removed entry of the book
   * @param {(sent: ArrayBuffer) => Promise<void>} keepSent keeps what is about to be stored, until a result is kept. The answer
   *   may be lost, or come too late
   * @returns {Promise<MergedTrust>}
   */
  merge(kept, others, keepSent) {
    let { sent } = kept;
    const members = () => ({ ...copyOfAll({ ...kept, sent }), others, at: new Date().toISOString() });
    const send = async (/** @type {Prepared & {sent: ArrayBuffer}} */ prepared) => {
      sent = prepared.sent;
      await keepSent(sent.slice(0));
      await this.#server.push(prepared);
    };
    return this.#inTurn(() => this.#store("roaming.merge", members, send));
  }

  /** Stores further identities, such as a renewed one. @param {SealedIdentity[]} identities */
  async add(identities) {
    await this.#inTurn(() => this.#store("roaming.push", () =>
      ({ identities: identities.map(({ sealed }) => sealed.slice(0)) })));
  }

  /** @returns {Promise<KeyDevice[]>} the latest first */
  devices() {
    return this.#inTurn(async () => (await this.#server.devices(await this.#sign("GET", "/devices"))).devices);
  }

  /** @returns {Promise<Recovery>} who can recover the encryption keys, and what an administrator has done */
  async recovery() {
    const standing = await this.#inTurn(async () => this.#server.recovery(await this.#sign("GET", "/recovery")));
    return (await this.#ask("roaming.recovery", { standing })).recovery;
  }

  /** The identities that the person shares with others. */
  get groups() {
    return new GroupCalls(this.#server, {
      inTurn: (task) => this.#inTurn(task),
      sign: (method, path) => this.#sign(method, path),
      ask: (verb, members) => this.#ask(verb, members),
      prepare: (verb, members) => this.#prepare(verb, members),
      store: (verb, members) => this.#store(verb, members),
    });
  }

  /** @param {Passphrase} passphrase @param {Passphrase} next the new one @returns {Promise<Opened>} */
  changePassphrase(passphrase, next) {
    return this.#inTurn(async () => {
      const opened = await this.#logIn(passphrase);
      await this.#rotate(next, {});
      return opened;
    });
  }

  /** @param {Passphrase} passphrase @returns {Promise<ArrayBuffer>} the code, to be written down, as the vault returned it */
  makeCode(passphrase) {
    return this.#inTurn(async () => {
      const again = copyOf(passphrase);
      await this.#logIn(passphrase);
      const { code } = await this.#rotate(again, { newCode: true });
      this.hasLostCode = false;
      return code ?? new ArrayBuffer(0);
    });
  }

  /** Ends the access of a device. @param {string} id @param {Passphrase} passphrase */
  revoke(id, passphrase) {
    return this.#inTurn(async () => {
      const again = copyOf(passphrase);
      await this.#logIn(passphrase);
      await this.#rotate(again, { revoked: [id] });
    });
  }

  /**
   * Makes the account, with the identities of a key file.
   * @param {{ticket: string, p12: ArrayBuffer, p12Passphrase: Passphrase, passphrase: Passphrase}} first
   */
  async register(first) {
    const vault = await this.#vault();
    const { request } = await vault.call("roaming.register", { server: this.#server.origin, user: this.#user, ...first });
    await this.#server.register(request).finally(() => overwrite(request));
  }

  /** @returns {Promise<Factors>} the second factors of the account */
  factors() {
    return this.#inTurn(() => this.#factors());
  }

  /**
   * Adds a second factor, which `make` makes for a challenge of the server.
   * @param {Secret} passphrase
   * @param {(challenge: string) => Promise<object>} make
   */
  addFactor(passphrase, make) {
    return this.#inTurn(async () => {
      await this.#logIn(passphrase);
      const body = jsonBody(await make((await this.#factors()).challenge));
      await this.#server.addFactor(await this.#sign("POST", "/factors", body.slice(0)), body);
    });
  }

  /** @param {Secret} passphrase @param {string} id */
  removeFactor(passphrase, id) {
    return this.#inTurn(async () => {
      await this.#logIn(passphrase);
      await this.#server.removeFactor(await this.#sign("DELETE", `/factors/${id}`), id);
    });
  }

  /** Says that the keys are saved to a file, so that the server tells their owner. */
  noteExport() {
    return this.#inTurn(async () => this.#server.noteExport(await this.#sign("POST", "/export")));
  }

  /** Stops the reset that goes on. */
  stopReset() {
    return this.#inTurn(async () => {
      try {
        await this.#server.stopReset(await this.#sign("DELETE", "/reset"));
      } catch (error) {
        // Another device has stopped it already.
        if (!(error instanceof ApiError) || error.code !== "no-reset") throw error;
      }
      this.resetReady = null;
    });
  }

  /** Deletes the account at the server. @param {Passphrase} passphrase */
  remove(passphrase) {
    return this.#inTurn(async () => {
      await this.#logIn(passphrase);
      await this.#server.remove(await this.#sign("DELETE", "/account"));
      await this.#memory.forget(this.#user);
      this.forget();
    });
  }

  /** Overwrites the session, at a lock. */
  forget() {
    if (this.#session) overwrite(this.#session);
    this.#session = null;
  }

  /** @param {Passphrase} passphrase @returns {Promise<Opened>} */
  #logIn(passphrase) {
    return this.#open(LOGIN, { passphrase });
  }

  /** @param {Way} way @param {Passphrase} code @param {Passphrase} passphrase the new one @returns {Promise<Opened>} */
  #recover(way, code, passphrase) {
    return this.#inTurn(async () => {
      const opened = await this.#open(way, { code });
      await this.#rotate(passphrase, {});
      return opened;
    });
  }

  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  #inTurn(task) {
    const done = this.#turn.then(task);
    this.#turn = done.then(() => undefined, () => undefined);
    return done;
  }

  /**
   * @param {Way} way
   * @param {Record<string, Passphrase>} secret
   * @param {AskReset} [askReset]
   * @returns {Promise<Opened>}
   */
  async #open({ verb, parameters, path, compares }, secret, askReset = this.#askReset) {
    const { ended } = this.#seal;
    const { token, known } = await this.#memory.read(this.#user);
    const before = () => (known && compares ? { known: known.slice(0) } : {});
    const vault = await this.#vault();
    const { request, login } = await vault.call(verb, {
      server: this.#server.origin,
      user: this.#user,
      parameters: await this.#server.parameters(this.#user, parameters),
      at: new Date().toISOString(),
      deviceToken: token.slice(0),
      deviceName: deviceName(),
      ...secret,
      ...before(),
      sealKey: this.#seal.keyForUnlock(),
    });
    const answer = await this.#server.logIn(path, request).finally(() => overwrite(request));
    const { response, calls } = await this.#pass(vault, login, answer);
    // After a lock the session has another key, which opens nothing.
    if (ended.aborted) throw new ApiError("locked", "the keys are locked");
    /** @param {{agreed?: string}} members @returns {Promise<Opened>} */
    const openAnswer = (members) => vault.call("roaming.open", {
      user: this.#user, login: login.slice(0), response, ...before(), ...members, sealKey: this.#seal.keyForUnlock(),
    });
    const opened = await openAnswer({}).catch(async (error) => {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (!code.startsWith(ACCOUNT_RESET)) throw error;
      const agreed = code.slice(ACCOUNT_RESET.length);
      await askReset(agreed);
      if (ended.aborted) throw new ApiError("locked", "the keys are locked");
      return openAnswer({ agreed });
    });
    this.#calls = calls;
    this.hasLostCode ||= opened.hasLostCode;
    this.resetReady = "reset_ready" in response ? Number(response.reset_ready) : null;
    await this.#take(opened);
    return opened;
  }

  /**
   * Resolves with the answer that has the record, once the person has shown the second factor that a login may wait for,
   * and with the number of calls that this took.
   * @param {Vault} vault
   * @param {ArrayBuffer} login
   * @param {object} answer
   */
  async #pass(vault, login, answer) {
    let calls = 0;
    if (!("factors" in answer)) return { response: answer, calls };
    const response = await this.#askFactor(/** @type {FactorDemand} */ (answer), async (made) => {
      const proof = jsonBody(made);
      calls += 1;
      const sealKey = this.#seal.keyForUnlock();
      const { authorization } = await vault.call("roaming.prove", {
        user: this.#user, login: login.slice(0), call: calls, proof: proof.slice(0), sealKey,
      });
      return this.#server.prove(authorization, proof);
    });
    return { response, calls };
  }

  /**
   * @param {Passphrase} passphrase
   * @param {{revoked?: string[], newCode?: boolean}} change
   * @returns {Promise<Prepared & {code?: ArrayBuffer}>}
   */
  async #rotate(passphrase, { revoked = [], newCode = false }) {
    try {
      // The first try has ended all other sessions, so that the next one succeeds.
      return await this.#store("roaming.rotate", () => ({ passphrase: copyOf(passphrase), revoked, newCode }),
        (prepared) => this.#server.rotate(prepared));
    } finally {
      if ("buffer" in passphrase) overwrite(passphrase.buffer);
    }
  }

  /** @returns {Promise<Factors>} */
  async #factors() {
    return this.#server.factors(await this.#sign("GET", "/factors"));
  }

  /**
   * Stores what a verb prepares, beside what other devices store meanwhile.
   * @param {string} verb
   * @param {() => Record<string, unknown>} members
   * @param {(prepared: any) => Promise<void>} send
   * @returns {Promise<any>} the reply of the verb
   */
  async #store(verb, members, send = (prepared) => this.#server.push(prepared)) {
    for (let tries = STORE_TRIES; ; tries -= 1) {
      const prepared = await this.#prepare(verb, members());
      if (!prepared.request) return prepared;
      try {
        await send(prepared);
        await this.#take(prepared);
        return prepared;
      } catch (error) {
        if (!(error instanceof ApiError) || !error.record || tries === 1) throw error;
        await this.#takeRecord(error.record);
      }
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {ArrayBuffer} [body]
   * @returns {Promise<string>} the header Authorization
   */
  async #sign(method, path, body) {
    return (await this.#prepare("roaming.sign", { method, path, ...(body && { body }) })).authorization;
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

  /** Asks the vault about the session, without a call to the server. @param {string} verb @param {object} members @returns {Promise<any>} */
  async #ask(verb, members) {
    if (!this.#session) throw new ApiError("locked", "the keys are locked");
    const vault = await this.#vault();
    if (!this.#session) throw new ApiError("locked", "the keys are locked");
    return vault.call(verb, { user: this.#user, session: this.#session.slice(0), sealKey: this.#seal.keyForUnlock(), ...members });
  }

  /** Takes the server's record, after another device has stored it. @param {object} record */
  async #takeRecord(record) {
    await this.#take(await this.#ask("roaming.take", { record }));
  }

  /** @param {{session: ArrayBuffer, known: ArrayBuffer}} after */
  async #take({ session, known }) {
    this.forget();
    this.#session = session;
    this.resetAt = JSON.parse(new TextDecoder().decode(known)).reset ?? null;
    const { token } = await this.#memory.read(this.#user);
    await this.#memory.write(this.#user, { token, known });
  }
}

/** The vault takes the buffer of a passphrase, and of an encrypted one nothing. @param {Passphrase} secret @returns {Passphrase} */
function copyOf(secret) {
  return "buffer" in secret ? copySecret(secret) : secret;
}

/** @param {Secret} secret @returns {Secret} */
export function copySecret({ buffer, length }) {
  return { buffer: buffer.slice(0), length };
}

/**
 * Copies, because a call transfers buffers, under their names as arguments.
 * @param {{[name: string]: ArrayBuffer | null}} kept
 */
function copyOfAll(kept) {
  return Object.fromEntries(Object.entries(kept).map(([name, buffer]) => [name, buffer?.slice(0) ?? null]));
}

/** @param {object} members @returns {ArrayBuffer} the body of a request about second factors */
function jsonBody(members) {
  return new TextEncoder().encode(JSON.stringify({ protocol: PROTOCOL, ...members })).buffer;
}

/** @type {AskFactor} */
async function askNobody() {
  throw new ApiError("factor-needed", "the account asks for a second factor");
}

/** @type {AskReset} */
async function agreeToNone() {
  throw new ApiError("account-reset", "the account was reset");
}
