/**
 * The vault's owner: gives each request a Worker of its own, out of a reserve of started ones.
 *
 * A request never waits for a start when the reserve is warm.
 */

import { fetchAssets } from "./assets.js";
import { Reserve } from "./reserve.js";
import { checkRequest, VaultError } from "./rpc.js";

export { VaultError };

const DEFAULT_DEADLINE_SECONDS = 60;
const MAX_OPEN_REQUESTS = 16;

/**
 * @typedef {import("./cell.js").Cell} Cell
 * @typedef {import("./cell.js").CleanupReport} CleanupReport
 * @typedef {{deadlineSeconds?: number, signal?: AbortSignal}} CallOptions
 */

/**
 * Fetches the runtime and starts the first reserve.
 *
 * With `strict` private keys stay in Python's memory, of which nothing is left; WebCrypto, which is constant-time where
 * Python is not, may leave copies of keys behind in Firefox.
 * @param {{base?: URL, strict?: boolean}} [options]
 * @returns {Promise<Vault>}
 */
export async function openVault({ base = new URL("./", import.meta.url), strict = false } = {}) {
  const assets = fetchAssets(base);
  const vault = new Vault(assets, { strict });
  try {
    await assets;
  } catch (error) {
    vault.close();
    throw error;
  }
  return vault;
}

export class Vault {
  /** @type {(report: CleanupReport) => void} called after each request, when its Worker is about to end */
  onCleanup = () => {};
  #reserve;
  #strict;
  /** @type {Set<Cell>} */
  #busy = new Set();
  #closed = false;
  #nextId = 1;

  /**
   * @param {Promise<import("./assets.js").Assets>} assets
   * @param {{strict?: boolean}} [settings]
   */
  constructor(assets, { strict = false } = {}) {
    this.#strict = strict;
    this.#reserve = new Reserve(assets, (report) => this.onCleanup(report));
  }

  /** Resolves when a Worker stands ready. */
  get ready() {
    return this.#closed ? Promise.reject(closedError()) : this.#reserve.ready;
  }

  /** How the latest Worker started; null before the first has. */
  get startKind() {
    return this.#reserve.startKind;
  }

  /**
   * Runs one verb in a Worker of its own. Every ArrayBuffer in `args` is transferred.
   * @param {string} verb
   * @param {object} args
   * @param {CallOptions} [options]
   * @returns {Promise<any>}
   */
  async call(verb, args, { deadlineSeconds = DEFAULT_DEADLINE_SECONDS, signal } = {}) {
    if (this.#closed) throw closedError();
    checkRequest(verb, args);
    if (this.#busy.size >= MAX_OPEN_REQUESTS) {
      throw new VaultError("vault-busy", "the vault has too many requests open; try again in a moment");
    }
    const cell = this.#reserve.take();
    this.#busy.add(cell);
    try {
      return await cell.run({ id: this.#nextId++, verb, args, strict: this.#strict }, deadlineSeconds, signal);
    } finally {
      this.#busy.delete(cell);
      this.#reserve.refillSoon();
    }
  }

  /** Refuses open requests, whose Workers still clean up, and ends the reserve. */
  close() {
    this.#closed = true;
    this.#reserve.close();
    for (const cell of this.#busy) cell.stop(closedError());
  }
}

function closedError() {
  return new VaultError("vault-closed", "the vault was closed");
}
