/**
 * SHA-1 and SHA-2 (FIPS 180-4): the numbers of each hash, and the WebAssembly code that compresses one block.
 *
 * The message schedule is in memory after the block. It is not in locals, because a browser may keep locals on its
 * stack. The 64 or 80 rounds are unrolled, so that the standard's variables change names instead of moving.
 */

import { VaultError } from "../../errors/vault_error.js";
import { address, get, set, Words } from "./wasm_format.js";

/** @typedef {import("./wasm_format.js").Code} Code */

const BLOCK_WORDS = 16;
/** The words of a block and its message schedule, at most. */
export const SCHEDULE_WORDS = 80;
/** The parameters and locals: addresses, words of the schedule, and from the last number on the standard's variables. */
const [FROM, TO, WORD, EARLY, LATE, VARIABLES] = [0, 1, 2, 3, 4, 5];
const ZERO = address(0);
const FRACTION_BITS = 64n;
/** FIPS 180-4 sections 4.1.2 and 4.1.3: the rotations of Σ0 and Σ1, and of σ0 and σ1, whose last number is a shift. */
const BITS = {
  4: { big: [[2, 13, 22], [6, 11, 25]], small: [[7, 18, 3], [17, 19, 10]] },
  8: { big: [[28, 34, 39], [14, 18, 41]], small: [[1, 8, 7], [19, 61, 6]] },
};
/** FIPS 180-4 sections 4.2.1 and 5.3.1. */
const SHA1_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];
const SHA1_START = [0x67452301n, 0xefcdab89n, 0x98badcfen, 0x10325476n, 0xc3d2e1f0n];

/** The bytes of each digest, by Python's name of the hash. @type {ReadonlyMap<string, number>} */
const DIGEST_BYTES = new Map([["sha1", 20], ["sha224", 28], ["sha256", 32], ["sha384", 48], ["sha512", 64]]);

/** One hash. */
export class Sha {
  /** @param {string} name one of `DIGEST_BYTES`; throws `bad-request` for another */
  constructor(name) {
    const digestBytes = DIGEST_BYTES.get(name);
    if (digestBytes === undefined) throw new VaultError("bad-request", "a hash that this module does not compute");
    this.name = name;
    this.digestBytes = digestBytes;
    this.words = new Words(this.digestBytes > 32 ? 8 : 4);
    this.blockBytes = BLOCK_WORDS * this.words.bytes;
    this.start = name === "sha1" ? SHA1_START : startOfSha2(name);
  }

  /**
   * The body of a function that compresses the block at an address. Its parameters are the address of the old state and
   * the address for the new state.
   * @param {number} block
   * @returns {{locals: number[], body: Code}}
   */
  compression(block) {
    const { words, start } = this;
    const variables = start.map((_, index) => VARIABLES + index);
    const before = (/** @type {number} */ index) => words.load(get(FROM), index * words.bytes);
    const addressOf = (/** @type {number} */ round) => block + round * words.bytes;
    const schedule = {
      at: (/** @type {number} */ round) => words.load(ZERO, addressOf(round)),
      keep: (/** @type {number} */ round) => words.store(ZERO, addressOf(round), get(WORD)),
    };
    const rounds = this.name === "sha1" ? sha1Rounds : sha2Rounds;
    const after = (/** @type {number} */ local, /** @type {number} */ index) => words.add(get(local), before(index));
    return {
      locals: [WORD, EARLY, LATE, ...variables].map(() => words.type),
      body: [
        variables.map((local, index) => set(local, before(index))),
        rounds(words, schedule, variables),
        variables.map((local, index) => words.store(get(TO), index * words.bytes, after(local, index))),
      ],
    };
  }
}

/**
 * The message schedule: `at` is the code of a round's word, `keep` stores the word of a round after the block.
 * @typedef {{at: (round: number) => Code, keep: (round: number) => Code}} Schedule
 */

/**
 * FIPS 180-4 sections 6.2.2 and 6.4.2.
 * @param {Words} words @param {Schedule} schedule @param {number[]} variables a to h
 */
