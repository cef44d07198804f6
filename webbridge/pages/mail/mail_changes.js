/** The requests that change messages and folders, and the requests for lists that are not in the order of arrival. */

import { ApiError, JSON_TYPE } from "../../../wasm_build/vault/server/json_requests.js";
import { idOf, membersOf } from "../../../wasm_build/vault/server/answer_values.js";
import { readChanges, readPage, readThreads } from "./list_answers.js";

/** @typedef {import("./list_answers.js").MessagePage} MessagePage */
/** @typedef {import("./list_answers.js").MessageSummary} MessageSummary */
/** @typedef {import("../../../wasm_build/vault/server/json_requests.js").RequestOptions} RequestOptions */
/** Messages of one folder. @typedef {{folder: string, uidValidity: number, uids: number[]}} Chosen */
/** The steps that undo a change. They come from the bridge and go back to it unchanged. @typedef {object[]} Steps */
/** @typedef {{undo: Steps, markedOnly: boolean}} Changed */
/** @typedef {(path: string, options?: RequestOptions) => Promise<any>} Json */
/** @typedef {"text" | "subject" | "from" | "body"} SearchPlace */
/** "here" is the encrypted mail in the index of this browser. The mail server learns nothing of such a search. @typedef {SearchPlace | "here"} AnyPlace */
/**
 * @typedef {{
 *   uidValidity: number, token: string | null, whole: boolean, flags: {uid: number, flags: string[]}[],
 *   messages: MessageSummary[], vanished: string,
 * }} ListChanges
 */

/** The largest number of messages in one request for a change. */
export const MAX_CHANGED = 1000;
/** The largest number of new messages in one answer about changes. */
const MAX_NEW = 200;
const MAX_STEPS = 10_000;
const MAX_ID_CHARACTERS = 10_000;

/**
 * The path of a folder in the API, or of something in it.
 * @param {string} folder
 * @param {(string | number)[]} parts
 */
export function apiFolderPath(folder, ...parts) {
  return ["/api/folders", encodeURIComponent(folder), ...parts].join("/");
}

export class MailChanges {
  #json;

  /** @param {Json} json sends a request and reads the answer */
  constructor(json) {
    this.#json = json;
  }

  /** @param {Chosen} chosen @param {{add?: string[], remove?: string[]}} flags @returns {Promise<Changed>} */
  setFlags(chosen, { add = [], remove = [] }) {
    return this.#change("PUT", messagesPath(chosen, "flags"), { uids: chosen.uids, add, remove });
  }

  /** @param {Chosen} chosen @param {string} to the id of a folder @returns {Promise<Changed>} */
  move(chosen, to) {
    return this.#change("POST", messagesPath(chosen, "move"), { uids: chosen.uids, to });
  }

  /** Moves to the trash, or deletes for ever. @param {Chosen} chosen @param {{forever: boolean}} how @returns {Promise<Changed>} */
  remove(chosen, { forever }) {
    return this.#change("POST", messagesPath(chosen, "delete"), { uids: chosen.uids, forever });
  }

  /** @param {Steps} undo @returns {Promise<Changed>} */
  undo(undo) {
    return this.#change("POST", "/api/undo", { undo });
  }

  /** @param {string} name @returns {Promise<Changed & {id: string}>} */
  createFolder(name) {
    return this.#changeFolder("POST", "/api/folders", { name });
  }

  /** @param {string} folder @param {string} name @returns {Promise<Changed & {id: string}>} */
  renameFolder(folder, name) {
    return this.#changeFolder("PUT", apiFolderPath(folder), { name });
  }

  /** @param {string} folder @param {{withMessages: boolean}} how @returns {Promise<Changed>} */
  deleteFolder(folder, { withMessages }) {
    return this.#change("DELETE", apiFolderPath(folder), { withMessages });
  }

  /**
   * Uses a folder for a role, in place of the folder that was used for the role.
   * @param {string} folder @param {import("./folder_answers.js").FolderUse | null} use null leaves the role to the mail service
   * @returns {Promise<Changed>}
   */
  useFolder(folder, use) {
    return this.#change("PUT", apiFolderPath(folder, "use"), { use });
  }

