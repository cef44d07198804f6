/**
 * AES (FIPS 197), for browsers that lack a key length: Chromium lacks 192 bits.
 *
 * A column of the state is two words of 16 bits, because Chromium may put larger numbers on the JavaScript heap, where
 * nothing overwrites them. The code is not constant-time.
 */

/** @typedef {import("./scratch.js").Scratch} Scratch */

const BLOCK = 16;
/** The number of 16-bit words in a block. */
const WORDS = 8;

const S_BOX = makeSBox();
const INVERSE_S_BOX = new Uint8Array(256).map((_, octet) => S_BOX.indexOf(octet));
// Tables of the products of each byte with two neighbouring numbers in a column of the matrix. The other columns have
// the same numbers in rotated order. MIX does SubBytes and MixColumns, UNMIX does InvMixColumns.
const MIX = makePairs([2, 1, 1, 3], (octet) => S_BOX[octet]);
const UNMIX = makePairs([14, 9, 13, 11], (octet) => octet);
// UNMIX_INVERSE does InvSubBytes and InvMixColumns, for the equivalent inverse cipher (FIPS 197 section 5.3.5).
const UNMIX_INVERSE = makePairs([14, 9, 13, 11], (octet) => INVERSE_S_BOX[octet]);

export class Aes {
  blockLength = BLOCK;
  #rounds;
  #encryptionKeys;
  #decryptionKeys;
  #state;
  #next;

  /**
   * @param {Scratch} scratch
   * @param {Uint8Array} key 16, 24 or 32 bytes
   */
  constructor(scratch, key) {
    this.#rounds = key.length / 4 + 6;
    this.#encryptionKeys = expandKey(scratch, key, this.#rounds);
    this.#decryptionKeys = invertKeys(scratch, this.#encryptionKeys);
    this.#state = scratch.words16(WORDS);
    this.#next = scratch.words16(WORDS);
  }

  /**
   * @param {Uint8Array} input
   * @param {number} from
   * @param {Uint8Array} output
   * @param {number} to
   */
  encrypt(input, from, output, to) {
    // ShiftRows: each row comes from one column (2 words) further than the row above.
    this.#crypt(input, from, output, to, this.#encryptionKeys, MIX, S_BOX, 2);
  }

  /**
   * @param {Uint8Array} input
   * @param {number} from
   * @param {Uint8Array} output
   * @param {number} to
   */
  decrypt(input, from, output, to) {
    this.#crypt(input, from, output, to, this.#decryptionKeys, UNMIX_INVERSE, INVERSE_S_BOX, 6);
  }

  /**
   * @param {Uint8Array} input
   * @param {number} from
   * @param {Uint8Array} output
   * @param {number} to
   * @param {Uint16Array} keys
   * @param {Pairs} pairs
   * @param {Uint8Array} box the S-box for the last round
   * @param {number} step the distance in words between the columns from which two neighbouring rows are read
   */
  #crypt(input, from, output, to, keys, [a, b, c, d], box, step) {
    let state = this.#state;
    let next = this.#next;
    for (let word = 0; word < WORDS; word++) {
      state[word] = ((input[from + 2 * word] << 8) | input[from + 2 * word + 1]) ^ keys[word];
    }
    let at = WORDS;
    for (let round = 1; round < this.#rounds; round++) {
      for (let word = 0; word < WORDS; word += 2) {
        const row0 = state[word] >> 8;
        const row1 = state[(word + step) & 7] & 255;
        const row2 = state[(word + 2 * step + 1) & 7] >> 8;
        const row3 = state[(word + 3 * step + 1) & 7] & 255;
        next[word] = a[row0] ^ d[row1] ^ c[row2] ^ b[row3] ^ keys[at++];
        next[word + 1] = c[row0] ^ b[row1] ^ a[row2] ^ d[row3] ^ keys[at++];
      }
      [state, next] = [next, state];
    }
    for (let word = 0; word < WORDS; word += 2, at += 2) {
      const high = (box[state[word] >> 8] << 8) | box[state[(word + step) & 7] & 255];
      const low = (box[state[(word + 2 * step + 1) & 7] >> 8] << 8) | box[state[(word + 3 * step + 1) & 7] & 255];
      put(output, to + 2 * word, high ^ keys[at]);
      put(output, to + 2 * word + 2, low ^ keys[at + 1]);
    }
  }
}

