/**
 * Turns: actions under the same name follow each other, so that a check and the act that it allows are one step. Turns
 * live with this life of the background; what ran in an earlier one has ended with it.
 */

/** The last action of each name. @type {Map<string, Promise<unknown>>} */
const last = new Map();

/**
 * Runs an action once those before it under this name have ended, well or badly.
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} action must not wait for a turn under the same name
 * @returns {Promise<T>}
 */
export function inTurn(name, action) {
  const done = (last.get(name) ?? Promise.resolve()).then(action);
  const settled = done.then(() => {}, () => {});
  last.set(name, settled);
  void settled.then(() => last.get(name) === settled && last.delete(name));
  return done;
}
