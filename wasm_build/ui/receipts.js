/**
 * The notes about signed receipts (RFC 2634 section 2) beside a mail, and the records of receipts that arrive.
 * Extension and pages share this module, but store the requests of sent messages differently. Only hashes, time and
 * recipients of a sent message are kept, not its content.
 */
import { isAddress, sameAddress } from "./formats.js";

/** @typedef {import("../vault/types/verbs.js").ReceiptRequest} ReceiptRequest */
/** @typedef {import("../vault/types/verbs.js").GivenReceipt} GivenReceipt */
/**
 * `signature` and `messageId` identify the mail with the receipt.
 * @typedef {{name: string, address: string, at: string, signature: string, messageId: string}} ArrivedReceipt
 */
/**
 * A sent message that asked for signed receipts. `id` and `digest` are the values that a receipt for the message must have, `to` the
 * addresses of its recipients. `receipts` are the receipts that arrived, one for each person, and `doubtful` the mails with receipts
 * that proved nothing.
 * @typedef {{id: string, digest: string, sentAt: string, to: string[], receipts: ArrivedReceipt[], doubtful?: string[]}} SentRequest
 */
/** @typedef {{state: string, sender: string | null, reasons: {code: string}[]}} Verdict the final verdict */
/** @typedef {{report: Verdict, receipt?: ReceiptRequest | GivenReceipt | null}} Judged */
/** @typedef {{sent: SentRequest | null, answeredAt: string | null, own: string[]}} Known `own` are the person's addresses */
/**
 * A statement about receipts beside a mail. Either the mail asks for a receipt, or for too many; or its request was
 * answered; or the person sent the mail and asked for receipts; or the mail is a receipt.
 * @typedef {{kind: "asked"} | {kind: "too-many"} | {kind: "answered", at: string}
 *   | {kind: "sent", receipts: {name: string, address: string, at: string}[], hasDoubtful: boolean}
 *   | {kind: "given", sentAt: string, to: string[]}} ShownReceipt
 */

/** Requests are kept for this time. After that, a receipt belongs to no known message. */
const KEPT_MILLISECONDS = 365 * 24 * 60 * 60 * 1000;
/** A request to more addresses is not answered, because its sender could make people write to anybody. */
export const MAX_RECEIVERS = 10;
/** The limit on doubtful mails that are kept. Anybody who has the message can send receipts that prove nothing. */
const MAX_DOUBTFUL = 20;

/** @param {{sentAt: string}} request */
export function isOver({ sentAt }) {
  return Date.now() - Date.parse(sentAt) > KEPT_MILLISECONDS;
}

/** The argument `sent` of `message.verify`. @param {SentRequest} sent */
export function valuesOf({ id, digest, to, receipts }) {
  return { id, digest, to, receipts: receipts.map(({ address, signature, messageId }) => ({ address, signature, messageId })) };
}

/**
 * The statement about receipts beside a mail; null for none.
 * @param {Judged} judged @param {Known} known @returns {ShownReceipt | null}
 */
export function describeReceipt({ report, receipt }, { sent, answeredAt, own }) {
  if (!receipt || report.state !== "verified") return null;
  if (receipt.kind === "given") {
    return sent && signerAmong(receipt, sent) !== null ? { kind: "given", sentAt: sent.sentAt, to: sent.to } : null;
  }
  if (sent) return { kind: "sent", receipts: sent.receipts, hasDoubtful: (sent.doubtful ?? []).length > 0 };
  if (!isAskedHere(receipt, report.sender, own)) return null;
  if (answeredAt !== null) return { kind: "answered", at: answeredAt };
  return { kind: receipt.to.length > MAX_RECEIVERS ? "too-many" : "asked" };
}

/**
 * The record of a sent message, with a newly arrived receipt added; null if the receipt changes nothing.
 * @param {SentRequest} sent @param {{report: Verdict, receipt: GivenReceipt}} arrived
 * @returns {SentRequest | null}
 */
export function withArrived(sent, { report, receipt }) {
  const { name, at, signature, messageId } = receipt;
  const mail = `${signature} ${messageId}`;
  const doubtful = sent.doubtful ?? [];
  if (report.state !== "verified") {
    const isRepeated = report.reasons.some(({ code }) => code === "receipt-repeated");
    if (isRepeated || doubtful.includes(mail) || doubtful.length >= MAX_DOUBTFUL) return null;
    return { ...sent, doubtful: [...doubtful, mail] };
  }
  const address = signerAmong(receipt, sent);
  // Another tab may have stored a receipt of this person since this receipt was compared.
  if (address === null || sent.receipts.some((storedReceipt) => sameAddress(storedReceipt.address, address))) return null;
  return {
    ...sent, receipts: [...sent.receipts, { name, address, at, signature, messageId }], doubtful: doubtful.filter((text) => text !== mail),
  };
}

/** The recipient who signed a receipt; null for somebody else. @param {GivenReceipt} receipt @param {SentRequest} sent */
function signerAmong({ addresses }, { to }) {
  return addresses.find((own) => to.some((mailbox) => sameAddress(mailbox, own))) ?? null;
}

/**
 * Whether this person is asked for a receipt. The sender of the request is not asked. A receipt goes only to plain
 * addresses, because the name form of a certificate allows any text as an address.
 * @param {ReceiptRequest} request @param {string | null} sender @param {string[]} own
 */
function isAskedHere({ to, only }, sender, own) {
  const isOwn = (/** @type {string} */ address) => own.some((ownAddress) => sameAddress(ownAddress, address));
  const isSendable = to.length > 0 && to.every(isAddress);
  return own.length > 0 && isSendable && sender !== null && !isOwn(sender) && (only === null || only.some(isOwn));
}
