/**
 * The vault's owner: keeps one started Worker in reserve and gives each request a Worker of its own.
 *
 * A request never waits for a start when the reserve is warm.
 */

import { fetchAssets } from "./assets.js";
import { Cell } from "./cell.js";
import { checkRequest, VaultError } from "./rpc.js";

export { VaultError };

const DEFAULT_DEADLINE_SECONDS = 60;
const MAX_OPEN_REQUESTS = 16;
const RESERVE_DELAY_MILLISECONDS = 50;

/**
 * @typedef {import("./cell.js").CleanupReport} CleanupReport
 * @typedef {{deadlineSeconds?: number, signal?: AbortSignal}} CallOptions
 */

/**
 * Fetches the runtime and starts the first reserve.
 * @param {{base?: URL}} [options]
 * @returns {Promise<Vault>}
 */
export async function openVault({ base = new URL("./", import.meta.url) } = {}) {
  const assets = fetchAssets(base);
  const vault = new Vault(assets);
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
  /** @type {import("./cell.js").StartKind | null} how the latest Worker started */
  startKind = null;
  #assets;
  /** @type {Cell | null} */
  #reserve = null;
  /** @type {Set<Cell>} */
  #busy = new Set();
  #closed = false;
  #nextId = 1;

  /** @param {Promise<import("./assets.js").Assets>} assets */
  constructor(assets) {
    this.#assets = assets;
    this.#startReserve();
  }

  /** Resolves when a Worker stands ready. */
  get ready() {
    if (this.#closed) return Promise.reject(closedError());
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
    if (this.#closed) throw closedError();
    checkRequest(verb, args);
    if (this.#busy.size >= MAX_OPEN_REQUESTS) {
      throw new VaultError("vault-busy", "the vault has too many requests open; try again in a moment");
    }
    const cell = this.#startReserve();
    this.#reserve = null;
    this.#busy.add(cell);
    try {
      return await cell.run({ id: this.#nextId++, verb, args }, deadlineSeconds, signal);
    } finally {
      this.#busy.delete(cell);
      // Copying the snapshot for the next Worker blocks for a moment: first the result is used and painted.
      setTimeout(() => this.#closed || this.#startReserve(), RESERVE_DELAY_MILLISECONDS);
    }
  }

  /** Refuses open requests, whose Workers still clean up, and ends the reserve. */
  close() {
    this.#closed = true;
    this.#reserve?.discard();
    this.#reserve = null;
    for (const cell of this.#busy) cell.stop(closedError());
  }

  #startReserve() {
    if (this.#reserve === null) {
      const cell = new Cell(this.#assets, (report) => this.onCleanup(report));
      this.#reserve = cell;
      cell.ready.then(
        (startKind) => {
          this.startKind = startKind;
        },
        () => {
          // The next request begins anew.
          if (this.#reserve === cell) this.#reserve = null;
        },
      );
    }
    return this.#reserve;
  }
}

function closedError() {
  return new VaultError("vault-closed", "the vault was closed");
}
