/** The letters of the outbox as they are kept, and the reading of a kept letter. */

import { readWait } from "./due_times.js";

/** @typedef {import("../app/service_answers.js").CopyWish} CopyWish */
/** @typedef {import("./due_times.js").Wait} Wait */
/** @typedef {import("../writing/views/writing_view.js").Proposal} Proposal */
/** @typedef {import("../../../wasm_build/ui/formats.js").Mailbox} Mailbox */
/**
 * A finished message: `tried` is the time of the first request that may have reached the bridge; 0 for none.
 * @typedef {{message: string, recipients: string[], key: string, wish: CopyWish | null, tried: number, isSent: boolean}} WaitingCopy
 */
/**
 * `held`: the person is changing the letter; `refused`: the mail server refused the letter; `unknown`: the letter was
 * perhaps sent.
 * @typedef {"waiting" | "held" | "refused" | "unknown"} LetterState
 */
/**
 * The words of a letter. An earlier version of the pages kept the people as texts of a header field.
 * @typedef {Omit<Proposal, "attachments" | "to" | "cc" | "bcc"> & {
 *   to: (string | Mailbox)[], cc?: (string | Mailbox)[], bcc?: (string | Mailbox)[],
 *   statements?: import("../writing/statements.js").Statements,
 * }} KeptWords
 */
/** @typedef {KeptWords & {files: {name: string, type: string, data: string}[]}} Words attachments in base64 */
/**
 * `wait` is the time before which the letter is not sent; null if it waits only for a connection. `isPart` is true while
 * copies of the letter are still missing here, such as the copy for people in Bcc. The state is `held` then, also if the
 * page ends meanwhile.
 * @typedef {{
 *   id: string, turn: number, state: LetterState, problem: string, copies: WaitingCopy[], words: Words, isPart?: boolean,
 *   wait?: Wait | null,
 * }} Letter
 */

const STATES = ["waiting", "held", "refused", "unknown"];

/**
 * Reads a kept letter. A letter whose state or time cannot be read is held, so that nothing leaves before the person
 * has seen it.
 * @param {any} value
 * @returns {Letter | null} null if it is not a letter
 */
export function readLetter(value) {
  if (!isObject(value) || typeof value.id !== "string" || !Number.isFinite(value.turn)) return null;
  if (!Array.isArray(value.copies) || value.copies.length === 0 || !value.copies.every(isCopy)) return null;
  if (!areWords(value.words)) return null;
  const wait = readWait(value.wait);
  const isClear = STATES.includes(value.state) && (wait !== null || (value.wait ?? null) === null);
  return {
    id: value.id, turn: value.turn, state: isClear ? value.state : "held", copies: value.copies, words: value.words,
    problem: typeof value.problem === "string" ? value.problem : "", isPart: value.isPart === true, wait,
  };
}

/** @param {any} value */
function isCopy(value) {
  return isObject(value) && areTexts([value.message, value.key]) && Array.isArray(value.recipients) && areTexts(value.recipients)
    && Number.isFinite(value.tried) && typeof value.isSent === "boolean"
    && (value.wish === null || ["boolean", "number"].includes(typeof value.wish));
}

/** @param {any} value */
function areWords(value) {
  return isObject(value) && areTexts([value.subject, value.text]) && [value.to, value.cc ?? [], value.bcc ?? []].every(arePeople)
    && Array.isArray(value.files) && value.files.every((/** @type {any} */ file) => isObject(file) && areTexts([file.name, file.type, file.data]));
}

/** @param {any} value */
function arePeople(value) {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string" || (isObject(entry) && areTexts([entry.name, entry.address])));
}

/** @param {unknown[]} values */
function areTexts(values) {
  return values.every((value) => typeof value === "string");
}

/** @param {any} value @returns {boolean} */
function isObject(value) {
  return typeof value === "object" && value !== null;
}
