/**
 * Fetches the files of all Workers once. A file is run or passed on only if it has the hash that the build wrote into
 * `pinned.js`. Hashing and compiling do not block the page.
 */

import { giveBack } from "../cleanup.js";
import { FILES, SCRIPTS } from "./pinned.js";
import { VaultError } from "../vault_error.js";

const SNAPSHOT = "sealwax.snapshot";
const PROGRAM = "pyodide.asm.wasm";
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
  /** Resolves with true when the snapshot is loaded, with false if it cannot be loaded. @type {Promise<boolean>} */
  snapshotSettled;
  /** The address of the runtime's folder. */
  base;
  #progress;
  /** @type {Promise<Omit<Assets, "snapshot">>} */
  #plain;
  /** @type {ArrayBuffer | null} */
  #snapshot = null;
  /** @type {() => void} */
  #followWithSnapshot = () => {};

  /**
   * @param {URL} base
   * @param {StartOptions} [options]
   */
  constructor(base, { saveBytes = wantsFewBytes(), onStartProgress } = {}) {
    this.base = base;
    const names = [...Object.keys(SCRIPTS), ...WITHOUT_SNAPSHOT, ...(saveBytes ? [] : [SNAPSHOT])];
    this.#progress = onStartProgress && new Progress(names, onStartProgress);
    this.scripts = Promise.all(Object.keys(SCRIPTS).map((name) => this.#fetch(name))).then(() => undefined);
    this.#plain = this.#fetchPlain();
    const wanted = saveBytes ? new Promise((resolve) => (this.#followWithSnapshot = () => resolve(undefined))) : null;
    this.snapshotSettled = this.#fetchSnapshot(wanted);
    this.ready = Promise.all([this.scripts, this.#plain, saveBytes || this.snapshotSettled]).then(() => {
      this.#progress?.enter("python");
    });
    for (const part of [this.scripts, this.#plain, this.ready]) part.catch(() => {});
  }

  /** Resolves when all files that a Worker needs are loaded. @type {Promise<void>} */
  ready;

  /** The files for a Worker that starts now. @returns {Promise<Assets>} */
  async assets() {
    await this.ready;
    return { ...(await this.#plain), snapshot: this.#snapshot };
  }

  /** Called when a Worker has started. Now the snapshot can be fetched if it had to wait. */
  started() {
    this.#progress?.enter("ready");
    this.#followWithSnapshot();
  }

  async #fetchPlain() {
    const [module, standardLibrary, pythonZip] = await Promise.all([
      this.#compile(), this.#fetch("python_stdlib.zip"), this.#fetch("sealwax_python.zip"),
    ]);
    return { module, standardLibrary, pythonZip };
  }

  /**
   * Compiles the program. One module serves all Workers, so that the engine optimises it once. Compiled from a response,
   * it comes with the code that the browser has optimised and kept on earlier visits.
   */
  async #compile() {
    try {
      const { integrity } = FILES[PROGRAM];
      return await WebAssembly.compileStreaming(fetch(new URL(PROGRAM, this.base), { integrity }));
    } catch {
      const program = await this.#fetch(PROGRAM);
      const module = await WebAssembly.compile(program);
      giveBack(program);
      return module;
    }
  }

  /** @param {Promise<unknown> | null} wanted */
  async #fetchSnapshot(wanted) {
    await wanted;
    try {
      this.#snapshot = await this.#fetch(SNAPSHOT, wanted === null ? "auto" : "low");
    } catch (error) {
      // Without the snapshot a Worker takes longer to start, and then works in the same way.
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
    const { integrity } = FILES[name] ?? SCRIPTS[name];
    const address = new URL(name, this.base);
    const content = await this.#read(name, await fetch(address, { priority }).catch(() => null));
    if ((await hashOf(content)) === integrity) return content;
    // The copy in the browser's cache may be damaged, so the file is fetched once more without the cache.
    const again = await this.#read(name, await fetch(address, { priority, cache: "reload" }).catch(() => null));
    if ((await hashOf(again)) === integrity) return again;
    throw new VaultError("vault-incomplete", `${name} is not the file that belongs to this version`);
  }

  /**
   * @param {string} name
   * @param {Response | null} response
   */
  async #read(name, response) {
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
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      content.set(read.value, length);
      length += read.value.length;
      this.#add(name, read.value.length);
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
    // counts once.
    if (before === undefined || this.#stage !== "files") return;
    this.#loaded.set(name, Math.min(before + bytes, bytesOf(name)));
    const loaded = [...this.#loaded.values()].reduce((sum, each) => sum + each, 0);
    this.#tell({ loaded, total: this.#total, stage: "files" });
  }
}

/** @param {string} name */
function bytesOf(name) {
  return (FILES[name] ?? SCRIPTS[name]).bytes;
}

/** @param {ArrayBuffer} content */
async function hashOf(content) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", content));
  return `sha384-${btoa(String.fromCharCode(...digest))}`;
}

/** Whether the browser is set to save data, or this is a first visit, on which this script came over the network. */
function wantsFewBytes() {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  if (connection?.saveData) return true;
  const [script] = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByName(import.meta.url, "resource"));
  // A response "not modified" transfers only headers, which are smaller than the cached body. That is no first visit.
  return import.meta.url.startsWith("http") && script !== undefined && script.transferSize > script.encodedBodySize;
}
