/** The pages of a list: a folder by date, its threads, or the messages that a search has found. */

import { ApiError, PAGE_OF_MESSAGES } from "./api.js";

/** @typedef {import("./api.js").BridgeApi} BridgeApi */
/** @typedef {import("./views/row_drawing.js").ListedMessage} ListedMessage */
/** @typedef {import("./mail_changes.js").SearchPlace} SearchPlace */
/** @typedef {{words?: Partial<Record<SearchPlace, string>> | null, isThreaded?: boolean}} Listing */
/**
 * `isThreaded` is false if the mail server has no threads.
 * @typedef {{
 *   uidValidity: number, messages: ListedMessage[], isAll: boolean, total?: number, token: string | null, isByDate: boolean,
 *   isThreaded: boolean,
 * }} ListedPage
 */

/**
 * The page after the rows that are shown.
 * @param {BridgeApi} api
 * @param {string} folder
 * @param {Listing} listing
 * @param {{offset: number, before?: {uidValidity: number, uid: number}, signal?: AbortSignal}} shown the number of shown rows,
 *   and the one of them that arrived first
 * @returns {Promise<ListedPage>}
 */
export async function fetchPage(api, folder, { words = null, isThreaded = false }, { offset, before, signal }) {
  const limit = PAGE_OF_MESSAGES;
  if (words) return listed(await api.changes.search(folder, words, { before, limit, signal }));
  const page = isThreaded ? await threadsOf(api, folder, { offset, limit, signal }) : null;
  if (page && before && page.uidValidity !== before.uidValidity) throw new ApiError("folder-changed", "numbered anew");
  return page ?? listed(await api.messages(folder, { before, offset, signal }));
}

/**
 * @param {BridgeApi} api
 * @param {string} folder
 * @param {{offset: number, limit: number, signal?: AbortSignal}} part
 */
async function threadsOf(api, folder, part) {
  try {
    const { threads, ...page } = await api.changes.threads(folder, part);
    const messages = page.messages.map((message, index) => ({ ...message, thread: threads[index] ?? [message.uid] }));
    return { ...listed({ ...page, messages, isByDate: true }), isThreaded: true };
  } catch (error) {
    if (error instanceof ApiError && NO_THREADS.has(error.code)) return null;
    throw error;
  }
}

const NO_THREADS = new Set(["not-offered", "not-found"]);

/** @param {import("./api.js").MessagePage} page @returns {ListedPage} */
function listed({ uidValidity, messages, total, token = null, isByDate = false }) {
  const shown = messages.slice(0, PAGE_OF_MESSAGES);
  return { uidValidity, messages: shown, isAll: messages.length < PAGE_OF_MESSAGES, total, token, isByDate, isThreaded: false };
}

/**
 * Whether a set of UIDs such as `3:5,9` has a UID. The set is not expanded, because a server could name billions.
 * @param {string} set
 * @returns {(uid: number) => boolean}
 */
export function readUidSet(set) {
  const ranges = set.split(",").filter(Boolean).map((range) => range.split(":").map(Number));
  return (uid) => ranges.some(([from = 0, to = from]) => uid >= from && uid <= to);
}