function sha2Rounds(words, schedule, variables) {
  const count = words.bytes === 8 ? 80 : 64;
  const { big, small } = BITS[words.bytes];
  const constants = rootFractions(3n, count).map((fraction) => fraction >> (FRACTION_BITS - BigInt(8 * words.bytes)));
  const names = [...variables];
  return constants.map((constant, round) => {
    const [a, b, c, d, e, f, g, h] = names.map(get);
    const [, , , newE, , , , newA] = names;
    const taken = round < BLOCK_WORDS ? set(WORD, schedule.at(round)) : [
      set(EARLY, schedule.at(round - 15)),
      set(LATE, schedule.at(round - 2)),
      set(WORD, words.add(
        smallSigma(words, LATE, small[1]),
        schedule.at(round - 7),
        smallSigma(words, EARLY, small[0]),
        schedule.at(round - 16),
      )),
      schedule.keep(round),
    ];
    const choice = words.xor(g, words.and(e, words.xor(f, g)));
    const majority = words.or(words.and(a, b), words.and(c, words.or(a, b)));
    names.unshift(/** @type {number} */ (names.pop()));
    return [
      taken,
      set(newA, words.add(h, bigSigma(words, e, big[1]), choice, words.constant(constant), get(WORD))),
      set(newE, words.add(d, get(newA))),
      set(newA, words.add(get(newA), bigSigma(words, a, big[0]), majority)),
    ];
  });
}

/** @param {Words} words @param {Code} x @param {number[]} rotations */
function bigSigma(words, x, rotations) {
  return words.xor(...rotations.map((bits) => words.rotateRight(x, bits)));
}

/** @param {Words} words @param {number} local @param {number[]} bits */
function smallSigma(words, local, [first, second, shift]) {
  const x = get(local);
  return words.xor(words.rotateRight(x, first), words.rotateRight(x, second), words.shiftRight(x, shift));
}

/**
 * FIPS 180-4 section 6.1.2.
 * @param {Words} words @param {Schedule} schedule @param {number[]} variables a to e
 */
function sha1Rounds(words, schedule, variables) {
  const names = [...variables];
  return Array.from({ length: 80 }, (_, round) => {
    const [a, b, c, d, e] = names.map(get);
    const [, newC, , , newA] = names;
    const taken = round < BLOCK_WORDS ? set(WORD, schedule.at(round)) : [
      set(WORD, words.rotateLeft(words.xor(...[3, 8, 14, 16].map((back) => schedule.at(round - back))), 1)),
      schedule.keep(round),
    ];
    const quarter = Math.floor(round / 20);
    const mixed = [
      () => words.xor(d, words.and(b, words.xor(c, d))),
      () => words.xor(b, c, d),
      () => words.or(words.and(b, c), words.and(d, words.or(b, c))),
      () => words.xor(b, c, d),
    ][quarter]();
    names.unshift(/** @type {number} */ (names.pop()));
    return [
      taken,
      set(newA, words.add(words.rotateLeft(a, 5), mixed, e, words.constant(SHA1_CONSTANTS[quarter]), get(WORD))),
      set(newC, words.rotateLeft(b, 30)),
    ];
  });
}

/**
 * FIPS 180-4 sections 5.3.2 to 5.3.5: fractions of the square roots of the first 16 primes.
 * @param {string} name
 */
function startOfSha2(name) {
  const roots = rootFractions(2n, 16);
  const [first, second] = [roots.slice(0, 8), roots.slice(8)];
  if (name === "sha512") return first;
  if (name === "sha384") return second;
  return name === "sha256" ? first.map((word) => word >> 32n) : second.map((word) => BigInt.asUintN(32, word));
}

/**
 * The first 64 bits of the fractions of the roots of the first primes.
 * @param {bigint} degree 2 for square roots, 3 for cube roots
 * @param {number} count
 */
function rootFractions(degree, count) {
  /** @type {bigint[]} */
  const primes = [];
  for (let number = 2n; primes.length < count; number++) {
    if (primes.every((prime) => number % prime !== 0n)) primes.push(number);
  }
  return primes.map((prime) => BigInt.asUintN(64, wholeRoot(prime << (FRACTION_BITS * degree), degree)));
}

/** The root, rounded down. @param {bigint} number @param {bigint} degree */
function wholeRoot(number, degree) {
  let [low, high] = [0n, 1n << (FRACTION_BITS + 8n)];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= number) low = middle;
    else high = middle;
  }
  return low;
}
