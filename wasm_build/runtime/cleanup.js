/**
 * The cleanup routine: overwrites every JavaScript buffer that was handed over or made, then all linear memory.
 *
 * Terminating alone is not enough: ArrayBuffers that were freed unwiped stay readable in the browser's process.
 */

/** @typedef {{bytesZeroed: number, milliseconds: number}} CleanupReport */

/** Remembers what must be overwritten at the end. Transferred buffers are gone and count nothing. */
export class Residue {
  /** @type {Set<ArrayBuffer>} */
  #buffers = new Set();
  /** @type {Set<WebAssembly.Memory>} */
  #memories = new Set();
  #bytesZeroed = 0;

  /**
   * @template {ArrayBuffer} T
   * @param {T} buffer
   * @returns {T} the same buffer
   */
  keepBuffer(buffer) {
    this.#buffers.add(buffer);
    return buffer;
  }

  /** @param {WebAssembly.Memory} memory */
  keepMemory(memory) {
    this.#memories.add(memory);
  }

  /**
   * Overwrites one buffer at once.
   * @param {ArrayBuffer} buffer
   */
  wipeBuffer(buffer) {
    this.#bytesZeroed += buffer.byteLength;
    overwrite(buffer);
    this.#buffers.delete(buffer);
  }

  wipeBuffers() {
    for (const buffer of this.#buffers) this.wipeBuffer(buffer);
  }

  /** Fills all linear memory with zeros. Python is dead afterwards: the Worker must end. */
  wipeMemories() {
    for (const memory of this.#memories) {
      this.#bytesZeroed += memory.buffer.byteLength;
      new Uint8Array(memory.buffer).fill(0);
    }
  }

  get bytesZeroed() {
    return this.#bytesZeroed;
  }
}

/**
 * Fills a buffer with zeros, unless it was transferred and has no bytes any more.
 * @param {ArrayBuffer} buffer
 */
export function overwrite(buffer) {
  if (buffer.byteLength > 0) new Uint8Array(buffer).fill(0);
}

/**
 * @param {Residue} residue
 * @returns {CleanupReport}
 */
export function cleanUp(residue) {
  const begun = performance.now();
  residue.wipeBuffers();
  residue.wipeMemories();
  return { bytesZeroed: residue.bytesZeroed, milliseconds: performance.now() - begun };
}
