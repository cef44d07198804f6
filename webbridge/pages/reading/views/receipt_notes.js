/**
 * The statements about receipts and labels beside an open message, and the question before a signed receipt is sent.
 * Nothing about the opening of a message is sent without the person's answer.
 */

import { html, openDialog, problem } from "../../../../wasm_build/ui/dom.js";
import { dayOnly, isolate, listOf, quoteMailbox, sameAddress } from "../../../../wasm_build/ui/formats.js";
import { labelName } from "../../../../wasm_build/ui/label_name.js";
import { answeredNote, createLabelNote, createReceiptNote } from "../../../../wasm_build/ui/mail_notes.js";
import { ApiError } from "../../app/api.js";
import { newSendingKey } from "../../writing/sending_requests.js";
import { givesNoReceipts } from "../receipt_choice.js";
import { isReceiptSent, ReceiptKeyword } from "../receipt_keyword.js";
import { provedSender } from "../report.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../../../wasm_build/ui/signature_options.js").SignatureOffers} SignatureOffers */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../receipts.js").Receipts} Receipts */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/**
 * @typedef {{
 *   translate: Catalogue, signatureOffers: SignatureOffers, attempt: Attempt, announceHere: Announce,
 *   receipts: Receipts, api: BridgeApi, mailVault: MailVault, keys: KeyRing, address: string | null,
 * }} ReceiptServices
 */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("./shown_message.js").Source} Source */
/** @typedef {import("../../../../wasm_build/ui/receipts.js").ReceiptRequest} ReceiptRequest */

/**
 * @param {ReceiptServices} services
 * @param {OpenedMessage} opened
 * @param {Source} source
 * @returns {HTMLElement[]}
 */
export function createReceiptNotes(services, opened, source) {
  const { translate } = services;
  const { aboutReceipts, receipt, report, label } = opened;
  const isUnwanted = givesNoReceipts() && (aboutReceipts?.kind === "asked" || aboutReceipts?.kind === "too-many");
  const sender = provedSender(report) ?? "";
  const onGive = () => {
    if (receipt?.kind === "asked" && notes[0]) askToGive(services, { receipt, sender, address: report.sender ?? "", source }, notes[0]);
  };
  const isGivenElsewhere = aboutReceipts?.kind === "asked" && isReceiptSent(source.flags);
  const notes = isGivenElsewhere ? [noteOf([translate("receipt_given_elsewhere")])] : isUnwanted ? [] : createReceiptNote(translate, aboutReceipts, { sender, day: dayOnly, onGive });
  return [...createLabelNote(translate, labelName(label, services.signatureOffers.labelPolicy)), ...notes];
}

/** @typedef {{receipt: ReceiptRequest, sender: string, address: string, source: Source}} Asking `address` is the sender's */
/** `isNoted`: other browsers see that the receipt was given. @typedef {{isSent: boolean, isNoted: boolean}} Given */

/**
 * Asks whether to send the receipt, and sends it. Another note then replaces `note`.
 * @param {ReceiptServices} services @param {Asking} asking @param {HTMLElement} note
 */
function askToGive(services, { receipt, sender, address, source }, note) {
  const { translate } = services;
  const others = receipt.to.filter((recipient) => !sameAddress(recipient, address)).map(isolate);
  const failure = problem("receipt-error");
  const send = html("button", { class: "primary", type: "button", text: translate("receipt_send"), data: { test: "receipt-confirm" } });
  send.addEventListener("click", () => void services.attempt(send, translate("receipt_sending"), failure, async () => {
    const { isSent, isNoted } = await giveReceipt(services, { receipt, source });
    const newNote = isSent ? answeredNote(translate, dayOnly(new Date().toISOString())) : noteOf([translate("receipt_perhaps")]);
    const here = translate("receipt_noted_here_only");
    if (!isNoted) newNote.append(html("p", { text: here }));
    note.replaceWith(newNote);
    dialog.close();
    const sentence = translate(isSent ? "receipt_sent" : "receipt_perhaps");
    services.announceHere(isNoted ? sentence : `${sentence} ${here}`);
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
      html("button", { type: "button", text: translate("not_now"), data: { test: "receipt-leave" }, on: { click: () => dialog.close() } }),
      send),
  );
}

/** @param {string[]} sentences */
function noteOf(sentences) {
  return html("section", { class: "mail-note", data: { test: "receipt" } }, ...sentences.map((text) => html("p", { text })));
}

/**
 * Sends the receipt for a message. Before that, the receipt is noted here and at the mail server. The note is removed only
 * if the receipt has certainly not been sent.
 * @param {ReceiptServices} services @param {Pick<Asking, "receipt" | "source">} asking
 * @returns {Promise<Given>} `isSent`: the receipt was certainly sent
 */
async function giveReceipt(services, { receipt, source }) {
  const { receipts, api } = services;
  const keyword = new ReceiptKeyword(api.changes, source.address);
  // The message is read before a receipt is noted, because a message that the mail server has changed gets no receipt.
  const message = await source.read();
  await receipts.noteGiven(receipt.id);
  let [isNoted, isLeaving] = [false, false];
  try {
    isNoted = await keyword.set();
    const outcome = await sendReceipt(services, { receipt, message }, () => { isLeaving = true; });
    return { isSent: outcome === "sent", isNoted };
  } catch (error) {
    if (isLeaving && error instanceof ApiError && error.isOpen) return { isSent: false, isNoted };
    await keyword.clear();
    await receipts.forgetGiven(receipt.id).catch(() => undefined);
    throw error;
  }
}

/**
 * @param {ReceiptServices} services @param {{receipt: ReceiptRequest, message: ArrayBuffer}} asking
 * @param {() => void} onLeaving called before the receipt is sent
 */
async function sendReceipt(services, { receipt: { id }, message: request }, onLeaving) {
  const { mailVault, api, keys, address, translate } = services;
  if (address === null) throw new ApiError("session-ended", "nobody has signed in");
  const { message, to } = await mailVault.makeReceipt(request, {
    id, from: quoteMailbox({ name: keys.nameFor(address), address }), subject: translate("receipt_subject"),
    messageId: `<${crypto.randomUUID()}@${address.split("@").at(-1)}>`,
  });
  onLeaving();
  return (await api.sending.sendMessage(message, to, newSendingKey(), false)).outcome;
}
