/**
 * Unencrypted mail: the administrator's policy, the ways that the person has chosen for people without a certificate, and
 * the people to whom encrypted messages were made, so that a message does not leave unencrypted without a question after
 * their certificate was removed. The window decides by `leaving_clear.js`. Before a message is made, the policy is checked here once more.
 */
import { addressKey } from "../../../wasm_build/ui/formats.js";
import { isForbidden, readClearWay, wayName } from "../../../wasm_build/ui/leaving_clear.js";
import * as database from "../../shared/database.js";
import { RequestError } from "../../shared/messages.js";
import * as policy from "../browser/policy.js";
import { inTurn } from "../browser/turns.js";

/** @typedef {import("../../../wasm_build/ui/leaving_clear.js").ClearWay} ClearWay */

/** The entries of the store `settings`. They do not roam. */
const NAME = "clear ways";
const ENCRYPTED = "encrypted to";
const MOST_WAYS = 1_000;
const MOST_PEOPLE = 1_000;

/** The policy, the remembered ways by address, or by "@" and a domain, and the people to whom encrypted messages were made. */
export async function read() {
  return { policy: (await policy.read()).clear, ways: await kept(), encrypted: await people() };
}

/** Notes that an encrypted message was made for people. @param {string[]} addresses */
export function noteEncrypted(addresses) {
  return inTurn(ENCRYPTED, async () => {
    const [noted, before] = [addresses.map(addressKey), await people()];
    const value = [...before.filter((address) => !noted.includes(address)), ...noted].slice(-MOST_PEOPLE);
    if (value.join() !== before.join()) await database.put("settings", { name: ENCRYPTED, value });
  });
}

/** Remembers a way. @param {{names: string[], way: string}} body */
export function remember({ names, way }) {
  const chosen = readClearWay(way);
  const keys = names.map(wayName);
  if (!chosen || keys.includes("") || keys.length > MOST_WAYS) throw new RequestError("bad-request");
  return inTurn(NAME, async () => {
    const others = (await kept()).filter(([name]) => !keys.includes(name));
    const value = [...others, ...keys.map((name) => /** @type {[string, ClearWay]} */ ([name, chosen]))].slice(-MOST_WAYS);
    await database.put("settings", { name: NAME, value });
  });
}

/**
 * Rejects with `clear-forbidden` if the administrator does not let an unencrypted message go to somebody.
 * @param {string[]} addresses
 */
export async function check(addresses) {
  const { clear } = await policy.read();
  if (addresses.some((address) => isForbidden(address, clear))) throw new RequestError("clear-forbidden");
}

/** @returns {Promise<string[]>} */
async function people() {
  return (await database.get("settings", ENCRYPTED))?.value ?? [];
}

/** @returns {Promise<[string, ClearWay][]>} */
async function kept() {
  return (await database.get("settings", NAME))?.value ?? [];
}
