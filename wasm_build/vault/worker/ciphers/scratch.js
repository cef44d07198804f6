/** Memory for what a cipher holds while it works: all of it in one buffer, overwritten when the operation is over. */

/** @typedef {import("../cleanup.js").Residue} Residue */

// Small buffers stand inline on the JavaScript heap, where nothing overwrites them; GCM's products take the most.
const SCRATCH_BYTES = 98_304;

/** Gives out parts of one buffer, which the residue knows. */
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
