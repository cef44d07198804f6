/**
 * Decryption with DES and Triple-DES (FIPS 46-3), for old mail. No browser has these ciphers.
 *
 * A half of a block is kept as its expansion E(R), 48 bits in two numbers. All steps after the S-boxes are linear, so
 * one look-up of twelve bits does two S-boxes, the permutation P and the expansion. Numbers stay below 2^30, because
 * Chromium may put larger numbers on the JavaScript heap, where nothing overwrites them. The code is not constant-time.
 */

/** @typedef {import("./scratch.js").Scratch} Scratch */

const BLOCK = 8;
const ROUNDS = 16;
const GROUPS = 8;

// The tables as printed in FIPS 46-3, which counts bits from 1.
const P = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
const PERMUTED_CHOICE_1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63, 55,
  47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
const PERMUTED_CHOICE_2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30,
  40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const SHIFTS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
// Each S-box has four rows of 16 hexadecimal digits.
const S_BOXES = [
  "e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d",
  "f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9",
  "a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c",
  "7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e",
  "2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453",
  "c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d",
  "4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c",
  "d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b",
].map((box) => box.split(" "));

const EXPANSION = makeExpansion();
/**
 * For each value of two neighbouring groups of six bits, after the XOR with the subkey: the two numbers to XOR into the
 * expansion of the other half.
 */
const ROUND = makeRound();
/** For each value of each byte of a block: its part of the left half's expansion, then of the right half's. */
const INITIAL = makeInitial();
/** For each value of each of the 16 groups of six bits: its part of the output block, in four numbers of 16 bits. */
const FINAL = makeFinal();

export class Des {
  blockLength = BLOCK;
  #subkeys;

  /**
   * @param {Scratch} scratch
   * @param {Uint8Array} key 8 bytes for DES, 24 for Triple-DES; parity is ignored
   */
  constructor(scratch, key) {
    const stages = key.length / BLOCK;
    this.#subkeys = scratch.words32(2 * ROUNDS * stages);
    const bits = scratch.bytes(PERMUTED_CHOICE_1.length);
    for (let stage = 0; stage < stages; stage++) {
      // Triple-DES encrypts, decrypts and encrypts. The inverse begins with the last key. Its middle stage encrypts,
      // with the subkeys in forward order.
      const from = (stages - 1 - stage) * BLOCK;
      const part = this.#subkeys.subarray(2 * ROUNDS * stage, 2 * ROUNDS * (stage + 1));
      expandKey(key.subarray(from, from + BLOCK), part, bits, stage % 2 === 0);
    }
  }

  /**
   * Decrypts one block.
   * @param {Uint8Array} input
   * @param {number} from
   * @param {Uint8Array} output
   * @param {number} to
   */
  decrypt(input, from, output, to) {
    let [leftHigh, leftLow, rightHigh, rightLow] = [0, 0, 0, 0];
    for (let position = 0; position < BLOCK; position++) {
      const entry = ((position << 8) | input[from + position]) << 2;
      leftHigh ^= INITIAL[entry];
      leftLow ^= INITIAL[entry + 1];
      rightHigh ^= INITIAL[entry + 2];
      rightLow ^= INITIAL[entry + 3];
    }
    const subkeys = this.#subkeys;
    for (let at = 0; at < subkeys.length; at += 2) {
      const high = rightHigh ^ subkeys[at];
      const low = rightLow ^ subkeys[at + 1];
      const a = (high >> 11) & 8190;
      const b = 8192 | ((high << 1) & 8190);
      const c = 16384 | ((low >> 11) & 8190);
      const d = 24576 | ((low << 1) & 8190);
      const nextHigh = leftHigh ^ ROUND[a] ^ ROUND[b] ^ ROUND[c] ^ ROUND[d];
      const nextLow = leftLow ^ ROUND[a + 1] ^ ROUND[b + 1] ^ ROUND[c + 1] ^ ROUND[d + 1];
      // The last round of a stage does not exchange the halves. The final permutation of a stage and the initial
      // permutation of the next stage cancel out.
      if (at % (2 * ROUNDS) === 2 * ROUNDS - 2) {
        leftHigh = nextHigh;
        leftLow = nextLow;
      } else {
        leftHigh = rightHigh;
        leftLow = rightLow;
        rightHigh = nextHigh;
        rightLow = nextLow;
      }
    }
    collect(leftHigh, leftLow, rightHigh, rightLow, output, to);
  }
}

/**
 * Writes the output block: undoes the expansion and does the final permutation.
 * @param {number} leftHigh
 * @param {number} leftLow
 * @param {number} rightHigh
 * @param {number} rightLow
 * @param {Uint8Array} output
 * @param {number} to
 */
