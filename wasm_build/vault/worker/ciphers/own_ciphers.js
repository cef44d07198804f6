/**
 * Our own code for the ciphers that a browser lacks, and for the ciphers of old mail. Names, results and errors are the
 * same as WebCrypto's.
 *
 * Key schedules and state are in one buffer, which is overwritten before the result is returned. The result belongs to
 * the residue, which is overwritten at the end. This module is loaded when it is first needed.
 */

import { Aes } from "./aes.js";
import { ChaCha20 } from "./chacha20.js";
import { Des } from "./des.js";
import { Ghash } from "./ghash.js";
import { Poly1305 } from "./poly1305.js";
import { Rc2 } from "./rc2.js";
import { Scratch } from "./scratch.js";

/** @typedef {import("../../memory/cleanup.js").Residue} Residue */
/** @typedef {{blockLength: number, decrypt: BlockFunction}} BlockDecryption */
/** @typedef {(input: Uint8Array, from: number, output: Uint8Array, to: number) => void} BlockFunction */
/**
 * @typedef {object} Job
 * @property {string} name WebCrypto's name, DES-CBC (also for Triple-DES) or RC2-CBC
 * @property {Uint8Array} key
 * @property {Uint8Array} iv in counter mode the counter block
 * @property {Uint8Array} aad
 * @property {Uint8Array} data no longer used after the call returns
 * @property {number} bits the length of the tag; in counter mode the length of the counter; for RC2 the effective key length
 */

const BLOCK = 16;
const TAG = 16;
const WRAP_WORD = 8;
/** Each byte of the initial value of AES key wrap (RFC 3394 section 2.2.3.1). */
const WRAP_START = 0xa6;
const DES_KEYS = [8, 24];
const AES_KEYS = [16, 24, 32];
const LONGEST_RC2_KEY = 128;
// Results get buffers of at least this size, because Firefox keeps small buffers on its heap, where its collector
// copies them.
const SMALL_BYTES = 4096;

/**
 * @param {Residue} residue
 * @param {Job} job
 * @returns {ArrayBuffer | Uint8Array} the ciphertext with its padding or tag
 */
export function encrypt(residue, job) {
  return withScratch(residue, (scratch) => {
    if (job.name === "AES-CBC") return encryptCbc(residue, beginAes(scratch, job.key), scratch, job);
    const { data, name } = job;
    const output = resultBytes(residue, data.length + (name === "AES-CTR" ? 0 : TAG));
    const stream = beginStream(scratch, job);
    stream.apply(data, output.subarray(0, data.length));
    if (stream.tag) output.set(stream.tag(output.subarray(0, data.length)), data.length);
    return given(output);
  });
}

/**
 * @param {Residue} residue
 * @param {Job} job
 * @returns {ArrayBuffer | Uint8Array} the plaintext; throws an OperationError if padding or tag is wrong
 */
export function decrypt(residue, job) {
  return withScratch(residue, (scratch) => {
    const { data, name } = job;
    if (name.endsWith("CBC")) return decryptCbc(residue, beginBlocks(scratch, job), scratch, job);
    const tagLength = name === "AES-CTR" ? 0 : job.bits / 8;
    const length = data.length - tagLength;
    demand(length >= 0);
    const encrypted = data.subarray(0, length);
    const stream = beginStream(scratch, job);
    if (stream.tag) demand(isEqual(stream.tag(encrypted), data.subarray(length)));
    const output = resultBytes(residue, length);
    stream.apply(encrypted, output);
    return given(output);
  });
}

/**
 * Decrypts whole blocks in CBC mode and leaves the padding in place.
 * @param {Residue} residue
 * @param {Job} job
 * @returns {ArrayBuffer | Uint8Array}
 */
export function decryptBlocks(residue, job) {
  return withScratch(residue, (scratch) => {
    const cipher = beginBlocks(scratch, job);
    demandBlocks(cipher, job);
    const output = resultBytes(residue, job.data.length);
    chainBackwards(cipher, job, output);
    return given(output);
  });
}

/**
 * Wraps a key with AES key wrap (RFC 3394 section 2.2.1).
 * @param {Residue} residue
 * @param {Uint8Array} kek
 * @param {Uint8Array} cek
 */
