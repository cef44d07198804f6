/**
 * Fetches the files of all Workers once. A file is run or passed on only if it has the hash that the build wrote into
 * `pinned.js`. Hashing and compiling do not block the page.
 */

import { giveBack } from "../memory/cleanup.js";
import { nextTask } from "../values/next_task.js";
import { FILES, PIECE_BYTES, SCRIPTS } from "./pinned.js";
import { VaultError } from "../errors/vault_error.js";

const SNAPSHOT = "sealwax.snapshot";
const PROGRAM = "pyodide.asm.wasm";
/** A small file. Its timing shows whether the browser has kept the files of an earlier visit. */
const PROBE = "argon2.js";
/** The time to wait for the timing of a file. Without the timing, the visit does not count as a first visit. */
const TIMING_MILLISECONDS = 250;
/** A file in the browser's cache comes all at once. After this time the page can draw, so that scrolling stays smooth. */
const READING_MILLISECONDS = 5;
/** The server is asked only if the copy in the browser's cache has another hash. @type {readonly RequestCache[]} */
const KEPT_THEN_ASKED = ["force-cache", "no-cache"];
const WITHOUT_SNAPSHOT = Object.keys(FILES).filter((name) => name !== SNAPSHOT);

/**
 * @typedef {import("../worker/python_start.js").Assets} Assets
 * @typedef {{loaded: number, total: number, stage: "files" | "python" | "ready"}} StartProgress in bytes of
 *   uncompressed files
 * @typedef {{saveBytes?: boolean, onStartProgress?: (progress: StartProgress) => void}} StartOptions
 */

export class RuntimeFiles {
  /** Resolves when every script has its pinned hash, so that a Worker may be started. @type {Promise<void>} */
  scripts;
  /** Resolves with true when the snapshot is loaded, or with false if it cannot be loaded. @type {Promise<boolean>} */
  snapshotSettled;
  /** The address of the runtime's folder. */
  base;
  #progress;
  /** @type {Promise<Omit<Assets, "snapshot">>} */
  #plain;
  /** @type {ArrayBuffer | null} */
  #snapshot = null;
  /** @type {() => void} */
  #isCalm = () => {};
  /** Resolves when a Worker has started and no request uses it. */
  #firstCalm = new Promise((resolve) => (this.#isCalm = () => resolve(undefined)));

