/**
 * The notes below the verdict on a mail: its security label, and statements and questions about signed receipts. Extension and
 * pages share these notes.
 */
import { MAX_RECEIVERS } from "./receipts.js";
import { html } from "./dom.js";
import { isolate, listOf, writeMailbox } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./receipts.js").ShownReceipt} ShownReceipt */
/** @typedef {import("./signature_options.js").LabelPolicy} LabelPolicy */

/**
 * @param {Catalogue} translate
 * @param {ShownReceipt | null} receipt
 * @param {{sender: string, day: (iso: string) => string, onGive: (() => void) | null}} options `sender` is the proved sender;
 *   `onGive` is null if nothing can be sent from this place
 * @returns {HTMLElement[]} empty for no statement
 */
export function createReceiptNote(translate, receipt, { sender, day, onGive }) {
  const who = isolate(sender);
  switch (receipt?.kind) {
    case "asked": return onGive ? [question(translate, who, onGive)] : [];
    case "too-many": return [note([translate("receipt_too_many", { name: who, most: MAX_RECEIVERS })])];
    case "answered": return [answeredNote(translate, day(receipt.at))];
    case "sent": return [note(sentencesOnSent(translate, receipt, day))];
    case "given": {
      const addresses = listOf(receipt.to.map(isolate), translate);
      return [note([translate("receipt_for", { date: day(receipt.sentAt), addresses })])];
    }
    default: return [];
  }
}

/** The note beside a mail for which a receipt was made. @param {Catalogue} translate @param {string} date */
export function answeredNote(translate, date) {
  return note([translate("receipt_given", { date })]);
}

/**
 * @param {Catalogue} translate
 * @param {string | null} name the name of the label; "" for a label that is unknown here, null for none
 * @returns {HTMLElement[]}
 */
export function createLabelNote(translate, name) {
  if (name === null) return [];
  const words = name ? translate("mail_label", { name: isolate(name) }) : translate("mail_label_unknown");
  return [html("section", { class: "mail-note", data: { test: "mail-label" } }, html("p", { text: words }))];
}

/** @param {Catalogue} translate @param {string} who @param {() => void} onGive */
function question(translate, who, onGive) {
  const send = html("button", { type: "button", text: translate("receipt_send"), data: { test: "receipt-send" }, on: { click: onGive } });
  const leave = html("button", {
    type: "button", class: "quiet", text: translate("not_now"), data: { test: "receipt-not-now" },
    on: { click: () => section.remove() },
  });
  const section = html("section", { class: "mail-note", data: { test: "receipt" } },
    html("p", { text: translate("receipt_asked", { name: who }) }), html("div", { class: "actions" }, send, leave));
  return section;
}

/**
 * @param {Catalogue} translate @param {Extract<ShownReceipt, {kind: "sent"}>} sent @param {(iso: string) => string} day
 */
function sentencesOnSent(translate, { receipts, hasDoubtful }, day) {
  const proved = receipts.map(({ name, address, at }) =>
    translate("receipt_by", { name: isolate(writeMailbox({ name, address })), date: at ? day(at) : "?" }));
  return [
    ...(proved.length > 0 ? proved : [translate("receipt_none_yet")]),
    ...(hasDoubtful ? [translate("receipt_doubtful")] : []),
  ];
}

/** @param {string[]} sentences */
function note(sentences) {
  return html("section", { class: "mail-note", data: { test: "receipt" } }, ...sentences.map((sentence) => html("p", { text: sentence })));
}
