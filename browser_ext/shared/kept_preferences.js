/** The person's preferences as they are stored. The background changes them. The context that runs the vault reads `strict`. */
import * as database from "./database.js";

/**
 * @typedef {object} Preferences
 * @property {number} idleMinutes the minutes without use after which the keys lock
 * @property {boolean} harvest whether the senders of verified mail become contacts
 * @property {boolean} strict whether private keys stay out of the browser's own cryptography
 * @property {string} directory the origin of the person's bridge, or ""
 */

/** The key of the preferences in the store `settings`. */
export const NAME = "preferences";
/** @type {Preferences} */
const FIRST = Object.freeze({ idleMinutes: 15, harvest: true, strict: false, directory: "" });

/** The person's preferences, without the administrator's values. @returns {Promise<Preferences>} */
export async function kept() {
  return { ...FIRST, ...(await database.get("settings", NAME))?.value };
}
