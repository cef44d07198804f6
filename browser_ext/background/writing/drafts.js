/**
 * Drafts of letters. They are sealed under a key of their writer, so nobody else can read or forge a draft. The text
 * and the attachments are two parts, so a change of the text does not seal the attachments again.
 */
import { draftPlace } from "../../../wasm_build/ui/draft_message.js";
import { RequestError, required } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import * as keys from "../keys/keys.js";
import { inTurn } from "../browser/turns.js";
import * as vault from "../keys/vault_link.js";

/** @typedef {import("../../../wasm_build/ui/draft_message.js").DraftPart} Part */

/** The stored drafts, newest first. @returns {Promise<{id: string, at: string}[]>} */
export async function list() {
  const drafts = (await database.all("drafts")).filter(({ letter }) => letter);
  return drafts.map(({ id, at }) => ({ id, at })).sort((draft, other) => other.at.localeCompare(draft.at));
}

/**
 * Stores one part of a draft in place of its earlier version. Rejects with `locked`.
 * @param {{draft: string, part: string, content: Envelope, identity: string}} body
 */
export async function keep({ draft: id, part, content, identity }) {
  const { sealKey, identities } = await keys.unlocked(identity);
  if (!sealKey || !identities.length) throw new RequestError("locked");
  const { sealed } = await vault.call("draft.seal", { content, place: draftPlace(id, partOf(part)), sealKey, identities });
  await inTurn(turnOf(id), async () => {
    const draft = (await database.get("drafts", id)) ?? { id };
    await database.put("drafts", { ...draft, at: new Date().toISOString(), [part]: sealed });
  });
}

/**
 * Opens one part of a draft for its window. Rejects with `locked`.
 * @param {{draft: string, part: string, replyKey: ArrayBuffer}} body
 * @returns {Promise<Envelope | null>} the part, encrypted for `replyKey`; null if it was never stored
 */
export async function open({ draft: id, part, replyKey }) {
  const sealed = (await database.get("drafts", id))?.[partOf(part)];
  if (!sealed) return null;
  const { sealKey, identities } = await keys.unlocked();
  return vault.call("draft.open", {
    sealed, place: draftPlace(id, partOf(part)), replyKey, sealKey: required(sealKey, "locked"), identities,
  });
}

/** The messages of a letter that were given to the bridge. @param {string} id */
export async function sending(id) {
  return (await database.get("drafts", id))?.sending ?? {};
}

/**
 * Stores the state of one message of a letter, even if the letter has no draft.
 * @param {string} id @param {string} name @param {SendingRecord} record
 */
export function noteSending(id, name, record) {
  return inTurn(turnOf(id), async () => {
    const draft = (await database.get("drafts", id)) ?? { id, at: new Date().toISOString() };
    await database.put("drafts", { ...draft, sending: { ...draft.sending, [name]: record } });
  });
}

/**
 * Changes the entry of a draft, if this browser has one. `change` returns null to remove the entry.
 * @param {string} id @param {(kept: DraftRecord) => DraftRecord | null} change
 */
export function note(id, change) {
  return inTurn(turnOf(id), async () => {
    const draft = await database.get("drafts", id);
    const changed = draft && change(draft);
    if (changed) await database.put("drafts", changed);
    else if (draft) await database.remove("drafts", id);
  });
}

/** The name of the turn for changes of one entry. They run one after the other, so none is lost. @param {string} id */
function turnOf(id) {
  return `draft ${id}`;
}

/** @param {string} part @returns {Part} */
function partOf(part) {
  if (part !== "letter" && part !== "files") throw new RequestError("bad-request");
  return part;
}
