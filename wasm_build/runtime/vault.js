/**
 * The vault's owner: keeps one started Worker in reserve, gives each request a Worker of its own, and ends it.
 *
 * A request never waits for a start when the reserve is warm. Deadlines and cancelling end the Worker after it had a
 * moment to clean up.
 */

import { fetchAssets } from "./assets.js";
import { checkRequest, collectBuffers, VaultError } from "./rpc.js";
import { trustedScriptUrl } from "./trusted_scripts.js";

export { VaultError };

const DEFAULT_DEADLINE_SECONDS = 60;
const CLEANUP_GRACE_MILLISECONDS = 1_000;
const RESERVE_DELAY_MILLISECONDS = 50;
const MAX_OPEN_REQUESTS = 16;

/**
 * @typedef {import("./cleanup.js").CleanupReport} CleanupReport
 * @typedef {{deadlineSeconds?: number, signal?: AbortSignal}} CallOptions
 * @typedef {{worker: Worker, ready: Promise<"snapshot" | "plain">}} Reserve
 */

/**
 * Fetches the runtime and starts the first reserve.
 * @param {{base?: URL}} [options]
 * @returns {Promise<Vault>}
 */
export async function openVault({ base = new URL("./", import.meta.url) } = {}) {
  return new Vault(await fetchAssets(base));
}

export class Vault {
  /** @type {(report: CleanupReport) => void} */
  onCleanup = () => {};
  /** @type {"snapshot" | "plain" | null} how the latest Worker started */
  startKind = null;
  /** @type {import("./assets.js").Assets} */
  #assets;
  /** @type {Reserve | null} */
  #reserve = null;
  /** @type {Set<Operation>} */
  #operations = new Set();
  #closed = false;
  #nextId = 1;

  /** @param {import("./assets.js").Assets} assets */
  constructor(assets) {
    this.#assets = assets;
    this.#startReserve();
  }

  /** Resolves when a Worker stands ready. */
  get ready() {
    return this.#startReserve().ready.then(() => undefined);
  }

  /**
   * Runs one verb in a Worker of its own. Every ArrayBuffer in `args` is transferred.
   * @param {string} verb
   * @param {object} args
   * @param {CallOptions} [options]
   * @returns {Promise<any>}
   */
  async call(verb, args, { deadlineSeconds = DEFAULT_DEADLINE_SECONDS, signal } = {}) {
    if (this.#closed) throw new VaultError("vault-closed", "the vault is closed");
    checkRequest(verb, args);
    if (this.#operations.size >= MAX_OPEN_REQUESTS) {
      throw new VaultError("vault-busy", "the vault has too many requests open; try again in a moment");
    }
    const { worker, ready } = this.#takeReserve();
    const operation = new Operation(worker, ready, (report) => this.onCleanup(report));
    this.#operations.add(operation);
    try {
      return await operation.run({ id: this.#nextId++, verb, args }, deadlineSeconds, signal);
    } finally {
      this.#operations.delete(operation);
      // Copying the snapshot for the next Worker blocks for a moment: first the result is used and painted.
      setTimeout(() => this.#closed || this.#startReserve(), RESERVE_DELAY_MILLISECONDS);
    }
  }

  /** Ends all Workers; open requests are refused. */
  close() {
    this.#closed = true;
    this.#reserve?.worker.terminate();
    this.#reserve = null;
    for (const operation of this.#operations) operation.stop(new VaultError("vault-closed", "the vault was closed"));
  }

  #takeReserve() {
    const reserve = this.#startReserve();
    this.#reserve = null;
    return reserve;
  }

  #startReserve() {
    this.#reserve ??= this.#startWorker();
    return this.#reserve;
  }

  /** @returns {Reserve} */
  #startWorker() {
    const worker = new Worker(trustedScriptUrl("vault_worker.js"), { type: "module", name: "sealwax vault" });
    /** @type {Reserve["ready"]} */
    const ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        this.startKind = data.startKind;
        resolve(data.startKind);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        // The next request begins anew.
        if (this.#reserve?.worker === worker) this.#reserve = null;
        reject(new VaultError("vault-crashed", "the vault could not start"));
      };
    });
    // Whoever waits for it sees the failure; without a waiter it is not an error of the page.
    ready.catch(() => {});
    worker.postMessage({ kind: "start", assets: this.#assets });
    return { worker, ready };
  }
}

/** One request in one Worker, until the Worker has cleaned up and ended. */
class Operation {
  #worker;
  #ready;
  #onCleanup;
  /** @type {(error: VaultError) => void} */
  #reject = () => {};

  /**
   * @param {Worker} worker
   * @param {Promise<unknown>} ready
   * @param {(report: CleanupReport) => void} onCleanup
   */
  constructor(worker, ready, onCleanup) {
    this.#worker = worker;
    this.#ready = ready;
    this.#onCleanup = onCleanup;
  }

  /**
   * @param {{id: number, verb: string, args: object}} request
   * @param {number} deadlineSeconds
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<any>}
   */
  async run(request, deadlineSeconds, signal) {
    const late = () => this.stop(new VaultError("vault-timeout", "the operation took too long and was stopped"));
    const aborted = () => this.stop(new VaultError("vault-aborted", "the operation was stopped"));
    const timer = setTimeout(late, deadlineSeconds * 1000);
    signal?.addEventListener("abort", aborted);
    try {
      const result = new Promise((resolve, reject) => {
        this.#reject = reject;
        this.#ready.then(() => this.#send(request, resolve, reject), reject);
      });
      if (signal?.aborted) aborted();
      return await result;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    }
  }

  /**
   * Refuses the request at once, lets the Worker clean up if it listens, and ends it.
   * @param {VaultError} error
   */
  stop(error) {
    this.#reject(error);
    this.#worker.postMessage({ kind: "cancel" });
    setTimeout(() => this.#worker.terminate(), CLEANUP_GRACE_MILLISECONDS);
  }

  /**
   * @param {{id: number, verb: string, args: object}} request
   * @param {(value: any) => void} resolve
   * @param {(error: VaultError) => void} reject
   */
  #send(request, resolve, reject) {
    this.#worker.onmessage = ({ data }) => {
      if (data.kind === "cleanup") {
        this.#worker.terminate();
        this.#onCleanup({ bytesZeroed: data.bytesZeroed, milliseconds: data.milliseconds });
      } else if (data.id === request.id) {
        if (data.error) reject(new VaultError(data.error.code, data.error.message));
        else resolve(data.ok);
      }
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#worker.terminate();
      reject(new VaultError("vault-crashed", "the vault's Worker ended unexpectedly"));
    };
    this.#worker.postMessage({ kind: "request", ...request }, collectBuffers(request.args));
  }
}
