/** The working memory of a cipher: one buffer, which is overwritten at the end of the operation. */

/** @typedef {import("../../memory/cleanup.js").Residue} Residue */

// Enough for GCM with its table of products, which needs the most. A large buffer is outside the JavaScript heap, where
// nothing overwrites small buffers.
const SCRATCH_BYTES = 98_304;

/** Gives out parts of one buffer. The buffer belongs to the residue, which is overwritten when the Worker cleans up. */
export class Scratch {
  #buffer;
  #taken = 0;

  /** @param {Residue} residue */
  constructor(residue) {
    this.#buffer = residue.keepBuffer(new ArrayBuffer(SCRATCH_BYTES));
  }

  /** @param {number} length */
  bytes(length) {
    return new Uint8Array(this.#buffer, this.#take(length), length);
  }

  /** @param {number} length */
  words16(length) {
    return new Uint16Array(this.#buffer, this.#take(2 * length), length);
  }

  /** @param {number} length */
  words32(length) {
    return new Int32Array(this.#buffer, this.#take(4 * length), length);
  }

  /** @param {number} length */
  doubles(length) {
    return new Float64Array(this.#buffer, this.#take(8 * length), length);
  }

  /** @param {number} bytes */
  #take(bytes) {
    const start = this.#taken;
    this.#taken += Math.ceil(bytes / 8) * 8;
    return start;
  }

  /** @param {Residue} residue */
  wipe(residue) {
    residue.wipeBuffer(this.#buffer);
  }
}
