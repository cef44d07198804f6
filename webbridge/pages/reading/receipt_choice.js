/** The choice to give no signed receipts and not to be asked about them. */

import { keepChoice, keptChoices } from "../app/kept_choice.js";

const NAME = "sealwax-receipts";
const NEVER = "never";

export function givesNoReceipts() {
  return keptChoices(NAME).includes(NEVER);
}

/** @param {boolean} isNever @param {boolean} isOwnComputer */
export function chooseNoReceipts(isNever, isOwnComputer) {
  keepChoice(NAME, isNever ? NEVER : null, isOwnComputer);
}
