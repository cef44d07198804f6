/**
 * The person's preferences for the whole extension, kept as one entry of the store `settings`. Values of the
 * administrator take precedence.
 */
import { directoryOrigin } from "../../shared/directory_address.js";
import { kept, NAME } from "../../shared/kept_preferences.js";
import { RequestError } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import { learn } from "../people/learning.js";
import * as policy from "./policy.js";

export { kept };

/** @typedef {import("../../shared/kept_preferences.js").Preferences} Preferences */

/** The preferences in force. The administrator's values replace the person's. @returns {Promise<Preferences>} */
export async function read() {
  return { ...(await kept()), ...(await policy.read()).preferences };
}

/**
 * Keeps the person's preferences. Rejects with `bad-directory` or `bad-request`.
 * @param {Preferences} value
 * @returns {Promise<Preferences>} the preferences before the change
 */
export function change(value) {
  return learn(async () => {
    const before = await kept();
    const chosen = validate(value);
    // The form also sends the administrator's values, which are not stored. For these settings the person's own earlier values
    // are kept, and count again when the policy ends.
    const { preferences: byPolicy } = await policy.read();
    const own = Object.fromEntries(Object.entries(before).filter(([name]) => Object.hasOwn(byPolicy, name)));
    await database.put("settings", { name: NAME, value: { ...chosen, ...own } });
    return before;
  });
}

/**
 * The preferences, with the origin of the bridge's address. Throws `bad-directory` or `bad-request`.
 * @param {Preferences} value @returns {Preferences}
 */
export function validate({ idleMinutes, harvest, strict, directory }) {
  const flags = [harvest, strict].every((flag) => typeof flag === "boolean");
  if (!policy.LOCK_MINUTES.includes(idleMinutes) || !flags || typeof directory !== "string") throw new RequestError("bad-request");
  return { idleMinutes, harvest, strict, directory: directoryOrigin(directory.trim()) };
}

/**
 * The preferences in force, as a policy for other people, under the names of `policy_schema.json`. Left out are `strict`,
 * which a policy cannot set, and an empty address of the bridge.
 */
export async function asPolicy() {
  const { idleMinutes, harvest, directory } = await read();
  return { lockMinutes: idleMinutes, harvest, ...(directory ? { directory } : {}) };
}
