/**
 * The input of a stream. Python reads it in blocks, beginning at any position.
 *
 * A Blob is read as often as Python wants. It may be a file that somebody changes meanwhile. So each block must have the
 * digest of its first reading, and Python gets no byte that differs from what was judged. The bytes of a ReadableStream
 * are kept in blocks until they are read for the last time. Python waits for a block that has not come yet, so that it
 * can work during a download.
 */

import { ChunkTaker } from "../values/chunk_port.js";
import { hexFromBytes } from "../values/hexadecimal.js";
import { checkStreamSize } from "../limits.js";
import { VaultError } from "../errors/vault_error.js";

/** @typedef {import("../memory/cleanup.js").Residue} Residue */
/** @typedef {BlobSource | PortSource} ByteSource */

// The number of bytes that Python gets in one call. For a block this large the call costs little beside the work on it.
const BLOCK_BYTES = 1_048_576;
// The number of bytes of a stream that are fetched in advance.
const AHEAD_BYTES = 4 * BLOCK_BYTES;

/**
 * @param {import("../owner/cell.js").Source} end
 * @param {Residue} residue
 * @param {Promise<never>} cancelled rejects when the request is cancelled
 * @returns {ByteSource}
 */
export function openSource({ source, size }, residue, cancelled) {
  return source instanceof Blob ? new BlobSource(source, residue) : new PortSource(source, size, residue, cancelled);
}

class BlobSource {
  #blob;
  #residue;
  /** @type {ArrayBuffer | null} the block that Python has read last */
  #lent = null;
  /** @type {{index: number, block: Promise<ArrayBuffer>} | null} the next block, fetched in advance */
  #ahead = null;
  /** The SHA-256 of each block that was read, by its index. @type {Map<number, string>} */
  #digests = new Map();

  /** @param {Blob} blob @param {Residue} residue */
  constructor(blob, residue) {
    this.#blob = blob;
    this.#residue = residue;
  }

  async length() {
    return this.#blob.size;
  }

  /** Does nothing, because a Blob keeps its bytes and there is nothing to release. */
  readOnce() {}

  release() {}

  /** @param {number} position @returns {Promise<Uint8Array | null>} */
  async read(position) {
    if (this.#lent) this.#residue.wipeBuffer(this.#lent);
    this.#lent = null;
    if (position >= this.#blob.size) return null;
    const index = Math.floor(position / BLOCK_BYTES);
    const block = await (this.#ahead?.index === index ? this.#ahead.block : this.#fetch(index));
    const isLast = (index + 1) * BLOCK_BYTES >= this.#blob.size;
    this.#ahead = isLast ? null : { index: index + 1, block: this.#fetch(index + 1) };
    // Python may end before it has read this block. The block's error is reported when the block is read.
    this.#ahead?.block.catch(() => {});
    this.#lent = block;
    return new Uint8Array(block, position % BLOCK_BYTES);
  }

  /** @param {number} index */
  async #fetch(index) {
    const block = await this.#blob.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES).arrayBuffer().catch(() => null);
    // The person altered or removed the file after choosing it.
    if (!block) throw new VaultError("input-failed", "the file could not be read any more");
    this.#residue.keepBuffer(block);
    const digest = hexFromBytes(await crypto.subtle.digest("SHA-256", block));
    const first = this.#digests.get(index) ?? digest;
    this.#digests.set(index, first);
    if (digest !== first) throw new VaultError("input-failed", "the file changed while it was read");
    return block;
  }
}

class PortSource {
  #taker;
  #size;
  #residue;
  #cancelled;
  /** @type {(Uint8Array | null)[]} the blocks, of which only the last may be incomplete; null for a released block */
  #blocks = [];
  #length = 0;
  /** The furthest position that Python has asked for. */
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

  /** From now on a block is released when Python asks for the next block. */
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

  /** Waits for the byte at `position`, or for the end. @param {number} position */
  async #waitFor(position) {
    this.#wanted = Math.max(position, this.#wanted);
    this.#takeAhead();
    while (position >= this.#length && !this.#ended) await Promise.race([this.#taking, this.#cancelled]);
  }

  /** Asks for the next chunk, unless enough bytes have already been fetched in advance. */
  #takeAhead() {
    if (this.#taking || this.#ended || this.#length > this.#wanted + AHEAD_BYTES) return;
    this.#taking = this.#take();
    this.#taking.then(
      () => {
        this.#taking = null;
        this.#takeAhead();
      },
      // `#taking` keeps the rejected promise, so that the next wait reports the error.
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

  /** Releases all blocks before the given block. @param {number} before the index of the first block that is still needed */
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
