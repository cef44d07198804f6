/**
 * The life of the vault's Worker: its start, the requests of one operation, the cleanup, and its end.
 *
 * `hooks` exist for the tests, which scan the linear memory before and after it is filled with zeros.
 */

import { cleanUp, Residue } from "../cleanup.js";
import { createCryptoDoor } from "./crypto_door.js";
import { crashed, describeError, isFatal } from "../failures.js";
import { countWork, Progress } from "./progress.js";
import { startPython } from "./python_start.js";
import { runVerb } from "./python_call.js";
import { rehearse } from "./rehearsal.js";
import { checkRequest, checkStreamEnds, collectBuffers } from "../rpc.js";
import { STREAM_VERBS } from "../schema.js";
import { ContentDoor } from "./content_door.js";
import { VaultError } from "../vault_error.js";

/**
 * @typedef {import("./python_start.js").Python} Python
 * @typedef {import("../owner/cell.js").Request} Request
 * @typedef {import("../owner/cell.js").StreamEnds} StreamEnds
 * @typedef {object} Hooks
 * @property {(python: Python) => void | Promise<void>} [beforeRequest]
 * @property {(memory: WebAssembly.Memory) => void | Promise<void>} [afterOperation]
 * @property {(memory: WebAssembly.Memory) => void | Promise<void>} [afterFill]
 */

/**
 * @param {DedicatedWorkerGlobalScope} scope
 * @param {Hooks} [hooks]
 */
export function serve(scope, hooks = {}) {
  const served = new Service(scope, hooks);
  scope.onmessage = ({ data }) => {
    served.receive(data ?? {}).catch(() => {
      scope.postMessage({ kind: "failed" });
      return served.end();
    });
  };
}

class Service {
  #scope;
  #hooks;
  #residue = new Residue();
  #progress = new Progress();
  /** Aborts when the owner cancels the request. */
  #cancelling = new AbortController();
  #cancelled = rejected(this.#cancelling.signal);
  /** @type {Python | undefined} */
  #python;
  /** @type {Promise<unknown>} the preparation, and then the latest request, which waits for those before */
  #current = Promise.resolve();
  #requested = false;
  #ended = false;
  /** @param {object} message @param {Transferable[]} [transfer] */
  #send = (message, transfer = []) => this.#scope.postMessage(message, transfer);

  /**
   * @param {DedicatedWorkerGlobalScope} scope
   * @param {Hooks} hooks
   */
  constructor(scope, hooks) {
    this.#scope = scope;
    this.#hooks = hooks;
  }

  /** @param {any} message */
  async receive(message) {
    switch (message.kind) {
      case "start":
        return this.#start(message);
      case "request":
        this.#requested = true;
        this.#current = this.#current.then(() => this.#answer(message, this.#send));
        return this.#current;
      case "end":
        await this.#current;
        return this.end();
      case "cancel":
        this.#requested = true;
        this.#cancelling.abort();
        // Results of running calls of WebCrypto must arrive before they can be overwritten.
        await this.#current;
        return this.end();
      default:
        throw new VaultError("bad-request", "an unknown kind of message");
    }
  }

