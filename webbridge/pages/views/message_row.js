/** The row of one message in a list. */

import { html } from "../../../wasm_build/ui/dom.js";
import { shortDate } from "../../../wasm_build/ui/formats.js";
import { messagePath } from "../routes.js";
import { createRowMarks, whoOf } from "./learnt_marks.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../api.js").MessageSummary} MessageSummary */
/** @typedef {import("../routes.js").MessageAddress} MessageAddress */

export const OBSCURED_SUBJECT = "[...]";
/** The longest subject in a row. The bridge has the same limit for the subjects that are not encrypted. */
const MAX_SUBJECT_CHARACTERS = 1000;

/**
 * Whether the outer subject is only the placeholder for an encrypted subject (RFC 9788 section 3.2.1).
 * @param {MessageSummary} message
 */
export function hidesSubject({ protection, subject }) {
  return protection === "sealed" && subject === OBSCURED_SUBJECT;
}

/**
 * A text that differs for another message under the same UID. The server can give the UIDs of a folder anew (RFC 3501
 * section 2.3.1.1, UIDVALIDITY).
 * @param {MessageSummary} message
 */
export function identityOf({ uid, from, to, date, size }) {
  return JSON.stringify([uid, from, to, date, size]);
}

/** @param {string} subject */
export function shorten(subject) {
  if (subject.length <= MAX_SUBJECT_CHARACTERS) return subject;
  // Half of a surrogate pair is no character.
  return `${subject.slice(0, MAX_SUBJECT_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** @param {NonNullable<MessageSummary["problem"]>} problem */
function problemKey(problem) {
  return problem === "header-too-long" ? "header_too_long" : "header_unreadable";
}

/**
 * @param {App} app
 * @param {MessageSummary} message
 * @param {{address: MessageAddress, isOutgoing: boolean, isCurrent: boolean, subject: string,
 *   lesson: import("../learnt_rows.js").Lesson | null}} options
 */
export function createRow(app, message, { address, isOutgoing, isCurrent, subject, lesson }) {
  const { translate } = app;
  const who = whoOf(translate, message, { isOutgoing, lesson });
  const link = html(
    "a",
    {
      class: message.seen ? "row" : "row row-unseen", href: `#${messagePath(address)}`,
      "aria-current": isCurrent ? "true" : null,
      data: { test: "message-row", uid: String(message.uid), protection: message.protection ?? "none" },
    },
    createRowMarks(translate, message, lesson),
    html("span", { class: "row-from", dir: "auto", text: shorten(who) }),
    html("time", { class: "row-date", datetime: message.date, text: shortDate(message.date) }),
    html("span", { class: "row-subject", dir: "auto", text: subject }),
    message.problem ? html("span", { class: "row-problem", text: translate(problemKey(message.problem)), data: { test: "row-problem" } }) : null,
    message.seen ? null : html("span", { class: "row-state visually-hidden", text: translate("unread") }),
  );
  return html("li", {}, link);
}
