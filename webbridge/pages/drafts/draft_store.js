/**
 * The encrypted drafts of the account: in the mailbox, and on the person's own computer also in this browser. The extension
 * reads and writes the same drafts (`wasm_build/ui/draft_message.js`).
 *
 * A page replaces a version only if it has read that version. The record in the browser has a revision, which shows whether
 * another tab has written. A page uploads a draft only while the mailbox has the version that the page has read or written.
 * **Not prevented:** two devices that upload in the same second.
 */

import { haveSameBytes } from "../../../wasm_build/vault/values/same_bytes.js";
import { DraftMailbox } from "./draft_mailbox.js";
import { DraftSeals } from "./draft_seals.js";
import { ApiError } from "../app/api.js";
import { openDrafts } from "../app/state_database.js";

/** @typedef {import("../../../wasm_build/writing/draft_content.js").DraftContent} DraftContent */
/** @typedef {import("./draft_mailbox.js").FoundDraft} FoundDraft */
/** @typedef {import("./draft_mailbox.js").Version} Version */
/** @typedef {import("../../../wasm_build/ui/draft_message.js").DraftParts} DraftParts */
/** @typedef {import("../app/state_database.js").KeptDraft} KeptDraft */
/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/**
 * A draft that this page has open: the revision of the draft's record here, its version in the mailbox, and the sealed
 * letter of the last upload. The answer to that upload may have been lost.
 * @typedef {{id: string, revision: string | null, version: Version | null, attempt: ArrayBuffer | null}} Held
 */
/** @typedef {{held: Held, content: DraftContent, mayBeSent: boolean}} OpenedDraft */
/**
 * A draft that can be continued. `isHere`: this browser has it. `place` is its place in the mailbox, or null.
 * @typedef {{id: string, at: string, isHere: boolean, place: MessageAddress | null}} ListedDraft
 */

/**
 * `isAgreed`: the person wants to send the letter even if it was perhaps sent. `mayWait` says whether the letter may wait in
 * the outbox while there is no connection. The draft then stays in the mailbox until the mailbox can be reached.
 * @typedef {{isAgreed: boolean, mayWait: () => Promise<boolean>}} SendingOptions
 */

/** Another tab or device has changed, sent or deleted the draft since this page read or wrote it. */
export class DraftChanged extends Error {}

/** @returns {Held} */
export function newDraft() {
  return { id: crypto.randomUUID(), revision: null, version: null, attempt: null };
}

export class DraftStore {
  #account;
  #keepsHere;
  #mailbox;
  #seals;

  /**
   * @param {import("../app/api.js").BridgeApi} api
   * @param {import("../keys/keys.js").KeyRing} keys
   * @param {{account: () => string | null, keepsHere: () => boolean, note: string}} options
   */
  constructor(api, keys, { account, keepsHere, note }) {
    this.#account = account;
    this.#keepsHere = keepsHere;
    this.#mailbox = new DraftMailbox(api, note);
    this.#seals = new DraftSeals(keys);
  }

  /** Whether this browser keeps drafts. */
  get keepsHere() {
    return this.#keepsHere();
  }

  /** Whether this browser has a draft. */
  async hasHere() {
    const account = this.#account();
    if (!account || !this.keepsHere) return false;
    return (await openDrafts.all(account).catch(() => [])).some(({ isDropped }) => !isDropped);
  }

  /** @param {Held} held @param {DraftContent} content @returns {Promise<DraftParts>} */
  seal({ id }, content) {
    return this.#seals.seal(id, content);
  }

