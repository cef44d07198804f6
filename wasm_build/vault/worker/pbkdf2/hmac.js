/**
 * HMAC (RFC 2104) applied repeatedly to its result, in a WebAssembly module that is made here byte by byte. Without a
 * key the module applies the plain hash repeatedly to its result.
 *
 * The two pads of the key are compressed once. `iterate` is the whole loop, with two compressions in each iteration;
 * `rehash` is the loop without a key, with one compression. Secrets are only in the memory of the module. No branch and
 * no address depends on them.
 */

import { SCHEDULE_WORDS, Sha } from "./sha.js";
import { address, buildModule, call, get, I32, repeat } from "./wasm_format.js";

/**
 * @typedef {object} Exports
 * @property {WebAssembly.Memory} memory
 * @property {(from: number, to: number) => void} compress from and to the address of a state
 * @property {(count: number) => void} iterate
 * @property {(count: number) => void} rehash
 */

const [INNER_PAD, OUTER_PAD] = [0x36, 0x5c];
/** Addresses in memory, counted in words: the states, the sum of all results, and the block with its message schedule. */
const [START, INNER, OUTER, SUM, BLOCK] = [0, 8, 16, 24, 32];
const END = BLOCK + SCHEDULE_WORDS;
/** The position of the function `compress`, and the parameter of the loops. */
const [COMPRESS, COUNT] = [0, 0];
const ZERO = address(0);

/**
 * The bytes of the module. `compress` compresses the block from one state to another. `iterate` replaces the message in
 * the block with its HMAC as often as its parameter says, and adds each result to the sum. `rehash` replaces the message
 * with its hash.
 * @param {Sha} sha
 */
export function buildHmacModule(sha) {
  const { words, digestBytes } = sha;
  const addressOf = (/** @type {number} */ wordIndex) => address(wordIndex * words.bytes);
  const [block, sum] = [BLOCK * words.bytes, SUM * words.bytes];
  const offsets = sha.start.map((_, index) => index * words.bytes);
  // A state may be longer than the digest. In that case the end of the state overwrites the message's padding, which is
  // then written again.
  const repadded = offsets
    .filter((offset) => offset >= digestBytes)
    .map((offset) => words.store(ZERO, block + offset, words.constant(offset === digestBytes ? words.highestBit : 0n)));
  const hashed = (/** @type {number} */ state) => [call(COMPRESS, addressOf(state), addressOf(BLOCK)), repadded];
  const addedTo = (/** @type {number} */ at) => words.xor(words.load(ZERO, sum + at), words.load(ZERO, block + at));
  const added = offsets
    .filter((offset) => offset < digestBytes)
    .map((offset) => words.store(ZERO, sum + offset, addedTo(offset)));
  return buildModule([
    { name: "compress", parameters: [I32, I32], ...sha.compression(block) },
    { name: "iterate", parameters: [I32], locals: [], body: repeat(COUNT, [hashed(INNER), hashed(OUTER), added]) },
    { name: "rehash", parameters: [I32], locals: [], body: repeat(COUNT, [hashed(START)]) },
  ]);
}

/** The memory of one module, and the operations on it. */
export class Hmac {
  #sha;
  #exports;
  #bytes;
  #isKeyed = false;

  /** @param {Sha} sha @param {Exports} exports */
  constructor(sha, exports) {
    this.#sha = sha;
    this.#exports = exports;
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.memory = exports.memory;
    this.digestBytes = sha.digestBytes;
    this.blockBytes = sha.blockBytes;
  }

  /** @param {string} hash Python's name */
  static async make(hash) {
    const sha = new Sha(hash);
    const { instance } = await WebAssembly.instantiate(buildHmacModule(sha));
    return new Hmac(sha, /** @type {Exports} */ (/** @type {unknown} */ (instance.exports)));
  }

  /** @param {Uint8Array | null} key as long as a block */
  useKey(key) {
    const { start, words } = this.#sha;
    const startBytes = start.flatMap((word) => bytesOf(word, words.bytes));
    startBytes.forEach((byte, index) => this.#write(START, index, byte));
    this.#isKeyed = key !== null;
    if (key === null) return;
    for (const [pad, state] of [[INNER_PAD, INNER], [OUTER_PAD, OUTER]]) {
      key.forEach((byte, index) => this.#write(BLOCK, index, byte ^ pad));
      this.#exports.compress(START * words.bytes, state * words.bytes);
    }
  }

  /** @param {Uint8Array} first the first message. With a key it is also the first part of the sum */
  begin(first) {
    const { blockBytes, digestBytes, words } = this.#sha;
    this.#bytes.fill(0, SUM * words.bytes, END * words.bytes);
    for (const wordIndex of [SUM, BLOCK]) first.forEach((byte, index) => this.#write(wordIndex, index, byte));
    // FIPS 180-4 section 5.1: a bit 1 follows the message. The block ends with the length in bits, the key's pad included.
    this.#write(BLOCK, digestBytes, 0x80);
    const bits = 8 * ((this.#isKeyed ? blockBytes : 0) + digestBytes);
    this.#write(BLOCK, blockBytes - 2, bits >> 8);
    this.#write(BLOCK, blockBytes - 1, bits & 0xff);
  }

  /** @param {number} count above zero */
  iterate(count) {
    if (this.#isKeyed) this.#exports.iterate(count);
    else this.#exports.rehash(count);
  }

  /** @param {Uint8Array} target as long as a digest */
  copyResult(target) {
    const wordIndex = this.#isKeyed ? SUM : BLOCK;
    for (let index = 0; index < target.length; index++) target[index] = this.#bytes[this.#find(wordIndex, index)];
  }

  wipe() {
    this.#bytes.fill(0);
  }

  /** @param {number} wordIndex @param {number} index @param {number} byte */
  #write(wordIndex, index, byte) {
    this.#bytes[this.#find(wordIndex, index)] = byte;
  }

  /**
   * The address of a byte in memory. Words of hashes begin with their highest byte, words of WebAssembly with their
   * lowest.
   * @param {number} wordIndex @param {number} index
   */
  #find(wordIndex, index) {
    const { bytes } = this.#sha.words;
    return wordIndex * bytes + (index ^ (bytes - 1));
  }
}

/** @param {bigint} word @param {number} count */
function bytesOf(word, count) {
  const byteAt = (/** @type {number} */ index) => BigInt.asUintN(8, word >> BigInt(8 * (count - 1 - index)));
  return Array.from({ length: count }, (_, index) => Number(byteAt(index)));
}