export function wrap(residue, kek, cek) {
  return withScratch(residue, (scratch) => {
    demand(cek.length >= 2 * WRAP_WORD && cek.length % WRAP_WORD === 0);
    const aes = beginAes(scratch, kek);
    const block = scratch.bytes(BLOCK);
    const output = resultBytes(residue, cek.length + WRAP_WORD);
    output.set(cek, WRAP_WORD);
    block.fill(WRAP_START, 0, WRAP_WORD);
    const words = cek.length / WRAP_WORD;
    for (let step = 1; step <= 6 * words; step++) {
      const at = WRAP_WORD * (1 + ((step - 1) % words));
      block.set(output.subarray(at, at + WRAP_WORD), WRAP_WORD);
      aes.encrypt(block, 0, block, 0);
      output.set(block.subarray(WRAP_WORD), at);
      addStep(block, step);
    }
    output.set(block.subarray(0, WRAP_WORD));
    return given(output);
  });
}

/**
 * Unwraps a key with AES key wrap (RFC 3394 section 2.2.2). Throws an OperationError if the integrity check fails.
 * @param {Residue} residue
 * @param {Uint8Array} kek
 * @param {Uint8Array} wrapped
 */
export function unwrap(residue, kek, wrapped) {
  return withScratch(residue, (scratch) => {
    demand(wrapped.length >= 3 * WRAP_WORD && wrapped.length % WRAP_WORD === 0);
    const aes = beginAes(scratch, kek);
    const block = scratch.bytes(BLOCK);
    const output = resultBytes(residue, wrapped.length - WRAP_WORD);
    output.set(wrapped.subarray(WRAP_WORD));
    block.set(wrapped.subarray(0, WRAP_WORD));
    const words = output.length / WRAP_WORD;
    for (let step = 6 * words; step > 0; step--) {
      const at = WRAP_WORD * ((step - 1) % words);
      addStep(block, step);
      block.set(output.subarray(at, at + WRAP_WORD), WRAP_WORD);
      aes.decrypt(block, 0, block, 0);
      output.set(block.subarray(WRAP_WORD), at);
    }
    demand(isEqual(block.subarray(0, WRAP_WORD), new Uint8Array(WRAP_WORD).fill(WRAP_START)));
    return given(output);
  });
}

/**
 * @template T
 * @param {Residue} residue
 * @param {(scratch: Scratch) => T} operation
 */
function withScratch(residue, operation) {
  const scratch = new Scratch(residue);
  try {
    return operation(scratch);
  } finally {
    scratch.wipe(residue);
  }
}

/**
 * @param {Scratch} scratch
 * @param {Job} job
 * @returns {BlockDecryption}
 */
function beginBlocks(scratch, { name, key, bits }) {
  if (name === "DES-CBC") {
    demand(DES_KEYS.includes(key.length));
    return new Des(scratch, key);
  }
  if (name === "RC2-CBC") {
    demand(key.length > 0 && key.length <= LONGEST_RC2_KEY);
    return new Rc2(scratch, key, bits);
  }
  return beginAes(scratch, key);
}

/**
 * @param {Scratch} scratch
 * @param {Uint8Array} key
 */
function beginAes(scratch, key) {
  demand(AES_KEYS.includes(key.length));
  return new Aes(scratch, key);
}

/**
 * The functions of a stream cipher: `apply` XORs the key stream; `tag`, if present, authenticates the ciphertext.
 * @param {Scratch} scratch
 * @param {Job} job
 * @returns {{apply(input: Uint8Array, output: Uint8Array): void, tag?: (encrypted: Uint8Array) => Uint8Array}}
 */
function beginStream(scratch, { name, key, iv, aad, bits }) {
  if (name === "ChaCha20-Poly1305") return beginChaCha20Poly1305(scratch, key, iv, aad, bits);
  const aes = beginAes(scratch, key);
  const counter = scratch.bytes(BLOCK);
  const stream = scratch.bytes(BLOCK);
  if (name === "AES-GCM") return beginGcm(scratch, aes, { counter, stream, iv, aad, bits });
  demand(iv.length === BLOCK);
  counter.set(iv);
  return { apply: (input, output) => applyCounter(aes, counter, bits / 8, stream, input, output) };
}

