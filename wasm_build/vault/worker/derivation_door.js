/**
 * The part of `sealwax_js` that derives keys from passphrases: Argon2id and scrypt by hash-wasm.
 *
 * Arguments are copied into buffers of the residue before the call returns. The results are such buffers too.
 */

import { deriveArgon2id, deriveScrypt } from "./hash_door.js";
import { copySmall } from "./lent_bytes.js";

/** @typedef {import("../cleanup.js").Residue} Residue */
/** @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes */

/** @param {Residue} residue */
export function createDerivationDoor(residue) {
  const copy = (/** @type {PythonBytes} */ bytes) => copySmall(residue, bytes);
  return {
    /** @param {PythonBytes} secret @param {PythonBytes} salt @param {number} memory KiB @param {number} passes @param {number} lanes @param {number} length */
    argon2id: (secret, salt, memory, passes, lanes, length) =>
      deriveArgon2id(residue, { secret: copy(secret), salt: copy(salt), memory, passes, lanes, length }),

    /** @param {PythonBytes} secret @param {PythonBytes} salt @param {number} cost @param {number} blockSize @param {number} lanes @param {number} length */
    scrypt: (secret, salt, cost, blockSize, lanes, length) =>
      deriveScrypt(residue, { secret: copy(secret), salt: copy(salt), cost, blockSize, lanes, length }),
  };
}
