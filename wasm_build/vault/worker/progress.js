/** How far a request has come, in bytes, told from where the bytes are worked on. */

import { PROGRESS_STEP_BYTES } from "./limits.js";

/** @typedef {import("./cell.js").Progress} Told */

export class Progress {
  /** @type {(progress: Told) => void} */
  #tell = () => {};
  #done = 0;
  #told = 0;
  /** @type {number | null} */
  #total = null;

  /**
   * Starts to count for a new request.
   * @param {(progress: Told) => void} tell
   * @param {number | null} [total] null when it is not known
   */
  begin(tell, total = null) {
    this.#tell = tell;
    this.#done = this.#told = 0;
    this.#total = total;
  }

  /** @param {number} bytes that were worked on just now */
  add(bytes) {
    this.#done += bytes;
    if (this.#done - this.#told >= PROGRESS_STEP_BYTES) this.#report();
  }

  /** @param {number | null} total */
  expect(total) {
    this.#total = total;
  }

  /** All has been worked on. */
  finish() {
    if (this.#told > 0 && this.#done > this.#told) this.#report();
  }

  #report() {
    this.#told = this.#done;
    this.#tell({ done: this.#done, total: this.#total });
  }
}

// Which argument of the door's functions is bulk.
const BULK_ARGUMENTS = { digest: 1, sign: 2, verify: 3, encrypt: 4, decrypt: 4 };

/**
 * The door's functions, counting the bytes of content that went through them.
 * @param {Record<string, (...args: any[]) => import("./pending.js").Pending>} door
 * @param {Progress} progress
 */
export function countWork(door, progress) {
  const counted = Object.entries(BULK_ARGUMENTS).map(([name, position]) => [
    name,
    (/** @type {any[]} */ ...args) => {
      const bytes = args[position].length;
      const pending = door[name](...args);
      if (bytes >= PROGRESS_STEP_BYTES) pending.promise.then(() => progress.add(bytes), () => {});
      return pending;
    },
  ]);
  return { ...door, ...Object.fromEntries(counted) };
}