/**
 * ChaCha20-Poly1305 (RFC 8439 section 2.8).
 * @param {Scratch} scratch
 * @param {Uint8Array} key
 * @param {Uint8Array} nonce
 * @param {Uint8Array} aad
 * @param {number} bits
 */
function beginChaCha20Poly1305(scratch, key, nonce, aad, bits) {
  demand(key.length === 32 && nonce.length === 12 && bits === 8 * TAG);
  const cipher = new ChaCha20(scratch, key, nonce);
  // The first block of the key stream gives the one-time key of Poly1305.
  const oneTime = scratch.bytes(32);
  cipher.apply(oneTime, oneTime);
  return {
    apply: (/** @type {Uint8Array} */ input, /** @type {Uint8Array} */ output) => cipher.apply(input, output),
    tag: (/** @type {Uint8Array} */ encrypted) => {
      const mac = new Poly1305(scratch, oneTime);
      mac.update(aad);
      mac.pad();
      mac.update(encrypted);
      mac.pad();
      mac.update(lengths(scratch, aad.length, encrypted.length));
      return mac.finish();
    },
  };
}

/**
 * AES-GCM (SP 800-38D section 7).
 * @param {Scratch} scratch
 * @param {Aes} aes
 * @param {{counter: Uint8Array, stream: Uint8Array, iv: Uint8Array, aad: Uint8Array, bits: number}} settings
 */
function beginGcm(scratch, aes, { counter, stream, iv, aad, bits }) {
  demand(iv.length > 0 && bits > 0 && bits <= 8 * TAG);
  const hashKey = scratch.bytes(BLOCK);
  aes.encrypt(hashKey, 0, hashKey, 0);
  const hash = new Ghash(scratch, hashKey);
  const mask = scratch.bytes(BLOCK);
  if (iv.length === 12) {
    counter.set(iv);
    counter[BLOCK - 1] = 1;
  } else {
    // An IV of another length is hashed to make the counter block.
    hash.update(iv);
    counter.set(hash.finish(0, iv.length));
    hash.reset();
  }
  aes.encrypt(counter, 0, mask, 0);
  countUp(counter, 4);
  return {
    apply: (/** @type {Uint8Array} */ input, /** @type {Uint8Array} */ output) =>
      applyCounter(aes, counter, 4, stream, input, output),
    tag: (/** @type {Uint8Array} */ encrypted) => {
      hash.update(aad);
      hash.pad();
      hash.update(encrypted);
      mix(mask, hash.finish(aad.length, encrypted.length), mask);
      return mask.subarray(0, bits / 8);
    },
  };
}

/**
 * @param {Aes} aes
 * @param {Uint8Array} counter
 * @param {number} counterBytes the number of last bytes that count up and wrap around
 * @param {Uint8Array} stream working memory
 * @param {Uint8Array} input
 * @param {Uint8Array} output
 */
function applyCounter(aes, counter, counterBytes, stream, input, output) {
  for (let at = 0; at < input.length; at += BLOCK) {
    aes.encrypt(counter, 0, stream, 0);
    countUp(counter, counterBytes);
    const end = Math.min(at + BLOCK, input.length);
    for (let index = at; index < end; index++) output[index] = input[index] ^ stream[index - at];
  }
}

/**
 * @param {Residue} residue
 * @param {Aes} aes
 * @param {Scratch} scratch
 * @param {Job} job
 */
function encryptCbc(residue, aes, scratch, { iv, data }) {
  demand(iv.length === BLOCK);
  const padding = BLOCK - (data.length % BLOCK);
  const output = resultBytes(residue, data.length + padding);
  output.set(data);
  output.fill(padding, data.length);
  const previous = scratch.bytes(BLOCK);
  previous.set(iv);
  for (let at = 0; at < output.length; at += BLOCK) {
    for (let index = 0; index < BLOCK; index++) output[at + index] ^= previous[index];
    aes.encrypt(output, at, output, at);
    previous.set(output.subarray(at, at + BLOCK));
  }
  return given(output);
}

