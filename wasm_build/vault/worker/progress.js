/** The progress of a request, counted in bytes by the code that processes them. */

import { PROGRESS_STEP_BYTES } from "../limits.js";

/** @typedef {import("../owner/cell.js").Progress} ProgressReport */

export class Progress {
  /** @type {(progress: ProgressReport) => void} */
  #send = () => {};
  #done = 0;
  #reported = 0;
  /** @type {number | null} */
  #total = null;

  /**
   * Starts to count for a new request.
   * @param {(progress: ProgressReport) => void} send
   * @param {number | null} [total] null if unknown
   */
  begin(send, total = null) {
    this.#send = send;
    this.#done = this.#reported = 0;
    this.#total = total;
  }

  /** @param {number} bytes the number of bytes processed since the last call */
  add(bytes) {
    this.#done += bytes;
    if (this.#done - this.#reported >= PROGRESS_STEP_BYTES) this.#report();
  }

  /** @param {number | null} total */
  expect(total) {
    this.#total = total;
  }

  /** Reports the remaining bytes at the end of the work, if progress was reported before. */
  finish() {
    if (this.#reported > 0 && this.#done > this.#reported) this.#report();
  }

  #report() {
    this.#reported = this.#done;
    this.#send({ done: this.#done, total: this.#total });
  }
}

// The position of the argument with the content, for each function of `sealwax_js`.
const BULK_ARGUMENTS = { digest: 1, sign: 2, verify: 3, encrypt: 4, decrypt: 4 };

/**
 * The functions of `sealwax_js`. Functions with bulk content count the content's bytes as progress.
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
