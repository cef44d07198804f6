/** Runs packed cases in the vault's own runtime; `window.runChunk` is all that the harness calls. */

import { fetchAssets } from "./runtime/assets.js";

const worker = new Worker("./runtime/conformance_worker.js", { type: "module" });

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

const tests = await fetchBytes("./tests.zip");
const assets = await fetchAssets(new URL("./runtime/", import.meta.url));
window.startKind = await ask({ kind: "start", assets, tests });

/**
 * Leaves `{result}`, the outcomes as JSON, or `{error}` in `window.outcomes`, which is asked for from time to time.
 * @param {string} path
 */
window.runChunk = async (path) => {
  window.outcomes = null;
  try {
    const packed = await fetchBytes(path);
    window.outcomes = { result: await ask({ kind: "run", packed }, [packed]) };
  } catch (error) {
    window.outcomes = { error: String(error) };
  }
};

/** @param {string} code @returns {Promise<string>} what the Python expression gives */
window.evaluate = (code) => ask({ kind: "evaluate", code });
window.opened = true;