  /**
   * @param {URL} base
   * @param {StartOptions} [options]
   */
  constructor(base, { saveBytes, onStartProgress } = {}) {
    this.base = base;
    this.#progress = onStartProgress && new Progress([...Object.keys(SCRIPTS), ...Object.keys(FILES)], onStartProgress);
    const begun = performance.now();
    const probe = this.#fetch(PROBE);
    const others = Object.keys(SCRIPTS).filter((name) => name !== PROBE);
    this.scripts = Promise.all([probe, ...others.map((name) => this.#fetch(name))]).then(() => undefined);
    this.#plain = this.#fetchPlain();
    const later = saveBytes === undefined ? probe.then(() => wantsFewBytes(new URL(PROBE, base), begun), () => false) : Promise.resolve(saveBytes);
    this.snapshotSettled = this.#fetchSnapshot(later);
    const snapshot = later.then((isLater) => isLater || this.snapshotSettled);
    this.ready = Promise.all([this.scripts, this.#plain, snapshot]).then(() => this.#progress?.enter("python"));
    for (const part of [this.scripts, this.#plain, this.ready]) part.catch(() => {});
  }

  /** Resolves when all files that a Worker needs are loaded. @type {Promise<void>} */
  ready;

  /** The files for a Worker that is about to start. @returns {Promise<Assets>} */
  async assets() {
    await this.ready;
    return { ...(await this.#plain), snapshot: this.#snapshot };
  }

  /** Called when a Worker has started. */
  started() {
    this.#progress?.enter("ready");
  }

  /** Called when a Worker has started and no request uses it. If the snapshot was put off until then, it is fetched now. */
  calm() {
    this.#isCalm();
  }

  async #fetchPlain() {
    const [module, standardLibrary, pythonZip] = await Promise.all([
      this.#compile(), this.#fetch("python_stdlib.zip"), this.#fetch("sealwax_python.zip"),
    ]);
    return { module, standardLibrary, pythonZip };
  }

  /**
   * Compiles the program. All Workers share one module, so that the engine optimises it once. A module compiled from a
   * response includes the optimised code that the browser has kept from earlier visits.
   */
  async #compile() {
    const [address, { integrity }] = [new URL(PROGRAM, this.base), FILES[PROGRAM]];
    for (const cache of KEPT_THEN_ASKED) {
      try {
        return await WebAssembly.compileStreaming(fetch(address, { integrity, cache }));
      } catch {
        // The copy in the browser's cache may be an older version, or the server may not send the file's media type.
      }
    }
    const program = await this.#fetch(PROGRAM);
    const module = await WebAssembly.compile(program);
    giveBack(program);
    return module;
  }

  /** @param {Promise<boolean>} later whether the first Worker starts without the snapshot */
  async #fetchSnapshot(later) {
    const isLater = await later;
    if (isLater) {
      this.#progress?.leaveOut(SNAPSHOT);
      await this.#firstCalm;
    }
    try {
      this.#snapshot = await this.#fetch(SNAPSHOT, isLater ? "low" : "auto");
    } catch (error) {
      // A failure does no harm: without the snapshot a Worker only takes longer to start.
      console.warn(/** @type {Error} */ (error).message);
    }
    return this.#snapshot !== null;
  }

  /**
   * @param {string} name
   * @param {RequestPriority} [priority]
   * @returns {Promise<ArrayBuffer>}
   */
  async #fetch(name, priority = "auto") {
    const address = new URL(name, this.base);
    // The hash shows whether the copy in the browser's cache is right, so the server is not asked.
    const copy = await this.#read(name, fetch(address, { priority, cache: "force-cache" })).catch(() => null);
    if (copy && (await isPinned(name, copy))) return copy;
    // The copy in the cache may be damaged or old, or may be a stored "not found". So the file is fetched once more
    // without the cache.
    const again = await this.#read(name, fetch(address, { priority, cache: "reload" }));
    if (await isPinned(name, again)) return again;
    throw new VaultError("vault-incomplete", `${name} is not the file that belongs to this version`);
  }

  /**
   * @param {string} name
   * @param {Promise<Response>} coming
   */
  async #read(name, coming) {
    const response = await coming.catch(() => null);
    if (!response?.ok) throw new VaultError("vault-incomplete", `${name} could not be loaded`);
    try {
      return await (this.#progress ? this.#progress.read(name, response) : response.arrayBuffer());
    } catch {
      throw new VaultError("vault-incomplete", `${name} could not be loaded whole`);
    }
  }
}

/** Counts the bytes of a start as they arrive, and reports them. */
class Progress {
  /** @type {Map<string, number>} */
  #loaded = new Map();
  /** @type {StartProgress["stage"]} */
  #stage = "files";
  #total;
  #tell;

  /**
   * @param {string[]} names
   * @param {(progress: StartProgress) => void} tell
   */
  constructor(names, tell) {
    for (const name of names) this.#loaded.set(name, 0);
    this.#total = names.reduce((sum, name) => sum + bytesOf(name), 0);
    this.#tell = tell;
  }

  /** Stops counting the bytes of a file, because the start does not wait for the file. @param {string} name */
  leaveOut(name) {
    if (this.#loaded.delete(name)) this.#total -= bytesOf(name);
  }

  /** @param {StartProgress["stage"]} stage */
  enter(stage) {
    if (this.#stage === stage || this.#stage === "ready") return;
    this.#stage = stage;
    this.#tell({ loaded: this.#total, total: this.#total, stage });
  }

  /**
   * The body of a response. Its bytes are counted as they arrive.
   * @param {string} name
   * @param {Response} response
   * @returns {Promise<ArrayBuffer>}
   */
  async read(name, response) {
    const content = new Uint8Array(bytesOf(name));
    let length = 0;
    let turn = performance.now();
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      content.set(read.value, length);
      length += read.value.length;
      this.#add(name, read.value.length);
      if (performance.now() - turn > READING_MILLISECONDS) {
        await nextTask();
        turn = performance.now();
      }
    }
    return content.buffer;
  }

  /**
   * @param {string} name
   * @param {number} bytes
   */
  #add(name, bytes) {
    const before = this.#loaded.get(name);
    // Background downloads do not delay the start, so the progress bar leaves them out. A file that is fetched twice
    // counts only once.
    if (before === undefined || this.#stage !== "files") return;
    this.#loaded.set(name, Math.min(before + bytes, bytesOf(name)));
    const loaded = [...this.#loaded.values()].reduce((sum, each) => sum + each, 0);
    this.#tell({ loaded, total: this.#total, stage: "files" });
  }
}

/** @param {string} name */
function pinOf(name) {
  return FILES[name] ?? SCRIPTS[name];
}

/** @param {string} name */
function bytesOf(name) {
  return pinOf(name).bytes;
}

/**
 * Whether the content is the file that the build pinned. The browser copies the data to hash in one task. So a large
 * file is hashed piece by piece, and the page can draw between the pieces.
 * @param {string} name
 * @param {ArrayBuffer} content
 */
async function isPinned(name, content) {
  const { bytes, integrity, pieces = [integrity] } = pinOf(name);
  if (content.byteLength !== bytes || pieces.length !== Math.ceil(bytes / PIECE_BYTES)) return false;
  for (const [index, hash] of pieces.entries()) {
    const start = index * PIECE_BYTES;
    const piece = new Uint8Array(content, start, Math.min(PIECE_BYTES, bytes - start));
    if ((await hashOf(piece)) !== hash) return false;
  }
  return true;
}

/** @param {BufferSource} content */
async function hashOf(content) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", content));
  return `sha384-${btoa(String.fromCharCode(...digest))}`;
}

/**
 * Whether the browser is set to save data, or this is a first visit, that is, a file of the runtime came over the network.
 * @param {URL} address of the file, which came from the browser's cache if the cache had it
 * @param {number} since when the file was requested, in milliseconds of `performance.now`
 */
async function wantsFewBytes({ href, protocol }, since) {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  if (connection?.saveData) return true;
  if (!protocol.startsWith("http")) return false;
  return ((await timingOf(href, since))?.transferSize ?? 0) > 0;
}

/**
 * The timing of a file that has come, or null. The browser reports the timing a little later than the file.
 * @param {string} href
 * @param {number} since
 * @returns {Promise<PerformanceResourceTiming | null>}
 */
function timingOf(href, since) {
  return new Promise((resolve) => {
    /** @param {{getEntriesByName: (name: string, type: string) => PerformanceEntryList}} list */
    const look = (list) => {
      const timing = list.getEntriesByName(href, "resource").findLast(({ startTime }) => startTime >= since);
      if (timing) done(/** @type {PerformanceResourceTiming} */ (timing));
    };
    const observer = new PerformanceObserver(look);
    const timer = setTimeout(() => done(null), TIMING_MILLISECONDS);
    const done = (/** @type {PerformanceResourceTiming | null} */ timing) => {
      observer.disconnect();
      clearTimeout(timer);
      resolve(timing);
    };
    observer.observe({ type: "resource", buffered: true });
    look(performance);
  });
}
