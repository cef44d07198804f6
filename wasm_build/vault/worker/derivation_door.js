/**
 * The part of `sealwax_js` that derives keys from passphrases. PBKDF2 and repeated hashes are our own code; Argon2id
 * and scrypt are from hash-wasm.
 *
 * Arguments are copied before the call returns. The copies and the results belong to the residue, which is overwritten
 * at the end.
 */

import { deriveArgon2id, deriveScrypt } from "./hash_door.js";
import { copySmall } from "./lent_bytes.js";

/** @typedef {import("../memory/cleanup.js").Residue} Residue */
/** @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes */

/**
 * @param {Residue} residue
 * @param {AbortSignal} [cancelling] ends PBKDF2 early
 */
export function createDerivationDoor(residue, cancelling) {
  const copy = (/** @type {PythonBytes} */ bytes) => copySmall(residue, bytes);
  const derive = async (/** @type {import("./pbkdf2/iterations.js").Job} */ job) => {
    const { iterate } = await import("./pbkdf2/iterations.js");
    return iterate(residue, job, cancelling);
  };
  return {
    /**
     * Resolves with whole blocks of the derived key.
     * @param {string} hash Python's name @param {PythonBytes} key @param {PythonBytes} firsts @param {number} iterations
     */
    pbkdf2: (hash, key, firsts, iterations) => derive({ hash, key: copy(key), firsts: copy(firsts), iterations }),

    /**
     * Resolves with the result of hashing repeatedly.
     * @param {string} hash Python's name @param {PythonBytes} first @param {number} iterations
     */
    repeatHash: (hash, first, iterations) => derive({ hash, key: null, firsts: copy(first), iterations }),

    /** @param {PythonBytes} secret @param {PythonBytes} salt @param {number} memory KiB @param {number} passes @param {number} lanes @param {number} length */
    argon2id: (secret, salt, memory, passes, lanes, length) =>
      deriveArgon2id(residue, { secret: copy(secret), salt: copy(salt), memory, passes, lanes, length }),

    /** @param {PythonBytes} secret @param {PythonBytes} salt @param {number} cost @param {number} blockSize @param {number} lanes @param {number} length */
    scrypt: (secret, salt, cost, blockSize, lanes, length) =>
      deriveScrypt(residue, { secret: copy(secret), salt: copy(salt), cost, blockSize, lanes, length }),
  };
}
