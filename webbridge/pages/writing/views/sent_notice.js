/** The notice after a letter was sent. A dialog shows how it was sent, where the copy is, and the encrypted block. */

import { html, openReading } from "../../../../wasm_build/ui/dom.js";
import { leavingMark } from "../../../../wasm_build/ui/state_mark.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {{text: string, label?: string, view: () => void}} SentNotice `view` opens the dialog; `label` is on its button */

/**
 * @param {Catalogue} translate
 * @param {{
 *   letter: import("../../../../wasm_build/ui/sending_plan.js").Letter, sentence: string, block: HTMLElement | null,
 *   submission: import("../sending_requests.js").Submission,
 * }} sent
 * @returns {SentNotice}
 */
export function createSentNotice(translate, { letter, sentence, block, submission }) {
  const how = translate(letter.encrypt ? "sent_encrypted" : letter.sign ? "sent_signed" : "sent_unprotected");
  const copy = copySentence(translate, submission);
  // If a copy was wanted and not kept, the notice says so at once.
  const isMissed = submission.savedTo === null && submission.copy !== false;
  return {
    text: isMissed ? `${how} ${copy}` : how,
    view: () => void openReading(translate, translate("sent"), [
      html("div", { class: "plan" }, html(
        "div", { class: "plan-line" }, leavingMark(letter), html("p", { text: sentence, data: { test: "left" } }),
      )),
      block, html("p", { class: "note", text: copy, data: { test: "sent-copy" } }),
    ], { test: "sent-dialog", isWide: false }),
  };
}

/**
 * The notice after a letter went as a parcel.
 * @param {Catalogue} translate
 * @param {import("../sending_requests.js").Submission | null} submission the outcome of the mail to the people with
 *   certificates; null if there were none
 * @returns {SentNotice}
 */
export function createParcelNotice(translate, submission) {
  return {
    text: translate(submission ? "as_parcel_notice_mixed" : "as_parcel_notice"),
    view: () => void openReading(translate, translate("sent"), [
      html("p", { text: translate("as_parcel_notice_meaning") }),
      submission && html("p", { class: "note", text: copySentence(translate, submission), data: { test: "sent-copy" } }),
    ], { test: "sent-dialog", isWide: false }),
  };
}

/**
 * @param {Catalogue} translate
 * @param {import("../sending_requests.js").Submission} submission
 */
function copySentence(translate, { savedTo, copy }) {
  if (savedTo === null) return translate(copy === false ? "copy_not_wanted" : "copy_not_kept");
  return typeof copy === "number" ? translate("copy_kept_days", { count: copy }) : translate("copy_kept");
}
