/**
 * What happens inside the vault's Worker: start, one request, the cleanup routine, the end.
 *
 * `hooks` exist for the tests, which scan the linear memory before and after it is filled with zeros.
 */

import { cleanUp, Residue } from "./cleanup.js";
import { createCryptoDoor } from "./crypto_door.js";
import { startPython } from "./python_start.js";
import { runVerb } from "./python_call.js";
import { rehearse } from "./rehearsal.js";
import { checkRequest, collectBuffers, VaultError } from "./rpc.js";

/**
 * @typedef {object} Hooks
 * @property {(memory: WebAssembly.Memory) => void | Promise<void>} [afterOperation]
 * @property {(memory: WebAssembly.Memory) => void | Promise<void>} [afterFill]
 */

/**
 * @param {DedicatedWorkerGlobalScope} scope
 * @param {Hooks} [hooks]
 */
export function serve(scope, hooks = {}) {
  const residue = new Residue();
  /** @type {import("./python_start.js").Python | undefined} */
  let python;
  let preparing = Promise.resolve();
  let requested = false;
  let ended = false;

  const end = async () => {
    if (ended) return;
    ended = true;
    if (python) await hooks.afterOperation?.(python.memory);
    const report = cleanUp(residue);
    if (python) await hooks.afterFill?.(python.memory);
    scope.postMessage({ kind: "cleanup", ...report });
    scope.close();
  };

  /** @type {Record<string, (message: any) => Promise<void>>} */
  const kinds = {
    start: async ({ assets, reservedBytes }) => {
      const begun = performance.now();
      python = await startPython(assets);
      residue.keepMemory(python.memory);
      python.pyodide.registerJsModule("sealwax_js", createCryptoDoor(residue));
      python.pyodide.pyimport("wasm_build.verbs").reseed();
      scope.postMessage({ kind: "ready", startKind: python.startKind, milliseconds: performance.now() - begun });
      preparing = prepare(python, residue, reservedBytes, () => requested);
      await preparing;
    },
    request: async (message) => {
      requested = true;
      await preparing;
      const reply = await answer(python, message, residue);
      if (!ended) scope.postMessage(reply, collectBuffers(reply));
      await end();
    },
    cancel: end,
  };
  scope.onmessage = (event) => {
    kinds[event.data.kind](event.data).catch(() => {
      scope.postMessage({ kind: "failed" });
      return end();
    });
  };
}

/**
 * Makes the wait in reserve useful; a request that comes early does not wait for the rest of it.
 * @param {import("./python_start.js").Python} python
 * @param {Residue} residue
 * @param {number} reservedBytes
 * @param {() => boolean} isWanted
 */
async function prepare({ pyodide, startKind }, residue, reservedBytes, isWanted) {
  // After a plain start Python is cold: rehearsing would take longer than it saves.
  if (startKind !== "snapshot") return;
  try {
    await rehearse(pyodide, residue, isWanted);
    if (!isWanted() && reservedBytes > 0) pyodide.pyimport("wasm_build.verbs").reserve_memory(reservedBytes);
  } catch {
    // A browser that refuses the rehearsal's keys may still take the real ones; only time is lost.
  }
}

/**
 * @param {import("./python_start.js").Python | undefined} python
 * @param {{id: number, verb: string, args: unknown, strict: boolean}} request
 * @param {Residue} residue
 */
async function answer(python, { id, verb, args, strict }, residue) {
  collectBuffers(args).forEach((buffer) => residue.keepBuffer(buffer));
  try {
    if (!python) throw new VaultError("vault-crashed", "the vault has not started");
    checkRequest(verb, args);
    return { id, ok: await runVerb(python.pyodide, verb, args, residue, { strict }) };
  } catch (error) {
    return { id, error: describeError(error) };
  }
}

/** @param {unknown} error */
function describeError(error) {
  if (error instanceof VaultError) return { code: error.code, message: error.message };
  // What Python or the browser says could quote the message or a key.
  return { code: "internal-error", message: "something unexpected went wrong in the vault" };
}
