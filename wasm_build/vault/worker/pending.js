/** A promise in a wrapper, which Python passes to its stepper unchanged. A bare promise would go to its event loop. */
export class Pending {
  /** @param {Promise<unknown>} promise */
  constructor(promise) {
    this.promise = promise;
  }
}
