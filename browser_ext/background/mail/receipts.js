/**
 * Signed receipts. This module keeps the requests in sent messages, with which arriving receipts are compared, and the
 * receipts that the person gave.
 */
import { describeReceipt, isOver, withArrived } from "../../../wasm_build/ui/receipts.js";
import { RequestError } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import { findRequest } from "../../shared/receipt_requests.js";
import * as keys from "../keys/keys.js";
import { inTurn } from "../browser/turns.js";

/** @typedef {import("../../../wasm_build/vault/types/verbs.js").ReceiptRequest} ReceiptRequest */
/** @typedef {import("../../../wasm_build/vault/types/verbs.js").GivenReceipt} GivenReceipt */
/** @typedef {{report: MessageReport, receipt?: ReceiptRequest | GivenReceipt | null}} Judged a mail with its final verdict */

const MAX_REQUESTS = 500;
const MAX_GIVEN = 5_000;
/** Changes run one after the other, so that a receipt is given only once. */
const TURN = "receipts";

/**
 * Stores the receipt requests of messages that are about to be sent, and drops the oldest requests.
 * @param {{id: string, digest: string, to: string[]}[]} requests
 */
export function keepRequests(requests) {
  return inTurn(TURN, async () => {
    const sentAt = new Date().toISOString();
    const storedRequests = await database.all("receiptRequests");
    const lasting = storedRequests.filter((request) => !isOver(request)).sort((request, other) => other.sentAt.localeCompare(request.sentAt));
    const stay = new Set(lasting.slice(0, MAX_REQUESTS - requests.length).map(({ id }) => id));
    await database.change({ receiptRequests: {
      remove: storedRequests.map(({ id }) => id).filter((id) => !stay.has(id)),
      put: requests.map((request) => ({ ...request, sentAt, receipts: [] })),
    } });
  });
}

/**
 * The statement about receipts that is shown beside a mail; null for none. If the mail is a receipt, the receipt is
 * stored.
 * @param {Judged} judged @returns {Promise<ShownReceipt | null>}
 */
export async function describe({ report, receipt }) {
  if (!receipt) return null;
  if (receipt.kind === "given") await keepArrived({ report, receipt });
  const [sent, givenReceipt, identities] = await Promise.all([
    findRequest(receipt.id), database.get("givenReceipts", receipt.id), keys.identities(),
  ]);
  const own = identities.flatMap(({ addresses }) => addresses);
  return describeReceipt({ report, receipt }, { sent, answeredAt: givenReceipt?.at ?? null, own });
}

/**
 * The request in a mail that the person may answer now. Rejects with `receipt-not-asked` or `receipt-given`.
 * @param {Judged} judged @returns {Promise<ReceiptRequest>}
 */
export async function readAsked(judged) {
  const { receipt } = judged;
  const shown = await describe(judged);
  if (shown?.kind === "answered") throw new RequestError("receipt-given");
  if (shown?.kind !== "asked" || receipt?.kind !== "asked") throw new RequestError("receipt-not-asked");
  return receipt;
}

/**
 * Stores that a receipt is being given. The same window may give its receipt again, since only that window knows
 * whether the first try has failed. Rejects with `receipt-given`.
 * @param {{id: string, composition: string}} receipt
 */
export function noteGiven({ id, composition }) {
  return inTurn(TURN, async () => {
    const before = await database.get("givenReceipts", id);
    if (before && before.composition !== composition) throw new RequestError("receipt-given");
    const others = (await database.all("givenReceipts")).sort((receipt, other) => receipt.at.localeCompare(other.at));
    const remove = others.slice(0, Math.max(0, others.length + 1 - MAX_GIVEN)).map((receipt) => receipt.id);
    await database.change({ givenReceipts: { remove, put: [{ id, composition, at: new Date().toISOString() }] } });
  });
}

/** Forgets a receipt that was certainly not sent. @param {string} id */
export function forgetGiven(id) {
  return inTurn(TURN, () => database.remove("givenReceipts", id));
}

/** Stores a receipt with the message that it confirms. @param {{report: MessageReport, receipt: GivenReceipt}} arrived */
function keepArrived(arrived) {
  return inTurn(TURN, async () => {
    const sent = await findRequest(arrived.receipt.id);
    const next = sent && withArrived(sent, arrived);
    if (next) await database.put("receiptRequests", next);
  });
}
