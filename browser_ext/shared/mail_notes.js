/** The notes below the verdict of a mail: its security label, and what is said and asked about signed receipts. */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate, writeProved } from "../../wasm_build/ui/formats.js";
import { day, locale, text } from "./i18n.js";
import { provedSender } from "./report_view.js";

/**
 * @param {ShownReceipt | null} receipt @param {MessageReport} report
 * @param {(() => Promise<void>) | null} onGive null if nothing can be sent from here
 * @returns {HTMLElement[]} empty for no statement
 */
export function createReceiptNote(receipt, report, onGive) {
  switch (receipt?.kind) {
    case "asked": return onGive ? [question(provedSender(report), onGive)] : [];
    case "answered": return [note([text("receiptGiven", day(receipt.at))])];
    case "sent": return [note(receipt.receipts.length ? receipt.receipts.map(receiptBy) : [text("receiptNoneYet")])];
    case "given": return [note([text("receiptFor", day(receipt.sentAt), listOf(receipt.to))])];
    default: return [];
  }
}

/** @param {string | null} label its name; "" for a label that is unknown here, null for none @returns {HTMLElement[]} */
export function createLabelNote(label) {
  if (label === null) return [];
  const words = label ? text("mailLabel", isolate(label)) : text("mailLabelUnknown");
  return [html("section", { class: "mail-note", data: { test: "mail-label" } }, html("p", { text: words }))];
}

/** @param {string} who @param {() => Promise<void>} onGive */
function question(who, onGive) {
  const send = html("button", { type: "button", text: text("receiptSend"), data: { test: "receipt-send" }, on: { click: () => void onGive() } });
  const leave = html("button", {
    type: "button", class: "quiet", text: text("receiptNotNow"), data: { test: "receipt-not-now" }, on: { click: () => asked.remove() },
  });
  const asked = html("section", { class: "mail-note", data: { test: "receipt" } },
    html("p", { text: text("receiptAsked", isolate(who)) }), html("div", { class: "actions" }, send, leave));
  return asked;
}

/** @param {string[]} sentences */
function note(sentences) {
  return html("section", { class: "mail-note", data: { test: "receipt" } }, ...sentences.map((sentence) => html("p", { text: sentence })));
}

/** @param {{name: string, address: string, at: string}} receipt */
function receiptBy({ name, address, at }) {
  return text("receiptBy", isolate(writeProved({ name, address })), at ? day(at) : "?");
}

/** @param {string[]} addresses */
function listOf(addresses) {
  return new Intl.ListFormat(locale(), { type: "conjunction" }).format(addresses.map(isolate));
}
