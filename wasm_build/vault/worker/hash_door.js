/**
 * Argon2id (RFC 9106) and scrypt (RFC 7914) by hash-wasm, each loaded when it is first needed; its WebAssembly memories
 * and all its arrays join the residue.
 */

/** @typedef {import("./cleanup.js").Residue} Residue */

// Firefox keeps up to 96 bytes inline on its heap; scrypt asks for some thousands of arrays.
const OFF_HEAP_BYTES = 256;

/**
 * @param {Residue} residue
 * @param {{secret: Uint8Array, salt: Uint8Array, memory: number, passes: number, lanes: number, length: number}} parameters
 * @returns {Promise<Uint8Array>} a part of a larger buffer
 */
export async function deriveArgon2id(residue, { secret, salt, memory, passes, lanes, length }) {
  await import(/** @type {string} */ ("./argon2.js"));
  const { argon2id } = hashWasm();
  const parameters = { memorySize: memory, iterations: passes, parallelism: lanes };
  return derive(residue, argon2id, { password: secret, salt, ...parameters, hashLength: length });
}

/**
 * @param {Residue} residue
 * @param {{secret: Uint8Array, salt: Uint8Array, cost: number, blockSize: number, lanes: number, length: number}} parameters
 * @returns {Promise<Uint8Array>} a part of a larger buffer
 */
export async function deriveScrypt(residue, { secret, salt, cost, blockSize, lanes, length }) {
  await import(/** @type {string} */ ("./scrypt.js"));
  const { scrypt } = hashWasm();
  const parameters = { costFactor: cost, blockSize, parallelism: lanes };
  return derive(residue, scrypt, { password: secret, salt, ...parameters, hashLength: length });
}

/** The scripts have no exports: hash-wasm leaves its functions on the global object. */
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
  // Pyodide knows the kinds of arrays by their names.
  return new Uint8Array(derived.buffer, derived.byteOffset, derived.length);
}

/**
 * Runs an operation, and notes the memory of every WebAssembly instance and the buffer of every array that it makes.
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
 * Uint8Array whose new arrays stand in buffers of the residue: small ones would stand on the JavaScript heap, where a
 * derived key stayed after each operation. Each has a buffer of its own, which hash-wasm takes for granted.
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
