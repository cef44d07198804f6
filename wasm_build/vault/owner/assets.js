/**
 * Fetches what every Worker runs and is given, once, each file held against the hash that the build wrote into
 * `pinned.js`. Nothing is run or handed on before its hash was found right; hashing and compiling leave the page free.
 */

import { giveBack } from "./cleanup.js";
import { FILES, SCRIPTS } from "./pinned.js";
import { VaultError } from "./vault_error.js";

const SNAPSHOT = "sealwax.snapshot";
const PROGRAM = "pyodide.asm.wasm";
const WITHOUT_SNAPSHOT = Object.keys(FILES).filter((name) => name !== SNAPSHOT);

/**
 * @typedef {import("./python_start.js").Assets} Assets
 * @typedef {{loaded: number, total: number, stage: "files" | "python" | "ready"}} StartProgress bytes, before any
 *   compression on the way
 * @typedef {{saveBytes?: boolean, onStartProgress?: (progress: StartProgress) => void}} StartOptions
 */

export class RuntimeFiles {
  /** Resolves when a Worker may be started: every script is the pinned one. @type {Promise<void>} */
  scripts;
  /** Settles when nothing follows any more: true if Workers start from the snapshot. @type {Promise<boolean>} */
  snapshotSettled;
  #base;
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
    this.#base = base;
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

  /** Resolves when a Worker can be given all that it needs. @type {Promise<void>} */
  ready;

  /** What a Worker that starts now is given. @returns {Promise<Assets>} */
  async assets() {
    await this.ready;
    return { ...(await this.#plain), snapshot: this.#snapshot };
  }

  /** The first Worker has started: the network is free. */
  started() {
    this.#progress?.enter("ready");
    this.#followWithSnapshot();
  }

  async #fetchPlain() {
    const [program, standardLibrary, pythonZip] = await Promise.all(
      [PROGRAM, "python_stdlib.zip", "sealwax_python.zip"].map((name) => this.#fetch(name)),
    );
    // One compiled module for all Workers: what the engine optimised for one serves the next.
    const module = await WebAssembly.compile(program);
    giveBack(program);
    return { module, standardLibrary, pythonZip };
  }

  /** @param {Promise<unknown> | null} wanted */
  async #fetchSnapshot(wanted) {
    await wanted;
    try {
      this.#snapshot = await this.#fetch(SNAPSHOT, wanted === null ? "auto" : "low");
    } catch (error) {
      // It costs time to start without, and nothing else.
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
    const address = new URL(name, this.#base);
    const content = await this.#read(name, await fetch(address, { priority }).catch(() => null));
    if ((await hashOf(content)) === integrity) return content;
    // A browser's cache may have gone bad; the server is asked once more.
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

/** Counts bytes as they come, and tells them to whoever shows them. */
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
   * The body of an answer, counted while it comes.
   * @param {string} name
   * @param {Response} response
   * @returns {Promise<ArrayBuffer>}
   */
  async read(name, response) {
    const counted = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).pipeThrough(
      new TransformStream({ transform: (chunk, controller) => {
        this.#add(name, chunk.length);
        controller.enqueue(chunk);
      } }),
    );
    return new Response(counted).arrayBuffer();
  }

  /**
   * @param {string} name
   * @param {number} bytes
   */
  #add(name, bytes) {
    const before = this.#loaded.get(name);
    // What follows in the background is nobody's wait; and what comes twice counts once.
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

/** Whether the person asks for it, or this is a first visit: then this script's body came over the network. */
function wantsFewBytes() {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  if (connection?.saveData) return true;
  const [script] = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByName(import.meta.url, "resource"));
  // An answer without a body, "not modified", has a size of its own, smaller than the body that was kept.
  return import.meta.url.startsWith("http") && script !== undefined && script.transferSize > script.encodedBodySize;
}