  /**
   * Keeps a version in this browser. Rejects with DraftChanged if another tab has written since.
   * @param {Held} held @param {DraftParts} parts @param {{mayBeSent: boolean}} options
   */
  async keepHere(held, { letter, files }, { mayBeSent }) {
    const revision = crypto.randomUUID();
    const { version } = held;
    const at = new Date().toISOString();
    let isChanged = false;
    await openDrafts.update(this.#signedIn(), held.id, (draft) => {
      isChanged = (draft?.revision ?? null) !== held.revision || draft?.isDropped === true;
      return isChanged ? undefined : { at, letter, files, version, revision, mayBeSent, isUploaded: false };
    });
    if (isChanged) throw new DraftChanged();
    held.revision = revision;
  }

  /**
   * Keeps a version in the mailbox. Rejects with DraftChanged if the mailbox has a version that this page does not know.
   * @param {Held} held @param {DraftParts} parts
   */
  async upload(held, parts) {
    const account = this.#signedIn();
    const { revision } = held;
    await this.#checkMailbox(account, held);
    held.attempt = parts.letter;
    held.version = await this.#mailbox.keep(account, held.id, parts);
    const { version } = held;
    if (revision === null || !this.keepsHere) return;
    await openDrafts.update(account, held.id, (draft) =>
      (draft?.revision === revision ? { ...draft, version, isUploaded: true } : undefined)).catch(() => undefined);
  }

  /**
   * The drafts here and in the mailbox, newest first. A draft that was sent or deleted elsewhere is forgotten here. A draft
   * that waits for its upload is uploaded.
   * @param {string} [open] the id of the draft that is being written
   * @returns {Promise<ListedDraft[]>}
   */
  async list(open = "") {
    const account = this.#account();
    if (!account) return [];
    const here = this.keepsHere ? await openDrafts.all(account).catch(() => []) : [];
    for (const { id, isDropped } of here) if (isDropped) await this.#dropThere(account, id).catch(() => undefined);
    const there = await this.#mailbox.find(account).catch(() => null);
    const listed = [];
    for (const draft of here) {
      if (draft.isDropped || draft.id === open) continue;
      listed.push(...await this.#listKept(account, draft, await this.#mailbox.look(account, draft.id).catch(() => null)));
    }
    const known = new Set([open, ...here.map(({ id }) => id)]);
    const others = (there ?? []).filter(({ id }) => !known.has(id)).map((draft) => ({ ...draft, isHere: false }));
    return [...listed, ...others].sort((one, other) => other.at.localeCompare(one.at));
  }

  /**
   * @param {string} account
   * @param {KeptDraft & {id: string}} draft
   * @param {{uidValidity: number | null, found: FoundDraft[]} | null} there null without an answer of the mailbox
   * @returns {Promise<ListedDraft[]>}
   */
  async #listKept(account, draft, there) {
    const copy = there?.found[0];
    const mine = { id: draft.id, at: draft.at, isHere: true, place: copy?.place ?? null };
    if (there === null) return [mine];
    if (!copy && draft.isUploaded && draft.version?.uidValidity === there.uidValidity) {
      // The draft was sent or deleted elsewhere.
      await openDrafts.update(account, draft.id, (now) => (now?.revision === draft.revision ? null : undefined)).catch(() => undefined);
      return [];
    }
    const isSame = !copy || isVersion(copy.place, draft.version) || await this.#isEqual(copy.place, draft.letter).catch(() => false);
    if (!isSame) return draft.isUploaded ? [{ ...copy, isHere: false }] : [mine, { ...copy, isHere: false }];
    if (!draft.isUploaded && !draft.mayBeSent && (copy || !draft.version)) await this.upload(heldOf(draft), draft).catch(() => undefined);
    return [mine];
  }

  /** Opens a listed draft. @param {ListedDraft} listed @returns {Promise<OpenedDraft>} */
  async open({ id, isHere, place }) {
    const draft = isHere ? await openDrafts.read(this.#signedIn(), id) : null;
    if (draft?.letter) return this.#openHere(id, draft);
    if (!place) throw new ApiError("draft-gone", "the draft is in no place any more");
    return this.openThere(id, place);
  }

  /**
   * Opens a draft in the mailbox, or the version in this browser that continues the mailbox's version.
   * @param {string} id @param {MessageAddress} place
   * @param {ArrayBuffer} [message] the bytes of the draft, if they were read
   * @returns {Promise<OpenedDraft>}
   */
  async openThere(id, place, message) {
    const draft = this.keepsHere ? await openDrafts.read(this.#signedIn(), id).catch(() => null) : null;
    if (draft?.letter && isVersion(place, draft.version)) return this.#openHere(id, draft);
    const parts = message ? this.#mailbox.parse(message) : await this.#mailbox.read(place);
    const content = await this.#seals.open(id, parts);
    // Without its revision, a version in this browser that was never uploaded cannot be replaced.
    const revision = draft?.isUploaded ? draft.revision : null;
    return {
      held: { id, revision, version: { uidValidity: place.uidValidity, uid: place.uid }, attempt: parts.letter }, content, mayBeSent: false,
    };
  }

  /** The fields of a draft from the mailbox, for its row in the list. @param {string} id @param {DraftParts} parts */
  async fieldsOf(id, parts) {
    return (await this.#seals.openLetter(id, parts, { byPerson: false })).fields;
  }

  /**
   * Prepares the sending of a draft: removes the draft from the mailbox, so that no other device offers it. If this browser
   * keeps nothing, the draft stays in the mailbox until the message was sent. Rejects with DraftChanged if the draft was
   * perhaps sent elsewhere.
   * @param {Held} held @param {SendingOptions} options
   */
  async prepareSending(held, { isAgreed, mayWait }) {
    const account = this.#signedIn();
    const draft = this.keepsHere ? await openDrafts.read(account, held.id).catch(() => null) : null;
    if (!isAgreed && held.revision !== null && draft?.revision !== held.revision) throw new DraftChanged();
    const isThere = Boolean(held.version ?? held.attempt);
    let isAway = false;
    const unlessAway = async (/** @type {unknown} */ error) => {
      isAway = error instanceof ApiError && error.code === "unreachable" && (await mayWait());
      if (!isAway) throw error;
    };
    if (!isAgreed && isThere) await this.#checkMailbox(account, held).catch(unlessAway);
    if (!this.keepsHere) return;
    await openDrafts.update(account, held.id, (now) => now && { ...now, mayBeSent: true, isUploaded: false, version: null }).catch(() => undefined);
    if (!isThere || isAway) return;
    await this.#mailbox.remove(held.id).catch(async (error) => {
      if (!(error instanceof ApiError) || error.code === "unreachable") return unlessAway(error);
      throw new ApiError("draft-not-removed", error.message);
    });
    // Without a connection, the draft is removed from the mailbox later. So its place there is not forgotten.
    if (isAway) return;
    held.version = held.attempt = null;
  }

  /**
   * Deletes a draft in both places. If the server does not confirm the deletion, it is repeated at the next listing of
   * drafts.
   * @param {Held} held
   */
  async drop(held) {
    const account = this.#account();
    this.#seals.forget();
    if (!account) return;
    if (!held.version && !held.attempt) return this.#forgetHere(account, held.id);
    const at = new Date().toISOString();
    const stone = { at, letter: null, files: null, version: null, revision: null, mayBeSent: false, isUploaded: false, isDropped: true };
    if (this.keepsHere) await openDrafts.update(account, held.id, () => stone).catch(() => undefined);
    await this.#dropThere(account, held.id);
  }

  /** Brings a dropped draft back. @param {Held} held @param {DraftParts} parts @returns {Promise<ListedDraft>} */
  async putBack({ id }, parts) {
    const account = this.#signedIn();
    const held = { id, revision: null, version: null, attempt: null };
    await this.#forgetHere(account, id);
    if (this.keepsHere) await this.keepHere(held, parts, { mayBeSent: false }).catch(() => undefined);
    const isThere = await this.upload(held, parts).then(() => true, (error) => {
      if (held.revision === null) throw error;
      return false;
    });
    const [copy] = isThere ? await this.#mailbox.find(account, id).catch(() => []) : [];
    return { id, at: new Date().toISOString(), isHere: held.revision !== null, place: copy?.place ?? null };
  }

  /** Forgets this browser's version of a draft. The text goes on as a draft with another id. @param {Held} held */
  async forgetRevision({ id, revision }) {
    const account = this.#account();
    if (!account || revision === null) return;
    await openDrafts.update(account, id, (draft) => (draft?.revision === revision ? null : undefined)).catch(() => undefined);
  }

  /** @param {string} id @param {KeptDraft} draft @returns {Promise<OpenedDraft>} */
  async #openHere(id, draft) {
    const content = await this.#seals.open(id, /** @type {DraftParts} */ (draft));
    return { held: heldOf({ ...draft, id }), content, mayBeSent: draft.mayBeSent };
  }

  /** Rejects with DraftChanged unless the mailbox has the version that this page knows. @param {string} account @param {Held} held */
  async #checkMailbox(account, { id, version, attempt }) {
    const drafts = await this.#mailbox.find(account, id);
    if (drafts.length === 0 && version === null) return;
    for (const { place } of drafts) {
      if (isVersion(place, version)) return;
      // The version may be unknown here, because the answer to its upload was lost, or the folder has a new UIDVALIDITY.
      if (attempt && await this.#isEqual(place, attempt)) return;
    }
    throw new DraftChanged();
  }

  /** Whether a draft in the mailbox is this sealed letter. @param {MessageAddress} place @param {ArrayBuffer} letter */
  async #isEqual(place, letter) {
    return haveSameBytes((await this.#mailbox.read(place)).letter, letter);
  }

  /** @param {string} account @param {string} id */
  async #dropThere(account, id) {
    await this.#mailbox.remove(id);
    await this.#forgetHere(account, id);
  }

  /** @param {string} account @param {string} id */
  async #forgetHere(account, id) {
    if (this.keepsHere) await openDrafts.update(account, id, () => null).catch(() => undefined);
  }

  #signedIn() {
    const account = this.#account();
    if (!account) throw new ApiError("session-ended", "nobody is signed in");
    return account;
  }
}

/** @param {KeptDraft & {id: string}} kept @returns {Held} */
function heldOf({ id, revision, version, letter }) {
  return { id, revision, version, attempt: letter };
}

/** @param {Version} place @param {Version | null} version */
function isVersion({ uidValidity, uid }, version) {
  return version !== null && version.uidValidity === uidValidity && version.uid === uid;
}
