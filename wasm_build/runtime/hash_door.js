/**
 * Argon2id (RFC 9106) and scrypt (RFC 7914) by hash-wasm, each loaded when it is first needed; the WebAssembly memories
 * join the residue.
 */

/** @typedef {import("./cleanup.js").Residue} Residue */

/**
 * @param {Residue} residue
 * @param {{secret: Uint8Array, salt: Uint8Array, memory: number, passes: number, lanes: number, length: number}} parameters
 * @returns {Promise<ArrayBuffer>}
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
 * @returns {Promise<ArrayBuffer>}
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
  const derived = await keepingMemories(residue, () => kdf({ ...parameters, outputType: "binary" }));
  return residue.keepBuffer(derived.buffer);
}

/**
 * Runs an operation and notes the memory of every WebAssembly instance that it makes.
 * @template T
 * @param {Residue} residue
 * @param {() => Promise<T>} operation
 */
async function keepingMemories(residue, operation) {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = /** @type {any} */ (
    async (/** @type {any} */ source, /** @type {any} */ imports) => {
      const result = /** @type {any} */ (await instantiate(source, imports));
      const { exports } = result.instance ?? result;
      if (exports.memory instanceof WebAssembly.Memory) residue.keepMemory(exports.memory);
      return result;
    }
  );
  try {
    return await operation();
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}
