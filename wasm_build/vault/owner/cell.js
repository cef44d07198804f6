/**
 * One Worker of the vault, from its start to its end: it waits in reserve, answers, cleans up, is gone.
 */

import { overwrite } from "./cleanup.js";
import { crashed } from "./failures.js";
import { collectBuffers, isReply } from "./rpc.js";
import { trustedScriptUrl } from "./trusted_scripts.js";
import { VaultError } from "./vault_error.js";

// How long a Worker may take until it says that it cleans up: one that computes does not listen, and devices are slow.
const LISTENING_MILLISECONDS = 3_000;
// Then it needs some 10 ms for each 100 MB, and longer where the memory has to be fetched from a disk first.
const CLEANUP_MILLISECONDS = 10_000;
// Timers of browsers count to 2^31 ms and fire at once beyond.
const LONGEST_DEADLINE_SECONDS = 2_000_000;

/**
 * @typedef {import("./cleanup.js").CleanupReport} CleanupReport
 * @typedef {"snapshot" | "plain"} StartKind
 * @typedef {{done: number, total: number | null}} Progress in bytes; `total` is null when it is not known
 * @typedef {(progress: Progress) => void} OnProgress
 * @typedef {{size: number | null, source: Blob | MessagePort}} Source
 * @typedef {{input: Source, content: Source | null, output: MessagePort}} StreamEnds
 * @typedef {{id: number, verb: string, args: object, strict: boolean, stream?: StreamEnds}} Request
 * @typedef {{onProgress?: OnProgress, ports?: MessagePort[]}} AskOptions
 * @typedef {{verb: string, resolve: (result: any) => void, reject: (error: VaultError) => void, onProgress: OnProgress, isStream: boolean}} Waiting
 */

export class Cell {
  #worker;
  #onCleanup;
  /** @type {Promise<StartKind>} */
  #ready;
  /** @type {(startKind: StartKind) => void} */
  #setReady = () => {};
  /** @type {(error: VaultError) => void} */
  #refuseReady = () => {};
  /** @type {Promise<VaultError | null>} */
  #ended;
  /** @type {(why: VaultError | null) => void} */
  #setEnded = () => {};
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  /** @type {VaultError | null} */
  #stopped = null;
  #finishing = false;
  #unsent = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #endTimer;

