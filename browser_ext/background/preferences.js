/**
 * What the person has set for the whole extension, kept as one record of the settings; what an administrator has set
 * stands above it.
 */
import { directoryOrigin } from "../shared/directory_address.js";
import { RequestError } from "../shared/messages.js";
import * as database from "./database.js";
import * as policy from "./policy.js";

/**
 * @typedef {object} Preferences
 * @property {number} idleMinutes after so long without use the keys lock
 * @property {boolean} harvest whether the senders of verified mail are remembered
 * @property {boolean} strict whether private keys stay out of the browser's own cryptography
 * @property {string} directory where certificates are looked up: the address of a bridge, or empty
 */

const NAME = "preferences";
/** @type {Preferences} */
const FIRST = Object.freeze({ idleMinutes: 15, harvest: true, strict: false, directory: "" });

/** What counts. @returns {Promise<Preferences>} */
export async function read() {
  return { ...(await kept()), ...(await policy.read()).preferences };
}

/** What the person has set. @returns {Promise<Preferences>} */
export async function kept() {
  return { ...FIRST, ...(await database.get("settings", NAME))?.value };
}

/**
 * Keeps what the person has set. Rejects with `bad-directory` or `bad-request`.
 * @param {Preferences} value
 * @returns {Promise<Preferences>} those before
 */
export async function change(value) {
  const before = await kept();
  const chosen = check(value);
  // What an administrator sets meanwhile is no choice of the person's, and ends with the policy.
  const { preferences: set } = await policy.read();
  const own = Object.fromEntries(Object.entries(before).filter(([name]) => Object.hasOwn(set, name)));
  await database.put("settings", { name: NAME, value: { ...chosen, ...own } });
  return before;
}

/** @param {any} value @returns {Preferences} */
export function check({ idleMinutes, harvest, strict, directory }) {
  const flags = [harvest, strict].every((flag) => typeof flag === "boolean");
  if (!policy.LOCK_MINUTES.includes(idleMinutes) || !flags || typeof directory !== "string") throw new RequestError("bad-request");
  return { idleMinutes, harvest, strict, directory: directoryOrigin(directory.trim()) };
}

/** These settings as a policy for others, by the names of `policy_schema.json`. */
export async function asPolicy() {
  const { idleMinutes, harvest, directory } = await read();
  return { lockMinutes: idleMinutes, harvest, ...(directory ? { directory } : {}) };
}
