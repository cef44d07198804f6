/**
 * The cleanup routine: overwrites every JavaScript buffer that was handed over or made, then all linear memory, then what
 * WebCrypto has freed.
 *
 * Terminating alone is not enough: ArrayBuffers that were freed unwiped stay readable in the browser's process.
 */

import { isCutUp, rinse } from "./rinse.js";

// Allocators give the same blocks for lengths that are the same in this unit.
const ALLOCATED_BYTES = 16;

/** A buffer this size lives outside the JavaScript heap, so that overwriting it leaves no copy behind. */
export const SECRET_BUFFER_BYTES = 4096;

// Below that a message costs more than the memory is worth.
const LARGE_BYTES = 65_536;
const { port1: nobody, port2: closed } = new MessageChannel();
closed.close();

/** @typedef {{bytesZeroed: number, milliseconds: number}} CleanupReport */

/** Remembers what must be overwritten at the end. Transferred buffers are gone and count nothing. */
export class Residue {
  /** @type {Set<ArrayBuffer>} */
  #buffers = new Set();
  /** @type {Set<WebAssembly.Memory>} */
  #memories = new Set();
  #bytesZeroed = 0;
  /** @type {Set<number>} */
  #secretLengths = new Set();
  /** @type {Set<number>} */
  #latestLengths = new Set();
  /** @type {Promise<void>[]} */
  #rinsing = [];
  /** @type {Set<string>} */
  #keyAlgorithms = new Set();

  /**
   * @template {ArrayBuffer} T
   * @param {T} buffer
   * @returns {T} the same buffer
   */
  keepBuffer(buffer) {
    this.#buffers.add(buffer);
    return buffer;
  }

  /** Something of so many bytes, which may be a secret, goes through WebCrypto. @param {number} length */
  noteSecret(length) {
    const allocated = Math.ceil(length / ALLOCATED_BYTES) * ALLOCATED_BYTES;
    // The latest stands last.
    this.#secretLengths.delete(allocated);
    this.#secretLengths.add(allocated);
    if (isCutUp(allocated)) this.#latestLengths.add(allocated);
  }

  /** WebCrypto is done with what was noted since the last call; nobody waits for it but the cleanup. */
  rinseLatest() {
    if (this.#latestLengths.size) this.#rinsing.push(rinse([...this.#latestLengths], []));
    this.#latestLengths.clear();
  }

  /** Ends when all that was begun is rinsed. */
  async rinsed() {
    await Promise.all(this.#rinsing);
  }

  /** WebCrypto works with a private key of this kind. @param {string} algorithm JSON for `importKey` */
  notePrivateKey(algorithm) {
    this.#keyAlgorithms.add(algorithm);
  }

  /** What went through so far was no secret. */
  forgetSecrets() {
    this.#secretLengths.clear();
    this.#keyAlgorithms.clear();
  }

  /** Of what went through WebCrypto, in bytes, rounded up. */
  get secretLengths() {
    return this.#secretLengths;
  }

  /** Of the private keys that WebCrypto worked with, as JSON for `importKey`. */
  get keyAlgorithms() {
    return this.#keyAlgorithms;
  }

  /** @param {WebAssembly.Memory} memory */
  keepMemory(memory) {
    this.#memories.add(memory);
  }

  /**
   * Overwrites one buffer at once, and gives its memory back: the collector would come later.
   * @param {ArrayBuffer} buffer
   */
  wipeBuffer(buffer) {
    this.#overwrite(buffer);
    this.#buffers.delete(buffer);
    giveBack(buffer);
  }

  wipeBuffers() {
    for (const buffer of this.#buffers) this.#overwrite(buffer);
    this.#buffers.clear();
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

  /** @param {ArrayBuffer} buffer */
  #overwrite(buffer) {
    this.#bytesZeroed += buffer.byteLength;
    overwrite(buffer);
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
 * Gives a buffer's memory back at once. A port that nobody hears drops what is transferred to it; `transfer(0)` would
 * leave large buffers that the browser made, WebCrypto's and those of messages, to Chromium's collector, and hide their
 * size from it.
 * @param {ArrayBuffer} buffer
 */
export function giveBack(buffer) {
  if (buffer.byteLength >= LARGE_BYTES) nobody.postMessage(null, [buffer]);
  // A detached buffer refuses.
  else if (buffer.byteLength > 0) /** @type {any} */ (buffer).transfer(0);
}

/**
 * @param {Residue} residue
 * @returns {Promise<CleanupReport>}
 */
export async function cleanUp(residue) {
  const begun = performance.now();
  residue.wipeBuffers();
  residue.wipeMemories();
  // Last, because they wait for the browser.
  await residue.rinsed();
  await rinse(residue.secretLengths, residue.keyAlgorithms);
  return { bytesZeroed: residue.bytesZeroed, milliseconds: performance.now() - begun };
}
