/**
 * One Worker of the vault. The Worker starts, waits in reserve, answers and cleans up. Then it waits again, or ends.
 */

import { overwrite } from "../memory/cleanup.js";
import { collectBuffers, isReply } from "../rpc.js";
import { workerUrl } from "./trusted_scripts.js";
import { crashed, VaultError } from "../errors/vault_error.js";

// The time until a stopped Worker must report that its cleanup begins. The Worker reads messages only between
// computations.
const LISTENING_MILLISECONDS = 3_000;
// The time for the cleanup. A Worker that has answered also gets this time until its cleanup begins, because it
// receives messages at once. The cleanup takes some 10 ms for each 100 MB and two pauses, and more if the memory was
// swapped to a disk.
const CLEANUP_MILLISECONDS = 10_000;
// A browser's timer lasts at most 2^31 ms; a longer timer would fire at once.
const LONGEST_DEADLINE_SECONDS = 2_000_000;

/**
 * @typedef {import("../memory/cleanup.js").CleanupReport} CleanupReport
 * @typedef {"snapshot" | "plain"} StartKind
 * @typedef {{done: number, total: number | null}} Progress in bytes; `total` is null while it is unknown
 * @typedef {(progress: Progress) => void} OnProgress
 * @typedef {{size: number | null, source: Blob | MessagePort}} Source
 * @typedef {{input: Source, content: Source | null, output: MessagePort}} StreamEnds
 * @typedef {{id: number, verb: string, args: object, strict: boolean, stream?: StreamEnds}} Request
 * @typedef {{onProgress?: OnProgress, ports?: MessagePort[]}} AskOptions
 * @typedef {{verb: string, resolve: (result: any) => void, reject: (error: VaultError) => void, onProgress: OnProgress, isStream: boolean}} Waiting
 */

export class Cell {
  #worker;
  #rewinds;
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
  /** @type {(rests: boolean) => void} */
  #setFree = () => {};
  /** @type {Promise<void>} */
  #spent;
  /** @type {() => void} */
  #setSpent = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #endTimer;

