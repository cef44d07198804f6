/**
 * Derives a key from the secret that the first line of the input names. After the second line, overwrites the buffers
 * and memories of the residue. After the third line, ends.
 *
 * It runs from a copy of the source tree in which Node loads the library's scripts as modules.
 */

import { createInterface } from "node:readline";
import { Residue } from "../../wasm_build/vault/memory/cleanup.js";
import { deriveArgon2id, deriveScrypt } from "../../wasm_build/vault/worker/hash_door.js";
import { iterate } from "../../wasm_build/vault/worker/pbkdf2/iterations.js";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const residue = new Residue();
const inLargeBuffer = (length) => new Uint8Array(residue.keepBuffer(new ArrayBuffer(4096)), 0, length);

// The line has a number from which the bytes of the secret are computed, so that the line itself does not contain them.
const [name, seed] = (await lines.next()).value.split(" ");
function octetsOf(seed, length) {
  const octets = inLargeBuffer(length);
  for (let index = 0, state = seed; index < 32; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    octets[index] = state >>> 16;
  }
  return octets;
}
const secret = octetsOf(Number(seed), 32);
const common = { secret, salt: inLargeBuffer(16), lanes: 1, length: 32 };
const derivations = {
  argon2id: () => deriveArgon2id(residue, { ...common, memory: 1024, passes: 2 }),
  scrypt: () => deriveScrypt(residue, { ...common, cost: 1024, blockSize: 8 }),
  pbkdf2: () => {
    const [key, firsts] = [octetsOf(Number(seed), 64), octetsOf(Number(seed) + 1, 32)];
    return iterate(residue, { hash: "sha256", key, firsts, iterations: 2000 });
  },
  hash: () => iterate(residue, { hash: "sha256", key: null, firsts: octetsOf(Number(seed), 32), iterations: 2000 }),
};
const derived = await derivations[name]();
console.log("derived", derived.length);
await lines.next();
residue.wipeBuffers();
residue.wipeMemories();
console.log("wiped");
await lines.next();
process.exit();