  /**
   * @param {Promise<import("./assets.js").Assets>} assets the Worker loads its scripts while they come
   * @param {number} reservedBytes by how much its memory grows ahead
   * @param {(report: CleanupReport) => void} onCleanup
   */
  constructor(assets, reservedBytes, onCleanup) {
    this.#onCleanup = onCleanup;
    this.#ready = new Promise((resolve, reject) => ([this.#setReady, this.#refuseReady] = [resolve, reject]));
    this.#ended = new Promise((resolve) => (this.#setEnded = resolve));
    this.#worker = new Worker(trustedScriptUrl("vault_worker.js"), { type: "module", name: "sealwax vault" });
    this.#worker.onmessage = ({ data }) => this.#receive(data ?? {});
    this.#worker.onmessageerror = () => this.#crash();
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#crash();
    };
    // Whoever waits sees a failure; without a waiter it is no error of the page.
    this.#ready.catch(() => {});
    const lock = `sealwax vault ${crypto.randomUUID()}`;
    assets.then(
      (loaded) => this.#worker.postMessage({ kind: "start", assets: loaded, reservedBytes, lock }),
      () => this.#crash(),
    );
    this.#ready.then(() => this.#watchLife(lock), () => {});
  }

  /** Resolves when the Worker can take a request. */
  get ready() {
    return this.#ready;
  }

  /** Resolves when the Worker is gone: to what stopped it, null when it came to its own end. */
  get ended() {
    return this.#ended;
  }

  /** Whether it takes no further request. */
  get isStopped() {
    return this.#stopped !== null;
  }

  /**
   * Sends one request when the Worker is ready, and gives its reply.
   * @param {Request} request
   * @param {AskOptions} [options]
   * @returns {Promise<any>}
   */
  async ask(request, { onProgress = () => {}, ports = [] } = {}) {
    this.#unsent++;
    const reply = new Promise((resolve, reject) => {
      if (this.#stopped) reject(this.#stopped);
      const { id, verb, stream } = request;
      this.#waiting.set(id, { verb, resolve, reject, onProgress, isStream: stream !== undefined });
    });
    try {
      await Promise.race([this.#ready, reply]);
      const transfer = [...collectBuffers(request.args), ...ports];
      if (!this.#stopped) this.#worker.postMessage({ kind: "request", ...request }, transfer);
      this.#unsent--;
      this.#sendEnd();
      return await reply;
    } finally {
      // What was sent is gone from here; what was not sent is overwritten all the same.
      collectBuffers(request.args).forEach(overwrite);
      // A stream goes on after its reply.
      if (this.#finishing && !request.stream) this.#endSoon();
    }
  }

  /** Lets the Worker clean up and end when it has answered what it was asked. */
  finish() {
    this.#finishing = true;
    this.#sendEnd();
    if (this.#waiting.size === 0) this.#endSoon();
  }

  /**
   * Refuses all requests at once, and lets the Worker clean up if it listens.
   * @param {VaultError} error
   */
  stop(error) {
    if (this.#stopped) return;
    this.#refuseAll(error);
    this.#worker.postMessage({ kind: "cancel" });
    this.#endSoon();
  }

  /** Ends a Worker that has had no request. */
  discard() {
    this.#end();
  }

  /** @param {any} message */
  #receive(message) {
    if (message.kind === "ready") this.#setReady(message.startKind);
    else if (message.kind === "failed") this.#crash();
    else if (message.kind === "cleaning") this.#endSoon(CLEANUP_MILLISECONDS);
    else if (message.kind === "cleanup") this.#finish(message);
    else this.#settle(message);
  }

  /** @param {any} message */
  #settle({ id, ok, error, progress }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (progress) return void waiting.onProgress(progress);
    // A stream goes on, and tells so, after its reply.
    if (!waiting.isStream) this.#waiting.delete(id);
    if (error) waiting.reject(new VaultError(error.code, error.message));
    else if (isReply(waiting.verb, ok)) waiting.resolve(ok);
    else waiting.reject(crashed());
  }

  /** A Worker that ends without a word leaves its lock, which is how its owner learns of it. @param {string} lock */
  #watchLife(lock) {
    // Documents without an origin have no locks: there the deadline is what is left.
    navigator.locks?.request(lock, () => this.#crash()).catch(() => {});
  }

  #crash() {
    this.#refuseAll(crashed());
    this.#end();
  }

  /** @param {VaultError} error */
  #refuseAll(error) {
    this.#stopped ??= error;
    this.#refuseReady(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** @param {CleanupReport} report */
  #finish({ bytesZeroed, milliseconds }) {
    this.#end();
    this.#onCleanup({ bytesZeroed, milliseconds });
  }

  #sendEnd() {
    if (this.#finishing && this.#unsent === 0) this.#worker.postMessage({ kind: "end" });
  }

  /** Gives the Worker the moment that its cleanup needs. */
  #endSoon(milliseconds = LISTENING_MILLISECONDS) {
    clearTimeout(this.#endTimer);
    this.#endTimer = setTimeout(() => this.#end(), milliseconds);
  }

  #end() {
    clearTimeout(this.#endTimer);
    this.#worker.terminate();
    this.#setEnded(this.#stopped);
    // Who still waits for an answer does so in vain.
    this.#refuseAll(crashed());
  }
}

/**
 * Stops a Worker at its deadline, and when its caller says so.
 * @param {Cell} cell
 * @param {number} deadlineSeconds
 * @param {AbortSignal | undefined} signal
 * @returns {() => void} ends the watch
 */
export function watch(cell, deadlineSeconds, signal) {
  const late = () => cell.stop(new VaultError("vault-timeout", "the operation took too long and was stopped"));
  const aborted = () => cell.stop(new VaultError("vault-aborted", "the operation was stopped"));
  const timer = setTimeout(late, Math.min(deadlineSeconds, LONGEST_DEADLINE_SECONDS) * 1000);
  signal?.addEventListener("abort", aborted);
  if (signal?.aborted) aborted();
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  };
}