  /**
   * @param {URL} base the folder of the runtime
   * @param {Promise<import("./assets.js").Assets>} assets the files for the Worker, which loads its scripts meanwhile
   * @param {{reservedBytes: number, rewinds: boolean}} plan `reservedBytes`: the bytes by which the Worker's memory grows in
   *   advance; `rewinds`: whether the Worker waits for another operation after each operation
   * @param {(report: CleanupReport) => void} onCleanup
   */
  constructor(base, assets, { reservedBytes, rewinds }, onCleanup) {
    this.#rewinds = rewinds;
    this.#onCleanup = onCleanup;
    this.#ready = new Promise((resolve, reject) => ([this.#setReady, this.#refuseReady] = [resolve, reject]));
    this.#ended = new Promise((resolve) => (this.#setEnded = resolve));
    this.#spent = new Promise((resolve) => (this.#setSpent = resolve));
    this.#worker = new Worker(workerUrl(base), { type: "module", name: "sealwax vault" });
    this.#worker.onmessage = ({ data }) => this.#receive(data ?? {});
    this.#worker.onmessageerror = () => this.#crash();
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#crash();
    };
    // Waiting callers get a failure. If no caller waits, the browser must not report the failure as unhandled.
    this.#ready.catch(() => {});
    const lock = `sealwax vault ${crypto.randomUUID()}`;
    assets.then(
      (loaded) => this.#worker.postMessage({ kind: "start", assets: loaded, reservedBytes, rewinds, lock }),
      () => this.#crash(),
    );
    this.#ready.then(() => this.#watchLife(lock), () => {});
  }

  /** Resolves when the Worker can take a request. */
  get ready() {
    return this.#ready;
  }

  /** Resolves when the Worker has ended: with the error that stopped it, or with null if it ended by itself. */
  get ended() {
    return this.#ended;
  }

  /** Resolves when the Worker asks its owner to end it between two operations, because the browser keeps a key. */
  get spent() {
    return this.#spent;
  }

  /**
   * Begins an operation of one or several requests. Resolves after its cleanup: with true if the Worker waits for the
   * next operation, with false if it has ended.
   * @returns {Promise<boolean>}
   */
  begin() {
    return new Promise((resolve) => {
      this.#setFree = resolve;
      void this.#ended.then(() => resolve(false));
    });
  }

  /** Whether the Worker has answered the last request of its operation, and is cleaning up. */
  get isCleaning() {
    return this.#finishing && this.#waiting.size === 0;
  }

  /** Whether the Worker takes no further request. */
  get isStopped() {
    return this.#stopped !== null;
  }

  /**
   * Sends one request when the Worker is ready. Resolves with the reply.
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
      if (!this.#stopped) this.#post(request, ports);
      this.#unsent--;
      this.#sendRest();
      return await reply;
    } finally {
      // A stream continues after its reply, so its request stays open.
      if (this.#finishing && !request.stream) this.#endSoon();
      // Buffers that were transferred are empty by now. Buffers that were not sent are overwritten.
      collectBuffers(request.args).forEach(overwrite);
    }
  }

  /** @param {Request} request @param {MessagePort[]} ports */
  #post(request, ports) {
    try {
      this.#worker.postMessage({ kind: "request", ...request }, [...collectBuffers(request.args), ...ports]);
    } catch {
      // Buffers that another request has taken, proxies and functions cannot be sent. The Worker has not received the
      // request.
      const error = new VaultError("bad-request", `${request.verb}: arguments that cannot be sent to the Worker`);
      if (request.stream) this.stop(error);
      this.#waiting.get(request.id)?.reject(error);
      this.#waiting.delete(request.id);
    }
  }

  /** Lets the Worker clean up after its last answer. */
  finish() {
    this.#finishing = true;
    this.#sendRest();
    if (this.#waiting.size === 0) this.#endSoon();
  }

  /**
   * Refuses all requests at once, and lets the Worker clean up if it still receives messages.
   * @param {VaultError} error
   */
  stop(error) {
    if (this.#stopped) return;
    this.#refuseAll(error);
    this.#worker.postMessage({ kind: "cancel" });
    this.#endSoon();
  }

  /** Ends a Worker between two operations, with the whole cleanup. */
  retire() {
    this.#worker.postMessage({ kind: "end" });
    this.#endSoon();
  }

  /** Ends a Worker that has had no request, without a cleanup. */
  discard() {
    this.#end();
  }

  /** @param {any} message */
  #receive(message) {
    if (message.kind === "ready") this.#setReady(message.startKind);
    else if (message.kind === "failed") this.#crash();
    else if (message.kind === "cleaning") this.#endSoon(CLEANUP_MILLISECONDS);
    else if (message.kind === "cleanup") this.#finish(message);
    else if (message.kind === "rested") this.#rest(message);
    else if (message.kind === "spent") this.#setSpent();
    else this.#settle(message);
  }

  /** @param {any} message */
  #settle({ id, ok, error, progress }) {
    const waiting = this.#waiting.get(id);
    // The answer was on its way when its request was refused, so nobody gets it.
    if (!waiting) return collectBuffers(ok).forEach(overwrite);
    if (progress) return void waiting.onProgress(progress);
    // A stream reports progress also after its reply.
    if (!waiting.isStream) this.#waiting.delete(id);
    if (error) waiting.reject(new VaultError(error.code, error.message));
    else if (isReply(waiting.verb, ok)) waiting.resolve(ok);
    else waiting.reject(crashed());
  }

  /** Notices when a Worker ends without a message, because the browser then releases the Worker's lock. @param {string} lock */
  #watchLife(lock) {
    // If a Worker has ended in the usual way, a busy page gets the lock before the Worker's last messages. A message of the
    // page to itself arrives after them, because messages keep their order.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      this.#crash();
    };
    // Documents without an origin have no locks. In such documents only the deadline ends the wait.
    navigator.locks?.request(lock, () => port2.postMessage(null)).catch(() => {});
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

  /** @param {CleanupReport} report */
  #rest({ bytesZeroed, milliseconds }) {
    // A stopped Worker has received the order to end with the whole cleanup, and will report that cleanup later.
    if (this.#stopped) return;
    clearTimeout(this.#endTimer);
    this.#finishing = false;
    // The Worker is marked as free first, because the application's listener may throw.
    this.#setFree(true);
    this.#onCleanup({ bytesZeroed, milliseconds });
  }

  #sendRest() {
    if (this.#finishing && this.#unsent === 0) this.#worker.postMessage({ kind: this.#rewinds ? "rest" : "end" });
  }

  /** Terminates the Worker after the time that its cleanup may take. */
  #endSoon(milliseconds = this.#stopped ? LISTENING_MILLISECONDS : CLEANUP_MILLISECONDS) {
    clearTimeout(this.#endTimer);
    this.#endTimer = setTimeout(() => this.#end(), milliseconds);
  }

  #end() {
    clearTimeout(this.#endTimer);
    this.#worker.terminate();
    this.#setEnded(this.#stopped);
    // Requests that are still open will get no reply.
    this.#refuseAll(crashed());
  }
}

/**
 * Throws `bad-request` unless `watch` can use these options. Called before a Worker is lent, because an operation that
 * failed between the lending and the watch would never give the Worker back.
 * @param {{deadlineSeconds?: unknown, signal?: unknown}} options
 */
export function checkWatch({ deadlineSeconds = 0, signal }) {
  if (typeof deadlineSeconds !== "number") throw new VaultError("bad-request", "deadlineSeconds: expected number");
  if (signal && !(signal instanceof AbortSignal)) throw new VaultError("bad-request", "signal: expected AbortSignal");
}

/**
 * Stops a Worker at its deadline, or when the caller's signal aborts.
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
