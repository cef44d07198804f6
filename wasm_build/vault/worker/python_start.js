/**
 * Starts Python inside a Worker from the memory snapshot, or without the snapshot if it is missing or cannot be loaded.
 *
 * The owner has fetched and checked all files, and passes their bytes. The Worker itself has no network.
 */

import "./before_pyodide.js";
import { giveBack } from "../memory/cleanup.js";
import { LOCK_FILE, PYTHON_ENVIRONMENT, PYTHON_ZIP_PATH } from "./python_settings.js";
import { restoreZeroPages } from "./zero_pages.js";

const WASM_PAGE_BYTES = 65_536;
const RUNTIME_URL = new URL("./", import.meta.url).href;

/** Pyodide's own modules load while the owner still fetches the other files. */
const loadingPyodide = Promise.all([
  import("../../../node_modules/pyodide/pyodide.mjs"),
  import("../../../node_modules/pyodide/pyodide.asm.mjs"),
]);
// A failure is reported when the start awaits this promise, and not as an unhandled error before that.
loadingPyodide.catch(() => {});

/**
 * @typedef {object} Assets
 * @property {WebAssembly.Module} module
 * @property {ArrayBuffer} standardLibrary
 * @property {ArrayBuffer} pythonZip
 * @property {ArrayBuffer | null} snapshot packed without its pages of zeros
 *
 * @typedef {object} Python
 * @property {any} pyodide
 * @property {WebAssembly.Memory} memory
 * @property {Map<unknown, number> | null} deduplicate hiwire's Map of known objects; null if this Pyodide has none
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
      // A snapshot may not fit the browser's engine. After any failure Python starts without it.
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
  const loaded = await load(assets, { _loadSnapshot: snapshot }, snapshot.byteLength);
  // Python's memory has a copy of these buffers now. Their memory is given back here, because the garbage collector may
  // run late.
  for (const buffer of [packed, snapshot.buffer]) giveBack(buffer);
  return { ...loaded, startKind: "snapshot" };
}

/**
 * @param {Assets} assets
 * @returns {Promise<Python>}
 */
async function loadPlainly(assets) {
  const loaded = await load(assets, {});
  loaded.pyodide.runPython(`import sys\nsys.path.insert(0, ${JSON.stringify(PYTHON_ZIP_PATH)})`);
  return { ...loaded, startKind: "plain" };
}

/**
 * @param {Assets} assets
 * @param {object} settings
 * @param {number} [memoryBytes] the least size of Python's memory at the start
 * @returns {Promise<Omit<Python, "startKind">>}
 */
async function load(assets, settings, memoryBytes = 0) {
  /** @type {WebAssembly.Memory | undefined} */
  let memory;
  /** @type {Python["deduplicate"]} */
  let deduplicate = null;
  // Pyodide calls this function to fetch and compile its program. Here it gets the module that the owner has already
  // compiled.
  WebAssembly.instantiateStreaming = async (_response, imports) => {
    const { env } = /** @type {{env: Record<string, Function>}} */ (/** @type {unknown} */ (imports));
    const makeMap = env.__hiwire_deduplicate_new;
    if (makeMap) env.__hiwire_deduplicate_new = () => (deduplicate = makeMap());
    const instance = await WebAssembly.instantiate(assets.module, imports);
    memory = /** @type {WebAssembly.Memory} */ (instance.exports.memory);
    // Pyodide copies a snapshot into the existing memory, which must be large enough.
    const missing = Math.ceil((memoryBytes - memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing > 0) memory.grow(missing);
    return { instance, module: assets.module };
  };
  const [{ loadPyodide }, { default: createPyodideModule }] = await loadingPyodide;
  const pyodide = await loadPyodide({
    ...settings,
    createPyodideModule,
    indexURL: RUNTIME_URL,
    env: { ...PYTHON_ENVIRONMENT },
    lockFileContents: LOCK_FILE,
    // Python's output is dropped, because the output could quote a message.
    stdout: () => {},
    stderr: () => {},
  });
  pyodide.FS.writeFile(PYTHON_ZIP_PATH, new Uint8Array(assets.pythonZip));
  return { pyodide, memory: /** @type {WebAssembly.Memory} */ (memory), deduplicate };
}

/**
 * Lets `fetch` return only two files that have already been loaded, and removes all other access to the network.
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
