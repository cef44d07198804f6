/**
 * One Worker of the vault, from its start to its end: it waits in reserve, answers one request, cleans up, is gone.
 */

import { overwrite } from "./cleanup.js";
import { collectBuffers, VaultError } from "./rpc.js";
import { trustedScriptUrl } from "./trusted_scripts.js";

// How long a Worker may take to overwrite its memory; it needs some 10 ms, but one that computes does not listen.
const CLEANUP_GRACE_MILLISECONDS = 1_000;

/**
 * @typedef {import("./cleanup.js").CleanupReport} CleanupReport
 * @typedef {"snapshot" | "plain"} StartKind
 * @typedef {{id: number, verb: string, args: object, strict: boolean}} Request
 */

export class Cell {
  #worker;
  #onCleanup;
  /** @type {Promise<StartKind>} */
  #ready;
  /** @type {Promise<any>} */
  #reply;
  /** @type {(startKind: StartKind) => void} */
  #setReady = () => {};
  /** @type {(result: any) => void} */
  #setReply = () => {};
  /** @type {(error: VaultError) => void} */
  #refuseReady = () => {};
  /** @type {(error: VaultError) => void} */
  #refuseReply = () => {};
  #stopped = false;
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
    this.#reply = new Promise((resolve, reject) => ([this.#setReply, this.#refuseReply] = [resolve, reject]));
    this.#worker = new Worker(trustedScriptUrl("vault_worker.js"), { type: "module", name: "sealwax vault" });
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#crash();
    };
    // Whoever waits sees a failure; without a waiter it is no error of the page.
    this.#ready.catch(() => {});
    this.#reply.catch(() => {});
    assets.then(
      (loaded) => this.#worker.postMessage({ kind: "start", assets: loaded, reservedBytes }),
      () => this.#crash(),
    );
  }

  /** Resolves when the Worker can take its request. */
  get ready() {
    return this.#ready;
  }

  /**
   * @param {Request} request
   * @param {number} deadlineSeconds
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<any>}
   */
  async run(request, deadlineSeconds, signal) {
    const late = () => this.stop(new VaultError("vault-timeout", "the operation took too long and was stopped"));
    const aborted = () => this.stop(new VaultError("vault-aborted", "the operation was stopped"));
    const timer = setTimeout(late, deadlineSeconds * 1000);
    signal?.addEventListener("abort", aborted);
    if (signal?.aborted) aborted();
    try {
      await Promise.race([this.#ready, this.#reply]);
      if (!this.#stopped) this.#worker.postMessage({ kind: "request", ...request }, collectBuffers(request.args));
      return await this.#reply;
    } finally {
      // What was sent is gone from here; what was not sent is overwritten all the same.
      collectBuffers(request.args).forEach(overwrite);
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      this.#endSoon();
    }
  }

  /**
   * Refuses the request at once, and lets the Worker clean up if it listens.
   * @param {VaultError} error
   */
  stop(error) {
    this.#stopped = true;
    this.#refuseReply(error);
    this.#worker.postMessage({ kind: "cancel" });
    this.#endSoon();
  }

  /** Ends a Worker that has had no request. */
  discard() {
    this.#worker.terminate();
  }

  /** @param {any} message */
  #receive(message) {
    if (message.kind === "ready") this.#setReady(message.startKind);
    else if (message.kind === "failed") this.#crash();
    else if (message.kind === "cleanup") this.#end(message);
    else if (message.error) this.#refuseReply(new VaultError(message.error.code, message.error.message));
    else this.#setReply(message.ok);
  }

  #crash() {
    this.#worker.terminate();
    const error = new VaultError("vault-crashed", "the vault's Worker ended unexpectedly; try again");
    this.#stopped = true;
    this.#refuseReady(error);
    this.#refuseReply(error);
  }

  #endSoon() {
    this.#endTimer ??= setTimeout(() => this.#worker.terminate(), CLEANUP_GRACE_MILLISECONDS);
  }

  /** @param {CleanupReport} report */
  #end({ bytesZeroed, milliseconds }) {
    clearTimeout(this.#endTimer);
    this.#worker.terminate();
    this.#onCleanup({ bytesZeroed, milliseconds });
  }
}
