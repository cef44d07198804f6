/**
 * Makes the memory snapshot: a Pyodide heap with the core imported and warmed up, byte for byte the same each time.
 *
 * Usage: node snapshot.mjs PYODIDE_FOLDER SEALWAX_PYTHON_ZIP OUT
 *
 * Randomness, clocks and Python's hash seed are fixed while it is made; the Worker reseeds what was frozen. Nothing
 * here may touch WebCrypto: a snapshot that holds a live JavaScript object cannot be restored.
 */

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { LOCK_FILE, PYTHON_ENVIRONMENT, PYTHON_ZIP_PATH } from "./runtime/python_settings.js";

const FROZEN_MILLISECONDS = Date.UTC(2026, 0, 1);

/** Fills an array from a fixed linear congruential sequence in place of the system's generator. */
let generatorState = 1;
function fillFixed(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let index = 0; index < bytes.length; index++) {
    generatorState = (Math.imul(generatorState, 1103515245) + 12345) >>> 0;
    bytes[index] = generatorState >>> 16;
  }
  return array;
}

async function freezeHiddenInputs() {
  Object.defineProperty(globalThis, "crypto", { value: { getRandomValues: fillFixed }, configurable: true });
  const nodeCrypto = (await import("node:crypto")).default;
  nodeCrypto.randomFillSync = fillFixed;
  (await import("node:module")).syncBuiltinESMExports();
  const SystemDate = Date;
  globalThis.Date = class extends SystemDate {
    constructor(...values) {
      if (values.length === 0) super(FROZEN_MILLISECONDS);
      else super(...values);
    }
    static now() {
      return FROZEN_MILLISECONDS;
    }
  };
  // Read-only in Node 18.
  Object.defineProperty(performance, "now", { value: () => 1000, configurable: true });
  process.hrtime = Object.assign(() => [1000, 0], { bigint: () => 1_000_000_000_000n });
}

async function makeSnapshot(pyodideFolder, pythonZip) {
  const { loadPyodide } = await import(pathToFileURL(path.join(pyodideFolder, "pyodide.mjs")).href);
  const python = await loadPyodide({
    _makeSnapshot: true,
    indexURL: pyodideFolder,
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
  const snapshot = python.makeMemorySnapshot();
  // Memory grows by a fifth at a time. What lies behind the break was never used and need not be fetched and copied.
  const { HEAPU8, _sbrk } = python._module;
  return snapshot.subarray(0, snapshot.length - HEAPU8.length + _sbrk(0));
}

const [pyodideFolder, pythonZip, out] = process.argv.slice(2).map((argument) => path.resolve(argument));
await freezeHiddenInputs();
fs.writeFileSync(out, await makeSnapshot(pyodideFolder, pythonZip));
// Node would wait for Pyodide's open handles.
process.exit(0);
