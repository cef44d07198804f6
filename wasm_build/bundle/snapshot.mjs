/**
 * Makes the memory snapshot: a Pyodide heap with the core imported and warmed up, byte for byte the same each time.
 *
 * Usage: node snapshot.mjs PYODIDE_FOLDER PYTHON_STDLIB_ZIP SEALWAX_PYTHON_ZIP OUT
 *
 * Randomness, clocks and Python's hash seed are fixed while it is made; the Worker reseeds what was frozen. Nothing
 * here may touch WebCrypto: a snapshot that holds a live JavaScript object cannot be restored.
 */

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { freezeHiddenInputs } from "./frozen_inputs.mjs";
import { dropZeroPages } from "./runtime/zero_pages.js";
import { LOCK_FILE, PYTHON_ENVIRONMENT, PYTHON_ZIP_PATH } from "./runtime/python_settings.js";

async function makeSnapshot(pyodideFolder, standardLibrary, pythonZip) {
  const { loadPyodide } = await import(pathToFileURL(path.join(pyodideFolder, "pyodide.mjs")).href);
  const python = await loadPyodide({
    _makeSnapshot: true,
    indexURL: pyodideFolder,
    stdLibURL: standardLibrary,
    env: { ...PYTHON_ENVIRONMENT },
    lockFileContents: LOCK_FILE,
  });
  python.FS.writeFile(PYTHON_ZIP_PATH, new Uint8Array(fs.readFileSync(pythonZip)));
  python.runPython(`
import sys
sys.path.insert(0, ${JSON.stringify(PYTHON_ZIP_PATH)})
import wasm_build.verbs
import wasm_build.warm_up
wasm_build.warm_up.warm_up()
import gc, random
random.seed(0)
gc.collect()
gc.freeze()
`);
  clearFreeMemory(python._module);
  const snapshot = python.makeMemorySnapshot();
  // Memory grows by a fifth at a time. What lies behind the break was never used and need not be fetched and copied.
  const { HEAPU8, _sbrk } = python._module;
  return snapshot.subarray(0, snapshot.length - HEAPU8.length + _sbrk(0));
}

/**
 * Fills what was freed with zeros, which compress away: the unused stack, and the free chunks of the allocator.
 *
 * That is Emscripten's dlmalloc; Python allocates nothing by itself in this build. Its chunks follow one another from
 * the start of the heap to the break, each with its size in the second word: bit 1 says that it is in use. Free ones
 * keep two links behind that, large ones six.
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
// Node would wait for Pyodide's open handles.
process.exit(0);
