/** A promise that Python hands back to its stepper unseen: a bare one it would wrap into its own event loop. */
export class Pending {
  /** @param {Promise<unknown>} promise */
  constructor(promise) {
    this.promise = promise;
  }
}
