/**
 * The changes of the person's contacts, decisions, settings and recipes. The changes run one after the other, since
 * each starts from the result of the previous one. The account at a key server gets them too.
 */

import { inTurn } from "../browser/turns.js";

export const TURN = "contacts and decisions";

/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} act is called after each change that the person's account should have */
export function onLearned(act) {
  listeners.add(act);
}

/** Changes something that roams, in turn, and tells the listeners. @template T @param {() => Promise<T>} act @returns {Promise<T>} */
export function learn(act) {
  return inTurn(TURN, async () => {
    const result = await act();
    tellLearned();
    return result;
  });
}

/** Tells the listeners that something that roams has changed. */
export function tellLearned() {
  for (const act of listeners) act();
}
