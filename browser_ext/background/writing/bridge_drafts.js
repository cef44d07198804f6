/**
 * Drafts in the drafts folder of the person's mailbox. The person can continue them in another browser that has the same keys. A
 * draft at the bridge has the same form as in this browser: it is sealed under a key of its writer and bound to its name
 * (`drafts.js`). The bridge learns the draft's time, size and owner.
 *
 * If another browser finds a draft in the mailbox, its letter was never given to a server for sending. To ensure this, the draft
 * is deleted in the mailbox before its letter goes to the bridge. It is not uploaded if one of its messages was sent or perhaps
 * sent. When a draft is dropped, an entry without content stays in this browser until each mailbox that may have the draft has
 * confirmed the deletion.
 */
import { addressKey } from "../../../wasm_build/ui/formats.js";
import {
  DRAFT_MARK, draftIdOf, draftMessageId, isDraftId, MAX_DRAFT_MESSAGE_BYTES, MAX_SERVER_DRAFT_BYTES, readDraftMessage, writeDraftMessage,
} from "../../../wasm_build/ui/draft_message.js";
import { readAtMost } from "../../../wasm_build/vault/server/json_requests.js";
import { translate } from "../../texts/texts.js";
import { RequestError, required } from "../../shared/messages.js";
import * as bridge from "./bridge.js";
import { readJson } from "./bridge_requests.js";
import * as database from "../../shared/database.js";
import * as drafts from "./drafts.js";
import { accountName } from "../browser/hashes.js";
import * as keys from "../keys/keys.js";
import { inTurn } from "../browser/turns.js";

const MAX_LISTED = 20;
/** The value for a draft's mailbox if the account of the mailbox is not known. */
const ANY_ACCOUNT = "";

/** The drafts that wait for an upload. A later version of a draft replaces the waiting version. @type {Set<string>} */
const waiting = new Set();

/** A draft at the bridge. @typedef {{id: string, at: string, path: string}} Listed */

/**
 * Stores a draft at the bridge in place of its earlier version, if the person is signed in at the bridge with an
 * address of the draft's writer. A failure is ignored, because this browser has the draft too.
 * @param {string} id @param {string} identity the fingerprint of its writer
 */
export async function keep(id, identity) {
  if (waiting.has(id)) return;
  waiting.add(id);
  await inTurn(turnOf(id), async () => {
    waiting.delete(id);
    await upload(id, identity);
  }).catch(() => {});
}

/** The drafts that are at the bridge and not in this browser, newest first. @returns {Promise<{id: string, at: string}[]>} */
export async function list() {
  // Try again to delete the dropped drafts at the bridge.
  for (const { id, isDropped } of await database.all("drafts")) if (isDropped) await inTurn(turnOf(id), () => deleteAtBridge(id));
  const here = new Set((await database.all("drafts")).map(({ id }) => id));
  return (await listAll()).filter(({ id }) => !here.has(id)).map(({ id, at }) => ({ id, at }));
}

/**
 * Brings a draft from the bridge to this browser. Rejects with `letter-gone` if the bridge does not have it.
 * @param {string} id
 */
export async function bring(id) {
  const draft = (await listAll()).find((candidate) => candidate.id === id);
  const response = draft ? await bridge.askIfSignedIn(draft.path, { method: "GET" }) : null;
  if (!draft || !response?.ok) throw new RequestError("letter-gone");
  const message = await readAtMost(response, MAX_DRAFT_MESSAGE_BYTES).catch(() => null);
  const { letter, files } = required(message && readDraftMessage(new TextDecoder().decode(message)), "letter-gone");
  const account = await accountNow();
  await inTurn(turnOf(id), async () => {
    if (await database.get("drafts", id)) throw new RequestError("letter-gone");
    await database.put("drafts", { id, at: draft.at, letter, ...(files ? { files } : {}), atBridge: [account], keptAt: account });
  });
}

/**
 * Deletes a draft in this browser and at the bridge. Until the bridge has confirmed the deletion, the draft is not
 * offered.
 * @param {string} id
 */
export function drop(id) {
  return inTurn(turnOf(id), async () => {
    const draft = await database.get("drafts", id);
    const atBridge = draft ? placesOf(draft) : [ANY_ACCOUNT];
    if (!atBridge.length) return database.remove("drafts", id);
    await database.put("drafts", { id, at: draft?.at ?? new Date().toISOString(), atBridge, isDropped: true });
    await deleteAtBridge(id);
  });
}

/**
 * Deletes a draft at the bridge before the first of its messages is sent, so that no other browser offers the draft.
 * Rejects with `draft-not-removed` if the bridge has not confirmed the deletion.
 * @param {string} id
 */
export function deleteBeforeSending(id) {
  return inTurn(turnOf(id), async () => {
    // Without a session nothing can be sent either.
    if (!(await deleteAtBridge(id)) && (await accountNow())) throw new RequestError("draft-not-removed");
  });
}

/**
 * Whether another browser has deleted a draft at the bridge, and so may have sent the draft. Rejects with
 * `draft-not-removed` if the bridge does not answer.
 * @param {string} id
 */
export function isElsewhere(id) {
  return inTurn(turnOf(id), async () => {
    const isTaken = await wasTaken(id);
    // Without a session nothing can be sent either.
    if (isTaken === null && (await accountNow())) throw new RequestError("draft-not-removed");
    return isTaken === true;
  });
}

