/** The call of one verb in Python. Each binary value of arguments and result is copied at most once. */

import { Pending } from "./pending.js";
import { pack, unpack } from "../rpc.js";
import { VaultError } from "../errors/vault_error.js";

/**
 * @typedef {import("../memory/cleanup.js").Residue} Residue
 * @typedef {object} RunOptions
 * @property {boolean} strict keeps private keys out of WebCrypto
 * @property {AbortSignal} [cancelling] stops the verb when it next waits for a promise
 * @property {() => void} [onTaken] called when Python has its copy of the arguments
 * @property {import("./content_door.js").ContentDoor} [door] for verbs of streams: their input and output
 */

/**
 * @param {any} pyodide
 * @param {string} verb
 * @param {unknown} args checked arguments
 * @param {Residue} residue
 * @param {RunOptions} options
 * @returns {Promise<any>}
 */
export async function runVerb(pyodide, verb, args, residue, { strict, cancelling, onTaken, door }) {
  const { json, views } = pack(args);
  const step = door
    ? findModule(pyodide, "wasm_build.vault.python.streams").begin(verb, json, views, strict, door)
    : findModule(pyodide, "wasm_build.vault.python.verbs").begin(verb, json, views, strict);
  onTaken?.();
  const result = takeReply(await finish(step, cancelling), residue);
  if (result.error) throw new VaultError(result.error.code, result.error.message);
  return result.ok;
}

/**
 * The Python functions that a Worker itself needs. The first call must come before the image of Python is taken,
 * because later proxies are lost at the next rewind.
 * @param {any} pyodide
 * @returns {{reseed: () => void, collect: () => void, reserveMemory: (bytes: number) => void}}
 */
export function holdVerbs(pyodide) {
  const { reseed, collect, reserve_memory: reserveMemory } = findModule(pyodide, "wasm_build.vault.python.verbs");
  return { reseed, collect, reserveMemory };
}

/** @type {Map<string, any>} imported Python modules; importing one again would take as long as reading a key */
const modules = new Map();

/**
 * @param {any} pyodide
 * @param {string} name
 */
function findModule(pyodide, name) {
  const known = modules.get(name) ?? pyodide.pyimport(name);
  modules.set(name, known);
  return known;
}

/**
 * Runs a Python coroutine to its end. Each step returns a promise to wait for; its value is passed to the next step.
 * @param {(settled: any) => any} step
 * @param {AbortSignal} [cancelling]
 */
export async function finish(step, cancelling) {
  let outcome = step(undefined);
  while (outcome instanceof Pending) {
    const settled = await outcome.promise;
    if (cancelling?.aborted) throw new VaultError("vault-aborted", "the operation was stopped");
    outcome = step(settled);
  }
  return outcome;
}

/**
 * @param {any} reply a Python list: JSON, then the binary values
 * @param {Residue} residue
 * @returns {any}
 */
export function takeReply(reply, residue) {
  const buffers = Array.from({ length: reply.length - 1 }, (_, index) => takeBuffer(reply.get(index + 1), residue));
  return unpack(reply.get(0), buffers);
}

/**
 * A buffer that can be transferred to the page: WebCrypto's own buffer if Python passes it on, else a copy.
 * @param {any} octets
 * @param {Residue} residue
 */
export function takeBuffer(octets, residue) {
  if (octets instanceof ArrayBuffer) return octets;
  const view = octets.getBuffer("u8");
  const copy = residue.keepBuffer(new ArrayBuffer(view.data.length));
  new Uint8Array(copy).set(view.data);
  view.release();
  return copy;
}