function collect(leftHigh, leftLow, rightHigh, rightLow, output, to) {
  for (let pair = 0; pair < 4; pair++) {
    let octets = 0;
    for (let group = 0; group < 4; group++) {
      const shift = 18 - 6 * group;
      octets ^= FINAL[(group << 8) | (((leftHigh >> shift) & 63) << 2) | pair];
      octets ^= FINAL[((group + 4) << 8) | (((leftLow >> shift) & 63) << 2) | pair];
      octets ^= FINAL[((group + 8) << 8) | (((rightHigh >> shift) & 63) << 2) | pair];
      octets ^= FINAL[((group + 12) << 8) | (((rightLow >> shift) & 63) << 2) | pair];
    }
    output[to + 2 * pair] = octets >> 8;
    output[to + 2 * pair + 1] = octets & 255;
  }
}

/**
 * Writes the 16 subkeys of one stage, two numbers each.
 * @param {Uint8Array} key
 * @param {Int32Array} subkeys
 * @param {Uint8Array} bits working memory
 * @param {boolean} backwards
 */
function expandKey(key, subkeys, bits, backwards) {
  PERMUTED_CHOICE_1.forEach((number, index) => (bits[index] = (key[(number - 1) >> 3] >> (7 - ((number - 1) & 7))) & 1));
  let rotated = 0;
  for (let round = 0; round < ROUNDS; round++) {
    rotated += SHIFTS[round];
    const at = 2 * (backwards ? ROUNDS - 1 - round : round);
    for (let index = 0; index < 48; index++) {
      const chosen = PERMUTED_CHOICE_2[index] - 1;
      // Each half of the key is rotated separately.
      const bit = bits[chosen < 28 ? (chosen + rotated) % 28 : 28 + ((chosen - 28 + rotated) % 28)];
      subkeys[at + (index < 24 ? 0 : 1)] |= bit << (23 - (index % 24));
    }
  }
}

/** For each bit of a half: the two numbers of its expansion. The bit occurs in one or two groups of six bits. */
function makeExpansion() {
  const numbers = Array.from({ length: 32 }, () => [0, 0]);
  for (let position = 0; position < 48; position++) {
    // A group of six bits has four bits of the half and the neighbouring bit on either side.
    const bit = (4 * Math.floor(position / 6) + (position % 6) + 31) % 32;
    numbers[bit][position < 24 ? 0 : 1] |= 1 << (23 - (position % 24));
  }
  return numbers;
}

function makeRound() {
  const single = makeSubstitution();
  const table = new Int32Array((GROUPS / 2) * 4096 * 2);
  for (let entry = 0; entry < table.length; entry += 2) {
    const [pair, twelve] = [entry >> 13, (entry >> 1) & 4095];
    const first = 2 * ((2 * pair * 64) | (twelve >> 6));
    const second = 2 * (((2 * pair + 1) * 64) | (twelve & 63));
    table[entry] = single[first] ^ single[second];
    table[entry + 1] = single[first + 1] ^ single[second + 1];
  }
  return table;
}

/** For each value of each group of six bits: the two numbers to XOR into the expansion of the other half. */
function makeSubstitution() {
  const table = new Int32Array(GROUPS * 64 * 2);
  for (let entry = 0; entry < GROUPS * 64; entry++) {
    const [group, six] = [entry >> 6, entry & 63];
    // The outer two of the six bits choose the row.
    const value = parseInt(S_BOXES[group][((six >> 4) & 2) | (six & 1)][(six >> 1) & 15], 16);
    for (let bit = 0; bit < 4; bit++) {
      if (!((value >> (3 - bit)) & 1)) continue;
      const [high, low] = EXPANSION[P.indexOf(4 * group + bit + 1)];
      table[2 * entry] ^= high;
      table[2 * entry + 1] ^= low;
    }
  }
  return table;
}

function makeInitial() {
  const table = new Int32Array(BLOCK * 256 * 4);
  for (let entry = 0; entry < BLOCK * 256; entry++) {
    const [position, octet] = [entry >> 8, entry & 255];
    for (let bit = 0; bit < 8; bit++) {
      if (!((octet >> (7 - bit)) & 1)) continue;
      // The initial permutation puts every second bit of a byte into the left half, the others into the right half. The
      // permutation begins with the last byte.
      const [high, low] = EXPANSION[8 * (bit >> 1) + 7 - position];
      table[4 * entry + (bit % 2 ? 0 : 2)] ^= high;
      table[4 * entry + (bit % 2 ? 1 : 3)] ^= low;
    }
  }
  return table;
}

function makeFinal() {
  const table = new Uint16Array(2 * GROUPS * 64 * 4);
  for (let entry = 0; entry < 2 * GROUPS * 64; entry++) {
    const [group, six] = [entry >> 6, entry & 63];
    for (let inner = 0; inner < 4; inner++) {
      // Only the inner four of a group's six bits count; the outer two repeat bits of its neighbours.
      if (!((six >> (4 - inner)) & 1)) continue;
      const bit = 4 * (group % GROUPS) + inner;
      const octet = 7 - (bit % 8);
      const value = 128 >> (2 * (bit >> 3) + (group < GROUPS ? 1 : 0));
      table[4 * entry + (octet >> 1)] ^= octet % 2 ? value : value << 8;
    }
  }
  return table;
}
