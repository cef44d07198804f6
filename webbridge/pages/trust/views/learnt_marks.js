/**
 * The contents of an opened message's row, and the marks of the row: the shape of the state, and the lock of an encrypted
 * message.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { headerReader, sameAddress, writeMailbox } from "../../../../wasm_build/ui/formats.js";
import { shortName } from "../../../../wasm_build/ui/shown_names.js";
import { lockMark, protectionMark, stateMark } from "../../../../wasm_build/ui/state_mark.js";
import { provedMailbox, shownState } from "../../../../wasm_build/ui/verdict_words.js";
import { coversField, isEncrypted } from "../../reading/report.js";
import { namesSender } from "../../mail/row_people.js";
import { shorten, writePeople } from "../../mail/row_texts.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../mail/list_answers.js").MessageSummary} MessageSummary */
/** @typedef {import("../learnt_rows.js").OpenedRow} OpenedRow */

/** The longest text of a message that is kept. */
const MAX_CHARACTERS = 300;
const NOBODY = { name: "", address: "" };

/** The learnt rows of a list in which nothing is learnt. */
export const NOTHING_LEARNT = Object.assign(new EventTarget(), {
  find: () => null, learn: () => undefined, load: async () => undefined,
});

/**
 * The marks of a row. Without a verdict, the uncoloured shape shows what the message seems to be.
 * @param {Catalogue} translate
 * @param {MessageSummary} message
 * @param {OpenedRow | null} openedRow
 */
export function createRowMarks(translate, message, openedRow) {
  if (openedRow?.isUncovered) {
    const mark = protectionMark(openedRow.isEncrypted ? "sealed" : "signed", translate);
    return html("span", { class: "row-marks", title: translate("learnt_uncovered"), data: { test: "learnt-uncovered" } }, mark);
  }
  if (!openedRow?.state) {
    return html("span", { class: "row-marks" }, protectionMark(message.openpgp ? "openpgp" : message.protection, translate));
  }
  const mark = stateMark(openedRow.state, translate, { size: 20 });
  mark.classList.add("mark-small");
  const lock = openedRow.isEncrypted ? lockMark(translate("protection_encrypted"), { size: 16 }) : null;
  return html("span", {
    class: "row-marks", title: translate("learnt_when_opened"), data: { state: openedRow.state, test: "learnt" },
  }, mark, lock);
}

/**
 * The contents of an opened message's row. A verdict that does not cover everything in the row is not shown as the row's state.
 * @param {import("../../keys/mail_vault.js").OpenedMessage} opened
 * @param {MessageSummary} message
 * @param {{isOutgoing?: boolean, own?: string[]}} [options] `own` are the addresses of the person's keys: in the Sent
 *   folder, only rows of messages that these keys signed name the recipients instead of the sender
 * @returns {OpenedRow}
 */
export function openedRowOf({ report, headers }, message, { isOutgoing = false, own = [] } = {}) {
  const header = headerReader(headers);
  const [claimed = NOBODY] = report.people.from.mailboxes;
  const proved = provedMailbox(report);
  const isVerified = report.state === "verified";
  // If the row names another sender than the message, the row does not belong to this message, whatever the mail server says.
  const isTheirs = proved !== null && namesSender(message, proved.address);
  const isCovered = coversField(report, "subject") && coversField(report, "date");
  const isTo = isOutgoing && (!isVerified
    || (coversField(report, "to") && own.some((ownAddress) => sameAddress(ownAddress, proved?.address ?? ""))));
  return {
    state: isVerified && !(isTheirs && isCovered) ? null : shownState(report),
    isUncovered: isVerified && isTheirs && !isCovered,
    sender: shorten(proved ? writeMailbox(proved) : shortName(claimed), MAX_CHARACTERS),
    to: isTo ? shorten(writePeople(report.people.to.mailboxes), MAX_CHARACTERS) : null,
    subject: shorten(header("subject"), MAX_CHARACTERS),
    date: report.date,
    isEncrypted: isEncrypted(report),
  };
}

/**
 * Shows what was learnt in a row that is drawn already.
 * @param {Catalogue} translate
 * @param {HTMLElement} row
 * @param {{message: MessageSummary, openedRow: OpenedRow | null, texts: import("../../mail/row_texts.js").RowTexts}} shown
 */
export function updateRow(translate, row, { message, openedRow, texts: { who, subject, date } }) {
  row.querySelector(".row-marks")?.replaceWith(createRowMarks(translate, message, openedRow));
  for (const [selector, text] of Object.entries({ ".row-from": who, ".row-subject": subject, ".row-date": date.text })) {
    const part = row.querySelector(selector);
    if (part && part.textContent !== text) part.textContent = text;
  }
  const time = row.querySelector(".row-date");
  if (date.iso) time?.setAttribute("datetime", date.iso);
  else time?.removeAttribute("datetime");
}
