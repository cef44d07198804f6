/**
 * The vault's owner, through which a page uses the vault. Each request, batch or stream has a Worker to itself while it
 * runs. The Workers come from a reserve of started Workers.
 *
 * A request does not wait for a start while a started Worker is in the reserve.
 */

import { RuntimeFiles } from "./assets.js";
import { Batch } from "./batch.js";
import { checkWatch, watch } from "./cell.js";
import { Reserve } from "./reserve.js";
import { checkRequest, takesPassphrase } from "../rpc.js";
import { STREAM_VERBS } from "../schema.js";
import { openEnds, openOutput } from "./streams.js";
import { VaultError } from "../errors/vault_error.js";

export { VaultError };

const DEFAULT_DEADLINE_SECONDS = 60;
// The default deadline of a stream, which can take as long as the download of a large message.
const DEFAULT_STREAM_DEADLINE_SECONDS = 600;
const MAX_OPEN_REQUESTS = 16;
const SIGNS_OF_USE = ["pointermove", "keydown", "focusin"];

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
 * Fetches the runtime and starts the reserve.
 *
 * With `strict` private keys stay in Python's memory, which is overwritten completely, but Python is not constant-time.
 * Without `strict` WebCrypto uses the keys. WebCrypto is constant-time, but in Firefox it may leave copies of keys.
 *
 * With `saveBytes` the first Worker starts without the snapshot, which is fetched afterwards. `saveBytes` is the
 * default on a first visit, and if the browser is set to save data. By default a Worker serves further operations.
 * After each operation its memory is put back to an earlier image. With `strict`, or without `rewind`, each operation
 * ends its Worker.
 * @param {{base?: URL, strict?: boolean, rewind?: boolean} & StartOptions} [options] `base` is the folder of the runtime, by
 *   default the folder of the built module
 * @returns {Promise<Vault>}
 */
export async function openVault({ base = new URL("./", import.meta.url), strict = false, rewind = true, ...start } = {}) {
  const files = new RuntimeFiles(base, start);
  await files.scripts;
  const vault = new Vault(files, { strict, rewind });
  try {
    await files.ready;
  } catch (error) {
    vault.close();
    throw error;
  }
  return vault;
}