  /** @param {string} folder @param {boolean} isSubscribed @returns {Promise<Changed>} */
  async subscribe(folder, isSubscribed) {
    return readChanged(await this.#json(apiFolderPath(folder, "subscription"), { method: isSubscribed ? "PUT" : "DELETE" }));
  }

  /**
   * The newest message of each thread. Rejects with `not-offered` if the mail server has no threads.
   * @param {string} folder
   * @param {{offset: number, limit: number, signal?: AbortSignal}} part
   * @returns {Promise<MessagePage & {threads: number[][]}>}
   */
  async threads(folder, { offset, limit, signal }) {
    return readThreads(await this.#json(`${apiFolderPath(folder, "threads")}?offset=${offset}&limit=${limit}`, { signal }), limit);
  }

  /**
   * The messages that contain these words, newest first.
   * @param {string} folder
   * @param {Partial<Record<SearchPlace, string>>} words
   * @param {{before?: {uidValidity: number, uid: number}, limit: number, signal?: AbortSignal}} part
   * @returns {Promise<MessagePage>}
   */
  async search(folder, words, { before, limit, signal }) {
    const from = before ? { before: before.uid, uidValidity: before.uidValidity } : {};
    return readPage(await this.#send("POST", apiFolderPath(folder, "search"), { ...words, ...from, limit }, signal), limit);
  }

  /**
   * One message as it is in lists.
   * @param {{folder: string, uidValidity: number, uid: number}} address
   * @param {AbortSignal} [signal]
   * @returns {Promise<MessageSummary | null>}
   */
  async row({ folder, uidValidity, uid }, signal) {
    const query = `before=${uid + 1}&uidValidity=${uidValidity}&limit=1`;
    const { messages } = readPage(await this.#json(`${apiFolderPath(folder, "messages")}?${query}`, { signal }), 1);
    return messages.find((message) => message.uid === uid) ?? null;
  }

  /**
   * The changes since a list was read.
   * @param {string} folder
   * @param {{uidValidity: number, token: string, from: number, signal?: AbortSignal}} list `from` is the lowest UID of interest
   * @returns {Promise<ListChanges>}
   */
  async since(folder, { uidValidity, token, from, signal }) {
    const query = new URLSearchParams({ since: token, uidValidity: String(uidValidity), from: String(from), limit: String(MAX_NEW) });
    return readChanges(await this.#json(`${apiFolderPath(folder, "messages")}?${query}`, { signal }), MAX_NEW);
  }

  /** @param {string} method @param {string} path @param {object} members */
  async #change(method, path, members) {
    return readChanged(await this.#send(method, path, members));
  }

  /** Makes a change after which a folder has another id. @param {string} method @param {string} path @param {object} members */
  async #changeFolder(method, path, members) {
    const answer = await this.#send(method, path, members);
    const id = idOf(membersOf(answer)["id"], MAX_ID_CHARACTERS);
    if (!id) throw new ApiError("server-error", "the answer names no folder");
    return { ...readChanged(answer), id };
  }

  /** @param {string} method @param {string} path @param {object} members @param {AbortSignal} [signal] */
  #send(method, path, members, signal) {
    return this.#json(path, { method, body: JSON.stringify(members), headers: JSON_TYPE, signal });
  }
}

/** A change. It can be undone only with all of its steps. @param {unknown} answer @returns {Changed} */
function readChanged(answer) {
  const { undo, markedOnly } = membersOf(answer);
  const isWhole = Array.isArray(undo) && undo.length <= MAX_STEPS && undo.every((step) => typeof step === "object" && step !== null);
  return { undo: isWhole ? undo : [], markedOnly: markedOnly === true };
}

/** @param {Chosen} chosen @param {string} what */
function messagesPath({ folder, uidValidity }, what) {
  return apiFolderPath(folder, uidValidity, what);
}
