/** Calls functions of the tests inside the vault's own runtime. `VaultPage` of the tests uses `window.call`. */

import { RuntimeFiles } from "../../../../wasm_build/vault/owner/assets.js";

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

/** @param {object} message @param {Transferable[]} [transfer] */
function ask(message, transfer = []) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data.result) : reject(new Error(data.error)));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(message, transfer);
  });
}

/** @param {string} path */
async function fetchBytes(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.arrayBuffer();
}

const tests = await fetchBytes("/tests.zip");
const files = new RuntimeFiles(new URL("/runtime/", location.href), { saveBytes: false });
const assets = await files.assets();
window.startKind = await ask({ kind: "start", assets, tests });

/**
 * Calls a function of `inside.py` with the bytes at `/given`. Stores `{result, rewinds}`, or its error as `{error}`, in
 * `window.answer`, which the test polls.
 * @param {string} name
 * @param {"call" | "callEach"} kind the latter for several inputs, and as many results
 */
window.call = async (name, kind) => {
  window.answer = null;
  try {
    const input = await fetchBytes("/given");
    window.answer = await ask({ kind, name, given: input }, [input]);
  } catch (error) {
    window.answer = { error: String(error) };
  }
};
window.opened = true;
