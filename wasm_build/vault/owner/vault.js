/**
 * The vault's owner: gives each request, batch or stream a Worker of its own, out of a reserve of started ones.
 *
 * A request never waits for a start when the reserve is warm.
 */

import { RuntimeFiles } from "./assets.js";
import { Batch } from "./batch.js";
import { watch } from "./cell.js";
import { Reserve } from "./reserve.js";
import { checkRequest } from "./rpc.js";
import { STREAM_VERBS } from "./schema.js";
import { openEnds, openOutput } from "./streams.js";
import { VaultError } from "./vault_error.js";

export { VaultError };

const DEFAULT_DEADLINE_SECONDS = 60;
// A large message may still be downloading.
const DEFAULT_STREAM_DEADLINE_SECONDS = 600;
const MAX_OPEN_REQUESTS = 16;

/**
 * @typedef {import("./assets.js").StartOptions} StartOptions
 * @typedef {import("./cell.js").Cell} Cell
 * @typedef {import("./cell.js").CleanupReport} CleanupReport
 * @typedef {import("./batch.js").BatchRequest} BatchRequest
 * @typedef {import("./batch.js").Outcome} Outcome
 * @typedef {{deadlineSeconds?: number, signal?: AbortSignal, onProgress?: import("./cell.js").OnProgress}} CallOptions
 * @typedef {import("./streams.js").Inputs & CallOptions} StreamOptions
 */

/**
 * Fetches the runtime and starts the first reserve.
 *
 * With `strict` private keys stay in Python's memory, of which nothing is left; WebCrypto, which is constant-time where
 * Python is not, may leave copies of keys behind in Firefox.
 *
 * With `saveBytes` the first Worker starts without the snapshot, which is fetched after that; so it is by default where
 * the browser is told to save data, and on a first visit.
 * @param {{base?: URL, strict?: boolean} & StartOptions} [options]
 * @returns {Promise<Vault>}
 */
export async function openVault({ base = new URL("./", import.meta.url), strict = false, ...start } = {}) {
  const files = new RuntimeFiles(base, start);
  await files.scripts;
  const vault = new Vault(files, { strict });
  try {
    await files.ready;
  } catch (error) {
    vault.close();
    throw error;
  }
  return vault;
}

export class Vault {
  /** @type {(report: CleanupReport) => void} called after each request, when its Worker is about to end */
  onCleanup = () => {};
  /** @type {CleanupReport | null} of the Worker that ended last */
  lastCleanup = null;
  #reserve;
  #strict;
  /** @type {Set<Cell>} */
  #busy = new Set();
  #closed = false;
  #nextId = 1;
  /** Whoever leaves the page leaves nothing behind: the Workers get the moment that the browser gives. */
  #leave = () => this.#stopAll();

  /**
   * @param {RuntimeFiles} files
   * @param {{strict?: boolean}} [settings]
   */
  constructor(files, { strict = false } = {}) {
    this.#strict = strict;
    this.#reserve = new Reserve(files, (report) => {
      this.lastCleanup = report;
      this.onCleanup(report);
    });
    globalThis.addEventListener("pagehide", this.#leave);
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
  async call(verb, args, options = {}) {
    checkRequest(verb, args);
    const cell = this.#lend();
    const reply = this.#ask(cell, { verb, args }, options);
    cell.finish();
    return reply;
  }

  /**
   * Runs several verbs in one Worker, one after the other, and cleans up once. Outcomes come in the order of the
   * requests; an error in one does not stop the others. The deadline is that of each request, and a Worker that had
   * to be stopped is replaced.
   * @param {readonly BatchRequest[]} requests
   * @param {CallOptions} [options]
   * @returns {AsyncGenerator<Outcome, void>}
   */
  async *batch(requests, options = {}) {
    const batch = new Batch(
      () => this.#lend(),
      (cell, { verb, args }) => {
        checkRequest(verb, args);
        return this.#ask(cell, { verb, args }, options);
      },
    );
    const aborted = () => batch.stop(abortedError());
    options.signal?.addEventListener("abort", aborted);
    try {
      for (const outcome of batch.begin(requests)) yield await outcome;
    } finally {
      options.signal?.removeEventListener("abort", aborted);
      // Whoever stops reading wants nothing more.
      aborted();
    }
  }

  /**
   * Runs one verb over content that need not fit into memory. The reply comes first: `output` begins when all that can
   * be checked was checked, and what fails later is an error of `output`.
   * @param {string} verb
   * @param {object} args
   * @param {StreamOptions} options
   * @returns {{output: ReadableStream<Uint8Array>, reply: Promise<any>}}
   */
  stream(verb, args, options) {
    /** @type {Cell | null} */
    let cell = null;
    const output = openOutput(() => cell?.stop(abortedError()));
    const begin = async () => {
      checkRequest(verb, args, STREAM_VERBS);
      const ends = openEnds(options, output.port);
      cell = this.#lend();
      return this.#runStream(cell, { verb, args }, ends, options, output);
    };
    const reply = begin();
    reply.catch(output.fail);
    return { output: output.stream, reply };
  }

  /**
   * Refuses open requests at once and ends the reserve.
   * @returns {Promise<void>} settles when every Worker has cleaned up: a document that ends before cuts it short
   */
  async close() {
    this.#closed = true;
    globalThis.removeEventListener("pagehide", this.#leave);
    this.#reserve.close();
    this.#stopAll();
    await Promise.all([...this.#busy].map(({ ended }) => ended));
  }

  #stopAll() {
    for (const cell of this.#busy) cell.stop(closedError());
  }

  #lend() {
    if (this.#closed) throw closedError();
    if (this.#busy.size >= MAX_OPEN_REQUESTS) {
      throw new VaultError("vault-busy", "the vault has too many requests open; try again in a moment");
    }
    const cell = this.#reserve.take();
    this.#busy.add(cell);
    void cell.ended.then(() => {
      this.#busy.delete(cell);
      this.#reserve.refillSoon();
    });
    return cell;
  }

  /** @param {BatchRequest} request */
  #address({ verb, args }) {
    return { id: this.#nextId++, verb, args, strict: this.#strict };
  }

  /**
   * @param {Cell} cell
   * @param {BatchRequest} request
   * @param {CallOptions} options
   */
  async #ask(cell, request, { deadlineSeconds = DEFAULT_DEADLINE_SECONDS, signal, onProgress }) {
    const release = watch(cell, deadlineSeconds, signal);
    try {
      return await cell.ask(this.#address(request), { onProgress });
    } finally {
      release();
    }
  }

  /**
   * @param {Cell} cell
   * @param {BatchRequest} request
   * @param {import("./streams.js").Ends} ends
   * @param {StreamOptions} options
   * @param {import("./streams.js").OutputEnd} output
   */
  async #runStream(cell, request, ends, { deadlineSeconds = DEFAULT_STREAM_DEADLINE_SECONDS, signal, onProgress }, output) {
    const release = watch(cell, deadlineSeconds, signal);
    void cell.ended.then((why) => {
      release();
      ends.cancel(why);
      if (why) output.fail(why);
    });
    const reply = cell.ask({ ...this.#address(request), stream: ends.stream }, { onProgress, ports: ends.ports });
    cell.finish();
    return reply;
  }
}

function closedError() {
  return new VaultError("vault-closed", "the vault was closed");
}

function abortedError() {
  return new VaultError("vault-aborted", "the operation was stopped");
}
