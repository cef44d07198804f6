/**
 * Makes the memory snapshot: a Pyodide heap with the core imported and warmed up. Two runs give the same bytes.
 *
 * Usage: node snapshot.mjs PYODIDE_FOLDER PYTHON_STDLIB_ZIP SEALWAX_PYTHON_ZIP OUT
 *
 * Randomness, clocks and Python's hash seed are fixed while the snapshot is made; the Worker reseeds the generators.
 * Nothing here may call WebCrypto: a snapshot that refers to a live JavaScript object cannot be restored.
 */

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { freezeHiddenInputs } from "./frozen_inputs.mjs";
import { dropZeroPages } from "../vault/worker/zero_pages.js";
import { NAMES } from "../vault/worker/rewind.js";
import { LOCK_FILE, PYTHON_ENVIRONMENT, PYTHON_ZIP_PATH } from "../vault/worker/python_settings.js";

async function makeSnapshot(pyodideFolder, standardLibrary, pythonZip) {
  const { loadPyodide } = await import(pathToFileURL(path.join(pyodideFolder, "pyodide.mjs")).href);
  const python = await loadPyodide({
    _makeSnapshot: true,
    indexURL: pyodideFolder,
    stdLibURL: standardLibrary,
    env: { ...PYTHON_ENVIRONMENT },
    lockFileContents: LOCK_FILE,
  });
  // Without these names a Worker would end after each operation, and nobody would notice but by the processor time.
  const missing = NAMES.filter((name) => typeof python._module[name] !== "function");
  if (missing.length > 0) throw new Error(`this Pyodide has no ${missing.join(", ")}, which a rewind needs`);
  python.FS.writeFile(PYTHON_ZIP_PATH, new Uint8Array(fs.readFileSync(pythonZip)));
  python.runPython(`
import sys
sys.path.insert(0, ${JSON.stringify(PYTHON_ZIP_PATH)})
import wasm_build.vault.python.verbs
import wasm_build.vault.python.warm_up
wasm_build.vault.python.warm_up.warm_up()
import gc, random
random.seed(0)
gc.collect()
gc.freeze()
`);
  clearFreeMemory(python._module);
  const snapshot = python.makeMemorySnapshot();
  // Memory grows by a fifth at a time. The part after the program break was never used, so the snapshot leaves it out.
  const { HEAPU8, _sbrk } = python._module;
  return snapshot.subarray(0, snapshot.length - HEAPU8.length + _sbrk(0));
}

/**
 * Fills the unused stack and the allocator's free chunks with zeros, which take no room in the snapshot.
 *
 * The allocator is Emscripten's dlmalloc; Python has no allocator of its own in this build. The chunks follow one
 * another from the start of the heap to the program break. The second word of a chunk is its size, with bit 1 set while
 * it is in use. In a free chunk the allocator needs the two words after the size; in a large one it needs six.
 */
function clearFreeMemory({ HEAPU8, HEAPU32, ___heap_base, _sbrk, _emscripten_stack_get_end, _emscripten_stack_get_current }) {
  HEAPU8.fill(0, _emscripten_stack_get_end(), _emscripten_stack_get_current());
  const end = _sbrk(0);
  let chunk = (Number(___heap_base) + 7) & ~7;
  while (chunk < end) {
    const head = HEAPU32[chunk / 4 + 1];
    const bytes = head & ~7;
    if (bytes < 16) break;
    if (!(head & 2)) HEAPU8.fill(0, chunk + Math.min(bytes, bytes < 256 ? 16 : 32), chunk + bytes);
    chunk += bytes;
  }
  if (chunk !== end) throw new Error(`the heap is not as expected at ${chunk}`);
}

const [pyodideFolder, standardLibrary, pythonZip, out] = process.argv.slice(2).map((argument) => path.resolve(argument));
await freezeHiddenInputs();
fs.writeFileSync(out, dropZeroPages(await makeSnapshot(pyodideFolder, standardLibrary, pythonZip)));
// Without this Node would wait for Pyodide's open handles.
process.exit(0);
