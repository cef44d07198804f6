/** The pages of a list: a folder by date, its threads, or the messages that a search has found. */

import { ApiError, PAGE_OF_MESSAGES } from "../app/api.js";
import { timeOf } from "./mail_index.js";

/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("./row_texts.js").ListedMessage} ListedMessage */
/** @typedef {import("./mail_changes.js").AnyPlace} AnyPlace */
/** @typedef {import("./mail_index.js").MailIndex} MailIndex */
/** @typedef {{api: BridgeApi, index: Pick<MailIndex, "search">}} Sources */
/** @typedef {{words?: {place: AnyPlace, text: string} | null, isThreaded?: boolean}} Listing */
/**
 * `isThreaded` is false if the mail server has no threads. `leftOut` is the number of rows that cannot be read.
 * @typedef {{
 *   uidValidity: number, messages: ListedMessage[], isAll: boolean, total?: number, token: string | null, isByDate: boolean,
 *   isThreaded: boolean, leftOut?: number,
 * }} ListedPage
 */

/**
 * The page after the rows that are shown. A search finds messages at the mail server and in the index. Without a
 * connection, the first page shows the rows that this device has kept.
 * @param {Sources & {away?: {source: Pick<import("../offline/mail_source.js").MailSource, "firstPage">}}} sources
 * @param {string} folder
 * @param {Listing} listing
 * @param {{offset: number, before?: {uidValidity: number, uid: number}, signal?: AbortSignal}} shown the number of shown rows,
 *   and the shown message that arrived first
 * @returns {Promise<ListedPage>}
 */
export async function fetchPage({ api, index, away }, folder, listing, shown) {
  const ask = () => askForPage({ api, index }, folder, listing, shown);
  const isFirst = !listing.words && !shown.before;
  return away && isFirst ? away.source.firstPage(folder, ask, listing.isThreaded ?? false) : ask();
}

/**
 * @param {Sources} sources
 * @param {string} folder
 * @param {Listing} listing
 * @param {{offset: number, before?: {uidValidity: number, uid: number}, signal?: AbortSignal}} shown
 * @returns {Promise<ListedPage>}
 */
async function askForPage({ api, index }, folder, { words = null, isThreaded = false }, { offset, before, signal }) {
  const limit = PAGE_OF_MESSAGES;
  if (words) return searched({ api, index }, folder, words, { before, limit, signal });
  const page = isThreaded ? await threadsOf(api, folder, { offset, limit, signal }) : null;
  if (page && before && page.uidValidity !== before.uidValidity) throw new ApiError("folder-changed", "numbered anew");
  return page ?? listed(await api.messages(folder, { before, offset, signal }));
}

/**
 * @param {{api: BridgeApi, index: Pick<MailIndex, "search">}} sources
 * @param {string} folder
 * @param {{place: AnyPlace, text: string}} words
 * @param {{before?: {uidValidity: number, uid: number}, limit: number, signal?: AbortSignal}} part
 * @returns {Promise<ListedPage>}
 */
async function searched({ api, index }, folder, { place, text }, part) {
  // If the index fails, the result has only the messages that the mail server finds.
  const own = await index.search(folder, place === "here" ? "text" : place, text).catch(() => []);
  if (place === "here") {
    const { uidValidity } = await api.arrivals(folder, { signal: part.signal });
    const matches = own.filter((match) => match.uidValidity === uidValidity).map(listFound);
    return { ...listed({ uidValidity, messages: [], total: matches.length }), messages: matches, isAll: true };
  }
  const page = listed(await api.changes.search(folder, { [place]: text }, part));
  const present = new Set(page.messages.map(({ uid }) => uid));
  const more = own.filter(({ uidValidity, row }) => uidValidity === page.uidValidity && !present.has(row.uid));
  // Messages from the index that are older than this page are shown with a later page.
  const oldest = page.isAll ? -Infinity : Math.min(...page.messages.map(timeOf));
  const additions = more.filter(({ row }) => timeOf(row) >= oldest).map(listFound);
  const messages = [...page.messages, ...additions].sort((one, other) => timeOf(other) - timeOf(one));
  return { ...page, messages, total: (page.total ?? page.messages.length) + more.length };
}

/**
 * The row of a message that the index has found. The row shows no flags, because they may have changed since the
 * message was indexed.
 * @param {import("./mail_index.js").Found} found
 * @returns {ListedMessage}
 */
function listFound({ row, subject }) {
  return { ...row, seen: true, flags: [], found: { subject } };
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

/** @param {import("./list_answers.js").MessagePage} page @returns {ListedPage} */
function listed({ uidValidity, messages, total, token = null, isByDate = false, isAll = messages.length < PAGE_OF_MESSAGES, leftOut = 0 }) {
  return { uidValidity, messages, isAll, total, token, isByDate, isThreaded: false, leftOut };
}

/**
 * Whether a set of UIDs such as `3:5,9` has a UID. The set is not expanded, because a server could name billions of UIDs.
 * The ranges are sorted and joined for a binary search, because a server could name tens of thousands of ranges.
 * @param {string} set
 * @returns {(uid: number) => boolean}
 */
export function readUidSet(set) {
  /** @type {number[][]} */
  const joined = [];
  const ranges = set.split(",").map(readRange).filter(([from, to]) => from <= to);
  for (const [from, to] of ranges.sort(([one], [other]) => one - other)) {
    const last = joined.at(-1);
    if (last && from <= (last[1] ?? 0)) last[1] = Math.max(last[1] ?? 0, to);
    else joined.push([from, to]);
  }
  return (uid) => {
    let [low, high] = [0, joined.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((joined[middle]?.[1] ?? 0) < uid) low = middle + 1;
      else high = middle;
    }
    return uid >= (joined[low]?.[0] ?? Infinity);
  };
}

/** @param {string} range @returns {[number, number]} not numbers if the text is no range */
function readRange(range) {
  const [from = NaN, to = from] = range.split(":").map((part) => (part === "" ? NaN : Number(part)));
  return [from, to];
}
