/**
 * The parts of a row that show what was learnt by opening the message: the shape of its state, the lock of an encrypted
 * one, and the proved sender.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { lockMark, protectionMark, stateMark } from "../../../wasm_build/ui/state_mark.js";
import { isEncrypted, provedSender } from "../report.js";
import { namesSender, senderOf } from "../row_people.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../api.js").MessageSummary} MessageSummary */
/** @typedef {import("../learnt_rows.js").Lesson} Lesson */

/** A list of which nothing is learnt. */
export const NOTHING_LEARNT = Object.assign(new EventTarget(), {
  find: () => null, learn: () => undefined, load: async () => undefined,
});

/**
 * The marks of a row. Without a verdict, the uncoloured shape says what the message seems to be.
 * @param {App["translate"]} translate
 * @param {MessageSummary} message
 * @param {Lesson | null} lesson
 */
export function createRowMarks(translate, message, lesson) {
  if (!lesson?.state) return html("span", { class: "row-marks" }, protectionMark(message.protection, translate));
  const mark = stateMark(lesson.state, translate, { size: 20 });
  mark.classList.add("mark-small");
  const lock = lesson.isEncrypted ? lockMark(translate("protection_encrypted"), { size: 16 }) : null;
  return html("span", { class: "row-marks", title: translate("learnt_when_opened"), data: { state: lesson.state, test: "learnt" } }, mark, lock);
}

/**
 * What the opened message teaches about its row.
 * @param {import("../mail_vault.js").OpenedMessage} opened
 * @param {MessageSummary} message
 * @param {string | null} subject the subject if the row hides it
 * @returns {Lesson}
 */
export function lessonOf({ report }, message, subject) {
  const sender = provedSender(report);
  // A row that names another sender than the message is not this message's row, whatever the mail server says.
  const isTheirs = report.sender !== null && namesSender(message, report.sender);
  const state = report.state === "verified" && (!isTheirs || sender === null) ? null : report.state;
  return { state, sender: state === "verified" ? sender : null, subject, isEncrypted: isEncrypted(report) };
}

/**
 * Shows in a row that is drawn already what was learnt since.
 * @param {App["translate"]} translate
 * @param {HTMLElement} link
 * @param {{message: MessageSummary, lesson: Lesson | null, who: string, subject: string}} shown
 */
export function updateRow(translate, link, { message, lesson, who, subject }) {
  link.querySelector(".row-marks")?.replaceWith(createRowMarks(translate, message, lesson));
  const parts = [[".row-from", who], [".row-subject", subject]];
  for (const [selector, text] of parts) {
    const part = link.querySelector(selector);
    if (part && part.textContent !== text) part.textContent = text;
  }
}

/**
 * The person in a row: the proved sender beside a learnt "verified", because the name in From is only a claim.
 * @param {App["translate"]} translate
 * @param {import("./row_drawing.js").ListedMessage} message
 * @param {{isOutgoing: boolean, lesson: Lesson | null}} options
 */
export function whoOf(translate, message, { isOutgoing, lesson }) {
  if (message.isDraft) return lesson?.to ? translate("row_to", { to: lesson.to }) : translate("draft_row");
  const { name, address } = senderOf(message);
  return isOutgoing ? translate("row_to", { to: message.to }) : lesson?.sender ?? (name || address || translate("no_sender"));
}
