/**
 * Poly1305 (RFC 8439 section 2.5) over data in pieces.
 *
 * A number modulo 2^130 - 5 has six limbs of 22 bits. Sums of products of limbs stay below 2^53, where doubles are
 * exact. No branch depends on secrets.
 */

/** @typedef {import("./scratch.js").Scratch} Scratch */

const BLOCK = 16;
const LIMBS = 6;
const LIMB_BITS = 22;
const LIMB = 2 ** LIMB_BITS;
// 2^132 modulo 2^130 - 5: 2^132 is four times 2^130, which is congruent to 5.
const WRAPPED = 20;
/** The value of bit 130 in the last limb. This limb begins at bit 110. */
const TOP = 2 ** 20;

export class Poly1305 {
  #multiplier;
  #addend;
  #total;
  #product;
  #block;
  #filled = 0;

  /**
   * @param {Scratch} scratch
   * @param {Uint8Array} key 32 bytes, for one message only
   */
  constructor(scratch, key) {
    this.#multiplier = scratch.doubles(LIMBS);
    this.#addend = scratch.bytes(BLOCK);
    this.#total = scratch.doubles(LIMBS);
    this.#product = scratch.doubles(LIMBS);
    this.#block = scratch.bytes(BLOCK + 3);
    this.#block.set(key.subarray(0, BLOCK));
    // Some bits of the multiplier are cleared (RFC 8439 section 2.5).
    for (const at of [3, 7, 11, 15]) this.#block[at] &= 15;
    for (const at of [4, 8, 12]) this.#block[at] &= 252;
    addLimbs(this.#multiplier, this.#block);
    this.#addend.set(key.subarray(BLOCK));
    this.#block.fill(0);
  }

  /** @param {Uint8Array} data of any length */
  update(data) {
    for (let at = 0; at < data.length; ) {
      const count = Math.min(BLOCK - this.#filled, data.length - at);
      this.#block.set(data.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === BLOCK) this.#addBlock();
    }
  }

  /** Fills an incomplete block with zeros, as RFC 8439 section 2.8 requires after each part of the input. */
  pad() {
    if (this.#filled > 0) this.#addBlock();
  }

  /** @returns {Uint8Array} the tag, 16 bytes in the scratch memory */
  finish() {
    const [total, tag] = [this.#total, this.#addend];
    reduce(total);
    // If the total is at least the prime 2^130 - 5, the prime is subtracted. In that case bit 130 of (total + 5) is
    // set. `carry` gets this bit.
    let carry = 5;
    for (let limb = 0; limb < LIMBS; limb++) carry = Math.floor((total[limb] + carry) / (limb < LIMBS - 1 ? LIMB : TOP));
    total[0] += 5 * carry;
    total[LIMBS - 1] -= TOP * carry;
    carryOn(total);
    let sum = 0;
    for (let at = 0; at < BLOCK; at++) {
      const [limb, shift] = [Math.floor((8 * at) / LIMB_BITS), (8 * at) % LIMB_BITS];
      const octet = Math.floor(total[limb] / 2 ** shift) + (total[limb + 1] ?? 0) * 2 ** (LIMB_BITS - shift);
      sum = (octet % 256) + tag[at] + (sum >> 8);
      tag[at] = sum;
    }
    return tag;
  }

  #addBlock() {
    const [total, multiplier, product] = [this.#total, this.#multiplier, this.#product];
    addLimbs(total, this.#block);
    // A bit 1 follows the 128 bits of the block, in the last limb.
    total[LIMBS - 1] += 2 ** (128 - LIMB_BITS * (LIMBS - 1));
    for (let limb = 0; limb < LIMBS; limb++) {
      let [direct, wrapped] = [0, 0];
      for (let other = 0; other <= limb; other++) direct += total[other] * multiplier[limb - other];
      for (let other = limb + 1; other < LIMBS; other++) wrapped += total[other] * multiplier[limb + LIMBS - other];
      product[limb] = direct + WRAPPED * wrapped;
    }
    total.set(product);
    reduce(total);
    this.#block.fill(0);
    this.#filled = 0;
  }
}

/**
 * Adds the 128 bits of a block.
 * @param {Float64Array} limbs
 * @param {Uint8Array} block 16 bytes and three more, which are zero
 */
function addLimbs(limbs, block) {
  for (let limb = 0; limb < LIMBS; limb++) {
    const [at, shift] = [(LIMB_BITS * limb) >> 3, (LIMB_BITS * limb) & 7];
    const word = block[at] | (block[at + 1] << 8) | (block[at + 2] << 16) | (block[at + 3] << 24);
    limbs[limb] += (word >>> shift) & (LIMB - 1);
  }
}

/**
 * Reduces the number to at most a little more than 2^130. Each limb then fits in 22 bits.
 * @param {Float64Array} limbs
 */
function reduce(limbs) {
  carryOn(limbs);
  const above = Math.floor(limbs[LIMBS - 1] / TOP);
  limbs[LIMBS - 1] -= above * TOP;
  limbs[0] += 5 * above;
  carryOn(limbs);
}

/** @param {Float64Array} limbs */
function carryOn(limbs) {
  for (let limb = 0; limb < LIMBS - 1; limb++) {
    const carry = Math.floor(limbs[limb] / LIMB);
    limbs[limb] -= carry * LIMB;
    limbs[limb + 1] += carry;
  }
}