export class Vault {
  /** @type {(report: CleanupReport) => void} called when a Worker has cleaned up after its last request */
  onCleanup = () => {};
  /** @type {CleanupReport | null} the report of the Worker that cleaned up last */
  lastCleanup = null;
  #reserve;
  #strict;
  /** @type {Set<Cell>} */
  #busy = new Set();
  #closed = false;
  #nextId = 1;
  /** The number of operations that wait for a Worker, or use one. */
  #open = 0;
  /** Stops all Workers when the person leaves the page. They clean up if the browser gives them time. */
  #leave = () => {
    this.#stopAll();
    void this.retire();
  };
  /** A hidden page counts as unused. */
  #hide = () => {
    if (document.visibilityState === "hidden") void this.retire();
  };
  /** A person who moves the pointer or presses a key may soon need a Worker. */
  #used = () => this.wake();

  /**
   * @param {RuntimeFiles} files
   * @param {{strict?: boolean, rewind?: boolean}} [settings]
   */
  constructor(files, { strict = false, rewind = true } = {}) {
    this.#strict = strict;
    this.#reserve = new Reserve(files, rewind && !strict, (report) => {
      this.lastCleanup = report;
      this.onCleanup(report);
    });
    globalThis.addEventListener("pagehide", this.#leave);
    globalThis.document?.addEventListener("visibilitychange", this.#hide);
    for (const type of SIGNS_OF_USE) globalThis.addEventListener(type, this.#used, { capture: true, passive: true });
  }

  /** Resolves when a Worker is ready. */
  get ready() {
    return this.#closed ? Promise.reject(closedError()) : this.#reserve.ready;
  }

  /** How the latest Worker started, with or without the snapshot; null before the first start. */
  get startKind() {
    return this.#reserve.startKind;
  }

  /**
   * Runs one verb in a Worker. Resolves with the reply. Every ArrayBuffer in `args` is transferred, unless the request is
   * refused before (`bad-request`, `vault-busy`, `vault-closed`).
   * @param {string} verb
   * @param {object} args
   * @param {CallOptions} [options]
   * @returns {Promise<any>}
   */
  async call(verb, args, options = {}) {
    checkRequest(verb, args);
    checkWatch(options);
    const cell = await this.#lend();
    if (takesPassphrase(verb, args)) this.#reserve.expectLoss(cell);
    const reply = this.#ask(cell, { verb, args }, options);
    cell.finish();
    return reply;
  }

  /**
   * Runs several verbs in one Worker, one after the other, and cleans up once. Yields the outcomes in the order of the
   * requests; a failed request does not stop the others. Each request has its own deadline. A stopped Worker is
   * replaced.
   * @param {readonly BatchRequest[]} requests
   * @param {CallOptions} [options]
   * @returns {AsyncGenerator<Outcome, void>}
   */
  async *batch(requests, options = {}) {
    checkWatch(options);
    const batch = new Batch(
      () => this.#lend(),
      (cell, request) => {
        const { verb, args } = request ?? {};
        checkRequest(verb, args);
        return this.#ask(cell, { verb, args }, options);
      },
    );
    const aborted = () => batch.stop(abortedError());
    options.signal?.addEventListener("abort", aborted);
    if (options.signal?.aborted) aborted();
    try {
      for (const outcome of batch.begin(requests)) yield await outcome;
    } finally {
      options.signal?.removeEventListener("abort", aborted);
      // A caller that stops reading outcomes also ends the batch.
      aborted();
    }
  }

  /**
   * Runs one verb on content that need not fit into memory. The reply comes after all checks that can be made
   * without output, and before the first byte of `output`. Later failures are errors of `output`.
   * @param {string} verb
   * @param {object} args
   * @param {StreamOptions} options
   * @returns {{output: ReadableStream<Uint8Array>, reply: Promise<any>}}
   */
  stream(verb, args, options) {
    /** @type {Cell | null} */
    let cell = null;
    let isCancelled = false;
    const output = openOutput(() => {
      isCancelled = true;
      cell?.stop(abortedError());
    });
    const begin = async () => {
      checkRequest(verb, args, STREAM_VERBS);
      checkWatch(options);
      const ends = openEnds(options, output.port);
      cell = await this.#lend().catch((error) => {
        ends.cancel(error);
        throw error;
      });
      if (isCancelled) cell.stop(abortedError());
      return this.#runStream(cell, { verb, args }, ends, options, output);
    };
    const reply = begin();
    reply.catch(output.fail);
    return { output: output.stream, reply };
  }

  /**
   * Refuses open requests at once and ends the reserve.
   * @returns {Promise<void>} resolves when every Worker has cleaned up, unless the document ends earlier
   */
  async close() {
    this.#closed = true;
    globalThis.removeEventListener("pagehide", this.#leave);
    globalThis.document?.removeEventListener("visibilitychange", this.#hide);
    for (const type of SIGNS_OF_USE) globalThis.removeEventListener(type, this.#used, { capture: true });
    const retired = this.#reserve.close();
    this.#stopAll();
    await Promise.all([retired, ...[...this.#busy].map(({ ended }) => ended)]);
  }

  /**
   * Ends the Workers that rest after an operation, with the whole cleanup. Called when the keys are locked.
   * @returns {Promise<unknown>} resolves when they have ended
   */
  retire() {
    return this.#reserve.retire();
  }

  /** Starts a Worker if there is none after `retire`, because a request may soon come. */
  wake() {
    this.#reserve.wake();
  }

  #stopAll() {
    for (const cell of this.#busy) cell.stop(closedError());
  }

  /** @returns {Promise<Cell>} a Worker for one operation */
  async #lend() {
    if (this.#closed) throw closedError();
    if (this.#open >= MAX_OPEN_REQUESTS) {
      throw new VaultError("vault-busy", "the vault has too many requests open; try again in a moment");
    }
    this.#open += 1;
    const cell = await this.#reserve.take();
    this.#busy.add(cell);
    void cell.begin().then((rests) => {
      this.#open -= 1;
      this.#busy.delete(cell);
      if (rests) this.#reserve.giveBack(cell);
      else this.#reserve.lose(cell);
    });
    if (this.#closed) cell.stop(closedError());
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
