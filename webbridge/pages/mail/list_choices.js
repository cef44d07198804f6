/** The person's choices for lists. The browser keeps them on the person's own computer; elsewhere only the tab keeps them. */

import { keepChoice, keptChoices } from "../app/kept_choice.js";

const THREADS = "sealwax-threads";
const CHOSEN = "yes";

/** Whether a list shows the messages that answer each other as one row. */
export function hasThreads() {
  return keptChoices(THREADS).includes(CHOSEN);
}

/** @param {boolean} isChosen @param {boolean} isOwnComputer */
export function chooseThreads(isChosen, isOwnComputer) {
  keepChoice(THREADS, isChosen ? CHOSEN : null, isOwnComputer);
}
