/**
 * Contacts, decisions, settings and recipes that roam with the account at a key server. The vault merges them with the
 * account's entries (`roaming.merge`). An entry counts only if one of the person's keys has signed it.
 */
import { codeOf, RequestError } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import * as contacts from "../people/contacts.js";
import { TURN } from "../people/learning.js";
import * as memory from "../browser/memory.js";
import * as policy from "../browser/policy.js";
import * as roamingSettings from "./roaming_settings.js";
import * as session from "../keys/session.js";
import * as trust from "../people/trust.js";
import { inTurn } from "../browser/turns.js";

/** @typedef {import("../../../wasm_build/vault/account/key_account.js").KeyAccount} KeyAccount */
/** @typedef {import("../../../wasm_build/vault/types/account.js").MergedTrust} MergedTrust */
/** @typedef {{contacts: ArrayBuffer | null, decisions: ArrayBuffer | null, others: import("./roaming_settings.js").Named}} Kept */
/**
 * @typedef {{
 *   state: "stored" | "failed" | "ended" | "managed", code: string, refused: number, staying: number,
 * }} Roaming `ended`: changes are sent after the next login; `managed`: an organisation decides about certificates in this
 *   browser. `code` is the code of the failure
 */

const ROAMING = "roaming";
/** The codes of errors after which only a login helps. */
export const ENDED = ["login-ended", "call-refused", "locked"];
/** The limit of tries of a merge. A merge is repeated if the person has changed something during it. */
const TRIES = 5;

/** The outcome of the latest merge; null before the first. @returns {Promise<Roaming | null>} */
export async function read() {
  return (await memory.read(ROAMING)) ?? null;
}

/** @param {Roaming["state"]} state @param {string} [code] */
export async function note(state, code = "") {
  const { refused, staying } = (await read()) ?? { refused: 0, staying: 0 };
  await memory.write(ROAMING, { state, code, refused, staying });
}

export function forget() {
  return memory.forget(ROAMING);
}

/**
 * Merges with the account, and stores the outcome. Rejects if the merge fails.
 * @param {KeyAccount} client with a session at the server
 */
export async function merge(client) {
  // Decisions from other browsers must not bypass the organisation's policy.
  if (!(await policy.read()).ownDecisions) return note("managed");
  try {
    const { refused, staying, changesStrict } = await mergeUnchanged(client);
    await memory.write(ROAMING, { state: "stored", code: "", refused: refused.length, staying });
    // The vault is closed, because only the next vault uses the new setting.
    if (changesStrict) await session.lock("strict");
  } catch (error) {
    await note(ENDED.includes(codeOf(error)) ? "ended" : "failed", codeOf(error));
    throw error;
  }
}

/** @param {KeyAccount} client @returns {Promise<MergedTrust & {changesStrict: boolean}>} */
async function mergeUnchanged(client) {
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const [before, account] = await Promise.all([readKept(), database.get("keyAccounts", client.user)]);
    const { others, ...knowledge } = before;
    const merged = await client.merge(
      { ...knowledge, base: account?.base ?? null, sent: account?.sent ?? null }, others,
      // The sent entries are stored until the merge has a result.
      (sent) => inTurn(TURN, () => amendAccount(client.user, { sent })),
    );
    const outcome = await keep(client.user, before, merged);
    if (outcome) return { ...merged, ...outcome };
  }
  throw new RequestError("no-reply");
}

/** Replaces members of the account, if this browser still has it. @param {string} user @param {Partial<KeptAccount>} members */
export async function amendAccount(user, members) {
  const account = await database.get("keyAccounts", user);
  if (account) await database.put("keyAccounts", { ...account, ...members });
}

/**
 * Stores the result, unless the person has changed something since `before`. In that case the next merge compares with the
 * entries that were sent, and so finds the change.
 * @param {string} user @param {Kept} before @param {MergedTrust} merged
 */
function keep(user, before, { contacts: known, decisions, others, base }) {
  return inTurn(TURN, async () => {
    const now = await readKept();
    const isUnchanged = isSame(now.contacts, before.contacts) && isSame(now.decisions, before.decisions)
      && JSON.stringify(now.others) === JSON.stringify(before.others);
    if (!isUnchanged) return null;
    const { changes, changesStrict } = await roamingSettings.changesBy(others);
    const account = await database.get("keyAccounts", user);
    await database.change({
      ...changes,
      settings: { put: [
        ...changes.settings.put,
        ...(known.byteLength ? [/** @type {const} */ ({ name: "contacts", value: known })] : []),
        ...(decisions.byteLength ? [/** @type {const} */ ({ name: "decisions", value: decisions })] : []),
      ] },
      keyAccounts: { put: account ? [{ ...account, base, sent: null }] : [] },
    });
    return { changesStrict };
  });
}

/** @returns {Promise<Kept>} */
async function readKept() {
  return { contacts: await contacts.read(), decisions: (await trust.kept()).decisions, others: await roamingSettings.read() };
}

/** @param {ArrayBuffer | null} content @param {ArrayBuffer | null} other */
function isSame(content, other) {
  return content === other || (content !== null && other !== null && contacts.isEqual(content, other));
}
