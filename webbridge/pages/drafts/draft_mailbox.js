/**
 * The drafts in the mailbox's folder for drafts. A draft is identified by its id, and each of its versions by the UID from
 * the mail server. This module checks the server's answers. An invalid number in an answer is an error.
 */

import {
  draftIdOf, draftMessageId, DRAFT_MARK, isDraftId, MAX_DRAFT_MESSAGE_BYTES, MAX_SERVER_DRAFT_BYTES, readDraftMessage, writeDraftMessage,
} from "../../../wasm_build/ui/draft_message.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/draft_message.js").DraftParts} DraftParts */
/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {{uidValidity: number, uid: number}} Version */
/** @typedef {{id: string, at: string, place: MessageAddress}} FoundDraft */

const MAX_LISTED = 20;

export class DraftMailbox {
  #api;
  #note;
  /** The id of the folder for drafts, by account. @type {Map<string, string>} */
  #folders = new Map();

  /** @param {import("../app/api.js").BridgeApi} api @param {string} note what other mail programs show instead of a draft */
  constructor(api, note) {
    this.#api = api;
    this.#note = note;
  }

  /**
   * The drafts in the mailbox, or the versions of one draft.
   * @param {string} account @param {string} [id]
   * @returns {Promise<FoundDraft[]>}
   */
  async find(account, id) {
    return (await this.look(account, id)).found;
  }

  /**
   * Finds drafts as `find` does, and returns the UIDVALIDITY of the folder too. If a version is missing, it was deleted only
   * if the UIDVALIDITY is unchanged.
   * @param {string} account @param {string} [id]
   * @returns {Promise<{uidValidity: number | null, found: FoundDraft[]}>}
   */
  async look(account, id = "") {
    const folder = await this.#folderOf(account);
    if (!folder) return { uidValidity: null, found: [] };
    const subject = id ? `${DRAFT_MARK} ${id}` : DRAFT_MARK;
    const { uidValidity, messages } = await this.#api.changes.search(folder, { subject }, { limit: MAX_LISTED }).catch((error) => {
      this.#folders.delete(account);
      throw error;
    });
    if (!Array.isArray(messages) || !Number.isSafeInteger(uidValidity)) throw nonsense();
    const found = messages.flatMap((message) => {
      const name = draftIdOf(String(message?.subject ?? ""));
      // At a server without UIDPLUS, replaced versions are only marked as deleted.
      if (!name || (id && name !== id) || message.flags?.includes("\\Deleted")) return [];
      return [{ id: name, at: dateOf(message.date), place: { folder, ...checkVersion(uidValidity, message.uid) } }];
    });
    return { uidValidity, found };
  }

  /** @param {MessageAddress} place @returns {Promise<DraftParts>} */
  async read(place) {
    return this.parse(await this.#api.rawMessage(place, { maxBytes: MAX_DRAFT_MESSAGE_BYTES }));
  }

  /** @param {ArrayBuffer} message @returns {DraftParts} */
  parse(message) {
    const parts = readDraftMessage(new TextDecoder().decode(message));
    if (!parts) throw nonsense();
    return parts;
  }

  /**
   * Stores a version in place of the earlier ones.
   * @param {string} account @param {string} id @param {DraftParts} parts
   * @returns {Promise<Version | null>} null if the server does not return it
   */
  async keep(account, id, parts) {
    if (!isDraftId(id)) throw new ApiError("bad-argument", "the draft has no id");
    if (parts.letter.byteLength + (parts.files?.byteLength ?? 0) > MAX_SERVER_DRAFT_BYTES) throw new ApiError("draft-too-large", "over the bound");
    const { folder, uidValidity, uid } = await this.#api.keepDraft(writeDraftMessage(id, account, parts, this.#note));
    if (typeof folder === "string") this.#folders.set(account, folder);
    if (uid !== null) return checkVersion(uidValidity, uid);
    const place = (await this.find(account, id))[0]?.place;
    return place ? { uidValidity: place.uidValidity, uid: place.uid } : null;
  }

  /** @param {string} id */
  async remove(id) {
    await this.#api.deleteDraft(draftMessageId(id)).catch((error) => {
      // A POP3 mailbox has no folder for drafts.
      if (!(error instanceof ApiError) || error.code !== "not-offered") throw error;
    });
  }

  /** @param {string} account @returns {Promise<string | undefined>} undefined if there is no such folder */
  async #folderOf(account) {
    const known = this.#folders.get(account);
    if (known) return known;
    const folder = (await this.#api.folders()).find(({ role }) => role === "drafts")?.id;
    if (folder) this.#folders.set(account, folder);
    return folder;
  }
}

/** @param {unknown} uidValidity @param {unknown} uid @returns {Version} */
function checkVersion(uidValidity, uid) {
  if (!Number.isSafeInteger(uidValidity) || !Number.isSafeInteger(uid)) throw nonsense();
  return { uidValidity: Number(uidValidity), uid: Number(uid) };
}

/** @param {unknown} date of the server @returns {string} */
function dateOf(date) {
  const at = new Date(String(date));
  return Number.isNaN(at.getTime()) ? new Date(0).toISOString() : at.toISOString();
}

function nonsense() {
  return new ApiError("draft-nonsense", "the server's answer is about no draft");
}
