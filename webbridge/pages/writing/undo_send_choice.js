/** The choice for how long a sent letter waits in the outbox, so that the person can take it back. */

import { keepChoice, keptChoices } from "../app/kept_choice.js";

const NAME = "sealwax-undo-send";
/** The seconds that are offered; 0 switches the wait off. */
export const UNDO_SECONDS = [0, 5, 10, 20];
const USUAL_SECONDS = 5;

export function undoSeconds() {
  const chosen = Number(keptChoices(NAME)[0] ?? USUAL_SECONDS);
  return UNDO_SECONDS.includes(chosen) ? chosen : USUAL_SECONDS;
}

/** @param {number} seconds @param {boolean} isOwnComputer */
export function chooseUndoSeconds(seconds, isOwnComputer) {
  keepChoice(NAME, String(seconds), isOwnComputer);
}
