/** Argon2id (RFC 9106) by hash-wasm, loaded when it is first needed; its WebAssembly memory joins the residue. */

/** @typedef {import("./cleanup.js").Residue} Residue */

/**
 * @param {Residue} residue
 * @param {{secret: Uint8Array, salt: Uint8Array, memory: number, passes: number, lanes: number, length: number}} parameters
 * @returns {Promise<ArrayBuffer>}
 */
export async function deriveArgon2id(residue, { secret, salt, memory, passes, lanes, length }) {
  // A script without exports, as hash-wasm ships it: it leaves its functions on the global object.
  await import(/** @type {string} */ ("./argon2.js"));
  const { argon2id } = /** @type {any} */ (globalThis).hashwasm;
  const derived = await keepingMemories(residue, () =>
    argon2id({
      password: secret,
      salt,
      memorySize: memory,
      iterations: passes,
      parallelism: lanes,
      hashLength: length,
      outputType: "binary",
    }),
  );
  return residue.keepBuffer(/** @type {Uint8Array<ArrayBuffer>} */ (derived).buffer);
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
