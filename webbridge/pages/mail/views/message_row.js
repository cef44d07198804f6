/** The row of one message in a list. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { messagePath } from "../../app/routes.js";
import { createRowMarks } from "../../trust/views/learnt_marks.js";
import { OBSCURED_SUBJECT, shorten } from "../row_texts.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../list_answers.js").MessageSummary} MessageSummary */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */

/**
 * Whether the outer subject is only the placeholder for an encrypted subject (RFC 9788 section 3.2.1).
 * @param {MessageSummary} message
 */
export function hidesSubject({ protection, subject }) {
  return protection === "sealed" && subject === OBSCURED_SUBJECT;
}

/** These members do not identify a message. A list adds them to a row, or they change while the message stays the same. */
const NOT_OF_THE_MESSAGE = new Set(["seen", "flags", "thread", "isInner", "isDraft", "found"]);

/**
 * A text that identifies a message, because another message may have the same UID. The server can renumber a folder (RFC
 * 3501 section 2.3.1.1, UIDVALIDITY), and can change what it says about a message. The text contains everything about the
 * message that a row has.
 * @param {MessageSummary} message
 */
export function identityOf(message) {
  return JSON.stringify(Object.entries(message).filter(([name]) => !NOT_OF_THE_MESSAGE.has(name)).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** @type {Record<NonNullable<MessageSummary["problem"]>, string>} */
const PROBLEMS = {
  "header-unreadable": "header_unreadable",
  "header-too-long": "header_too_long",
  "sender-unclear": "header_sender_unclear",
};

/**
 * @param {Catalogue} translate
 * @param {MessageSummary} message
 * @param {{address: MessageAddress, isCurrent: boolean, texts: import("../row_texts.js").RowTexts,
 *   openedRow: import("../../trust/learnt_rows.js").OpenedRow | null}} options
 */
export function createRow(translate, message, { address, isCurrent, texts, openedRow }) {
  return html("li", {}, html(
    "a",
    {
      class: message.seen ? "row" : "row row-unseen", href: `#${messagePath(address)}`,
      "aria-current": isCurrent ? "true" : null,
      data: { test: "message-row", uid: String(message.uid), protection: message.protection ?? "none" },
    },
    createRowMarks(translate, message, openedRow),
    html("span", { class: "row-from", dir: "auto", text: shorten(texts.who) }),
    html("time", { class: "row-date", datetime: texts.date.iso, text: texts.date.text }),
    html("span", { class: "row-subject", dir: "auto", text: texts.subject }),
    message.problem ? html("span", { class: "row-problem", text: translate(PROBLEMS[message.problem]), data: { test: "row-problem" } }) : null,
    message.seen ? null : html("span", { class: "row-state visually-hidden", text: translate("unread") }),
  ));
}
