/**
 * The iterations of PBKDF2 (RFC 8018 section 5.2) and of the KDF of PKCS#12 (RFC 7292 appendix B.2) in WebAssembly. Python
 * does the first iteration, whose message has the salt. This module is loaded when it is first needed.
 */

import { SECRET_BUFFER_BYTES } from "../../memory/cleanup.js";
import { nextTask } from "../../values/next_task.js";
import { VaultError } from "../../errors/vault_error.js";
import { Hmac } from "./hmac.js";

/** @typedef {import("../../memory/cleanup.js").Residue} Residue */
/**
 * @typedef {object} Job
 * @property {string} hash Python's name: sha1, sha224, sha256, sha384 or sha512
 * @property {Uint8Array | null} key the key of HMAC, filled up to a block of the hash; null for the hash itself
 * @property {Uint8Array} firsts the results of the first iteration for all blocks of the derived key
 * @property {number} iterations the number of iterations after the first
 */

// The number of iterations in one call, which take about 50 ms. A cancel takes effect after the current call.
const ITERATIONS_IN_ONE_CALL = 100_000;

/** @type {Map<string, Promise<Hmac>>} by the name of the hash. A module is kept, because its memory is freed late. */
const known = new Map();
/** The latest derivation. The next derivation waits for it, because both may use the same memory. @type {Promise<unknown>} */
let latest = Promise.resolve();

/**
 * Resolves with the derived key, whole blocks in a buffer of the residue. Rejects with a VaultError after a cancel, or
 * for a job with wrong sizes.
 * @param {Residue} residue
 * @param {Job} job
 * @param {AbortSignal} [cancelling]
 */
export function iterate(residue, job, cancelling) {
  const derived = latest.then(() => derive(residue, job, cancelling));
  latest = derived.catch(() => {});
  return derived;
}

/** @param {Residue} residue @param {Job} job @param {AbortSignal} [cancelling] */
async function derive(residue, { hash, key, firsts, iterations }, cancelling) {
  if (!known.has(hash)) known.set(hash, Hmac.make(hash));
  const hmac = /** @type {Hmac} */ (await known.get(hash));
  const fits = (key?.length ?? hmac.blockBytes) === hmac.blockBytes && firsts.length % hmac.digestBytes === 0;
  if (!fits || !Number.isSafeInteger(iterations) || iterations < 0) throw new VaultError("bad-request", "a wrong job for a key derivation");
  residue.keepMemory(hmac.memory);
  const buffer = residue.keepBuffer(new ArrayBuffer(Math.max(SECRET_BUFFER_BYTES, firsts.length)));
  const derived = new Uint8Array(buffer, 0, firsts.length);
  try {
    hmac.useKey(key);
    for (let at = 0; at < firsts.length; at += hmac.digestBytes) {
      hmac.begin(firsts.subarray(at, at + hmac.digestBytes));
      for (let left = iterations; left > 0; left -= ITERATIONS_IN_ONE_CALL) {
        hmac.iterate(Math.min(left, ITERATIONS_IN_ONE_CALL));
        await nextTask();
        if (cancelling?.aborted) throw new VaultError("vault-aborted", "the operation was stopped");
      }
      hmac.copyResult(derived.subarray(at, at + hmac.digestBytes));
    }
  } finally {
    hmac.wipe();
  }
  return derived;
}
