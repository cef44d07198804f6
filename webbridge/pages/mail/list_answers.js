/**
 * The answers of the bridge with rows of messages. Each row is read by itself. Its wrong values become empty. A row without a
 * UID, or with the UID of an earlier row, is left out and counted. Rows have only the members that the bridge's API names.
 */

import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { countOf, dateOf, entriesOf, idOf, membersOf, numberOf, textOf, wordOf } from "../../../wasm_build/vault/server/answer_values.js";

/**
 * @typedef {{
 *   uid: number, from: string, to: string, sender?: import("../../../wasm_build/ui/formats.js").Mailbox | null, subject: string,
 *   date: string | null, size: number, seen: boolean, flags?: string[],
 *   protection: "signed" | "sealed" | null, problem: "header-unreadable" | "header-too-long" | "sender-unclear" | null,
 *   openpgp?: boolean,
 * }} MessageSummary an earlier bridge gives no `sender` and no `openpgp`
 */
/**
 * `isByDate`: the newest date comes first, not the newest arrival. `leftOut` is the number of rows that were left out. `isAll`:
 * fewer rows came than were asked for, so no page follows.
 * @typedef {{
 *   uidValidity: number, messages: MessageSummary[], total?: number, token?: string | null, isByDate?: boolean, isAll?: boolean,
 *   leftOut?: number,
 * }} MessagePage
 */
/** @typedef {import("./mail_changes.js").ListChanges} ListChanges */

/** The longest text of a row. The bridge gives 1,000 characters of a field, and more for the recipients. */
const MAX_TEXT_CHARACTERS = 4_000;
const MAX_FLAGS = 200;
const MAX_FLAG_CHARACTERS = 200;
const MAX_THREAD = 10_000;
/** The longest token of a list. */
const MAX_TOKEN_CHARACTERS = 10_000;
/** The longest set of UIDs, and the largest number of messages with changed flags. */
const MAX_SET_CHARACTERS = 100_000;

/**
 * One page of rows.
 * @param {unknown} answer
 * @param {number} most the number of rows that were asked for
 * @returns {MessagePage} throws `server-error` for an answer without a UIDVALIDITY or without a list of messages
 */
export function readPage(answer, most) {
  const { uidValidity, messages, total, token } = membersOf(answer);
  const number = countOf(uidValidity);
  if (number === null || !Array.isArray(messages)) throw new ApiError("server-error", "the answer is no list of messages");
  const rows = readRows(entriesOf(messages, most));
  return {
    uidValidity: number, messages: rows.map(({ row }) => row), isAll: messages.length < most,
    leftOut: Math.min(messages.length, most) - rows.length, total: countOf(total) ?? undefined,
    token: idOf(token, MAX_TOKEN_CHARACTERS) || null,
  };
}

/**
 * A page with the newest message of each thread, and the UIDs of all messages of the thread.
 * @param {unknown} answer
 * @param {number} most
 * @returns {MessagePage & {threads: number[][]}}
 */
export function readThreads(answer, most) {
  const page = readPage(answer, most);
  const { threads, messages } = membersOf(answer);
  const entries = entriesOf(threads, most);
  return { ...page, threads: readRows(entriesOf(messages, most)).map(({ row, at }) => readThread(entries[at], row.uid)) };
}

/** @param {unknown} value @param {number} uid that of the newest message */
function readThread(value, uid) {
  const uids = entriesOf(value, MAX_THREAD).map(numberOf).filter((number) => number !== null);
  // A thread without the UID of its row is the thread of other messages. The row then is a thread by itself.
  return uids.includes(uid) ? [...new Set(uids)] : [uid];
}

/**
 * The changes of a list. If a row, a UID or `vanished` cannot be read, `whole` is false, and the list has to be loaded. Flags
 * that cannot be read are only left out.
 * @param {unknown} answer
 * @param {number} most
 * @returns {ListChanges}
 */
export function readChanges(answer, most) {
  const { uidValidity, token, whole, flags, messages, vanished } = membersOf(answer);
  const rows = readRows(entriesOf(messages, most)).map(({ row }) => row);
  const changed = entriesOf(flags, MAX_SET_CHARACTERS).flatMap((entry) => {
    const uid = numberOf(membersOf(entry).uid);
    return uid === null ? [] : [{ uid, flags: readFlags(membersOf(entry).flags) }];
  });
  const isRead = Array.isArray(messages) && rows.length === messages.length && Array.isArray(flags) && changed.length === flags.length
    && typeof vanished === "string" && UID_SET.test(vanished) && vanished.length <= MAX_SET_CHARACTERS;
  return {
    uidValidity: countOf(uidValidity) ?? 0, token: idOf(token, MAX_TOKEN_CHARACTERS) || null, whole: whole === true && isRead,
    flags: changed, messages: rows, vanished: isRead ? vanished : "",
  };
}

const UID_SET = /^[0-9:,]*$/;

/** The rows with their places among all rows; of rows with the same UID, only the first. @param {unknown[]} values */
function readRows(values) {
  const known = new Set();
  return values.flatMap((value, at) => {
    const row = readRow(value);
    if (row === null || known.has(row.uid)) return [];
    known.add(row.uid);
    return [{ row, at }];
  });
}

/** The row of a message; null without a UID. @param {unknown} value @returns {MessageSummary | null} */
function readRow(value) {
  const { uid, from, to, sender, subject, date, size, seen, flags, protection, openpgp, problem } = membersOf(value);
  const number = numberOf(uid);
  if (number === null) return null;
  return {
    uid: number, from: textOf(from, MAX_TEXT_CHARACTERS), to: textOf(to, MAX_TEXT_CHARACTERS),
    ...(sender === undefined ? {} : { sender: readMailbox(sender) }),
    subject: textOf(subject, MAX_TEXT_CHARACTERS), date: dateOf(date), size: countOf(size) ?? 0, seen: seen === true,
    ...(flags === undefined ? {} : { flags: readFlags(flags) }),
    protection: wordOf(protection, /** @type {const} */ (["signed", "sealed"])), openpgp: openpgp === true,
    problem: wordOf(problem, /** @type {const} */ (["header-unreadable", "header-too-long", "sender-unclear"]))
      ?? ([from, to, subject].every((text) => typeof text === "string") ? null : "header-unreadable"),
  };
}

/** @param {unknown} value */
function readMailbox(value) {
  const { name, address } = membersOf(value);
  const text = textOf(address, MAX_TEXT_CHARACTERS);
  return text ? { name: textOf(name, MAX_TEXT_CHARACTERS), address: text } : null;
}

/** @param {unknown} value */
function readFlags(value) {
  return entriesOf(value, MAX_FLAGS).map((flag) => textOf(flag, MAX_FLAG_CHARACTERS)).filter(Boolean);
}
