/**
 * GHASH (SP 800-38D section 6.4) over data in pieces. A table has the products of the hash key with each value of each
 * byte of a block.
 *
 * Sum and products have the byte order of blocks, so that whole blocks are read as words. The speed is 100 to 250 MB a
 * second. The look-ups depend on secrets, and Chromium may put the words on the JavaScript heap. That is acceptable,
 * because a hash key is used for only one message. An attacker who has it can forge the tag of that message, but cannot
 * read the message.
 */

/** @typedef {import("./scratch.js").Scratch} Scratch */

const BLOCK = 16;
const WORDS = 4;
const REDUCTION = 0xe1 << 24;
const NOTHING = new Int32Array(WORDS);

export class Ghash {
  #products;
  #sum;
  #octets;
  #filled = 0;

  /**
   * @param {Scratch} scratch
   * @param {Uint8Array} hashKey 16 bytes
   */
  constructor(scratch, hashKey) {
    this.#products = makeProducts(scratch, hashKey);
    this.#sum = scratch.words32(WORDS);
    this.#octets = new Uint8Array(this.#sum.buffer, this.#sum.byteOffset, BLOCK);
  }

  /** @param {Uint8Array} data of any length */
  update(data) {
    const octets = this.#octets;
    let at = 0;
    while (at < data.length) {
      const whole = this.#filled === 0 && (data.byteOffset + at) % 4 === 0 ? (data.length - at) & -BLOCK : 0;
      if (whole > 0) this.#multiply(new Int32Array(data.buffer, data.byteOffset + at, whole / 4));
      at += whole;
      while (this.#filled < BLOCK && at < data.length) octets[this.#filled++] ^= data[at++];
      if (this.#filled === BLOCK) this.pad();
    }
  }

  /** Fills an incomplete block with zeros. */
  pad() {
    if (this.#filled > 0) this.#multiply(NOTHING);
    this.#filled = 0;
  }

  /**
   * @param {number} aadBytes
   * @param {number} dataBytes
   * @returns {Uint8Array} the hash, 16 bytes in the scratch memory
   */
  finish(aadBytes, dataBytes) {
    this.pad();
    for (const [at, bytes] of [[0, aadBytes], [8, dataBytes]]) {
      // The lengths are in bits, as two words each. The 53 exact bits of a number are enough for any length in memory.
      const [high, low] = [Math.floor(bytes / 2 ** 29), (bytes % 2 ** 29) * 8];
      for (let index = 0; index < 4; index++) {
        this.#octets[at + index] ^= high >>> (24 - 8 * index);
        this.#octets[at + 4 + index] ^= low >>> (24 - 8 * index);
      }
    }
    this.#multiply(NOTHING);
    return this.#octets;
  }

  /** Starts a new hash under the same key. */
  reset() {
    this.#octets.fill(0);
  }

  /**
   * Adds each block to the sum and multiplies the sum by the hash key.
   * @param {Int32Array} blocks
   */
  #multiply(blocks) {
    const [products, sum] = [this.#products, this.#sum];
    for (let at = 0; at < blocks.length; at += WORDS) {
      sum[0] ^= blocks[at];
      sum[1] ^= blocks[at + 1];
      sum[2] ^= blocks[at + 2];
      sum[3] ^= blocks[at + 3];
      multiplySum(products, sum);
    }
  }
}

/**
 * Multiplies the sum by the hash key. `i` to `l` are the table positions of the products of four consecutive bytes.
 * @param {Int32Array} t the products
 * @param {Int32Array} sum
 */
function multiplySum(t, sum) {
  const [a, b, c, d] = [sum[0], sum[1], sum[2], sum[3]];
  let i = (a & 255) << 2;
  let j = 1024 + ((a >>> 6) & 1020);
  let k = 2048 + ((a >>> 14) & 1020);
  let l = 3072 + ((a >>> 22) & 1020);
  let w = t[i] ^ t[j] ^ t[k] ^ t[l];
  let x = t[i + 1] ^ t[j + 1] ^ t[k + 1] ^ t[l + 1];
  let y = t[i + 2] ^ t[j + 2] ^ t[k + 2] ^ t[l + 2];
  let z = t[i + 3] ^ t[j + 3] ^ t[k + 3] ^ t[l + 3];
  i = 4096 + ((b & 255) << 2);
  j = 5120 + ((b >>> 6) & 1020);
  k = 6144 + ((b >>> 14) & 1020);
  l = 7168 + ((b >>> 22) & 1020);
  w ^= t[i] ^ t[j] ^ t[k] ^ t[l];
  x ^= t[i + 1] ^ t[j + 1] ^ t[k + 1] ^ t[l + 1];
  y ^= t[i + 2] ^ t[j + 2] ^ t[k + 2] ^ t[l + 2];
  z ^= t[i + 3] ^ t[j + 3] ^ t[k + 3] ^ t[l + 3];
  i = 8192 + ((c & 255) << 2);
  j = 9216 + ((c >>> 6) & 1020);
  k = 10240 + ((c >>> 14) & 1020);
  l = 11264 + ((c >>> 22) & 1020);
  w ^= t[i] ^ t[j] ^ t[k] ^ t[l];
  x ^= t[i + 1] ^ t[j + 1] ^ t[k + 1] ^ t[l + 1];
  y ^= t[i + 2] ^ t[j + 2] ^ t[k + 2] ^ t[l + 2];
  z ^= t[i + 3] ^ t[j + 3] ^ t[k + 3] ^ t[l + 3];
  i = 12288 + ((d & 255) << 2);
  j = 13312 + ((d >>> 6) & 1020);
  k = 14336 + ((d >>> 14) & 1020);
  l = 15360 + ((d >>> 22) & 1020);
  sum[0] = w ^ t[i] ^ t[j] ^ t[k] ^ t[l];
  sum[1] = x ^ t[i + 1] ^ t[j + 1] ^ t[k + 1] ^ t[l + 1];
  sum[2] = y ^ t[i + 2] ^ t[j + 2] ^ t[k + 2] ^ t[l + 2];
  sum[3] = z ^ t[i + 3] ^ t[j + 3] ^ t[k + 3] ^ t[l + 3];
}

/**
 * @param {Scratch} scratch
 * @param {Uint8Array} hashKey
 */
function makeProducts(scratch, hashKey) {
  const products = scratch.words32(BLOCK * 256 * WORDS);
  const power = scratch.words32(WORDS);
  for (let index = 0; index < BLOCK; index++) power[index >> 2] |= hashKey[index] << (24 - 8 * (index & 3));
  for (let index = 0; index < BLOCK; index++) {
    // GCM calls the highest bit bit 0 (SP 800-38D section 6.3).
    for (let bit = 128; bit > 0; bit >>= 1) {
      products.set(power, ((index << 8) | bit) << 2);
      const carry = power[3] & 1 ? REDUCTION : 0;
      for (let word = WORDS - 1; word > 0; word--) power[word] = (power[word] >>> 1) | (power[word - 1] << 31);
      power[0] = (power[0] >>> 1) ^ carry;
    }
    for (let octet = 1; octet < 256; octet++) {
      const lowest = octet & -octet;
      for (let word = 0; word < WORDS; word++) {
        const base = (index << 10) | word;
        if (octet !== lowest) products[base + 4 * octet] = products[base + 4 * (octet ^ lowest)] ^ products[base + 4 * lowest];
      }
    }
  }
  const octets = new DataView(products.buffer, products.byteOffset, products.byteLength);
  products.forEach((word, index) => octets.setInt32(4 * index, word));
  return products;
}
