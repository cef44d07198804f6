/**
 * Fixes the inputs by which two runs of Pyodide would differ: randomness, clocks, and the arguments with their paths.
 * `vault/worker/python_settings.js` fixes Python's hash seed.
 */

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

/** Call this after reading the command line: it removes the arguments, which Pyodide would pass on to Python. */
export async function freezeHiddenInputs() {
  process.argv.splice(1);
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
  // An assignment would fail, because `performance.now` is read-only in Node 18.
  Object.defineProperty(performance, "now", { value: () => 1000, configurable: true });
  process.hrtime = Object.assign(() => [1000, 0], { bigint: () => 1_000_000_000_000n });
}
