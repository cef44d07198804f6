/**
 * The changes of the person's contacts, decisions, settings and recipes. The changes run one after the other, since
 * each starts from the result of the previous change. They are also sent to the account at a key server.
 */

import { inTurn } from "../browser/turns.js";

export const TURN = "contacts and decisions";

/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} act is called after each change that the person's account should have */
export function onLearned(act) {
  listeners.add(act);
}

/**
 * Changes data that roams after all earlier changes, and calls the listeners.
 * @template T @param {() => Promise<T>} act @returns {Promise<T>}
 */
export function learn(act) {
  return inTurn(TURN, async () => {
    const result = await act();
    tellLearned();
    return result;
  });
}

/** Calls the listeners after a change of data that roams. */
export function tellLearned() {
  for (const act of listeners) act();
}
