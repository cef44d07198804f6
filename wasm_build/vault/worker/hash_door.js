/**
 * Argon2id (RFC 9106) and scrypt (RFC 7914) from hash-wasm, each loaded when first needed. The WebAssembly memories and
 * all arrays of hash-wasm belong to the residue, which is overwritten at the end.
 */

/** @typedef {import("../memory/cleanup.js").Residue} Residue */

// Firefox keeps arrays of up to 96 bytes on its heap. This size is not much larger, because scrypt makes thousands of
// arrays.
const OFF_HEAP_BYTES = 256;

/**
 * @param {Residue} residue
 * @param {{secret: Uint8Array, salt: Uint8Array, memory: number, passes: number, lanes: number, length: number}} parameters
 * @returns {Promise<Uint8Array>} the derived key, a part of a larger buffer
 */
export async function deriveArgon2id(residue, { secret, salt, memory, passes, lanes, length }) {
  await import("../../../node_modules/hash-wasm/dist/argon2.umd.min.js");
  return derive(residue, hashWasm().argon2id, {
    password: secret, salt, memorySize: memory, iterations: passes, parallelism: lanes, hashLength: length,
  });
}

/**
 * @param {Residue} residue
 * @param {{secret: Uint8Array, salt: Uint8Array, cost: number, blockSize: number, lanes: number, length: number}} parameters
 * @returns {Promise<Uint8Array>} the derived key, a part of a larger buffer
 */
export async function deriveScrypt(residue, { secret, salt, cost, blockSize, lanes, length }) {
  await import("../../../node_modules/hash-wasm/dist/scrypt.umd.min.js");
  return derive(residue, hashWasm().scrypt, {
    password: secret, salt, costFactor: cost, blockSize, parallelism: lanes, hashLength: length,
  });
}

/** The functions of hash-wasm. Its scripts do not export the functions, but put them on the global object. */
function hashWasm() {
  return /** @type {any} */ (globalThis).hashwasm;
}

/**
 * @param {Residue} residue
 * @param {(parameters: object) => Promise<Uint8Array<ArrayBuffer>>} kdf
 * @param {object} parameters
 */
async function derive(residue, kdf, parameters) {
  const derived = await keepingAll(residue, () => kdf({ ...parameters, outputType: "binary" }));
  // Pyodide recognises arrays by the name of their class, so the result must be a plain Uint8Array.
  return new Uint8Array(derived.buffer, derived.byteOffset, derived.length);
}

/**
 * Runs an operation. Every WebAssembly memory and every array's buffer made meanwhile belongs to the residue.
 * @template T
 * @param {Residue} residue
 * @param {() => Promise<T>} operation
 */
async function keepingAll(residue, operation) {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = /** @type {any} */ (
    async (/** @type {any} */ source, /** @type {any} */ imports) => {
      const result = /** @type {any} */ (await instantiate(source, imports));
      const { exports } = result.instance ?? result;
      if (exports.memory instanceof WebAssembly.Memory) residue.keepMemory(exports.memory);
      return result;
    }
  );
  const original = globalThis.Uint8Array;
  globalThis.Uint8Array = keptBytes(residue);
  try {
    return await operation();
  } finally {
    globalThis.Uint8Array = original;
    WebAssembly.instantiate = instantiate;
  }
}

/**
 * A Uint8Array class whose new arrays use buffers of the residue. The buffers are too large for the JavaScript heap,
 * where a derived key would stay after the operation. Each array has a separate buffer, as hash-wasm expects.
 * @param {Residue} residue
 * @returns {any}
 */
function keptBytes(residue) {
  return class extends Uint8Array {
    /** @param {any[]} given */
    constructor(...given) {
      const [length] = given;
      if (typeof length === "number") {
        super(residue.keepBuffer(new ArrayBuffer(Math.max(length, OFF_HEAP_BYTES))), 0, length);
      } else {
        super(.../** @type {[ArrayBuffer]} */ (given));
      }
    }
  };
}