/**
 * Decrypts the last block first, because its padding determines the length of the result. So the buffer of the result
 * can be made with the right length.
 * @param {Residue} residue
 * @param {BlockDecryption} cipher
 * @param {Scratch} scratch
 * @param {Job} job
 */
function decryptCbc(residue, cipher, scratch, job) {
  demandBlocks(cipher, job);
  const { blockLength } = cipher;
  const rest = job.data.length - blockLength;
  const last = scratch.bytes(blockLength);
  const before = rest > 0 ? job.data.subarray(rest - blockLength, rest) : job.iv;
  chainBackwards(cipher, { iv: before, data: job.data.subarray(rest) }, last);
  const lastLength = blockLength - checkPadding(last);
  const output = resultBytes(residue, rest + lastLength);
  chainBackwards(cipher, { iv: job.iv, data: job.data.subarray(0, rest) }, output);
  output.set(last.subarray(0, lastLength), rest);
  return given(output);
}

/**
 * Checks every byte of the padding (RFC 5652 section 6.3). The time depends only on the length of the padding.
 * @param {Uint8Array} block
 */
function checkPadding(block) {
  const count = block[block.length - 1];
  let wrong = count === 0 || count > block.length ? 1 : 0;
  for (let index = 0; index < block.length; index++) {
    if (index >= block.length - count) wrong |= block[index] ^ count;
  }
  demand(wrong === 0);
  return count;
}

/**
 * CBC decryption of whole blocks.
 * @param {BlockDecryption} cipher
 * @param {{iv: Uint8Array, data: Uint8Array}} job
 * @param {Uint8Array} output
 */
function chainBackwards(cipher, { iv, data }, output) {
  const { blockLength } = cipher;
  for (let at = 0; at < data.length; at += blockLength) {
    cipher.decrypt(data, at, output, at);
    for (let index = 0; index < blockLength; index++) {
      output[at + index] ^= at > 0 ? data[at + index - blockLength] : iv[index];
    }
  }
}

/**
 * @param {BlockDecryption} cipher
 * @param {Job} job
 */
function demandBlocks({ blockLength }, { iv, data }) {
  demand(iv.length === blockLength && data.length > 0 && data.length % blockLength === 0);
}

/**
 * @param {Residue} residue
 * @param {number} length
 */
function resultBytes(residue, length) {
  return new Uint8Array(residue.keepBuffer(new ArrayBuffer(Math.max(length, SMALL_BYTES))), 0, length);
}

/**
 * Returns the buffer itself if the result fills it, so that it can be transferred.
 * @param {Uint8Array<ArrayBuffer>} result
 */
function given(result) {
  return result.length === result.buffer.byteLength ? result.buffer : result;
}

/**
 * @param {Uint8Array} counter
 * @param {number} counterBytes
 */
function countUp(counter, counterBytes) {
  for (let at = BLOCK - 1; at >= BLOCK - counterBytes; at--) {
    counter[at]++;
    if (counter[at] !== 0) return;
  }
}

/**
 * XORs the number of a key wrap step into the first half of the block.
 * @param {Uint8Array} block
 * @param {number} step below 2^16
 */
function addStep(block, step) {
  block[WRAP_WORD - 1] ^= step & 255;
  block[WRAP_WORD - 2] ^= step >> 8;
}

/**
 * The block of two lengths in eight bytes each, little-endian (RFC 8439 section 2.8).
 * @param {Scratch} scratch
 * @param {number} first
 * @param {number} second
 */
function lengths(scratch, first, second) {
  const octets = scratch.bytes(16);
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  view.setUint32(0, first, true);
  view.setUint32(8, second, true);
  return octets;
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 * @param {Uint8Array} output
 */
function mix(one, other, output) {
  for (let index = 0; index < output.length; index++) output[index] = one[index] ^ other[index];
}

/**
 * Whether the bytes are equal. The time does not depend on the position of a difference.
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
function isEqual(one, other) {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index++) difference |= one[index] ^ other[index];
  return difference === 0;
}

/** @param {boolean} condition */
function demand(condition) {
  // WebCrypto throws the same error for every failure.
  if (!condition) throw new DOMException("the operation failed", "OperationError");
}