/**
 * @param {Uint8Array} output
 * @param {number} at
 * @param {number} word
 */
function put(output, at, word) {
  output[at] = word >> 8;
  output[at + 1] = word;
}

/**
 * The round keys (FIPS 197 section 5.2).
 * @param {Scratch} scratch
 * @param {Uint8Array} key
 * @param {number} rounds
 */
function expandKey(scratch, key, rounds) {
  const octets = scratch.bytes(BLOCK * (rounds + 1));
  const words = scratch.words16(octets.length / 2);
  octets.set(key);
  let constant = 1;
  for (let at = key.length; at < octets.length; at += 4) {
    const turns = at % key.length === 0;
    const substitutes = turns || (key.length === 32 && at % 32 === 16);
    for (let row = 0; row < 4; row++) {
      const previous = octets[at - 4 + (turns ? (row + 1) % 4 : row)];
      octets[at + row] = octets[at + row - key.length] ^ (substitutes ? S_BOX[previous] : previous);
    }
    if (turns) {
      octets[at] ^= constant;
      constant = double(constant);
    }
  }
  for (let word = 0; word < words.length; word++) words[word] = (octets[2 * word] << 8) | octets[2 * word + 1];
  return words;
}

/**
 * The round keys of the equivalent inverse cipher: in reverse order, with InvMixColumns applied to all except the first
 * and the last.
 * @param {Scratch} scratch
 * @param {Uint16Array} keys
 */
function invertKeys(scratch, keys) {
  const inverted = scratch.words16(keys.length);
  const [a, b, c, d] = UNMIX;
  for (let to = 0; to < keys.length; to += 2) {
    const word = to % WORDS;
    const from = keys.length - WORDS - (to - word) + word;
    const row0 = keys[from] >> 8;
    const row1 = keys[from] & 255;
    const row2 = keys[from + 1] >> 8;
    const row3 = keys[from + 1] & 255;
    const isOuter = to < WORDS || to >= keys.length - WORDS;
    inverted[to] = isOuter ? keys[from] : a[row0] ^ d[row1] ^ c[row2] ^ b[row3];
    inverted[to + 1] = isOuter ? keys[from + 1] : c[row0] ^ b[row1] ^ a[row2] ^ d[row3];
  }
  return inverted;
}

/** @param {number} octet */
function double(octet) {
  return ((octet << 1) ^ (octet & 128 ? 0x11b : 0)) & 255;
}

/**
 * @param {number} factor
 * @param {number} octet
 */
function times(factor, octet) {
  let product = 0;
  for (let power = octet; factor > 0; factor >>= 1, power = double(power)) product ^= factor & 1 ? power : 0;
  return product;
}

function makeSBox() {
  // FIPS 197 section 5.1.1: the inverse in GF(2^8), found from the powers of 3, and then the affine transformation.
  const powers = [1];
  while (powers.length < 255) powers.push(times(3, powers[powers.length - 1]));
  const box = new Uint8Array(256).fill(0x63);
  powers.forEach((value, exponent) => {
    const inverse = powers[(255 - exponent) % 255];
    for (let shift = 0; shift < 5; shift++) box[value] ^= (inverse << shift) | (inverse >> (8 - shift));
  });
  return box;
}

/** @typedef {[Uint16Array, Uint16Array, Uint16Array, Uint16Array]} Pairs */

/**
 * One table for each pair of neighbours in the circular column. For each byte the table has the products of
 * `before(byte)` with the two neighbours, side by side in 16 bits.
 * @param {number[]} column
 * @param {(octet: number) => number} before
 * @returns {Pairs}
 */
function makePairs(column, before) {
  const pair = (/** @type {number} */ row) =>
    Uint16Array.from(
      { length: 256 },
      (_, octet) => (times(column[row], before(octet)) << 8) | times(column[(row + 1) % 4], before(octet)),
    );
  return [pair(0), pair(1), pair(2), pair(3)];
}
