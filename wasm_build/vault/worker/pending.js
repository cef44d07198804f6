/** A promise in a wrapper, which Python returns unchanged. Pyodide would give a bare promise to its event loop. */
export class Pending {
  /** @param {Promise<unknown>} promise */
  constructor(promise) {
    this.promise = promise;
  }
}
