/**
 * The note that a reset of an account at the key server was seen here. With the note, the pages show the reset at the next
 * visit without being asked. On the person's own computer the browser keeps the note; on another computer only the tab does.
 *
 * The note contains a hash of the address, so that no file on the disk contains the address. The note is not trusted,
 * because the key server knows whether there is a reset.
 */

import { keepChoice, keptChoices } from "../app/kept_choice.js";
import { accountDigest } from "../app/state_database.js";

const NAME = "sealwax-reset";

/** @param {string} address @returns {Promise<boolean>} */
export async function isResetBegun(address) {
  return keptChoices(NAME).includes(await accountDigest(address));
}

/** @param {string} address @param {boolean} isOwnComputer */
export async function noteReset(address, isOwnComputer) {
  const account = await accountDigest(address);
  try {
    (isOwnComputer ? localStorage : sessionStorage).setItem(NAME, account);
  } catch {
    // If the browser stores nothing, the person opens the form to see the reset.
  }
}

export function forgetReset() {
  keepChoice(NAME, null, false);
}
