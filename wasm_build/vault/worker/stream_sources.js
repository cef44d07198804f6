/**
 * Content that Python reads in blocks, from any position on.
 *
 * A Blob is read again as often as Python wants. What comes from a stream is held in blocks until it is read for the
 * last time; a block that has not come yet is waited for, which is how the work runs while a message downloads.
 */

import { ChunkTaker } from "./chunk_port.js";
import { checkStreamSize } from "./limits.js";
import { VaultError } from "./vault_error.js";

/** @typedef {import("./cleanup.js").Residue} Residue */
/** @typedef {BlobSource | PortSource} ByteSource */

// What is lent to Python at a time: large enough that the way there costs nothing beside the work.
const BLOCK_BYTES = 1_048_576;
// How much of a stream is fetched before it is wanted.
const AHEAD_BYTES = 4 * BLOCK_BYTES;

/**
 * @param {import("./cell.js").Source} end
 * @param {Residue} residue
 * @param {Promise<never>} cancelled rejects when nobody wants anything any more
 * @returns {ByteSource}
 */
export function openSource({ source, size }, residue, cancelled) {
  return source instanceof Blob ? new BlobSource(source, residue) : new PortSource(source, size, residue, cancelled);
}

class BlobSource {
  #blob;
  #residue;
  /** @type {ArrayBuffer | null} what Python was lent last */
  #lent = null;
  /** @type {{position: number, block: Promise<ArrayBuffer>} | null} what will be asked for next, most likely */
  #ahead = null;

  /** @param {Blob} blob @param {Residue} residue */
  constructor(blob, residue) {
    this.#blob = blob;
    this.#residue = residue;
  }

  async length() {
    return this.#blob.size;
  }

  /** A Blob holds itself. */
  readOnce() {}

  release() {}

  /** @param {number} position @returns {Promise<Uint8Array | null>} */
  async read(position) {
    if (this.#lent) this.#residue.wipeBuffer(this.#lent);
    this.#lent = null;
    if (position >= this.#blob.size) return null;
    const block = await (this.#ahead?.position === position ? this.#ahead.block : this.#fetch(position));
    const next = position + block.byteLength;
    this.#ahead = next < this.#blob.size ? { position: next, block: this.#fetch(next) } : null;
    this.#lent = block;
    return new Uint8Array(block);
  }

  /** @param {number} position */
  async #fetch(position) {
    try {
      return this.#residue.keepBuffer(await this.#blob.slice(position, position + BLOCK_BYTES).arrayBuffer());
    } catch {
      // A file that was altered or taken away since it was chosen.
      throw new VaultError("input-failed", "the file could not be read any more");
    }
  }
}

class PortSource {
  #taker;
  #size;
  #residue;
  #cancelled;
  /** @type {(Uint8Array | null)[]} whole blocks but for the last; null where it was let go */
  #blocks = [];
  #length = 0;
  /** Up to here somebody wants it. */
  #wanted = 0;
  #ended = false;
  #keeps = true;
  /** @type {Promise<void> | null} */
  #taking = null;

  /**
   * @param {MessagePort} port
   * @param {number | null} size
   * @param {Residue} residue
   * @param {Promise<never>} cancelled
   */
  constructor(port, size, residue, cancelled) {
    this.#taker = new ChunkTaker(port);
    this.#size = size;
    this.#residue = residue;
    this.#cancelled = cancelled;
  }

  async length() {
    if (this.#size === null) await this.#waitFor(Infinity);
    return this.#size ?? this.#length;
  }

  /** From now on each block is let go when the next one is asked for. */
  readOnce() {
    this.#keeps = false;
  }

  release() {
    this.#letGo(this.#blocks.length);
  }

  /** @param {number} position @returns {Promise<Uint8Array | null>} */
  async read(position) {
    await this.#waitFor(position);
    const index = Math.floor(position / BLOCK_BYTES);
    if (!this.#keeps) this.#letGo(index);
    if (position >= this.#length) return null;
    const block = this.#blocks[index];
    if (!block) throw new Error("a block was read again after it was let go");
    return block.subarray(position % BLOCK_BYTES, Math.min(this.#length - index * BLOCK_BYTES, BLOCK_BYTES));
  }

  /** Until the octet at `position` has come, or the end. @param {number} position */
  async #waitFor(position) {
    this.#wanted = Math.max(position, this.#wanted);
    this.#takeAhead();
    while (position >= this.#length && !this.#ended) await Promise.race([this.#taking, this.#cancelled]);
  }

  /** Has the next chunk sent while little is here that was not wanted yet. */
  #takeAhead() {
    if (this.#taking || this.#ended || this.#length > this.#wanted + AHEAD_BYTES) return;
    this.#taking = this.#take();
    this.#taking.then(
      () => {
        this.#taking = null;
        this.#takeAhead();
      },
      // Stays as it is: whoever waits next learns of it.
      () => {},
    );
  }

  async #take() {
    const chunk = await this.#taker.take();
    if (chunk) this.#keep(new Uint8Array(chunk));
    else this.#end();
  }

  /** @param {Uint8Array<ArrayBuffer>} chunk */
  #keep(chunk) {
    if (this.#size !== null && this.#length + chunk.length > this.#size) throw wrongSize(this.#size);
    checkStreamSize(this.#length + chunk.length);
    for (let taken = 0; taken < chunk.length; ) {
      const offset = this.#length % BLOCK_BYTES;
      if (offset === 0) this.#blocks.push(new Uint8Array(this.#residue.keepBuffer(new ArrayBuffer(BLOCK_BYTES))));
      const part = chunk.subarray(taken, taken + BLOCK_BYTES - offset);
      this.#blocks.at(-1)?.set(part, offset);
      this.#length += part.length;
      taken += part.length;
    }
    this.#residue.wipeBuffer(chunk.buffer);
  }

  #end() {
    if (this.#size !== null && this.#length !== this.#size) throw wrongSize(this.#size);
    this.#ended = true;
  }

  /** @param {number} before the first block that is still wanted */
  #letGo(before) {
    for (let index = before - 1; index >= 0 && this.#blocks[index]; index--) {
      this.#residue.wipeBuffer(/** @type {ArrayBuffer} */ (this.#blocks[index]?.buffer));
      this.#blocks[index] = null;
    }
  }
}

/** @param {number} size */
function wrongSize(size) {
  return new VaultError("bad-request", `the input does not have the ${size} bytes that were announced`);
}
