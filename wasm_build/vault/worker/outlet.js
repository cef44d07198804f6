/** Where a stream's results leave the Worker: chunk by chunk, as fast as they are fetched. */

import { giveChunks } from "./chunk_port.js";
import { describeError } from "./failures.js";

// What has been written and not yet fetched: one is on its way while the next is made.
const MAX_WAITING_CHUNKS = 2;

export class Outlet {
  #port;
  #cancelled;
  /** @type {(ArrayBuffer | null)[]} null is the end */
  #chunks = [];
  #fetchedAll = false;
  #tellChange = () => {};
  /** @type {Promise<void>} */
  #changed = Promise.resolve();

  /**
   * @param {MessagePort} port
   * @param {Promise<never>} cancelled rejects when nobody wants anything any more
   */
  constructor(port, cancelled) {
    this.#port = port;
    this.#cancelled = cancelled;
    this.#change();
    giveChunks(port, () => this.#next(), () => this.#stop());
  }

  /**
   * Takes a chunk over; resolves when the next one is welcome.
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

  /** Tells the other side, whether it has asked or not. @param {unknown} error */
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
