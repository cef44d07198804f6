/**
 * Turns: actions under the same name run one after the other, so that a check and the action that it allows are one
 * step. The turns need not outlive the background, since the actions end when the background ends.
 */

/** The last action of each name. @type {Map<string, Promise<unknown>>} */
const last = new Map();

/**
 * Runs an action after all earlier actions under this name have ended, with or without an error.
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
