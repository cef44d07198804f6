/** A promise in a wrapper that Python returns unchanged. Pyodide would give a bare promise to its event loop. */

/** One promise for each call that has not settled. The promise has no value, so no key stays alive. @type {Set<Promise<void>>} */
const unsettled = new Set();

export class Pending {
  /** @param {Promise<unknown>} promise */
  constructor(promise) {
    this.promise = promise;
    const settle = () => void unsettled.delete(settled);
    const settled = promise.then(settle, settle);
    unsettled.add(settled);
  }
}

/**
 * Waits for the calls that Python left running. Such calls may still read Python's memory, and their results must be
 * overwritten.
 * @param {number} milliseconds the longest time to wait
 * @returns {Promise<boolean>} whether all calls have settled
 */
export async function settleAll(milliseconds) {
  if (unsettled.size > 0) {
    const timeout = new Promise((resolve) => setTimeout(resolve, milliseconds));
    await Promise.race([Promise.all(unsettled), timeout]);
  }
  return unsettled.size === 0;
}
