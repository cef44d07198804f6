/**
 * The texts of a row in a list: sender or recipients, subject and date.
 *
 * In a row that shows the state of a message, the texts are from the opened message, because the verdict is about these
 * texts. The mail server could change its own texts at any time. Until the message is opened, the row has the server's
 * texts.
 */

import { isolate, mediumDate, shortDate, writeMailbox } from "../../../wasm_build/ui/formats.js";
import { shortName, visibleName } from "../../../wasm_build/ui/shown_names.js";
import { senderOf } from "./row_people.js";
import { dayKey } from "./days.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./list_answers.js").MessageSummary} MessageSummary */
/** @typedef {import("../trust/learnt_rows.js").OpenedRow} OpenedRow */
/**
 * A message as a list has it. `found` is set if the index of encrypted mail has found the message.
 * @typedef {MessageSummary & {
 *   thread?: number[], isInner?: boolean, isDraft?: boolean, found?: {subject: string},
 * }} ListedMessage
 */
/** @typedef {{who: string, subject: string, date: {iso: string | null, text: string}}} RowTexts */

/** The longest subject in a row. The bridge has the same limit for unencrypted subjects. */
const MAX_SUBJECT_CHARACTERS = 1000;
/** The placeholder for an encrypted subject (RFC 9788 section 3.2.1). */
export const OBSCURED_SUBJECT = "[...]";
/** The largest number of people that a row names. The row is too narrow to show more. */
const MAX_PEOPLE = 100;

/** @param {string} text @param {number} [most] */
export function shorten(text, most = MAX_SUBJECT_CHARACTERS) {
  if (text.length <= most) return text;
  // The cut text must not end with half of a surrogate pair.
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/**
 * @param {Catalogue} translate
 * @param {ListedMessage} message
 * @param {{isOutgoing: boolean, openedRow: OpenedRow | null, subject: string}} options `subject` is the subject of a row without
 *   a state
 * @returns {RowTexts}
 */
export function rowTexts(translate, message, { isOutgoing, openedRow, subject }) {
  const learnt = openedRow?.state ? openedRow : null;
  const iso = learnt ? learnt.date : message.date;
  return {
    who: learnt ? learntWho(translate, learnt, isOutgoing) : claimedWho(translate, message, { isOutgoing, openedRow }),
    subject: (learnt ? learnt.subject : subject) || translate("no_subject"),
    date: { iso, text: isOnOtherDay(message, openedRow) ? mediumDate(iso) : shortDate(iso) },
  };
}

/**
 * Whether the opened message is of another day than the mail server says. The row then stays at the place of the
 * server's date, but shows the message's day and gets no heading.
 * @param {MessageSummary} message
 * @param {OpenedRow | null} openedRow
 */
export function isOnOtherDay(message, openedRow) {
  return Boolean(openedRow?.state) && dayKey(openedRow?.date ?? null) !== dayKey(message.date);
}

/** The people of a To field in a few words. @param {import("../../../wasm_build/ui/formats.js").Mailbox[]} people */
export function writePeople(people) {
  return people.slice(0, MAX_PEOPLE).map((person) => isolate(writeMailbox(person))).join(", ");
}

/** @param {Catalogue} translate @param {OpenedRow} openedRow @param {boolean} isOutgoing */
function learntWho(translate, { sender, to = null }, isOutgoing) {
  return isOutgoing && to !== null ? translate("row_to", { to }) : sender || translate("no_sender");
}

/**
 * @param {Catalogue} translate
 * @param {ListedMessage} message
 * @param {{isOutgoing: boolean, openedRow: OpenedRow | null}} options
 */
function claimedWho(translate, message, { isOutgoing, openedRow }) {
  if (message.isDraft) return openedRow?.to ? translate("row_to", { to: openedRow.to }) : translate("draft_row");
  return isOutgoing ? translate("row_to", { to: visibleName(message.to) }) : shortName(senderOf(message)) || translate("no_sender");
}
