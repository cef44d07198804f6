/**
 * Fetches what every Worker needs, once, each file checked against the hash that the build wrote into `pinned.js`.
 */

import { FILES } from "./pinned.js";
import { VaultError } from "./vault_error.js";

/** @typedef {import("./python_start.js").Assets} Assets */

/**
 * The files as the Workers want them; without a snapshot when it cannot be had, which costs time and nothing else.
 * @param {URL} base
 * @returns {Promise<Assets>}
 */
export async function fetchAssets(base) {
  const [module, standardLibrary, pythonZip, snapshot] = await Promise.all([
    compileProgram(base),
    fetchBytes(base, "python_stdlib.zip"),
    fetchBytes(base, "sealwax_python.zip"),
    fetchSnapshot(base).catch(() => null),
  ]);
  return { module, standardLibrary, pythonZip, snapshot };
}

/**
 * One compiled module for all Workers: what the engine optimised for one serves the next.
 * @param {URL} base
 */
async function compileProgram(base) {
  const response = await fetchPinned(base, "pyodide.asm.wasm");
  if (response.headers.get("Content-Type") === "application/wasm") return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/**
 * The snapshot, hashed here: for 31 MB the browser's own check takes twice as long as fetching, and the start waits.
 * @param {URL} base
 */
async function fetchSnapshot(base) {
  const response = await fetch(new URL("sealwax.snapshot", base));
  const snapshot = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", snapshot));
  const found = `sha384-${btoa(String.fromCharCode(...digest))}`;
  if (found !== FILES["sealwax.snapshot"].integrity) throw new VaultError("vault-incomplete", "not the pinned snapshot");
  return snapshot;
}

/**
 * @param {URL} base
 * @param {string} name
 */
async function fetchBytes(base, name) {
  return (await fetchPinned(base, name)).arrayBuffer();
}

/**
 * @param {URL} base
 * @param {string} name
 */
async function fetchPinned(base, name) {
  // The browser itself refuses a body that does not match.
  const response = await fetch(new URL(name, base), { integrity: FILES[name].integrity }).catch(() => null);
  if (!response?.ok) throw new VaultError("vault-incomplete", `${name} could not be loaded, or is not the pinned one`);
  return response;
}
