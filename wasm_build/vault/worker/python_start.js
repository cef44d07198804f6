/**
 * Starts Python inside a Worker: from the memory snapshot, or plainly when there is none or it does not load.
 *
 * Everything comes in as bytes that the owner fetched and checked; the Worker itself has no network.
 */

import "./before_pyodide.js";
import { giveBack } from "./cleanup.js";
import { loadPyodide } from "./pyodide.mjs";
import createPyodideModule from "./pyodide.asm.mjs";
import { LOCK_FILE, PYTHON_ENVIRONMENT, PYTHON_ZIP_PATH } from "./python_settings.js";
import { restoreZeroPages } from "./zero_pages.js";

const WASM_PAGE_BYTES = 65_536;
const RUNTIME_URL = new URL("./", import.meta.url).href;

/**
 * @typedef {object} Assets
 * @property {WebAssembly.Module} module
 * @property {ArrayBuffer} standardLibrary
 * @property {ArrayBuffer} pythonZip
 * @property {ArrayBuffer | null} snapshot without its pages of zeros
 *
 * @typedef {object} Python
 * @property {any} pyodide
 * @property {WebAssembly.Memory} memory
 * @property {"snapshot" | "plain"} startKind
 */

/**
 * @param {Assets} assets
 * @returns {Promise<Python>}
 */
export async function startPython(assets) {
  takeNetworkAway(assets.standardLibrary);
  if (assets.snapshot !== null) {
    try {
      return await loadSnapshot(assets, assets.snapshot);
    } catch {
      // A snapshot belongs to one build of the engine; whatever it fails with, the plain start is the answer.
    }
  }
  return loadPlainly(assets);
}

/**
 * @param {Assets} assets
 * @param {ArrayBuffer} packed
 * @returns {Promise<Python>}
 */
async function loadSnapshot(assets, packed) {
  const snapshot = restoreZeroPages(new Uint8Array(packed));
  const { pyodide, memory } = await load(assets, { _loadSnapshot: snapshot }, snapshot.byteLength);
  // Python's memory has a copy of it; the browser would keep these two until it tidies up.
  for (const buffer of [packed, snapshot.buffer]) giveBack(buffer);
  return { pyodide, memory, startKind: "snapshot" };
}

/**
 * @param {Assets} assets
 * @returns {Promise<Python>}
 */
async function loadPlainly(assets) {
  const { pyodide, memory } = await load(assets, {});
  pyodide.runPython(`import sys\nsys.path.insert(0, ${JSON.stringify(PYTHON_ZIP_PATH)})`);
  return { pyodide, memory, startKind: "plain" };
}

/**
 * @param {Assets} assets
 * @param {object} settings
 * @param {number} [memoryBytes] what Python's memory must hold from the beginning
 * @returns {Promise<{pyodide: any, memory: WebAssembly.Memory}>}
 */
async function load(assets, settings, memoryBytes = 0) {
  /** @type {WebAssembly.Memory | undefined} */
  let memory;
  // Pyodide asks for its program by streaming; it gets the module that the owner compiled once for all Workers.
  WebAssembly.instantiateStreaming = async (_response, imports) => {
    const instance = await WebAssembly.instantiate(assets.module, imports);
    memory = /** @type {WebAssembly.Memory} */ (instance.exports.memory);
    // Pyodide copies a snapshot into the memory that there is, and makes none for it.
    const missing = Math.ceil((memoryBytes - memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing > 0) memory.grow(missing);
    return { instance, module: assets.module };
  };
  const pyodide = await loadPyodide({
    ...settings,
    createPyodideModule,
    indexURL: RUNTIME_URL,
    env: { ...PYTHON_ENVIRONMENT },
    lockFileContents: LOCK_FILE,
    // What Python prints could quote a message.
    stdout: () => {},
    stderr: () => {},
  });
  pyodide.FS.writeFile(PYTHON_ZIP_PATH, new Uint8Array(assets.pythonZip));
  return { pyodide, memory: /** @type {WebAssembly.Memory} */ (memory) };
}

/**
 * From here on `fetch` knows two files, both already here, and refuses everything else.
 * @param {ArrayBuffer} standardLibrary
 */
function takeNetworkAway(standardLibrary) {
  globalThis.fetch = async (/** @type {any} */ request) => {
    const { href } = new URL(request, RUNTIME_URL);
    if (href === new URL("python_stdlib.zip", RUNTIME_URL).href) return new Response(standardLibrary);
    if (href === new URL("pyodide.asm.wasm", RUNTIME_URL).href) return new Response();
    throw new TypeError("the vault's Worker has no network");
  };
  for (const way of ["XMLHttpRequest", "WebSocket", "WebSocketStream", "EventSource", "WebTransport"]) {
    Reflect.deleteProperty(globalThis, way);
  }
}
