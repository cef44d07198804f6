/**
 * The changes of the person's contacts and decisions. They run in one turn, since each starts from the result of the one
 * before, and the account at a key server hears of them.
 */

export const TURN = "contacts and decisions";

/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} act is called after each change that the person's account should have */
export function onLearned(act) {
  listeners.add(act);
}

/** Tells the listeners that contacts or decisions have changed. */
export function tellLearned() {
  for (const act of listeners) act();
}
