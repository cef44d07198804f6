/**
 * The choice of the strict setting. On the person's own computer the browser keeps the choice. On other computers only the
 * tab keeps it.
 */

import { keepChoice, keptChoices } from "../app/kept_choice.js";

/** The name under which the choice is kept. */
export const STRICT_NAME = "sealwax-strict";
const CHOSEN = "yes";
const NOT_CHOSEN = "no";

/** Whether private keys stay out of the browser's own cryptography. */
export function isStrict() {
  return keptChoices(STRICT_NAME).includes(CHOSEN);
}

/** @param {boolean} strict @param {boolean} isOwnComputer */
export function chooseStrict(strict, isOwnComputer) {
  keepChoice(STRICT_NAME, strict ? CHOSEN : NOT_CHOSEN, isOwnComputer);
}
