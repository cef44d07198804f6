/** What the person has set for the whole extension; kept as one record of the settings. */
import { directoryOrigin } from "../shared/directory_address.js";
import { RequestError } from "../shared/messages.js";
import * as database from "./database.js";

/**
 * @typedef {object} Preferences
 * @property {number} idleMinutes after so long without use the keys lock
 * @property {boolean} harvest whether the senders of verified mail are remembered
 * @property {boolean} strict whether private keys stay out of the browser's own cryptography
 * @property {string} directory where certificates are looked up: the address of a bridge, or empty
 */

const NAME = "preferences";
/** The whole day is the most: sessions end after 12 hours, and with the browser. */
const WHOLE_SESSION_MINUTES = 720;
export const IDLE_MINUTES = Object.freeze([5, 15, 60, WHOLE_SESSION_MINUTES]);
/** @type {Preferences} */
const FIRST = Object.freeze({ idleMinutes: 15, harvest: true, strict: false, directory: "" });

/** @returns {Promise<Preferences>} */
export async function read() {
  return { ...FIRST, ...(await database.get("settings", NAME))?.value };
}

/**
 * Keeps what the person has set. Rejects with `bad-directory` or `bad-request`.
 * @param {Preferences} value
 * @returns {Promise<Preferences>} those before
 */
export async function change(value) {
  const before = await read();
  await database.put("settings", { name: NAME, value: check(value) });
  return before;
}

/** @param {any} value @returns {Preferences} */
export function check({ idleMinutes, harvest, strict, directory }) {
  const flags = [harvest, strict].every((flag) => typeof flag === "boolean");
  if (!IDLE_MINUTES.includes(idleMinutes) || !flags || typeof directory !== "string") throw new RequestError("bad-request");
  return { idleMinutes, harvest, strict, directory: directoryOrigin(directory.trim()) };
}
