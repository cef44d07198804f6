/**
 * Unencrypted mail: the administrator's policy, and the ways that the person has chosen for people without a certificate.
 * The window decides by `leaving_clear.js`. Before a message is made, the policy is checked here once more.
 */
import { isForbidden, readClearWay, wayName } from "../../../wasm_build/ui/leaving_clear.js";
import * as database from "../../shared/database.js";
import { RequestError } from "../../shared/messages.js";
import * as policy from "../browser/policy.js";
import { inTurn } from "../browser/turns.js";

/** @typedef {import("../../../wasm_build/ui/leaving_clear.js").ClearWay} ClearWay */

/** The entry of the store `settings`. These choices do not roam. */
const NAME = "clear ways";
const MOST_WAYS = 1_000;

/** The policy, and the remembered ways by address, or by "@" and a domain. */
export async function read() {
  return { policy: (await policy.read()).clear, ways: await kept() };
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

/** @returns {Promise<[string, ClearWay][]>} */
async function kept() {
  return (await database.get("settings", NAME))?.value ?? [];
}
