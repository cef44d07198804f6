/**
 * The statements about receipts and labels beside an open message, and the question before a signed receipt is sent.
 * Nothing about the opening of a message leaves without the person's answer.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { dayOnly, isolate, listOf, quoteMailbox, sameAddress } from "../../../wasm_build/ui/formats.js";
import { labelName } from "../../../wasm_build/ui/label_name.js";
import { answeredNote, createLabelNote, createReceiptNote } from "../../../wasm_build/ui/mail_notes.js";
import { openDialog } from "../../../wasm_build/ui/dialog.js";
import { problem } from "../../../wasm_build/ui/parts.js";
import { ApiError, newSendingKey } from "../api.js";
import { givesNoReceipts } from "../receipt_choice.js";
import { provedSender } from "../report.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("../../../wasm_build/ui/receipts.js").ReceiptRequest} ReceiptRequest */

/**
 * @param {App} app
 * @param {OpenedMessage} opened
 * @param {() => Promise<ArrayBuffer>} readSource
 * @returns {HTMLElement[]}
 */
export function createReceiptNotes(app, opened, readSource) {
  const { translate } = app;
  const { aboutReceipts, receipt, report, label } = opened;
  const isUnwanted = givesNoReceipts() && (aboutReceipts?.kind === "asked" || aboutReceipts?.kind === "too-many");
  const sender = provedSender(report) ?? "";
  const onGive = () => {
    if (receipt?.kind === "asked" && notes[0]) askToGive(app, { receipt, sender, address: report.sender ?? "", readSource }, notes[0]);
  };
  const notes = isUnwanted ? [] : createReceiptNote(translate, aboutReceipts, { sender, day: dayOnly, onGive });
  return [...createLabelNote(translate, labelName(label, app.signatureOffers.labelPolicy)), ...notes];
}

/** @typedef {{receipt: ReceiptRequest, sender: string, address: string, readSource: () => Promise<ArrayBuffer>}} Asking `address` is the sender's */

/**
 * Asks whether the receipt is sent, and sends it. Another note takes the place of `note` then.
 * @param {App} app @param {Asking} asking @param {HTMLElement} note
 */
function askToGive(app, { receipt, sender, address, readSource }, note) {
  const { translate } = app;
  const others = receipt.to.filter((one) => !sameAddress(one, address)).map(isolate);
  const failure = problem("receipt-error");
  const send = html("button", { class: "primary", type: "button", text: translate("receipt_send"), data: { test: "receipt-confirm" } });
  send.addEventListener("click", () => void app.attempt(send, translate("receipt_sending"), failure, async () => {
    const isSent = await giveReceipt(app, { receipt, readSource });
    note.replaceWith(isSent ? answeredNote(translate, dayOnly(new Date().toISOString())) : perhapsNote(app));
    dialog.close();
    app.announceHere(translate(isSent ? "receipt_sent" : "receipt_perhaps"));
  }));
  const dialog = openDialog(
    { titleId: "receipt-title", test: "receipt-dialog", isWide: false },
    html("h2", { id: "receipt-title", text: translate("receipt_title") }),
    html("p", { text: translate("receipt_asked", { name: isolate(sender) }) }),
    html("p", { text: translate("receipt_tells", { addresses: listOf(receipt.to.map(isolate), translate) }), data: { test: "receipt-tells" } }),
    others.length > 0
      ? html("p", { class: "warning", text: translate("receipt_elsewhere", { addresses: listOf(others, translate) }), data: { test: "receipt-elsewhere" } })
      : null,
    failure,
    html("div", { class: "actions" },
      html("button", { type: "button", text: translate("receipt_not_now"), data: { test: "receipt-leave" }, on: { click: () => dialog.close() } }),
      send),
  );
}

/** @param {App} app */
function perhapsNote({ translate }) {
  return html("section", { class: "mail-note", data: { test: "receipt" } }, html("p", { text: translate("receipt_perhaps") }));
}

/**
 * Sends the receipt for a message. It is noted before, and forgotten only if it has certainly not left.
 * @param {App} app @param {Pick<Asking, "receipt" | "readSource">} asking
 * @returns {Promise<boolean>} whether it was certainly sent
 */
async function giveReceipt(app, { receipt: { id }, readSource }) {
  const { receipts, mailVault, api, keys, address, translate } = app;
  if (address === null) throw new ApiError("session-ended", "nobody has signed in");
  await receipts.noteGiven(id);
  try {
    const { message, to } = await mailVault.makeReceipt(await readSource(), {
      id, from: quoteMailbox({ name: keys.nameFor(address), address }), subject: translate("receipt_subject"),
      messageId: `<${crypto.randomUUID()}@${address.split("@").at(-1)}>`,
    });
    const { outcome } = await api.sendMessage(message, to, newSendingKey(), false);
    return outcome === "sent";
  } catch (error) {
    if (error instanceof ApiError && error.isOpen) return false;
    await receipts.forgetGiven(id).catch(() => undefined);
    throw error;
  }
}