  async end() {
    if (this.#ended) return;
    this.#ended = true;
    this.#scope.postMessage({ kind: "cleaning" });
    if (this.#python) await this.#hooks.afterOperation?.(this.#python.memory);
    const report = await cleanUp(this.#residue);
    if (this.#python) await this.#hooks.afterFill?.(this.#python.memory);
    this.#scope.postMessage({ kind: "cleanup", ...report });
    this.#scope.close();
  }

  /** @param {{assets: import("./python_start.js").Assets, reservedBytes: number, lock: string}} message */
  async #start({ assets, reservedBytes, lock }) {
    const begun = performance.now();
    await holdLock(lock);
    const python = await startPython(assets);
    this.#python = python;
    this.#residue.keepMemory(python.memory);
    const door = createCryptoDoor(this.#residue, this.#cancelling.signal);
    python.pyodide.registerJsModule("sealwax_js", countWork(door, this.#progress));
    python.pyodide.pyimport("wasm_build.vault.python.verbs").reseed();
    this.#scope.postMessage({ kind: "ready", startKind: python.startKind, milliseconds: performance.now() - begun });
    this.#current = this.#prepare(python, reservedBytes);
    await this.#current;
  }

  /**
   * Warms up while the Worker waits. If a request comes early, the rest is left out.
   * @param {Python} python
   * @param {number} reservedBytes
   */
  async #prepare({ pyodide, startKind }, reservedBytes) {
    // After a start without the snapshot Python is so slow that a rehearsal takes longer than it saves.
    if (startKind !== "snapshot") return;
    const isWanted = () => this.#requested;
    try {
      await rehearse(pyodide, this.#residue, isWanted, (verb, args) => this.#rehearse(verb, args));
      // The keys of the rehearsal are public, so nothing of it need be rinsed.
      this.#residue.forgetSecrets();
      if (!isWanted() && reservedBytes > 0) pyodide.pyimport("wasm_build.vault.python.verbs").reserve_memory(reservedBytes);
    } catch {
      // A browser that refuses the keys of the rehearsal may still accept the person's keys. Only time is lost.
    }
  }

  /**
   * Answers a request of the rehearsal in the same way as others, but sends no messages. Resolves with the reply.
   * @param {string} verb
   * @param {object} args
   */
  async #rehearse(verb, args) {
    /** @type {any} */
    let answer;
    await this.#answer({ id: 0, verb, args, strict: false }, (message) => (answer = message));
    return answer.ok;
  }

  /**
   * @param {Request} request
   * @param {(message: object, transfer?: Transferable[]) => void} send
   */
  async #answer(request, send) {
    const { id, args } = request;
    if (this.#ended || this.#cancelling.signal.aborted) return;
    const buffers = collectBuffers(args);
    buffers.forEach((buffer) => this.#residue.keepBuffer(buffer));
    /** @param {object} message @param {Transferable[]} [transfer] */
    const post = (message, transfer = []) => send({ id, ...message }, transfer);
    this.#progress.begin((progress) => post({ progress }));
    let fatal = false;
    try {
      await (request.stream ? this.#stream({ ...request, stream: request.stream }, post) : this.#call(request, post));
    } catch (error) {
      const described = describeError(error);
      fatal = isFatal(described.code);
      post({ error: described });
    }
    // The arguments are overwritten now, because requests that may follow do not need them.
    buffers.forEach((buffer) => this.#residue.wipeBuffer(buffer));
    if (fatal) await this.end();
  }

  /** @param {Request} request @param {(message: object, transfer?: Transferable[]) => void} post */
  async #call({ verb, args, strict }, post) {
    checkRequest(verb, args);
    const ok = await this.#run(verb, args, { strict });
    post({ ok }, collectBuffers(ok));
  }

  /** @param {Request & {stream: StreamEnds}} request @param {(message: object, transfer?: Transferable[]) => void} post */
  async #stream({ verb, args, strict, stream }, post) {
    checkRequest(verb, args, STREAM_VERBS);
    checkStreamEnds(stream);
    const door = new ContentDoor(stream, this.#residue, this.#cancelled, this.#progress, post);
    try {
      await this.#run(verb, args, { strict, door });
      await door.close();
    } catch (error) {
      // If the reply was already sent, only the reader of the output gets the error.
      if (!door.fail(error)) throw error;
    }
  }

  /**
   * @param {string} verb
   * @param {object} args
   * @param {{strict: boolean, door?: ContentDoor}} options
   */
  async #run(verb, args, options) {
    if (!this.#python) throw crashed();
    if (this.#requested) await this.#hooks.beforeRequest?.(this.#python);
    const onTaken = () => {
      const buffers = collectBuffers(args);
      if (!options.door) this.#progress.add(buffers.reduce((sum, { byteLength }) => sum + byteLength, 0));
      buffers.forEach((buffer) => this.#residue.wipeBuffer(buffer));
    };
    const cancelling = this.#cancelling.signal;
    return runVerb(this.#python.pyodide, verb, args, this.#residue, { ...options, cancelling, onTaken });
  }
}

/**
 * A promise that rejects when the signal aborts. The browser does not report the rejection as unhandled.
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
function rejected(signal) {
  const cancelled = new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new VaultError("vault-aborted", "the operation was stopped")));
  });
  cancelled.catch(() => {});
  return /** @type {Promise<never>} */ (cancelled);
}

/**
 * Takes a lock and keeps it until this Worker ends. The owner waits for the same lock, to notice the end.
 * @param {string} name
 */
function holdLock(name) {
  return new Promise((resolve) => {
    const held = navigator.locks?.request(name, () => {
      resolve(undefined);
      return new Promise(() => {});
    });
    (held ?? Promise.reject()).catch(() => resolve(undefined));
  });
}
