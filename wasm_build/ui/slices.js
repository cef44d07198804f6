/** Work on much data in slices. Between slices the browser draws and handles the person's input. */

import { nextTask } from "../vault/values/next_task.js";

/** The time of a slice. With the layout of the elements that it adds, a slice stays under the 50 ms that people notice. */
const SLICE_MILLISECONDS = 8;

/** Lets the browser work after each slice. All the steps of one piece of work share one object. */
export class Slices {
  #begin = performance.now();
  #signal;

  /** @param {AbortSignal | null} [signal] ends the work */
  constructor(signal = null) {
    this.#signal = signal;
  }

  /**
   * Waits for the browser if the slice is over. Otherwise resolves at once.
   * @throws the reason of the signal, if the work was ended
   */
  async next() {
    if (performance.now() - this.#begin >= SLICE_MILLISECONDS) await this.end();
    this.#signal?.throwIfAborted();
  }

  /** Ends the slice, because the next step is a long one. @throws the reason of the signal, if the work was ended */
  async end() {
    await nextTask();
    this.#begin = performance.now();
    this.#signal?.throwIfAborted();
  }

  /**
   * Waits until the browser has drawn, so that the elements of each slice are laid out separately.
   * @throws the reason of the signal, if the work was ended
   */
  async drawn() {
    await nextFrame();
    this.#begin = performance.now();
    this.#signal?.throwIfAborted();
  }
}

/** Resolves in a task after the next frame; in a hidden page, which has no frames, in a later task. @returns {Promise<void>} */
function nextFrame() {
  if (document.hidden) return nextTask();
  return new Promise((resolve) => {
    requestAnimationFrame(() => resolve(nextTask()));
  });
}
