/** GHASH (SP 800-38D section 6.4), fed piece by piece, by the products of each byte's value at each place. */

/** @typedef {import("./scratch.js").Scratch} Scratch */

const BLOCK = 16;
const WORDS = 4;
const REDUCTION = 0xe1 << 24;

export class Ghash {
  #products;
  #total;
  #octets;
  #filled = 0;

  /**
   * @param {Scratch} scratch
   * @param {Uint8Array} hashKey 16 bytes
   */
  constructor(scratch, hashKey) {
    this.#products = makeProducts(scratch, hashKey);
    this.#total = scratch.words32(WORDS);
    this.#octets = scratch.bytes(BLOCK);
  }

  /** @param {Uint8Array} data of any length */
  update(data) {
    const octets = this.#octets;
    let at = 0;
    while (at < data.length) {
      while (this.#filled < BLOCK && at < data.length) octets[this.#filled++] ^= data[at++];
      if (this.#filled === BLOCK) this.#multiply();
    }
  }

  /** Fills the block that was begun with zeros. */
  pad() {
    if (this.#filled > 0) this.#multiply();
  }

  /**
   * @param {number} aadBytes
   * @param {number} dataBytes
   * @returns {Uint8Array} 16 bytes of the scratch
   */
  finish(aadBytes, dataBytes) {
    this.pad();
    for (const [at, bytes] of [[0, aadBytes], [8, dataBytes]]) {
      // Lengths in bits; 53 of their own are enough for what memory holds.
      const [high, low] = [Math.floor(bytes / 2 ** 29), (bytes % 2 ** 29) * 8];
      for (let index = 0; index < 4; index++) {
        this.#octets[at + index] ^= high >>> (24 - 8 * index);
        this.#octets[at + 4 + index] ^= low >>> (24 - 8 * index);
      }
    }
    this.#multiply();
    return this.#octets;
  }

  /** Begins anew under the same key. */
  reset() {
    this.#octets.fill(0);
  }

  /** Multiplies the sum so far, to which the next block is then added. */
  #multiply() {
    const [octets, products, total] = [this.#octets, this.#products, this.#total];
    let [first, second, third, fourth] = [0, 0, 0, 0];
    for (let place = 0; place < BLOCK; place++) {
      const entry = ((place << 8) | octets[place]) << 2;
      first ^= products[entry];
      second ^= products[entry + 1];
      third ^= products[entry + 2];
      fourth ^= products[entry + 3];
    }
    total[0] = first;
    total[1] = second;
    total[2] = third;
    total[3] = fourth;
    for (let place = 0; place < BLOCK; place++) octets[place] = total[place >> 2] >>> (24 - 8 * (place & 3));
    this.#filled = 0;
  }
}

/**
 * @param {Scratch} scratch
 * @param {Uint8Array} hashKey
 */
function makeProducts(scratch, hashKey) {
  const products = scratch.words32(BLOCK * 256 * WORDS);
  const power = scratch.words32(WORDS);
  for (let place = 0; place < BLOCK; place++) power[place >> 2] |= hashKey[place] << (24 - 8 * (place & 3));
  for (let place = 0; place < BLOCK; place++) {
    // Bit 0 is the highest (SP 800-38D section 6.3).
    for (let bit = 128; bit > 0; bit >>= 1) {
      products.set(power, ((place << 8) | bit) << 2);
      const carry = power[3] & 1 ? REDUCTION : 0;
      for (let word = WORDS - 1; word > 0; word--) power[word] = (power[word] >>> 1) | (power[word - 1] << 31);
      power[0] = (power[0] >>> 1) ^ carry;
    }
    for (let octet = 1; octet < 256; octet++) {
      const lowest = octet & -octet;
      for (let word = 0; word < WORDS; word++) {
        const base = (place << 10) | word;
        if (octet !== lowest) products[base + 4 * octet] = products[base + 4 * (octet ^ lowest)] ^ products[base + 4 * lowest];
      }
    }
  }
  return products;
}
