/** The output of a stream to the page, chunk by chunk, as fast as the page fetches the chunks. */

import { giveChunks } from "../values/chunk_port.js";
import { describeError } from "../errors/vault_error.js";

// The number of chunks that may wait to be fetched. While the page fetches one chunk, the next chunk is made.
const MAX_WAITING_CHUNKS = 2;

export class Outlet {
  #port;
  #cancelled;
  /** @type {(ArrayBuffer | null)[]} the chunks that wait; null means the end */
  #chunks = [];
  #fetchedAll = false;
  #tellChange = () => {};
  /** @type {Promise<void>} */
  #changed = Promise.resolve();

  /**
   * @param {MessagePort} port
   * @param {Promise<never>} cancelled rejects when the request is cancelled
   */
  constructor(port, cancelled) {
    this.#port = port;
    this.#cancelled = cancelled;
    this.#change();
    giveChunks(port, () => this.#next(), () => this.#stop());
  }

  /**
   * Takes a chunk to send. Resolves when there is room for the next chunk.
   * @param {ArrayBuffer} chunk
   */
  async put(chunk) {
    this.#chunks.push(chunk);
    this.#change();
    while (this.#chunks.length >= MAX_WAITING_CHUNKS) await this.#waitForChange();
  }

  /** Resolves when all chunks and the end have been fetched. */
  async close() {
    this.#chunks.push(null);
    this.#change();
    while (!this.#fetchedAll) await this.#waitForChange();
  }

  /** Reports an error to the page, even if it has not asked for a chunk. @param {unknown} error */
  fail(error) {
    this.#port.postMessage({ error: describeError(error) });
  }

  async #next() {
    while (this.#chunks.length === 0) await this.#waitForChange();
    const chunk = this.#chunks.shift() ?? null;
    this.#change();
    return chunk;
  }

  #stop() {
    this.#fetchedAll = true;
    this.#change();
  }

  #change() {
    this.#tellChange();
    this.#changed = new Promise((resolve) => (this.#tellChange = resolve));
  }

  #waitForChange() {
    return Promise.race([this.#changed, this.#cancelled]);
  }
}
