/**
 * The cleanup of a Worker. Overwrites every JavaScript buffer that the Worker received or made, then all linear memory,
 * then the memory that WebCrypto has freed.
 *
 * Terminating the Worker is not enough: freed ArrayBuffers stay readable in the browser's process unless overwritten.
 */

import { isCutUp, rinse, rinseTexts, takeFreedBlocks } from "./rinse.js";

// Allocators round lengths up to this unit. Buffers whose rounded lengths are equal reuse each other's blocks.
const ALLOCATED_BYTES = 16;

/** The size of buffers for secrets. Buffers of this size are outside the JavaScript heap, which would keep copies of them. */
export const SECRET_BUFFER_BYTES = 4096;

// A freed block belongs to the thread that freed it. On a busy machine a thread may sleep through one rinse.
const AGAIN_MILLISECONDS = [50, 100];
// For smaller buffers, giving the memory back with a message costs more than it gains.
const LARGE_BYTES = 65_536;
const { port1: nobody, port2: closed } = new MessageChannel();
closed.close();

/** @typedef {{bytesZeroed: number, milliseconds: number}} CleanupReport */

/** The buffers and memories to overwrite at the end. A buffer that was transferred meanwhile is empty and is skipped. */
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

  /** Notes that WebCrypto gets bytes that may be secret. @param {number} length the number of these bytes */
  noteSecret(length) {
    const allocated = Math.ceil(length / ALLOCATED_BYTES) * ALLOCATED_BYTES;
    // A known length moves to the end, because `rinse` wants the latest length last.
    this.#secretLengths.delete(allocated);
    this.#secretLengths.add(allocated);
    if (isCutUp(allocated)) this.#latestLengths.add(allocated);
  }

  /** Starts to rinse the lengths noted since the last call, once WebCrypto is done. Only the cleanup waits for the rinse. */
  rinseLatest() {
    if (this.#latestLengths.size) this.#rinsing.push(rinseTexts([...this.#latestLengths]));
    this.#latestLengths.clear();
  }

  /**
   * Starts to overwrite the memory that WebCrypto has just freed, or frees at the end of the latest operation. Only the
   * cleanup waits for it.
   * @param {number} length in bytes
   */
  rinseFreed(length) {
    this.#rinsing.push(takeFreedBlocks(length));
  }

  /** Resolves when all started rinses have ended. */
  async rinsed() {
    await Promise.all(this.#rinsing.splice(0));
  }

  /** Notes that WebCrypto works with a private key of this kind. @param {string} algorithm JSON for `importKey` */
  notePrivateKey(algorithm) {
    this.#keyAlgorithms.add(algorithm);
  }

  /** Forgets the noted lengths and keys. Called after the rehearsal, whose keys are public. */
  forgetSecrets() {
    this.#secretLengths.clear();
    this.#keyAlgorithms.clear();
  }

  /** The lengths of the noted secrets in bytes, rounded up, the latest last. */
  get secretLengths() {
    return this.#secretLengths;
  }

  /** The algorithms of the private keys that WebCrypto worked with, as JSON for `importKey`. */
  get keyAlgorithms() {
    return this.#keyAlgorithms;
  }

  /** @param {WebAssembly.Memory} memory */
  keepMemory(memory) {
    this.#memories.add(memory);
  }

  /**
   * Overwrites one buffer and gives its memory back at once, without waiting for the garbage collector.
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

  /** Fills all linear memory with zeros. Python cannot run afterwards: the Worker must end. */
  wipeMemories() {
    for (const memory of this.#memories) {
      this.#bytesZeroed += memory.buffer.byteLength;
      new Uint8Array(memory.buffer).fill(0);
    }
  }

  get bytesZeroed() {
    return this.#bytesZeroed;
  }

  /** The bytes overwritten since the last call. */
  takeBytesZeroed() {
    const taken = this.#bytesZeroed;
    this.#bytesZeroed = 0;
    return taken;
  }

  /** @param {ArrayBuffer} buffer */
  #overwrite(buffer) {
    this.#bytesZeroed += buffer.byteLength;
    overwrite(buffer);
  }
}

/** A copy of a secret, because a call to the vault takes its buffer. @param {{buffer: ArrayBuffer, length: number}} secret */
export function copySecret({ buffer, length }) {
  return { buffer: buffer.slice(0), length };
}

/**
 * Fills a buffer with zeros. A transferred buffer has no bytes left and is skipped.
 * @param {ArrayBuffer} buffer
 */
export function overwrite(buffer) {
  if (buffer.byteLength > 0) new Uint8Array(buffer).fill(0);
}

/**
 * Gives a buffer's memory back at once. A large buffer is transferred to a closed port, which drops it. `transfer(0)`
 * would leave large buffers from WebCrypto or messages to Chromium's garbage collector, and hide from it how large they
 * are.
 * @param {ArrayBuffer} buffer
 */
export function giveBack(buffer) {
  if (buffer.byteLength >= LARGE_BYTES) giveBackReceived(buffer);
  // `transfer` would throw for a detached buffer, whose length is 0.
  else if (buffer.byteLength > 0) /** @type {any} */ (buffer).transfer(0);
}

/**
 * Gives back a buffer that has come from the network or in a message. Small buffers count too, because a response comes
 * in many of them.
 * @param {ArrayBuffer} buffer
 */
export function giveBackReceived(buffer) {
  if (buffer.byteLength > 0) nobody.postMessage(null, [buffer]);
}

/**
 * Cleans up all memory that can be reached after an operation, in a Worker that will serve further operations.
 * Overwrites the buffers, and puts linear memory back to its image. `cleanUpLater` must follow.
 * @param {Residue} residue
 * @param {{restore: () => number}} image throws if Python may differ from the image
 * @returns {CleanupReport | null} null if the cleanup is in doubt; then the Worker must end with `cleanUp`
 */
export function cleanUpToRest(residue, image) {
  const begun = performance.now();
  try {
    residue.wipeBuffers();
    const overwritten = image.restore();
    return { bytesZeroed: residue.takeBytesZeroed() + overwritten, milliseconds: performance.now() - begun };
  } catch {
    return null;
  }
}

/**
 * Cleans up the memory that WebCrypto has used in one or several operations. The residue still has the lengths of their
 * secrets, so that the cleanup can be repeated.
 * @param {Residue} residue
 * @param {() => Promise<boolean>} collect resolves with true if the browser has given up the keys of the operations
 * @returns {Promise<boolean>} false if the cleanup is in doubt; then the Worker must end with `cleanUp`
 */
export async function cleanUpLater(residue, collect) {
  try {
    await residue.rinsed();
    if (!(await collect())) return false;
    await rinse(residue.secretLengths, residue.keyAlgorithms);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {Residue} residue
 * @returns {Promise<CleanupReport>}
 */
export async function cleanUp(residue) {
  const begun = performance.now();
  residue.wipeBuffers();
  residue.wipeMemories();
  // The steps that wait for the browser come last.
  await residue.rinsed();
  await rinse(residue.secretLengths, residue.keyAlgorithms);
  return { bytesZeroed: residue.bytesZeroed, milliseconds: performance.now() - begun };
}

/** Repeats the last step of `cleanUp` after pauses, unless there was no secret. @param {Residue} residue */
export async function cleanUpAgain(residue) {
  for (const pause of residue.secretLengths.size > 0 ? AGAIN_MILLISECONDS : []) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    await rinse(residue.secretLengths, residue.keyAlgorithms);
  }
}