/** @param {string} id @returns {Promise<boolean | null>} null without an answer */
async function wasTaken(id) {
  const draft = await database.get("drafts", id);
  if (!draft?.keptAt || draft.keptAt !== (await accountNow())) return false;
  const copies = await search(`${DRAFT_MARK} ${id}`).catch(() => null);
  return copies && !copies.some((copy) => copy.id === id);
}

/**
 * Deletes a draft in the mailbox of the account that is signed in, if the draft may be there.
 * @param {string} id @returns {Promise<boolean>} whether the draft is certainly not there
 */
async function deleteAtBridge(id) {
  const draft = await database.get("drafts", id);
  const account = await accountNow();
  const isHere = (/** @type {string} */ place) => place === account || place === ANY_ACCOUNT;
  if (!account || !draft) return !draft;
  if (!placesOf(draft).some(isHere)) return true;
  const body = JSON.stringify({ messageId: draftMessageId(id) });
  const options = { method: "DELETE", body, headers: { "Content-Type": "application/json" } };
  const response = await bridge.askIfSignedIn("/api/drafts", options).catch(() => null);
  // A POP3 mailbox has no folder for drafts.
  const isGone = response?.status === 204 || (response !== null && (await readJson(response).catch(() => null))?.code === "not-offered");
  // If the person has signed in with another account meanwhile, the deletion may have been in the wrong mailbox.
  if (!isGone || account !== (await accountNow())) return false;
  await drafts.note(id, (record) => {
    const { isAtBridge: _, keptAt, ...others } = record;
    const atBridge = placesOf(record).filter((place) => !isHere(place));
    const rest = { ...others, ...(keptAt && keptAt !== account ? { keptAt } : {}) };
    return record.isDropped && !atBridge.length ? null : { ...rest, atBridge };
  });
  return true;
}

/** The accounts whose mailboxes may have a draft. @param {DraftRecord} draft */
function placesOf({ atBridge, isAtBridge }) {
  return atBridge ?? (isAtBridge ? [ANY_ACCOUNT] : []);
}

/** The name of the account that is signed in; "" for none. */
async function accountNow() {
  const { directory, address } = await bridge.read();
  return address && accountName({ directory, address });
}

/** @param {string} id @param {string} identity */
async function upload(id, identity) {
  const { address } = await bridge.read();
  const own = address && (await keys.identities()).find(({ fingerprint }) => fingerprint === identity);
  const isWriter = own && own.addresses.some((ownAddress) => addressKey(ownAddress) === addressKey(address));
  const draft = await database.get("drafts", id);
  if (!isWriter || !draft?.letter || !isDraftId(id)) return;
  if (draft.letter.byteLength + (draft.files?.byteLength ?? 0) > MAX_SERVER_DRAFT_BYTES) return;
  // Do not upload the draft after a message was sent, or perhaps sent: another browser would not know about that
  // message.
  if (Object.values(draft.sending ?? {}).some(({ state, isAgreed }) => state !== "refused" || isAgreed)) return;
  // Do not upload a draft that another browser has deleted. It would be offered again and could be sent twice without a
  // question.
  if ((await wasTaken(id)) !== false) return;
  const body = writeDraftMessage(id, address, { letter: draft.letter, files: draft.files ?? null }, translate("draft_note"));
  const account = await accountNow();
  // The mailbox is recorded first, because the bridge may store the draft even if its answer is lost.
  await drafts.note(id, (record) => ({ ...record, atBridge: [...new Set([...placesOf(record), account])] }));
  const options = { method: "POST", body, headers: { "Content-Type": "application/octet-stream" } };
  const response = await bridge.askIfSignedIn("/api/drafts", options);
  if (response?.ok && account === (await accountNow())) await drafts.note(id, (record) => ({ ...record, keptAt: account }));
}

/** @returns {Promise<Listed[]>} */
async function listAll() {
  return (await search(DRAFT_MARK)) ?? [];
}

/** The drafts whose subject has these words. @param {string} words @returns {Promise<Listed[] | null>} null without an answer */
async function search(words) {
  const folders = await askJson("/api/folders", { method: "GET" });
  const folder = itemsOf(folders?.folders).find(({ role }) => role === "drafts");
  if (typeof folder?.id !== "string") return folders && [];
  const place = `/api/folders/${encodeURIComponent(folder.id)}`;
  const body = JSON.stringify({ subject: words, limit: MAX_LISTED });
  const page = await askJson(`${place}/search`, { method: "POST", body, headers: { "Content-Type": "application/json" } });
  if (!page) return null;
  const listedDrafts = itemsOf(page.messages).map(({ uid, subject, date, flags }) => ({
    id: draftIdOf(String(subject)) ?? "", at: String(date), path: `${place}/${Number(page.uidValidity)}/${Number(uid)}/raw`,
    // A server without UIDPLUS does not remove a replaced draft, but only marks it.
    isDeleted: Array.isArray(flags) && flags.includes("\\Deleted"),
  }));
  return listedDrafts.filter(({ id, at, isDeleted }) => id && Number.isFinite(Date.parse(at)) && !isDeleted);
}

/** @param {string} path @param {RequestInit} options @returns {Promise<Record<string, unknown> | null>} null without a session */
async function askJson(path, options) {
  const response = await bridge.askIfSignedIn(path, options);
  return response?.ok ? readJson(response) : null;
}

/** @param {unknown} value @returns {Record<string, unknown>[]} */
function itemsOf(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === "object" && item !== null) : [];
}

/** @param {string} id */
function turnOf(id) {
  return `bridge draft ${id}`;
}
