/**
 * Signed receipts: the requests of sent messages, to compare receipts with, and the receipts that the person gave. Of a
 * sent message only hashes, time and recipients are kept, and its content is not.
 */
import { sameAddress } from "../../wasm_build/ui/formats.js";
import { RequestError } from "../shared/messages.js";
import * as database from "../shared/database.js";
import { findRequest, isOver } from "../shared/receipt_requests.js";
import * as keys from "./keys.js";
import { inTurn } from "./turns.js";

/** @typedef {import("../../wasm_build/vault/types/verbs.js").ReceiptRequest} ReceiptRequest */
/** @typedef {import("../../wasm_build/vault/types/verbs.js").GivenReceipt} GivenReceipt */
/** @typedef {{report: MessageReport, receipt?: ReceiptRequest | GivenReceipt | null}} Judged a mail with its final verdict */

const MAX_REQUESTS = 500;
const MAX_GIVEN = 5_000;
/** Changes run one after the other, so that a receipt is given only once. */
const TURN = "receipts";

/**
 * Keeps the requests of messages that are about to leave, and drops the oldest ones.
 * @param {{id: string, digest: string, to: string[]}[]} requests
 */
export function keepRequests(requests) {
  return inTurn(TURN, async () => {
    const sentAt = new Date().toISOString();
    const kept = await database.all("receiptRequests");
    const lasting = kept.filter((one) => !isOver(one)).sort((one, other) => other.sentAt.localeCompare(one.sentAt));
    const stay = new Set(lasting.slice(0, MAX_REQUESTS - requests.length).map(({ id }) => id));
    await database.change({ receiptRequests: {
      remove: kept.map(({ id }) => id).filter((id) => !stay.has(id)),
      put: requests.map((request) => ({ ...request, sentAt, receipts: [] })),
    } });
  });
}

/**
 * The statement about receipts beside a mail; null for none. Keeps a verified receipt.
 * @param {Judged} judged @returns {Promise<ShownReceipt | null>}
 */
export async function describe({ report, receipt }) {
  if (!receipt || report.state !== "verified") return null;
  const sent = await findRequest(receipt.id);
  if (receipt.kind === "given") return sent ? keepArrived(receipt) : null;
  if (sent) return { kind: "sent", receipts: sent.receipts };
  if (!(await isAskedHere(receipt, report.sender))) return null;
  const given = await database.get("givenReceipts", receipt.id);
  return given ? { kind: "answered", at: given.at } : { kind: "asked" };
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
 * Notes that a receipt is being given. A window may give its own receipt again, since it is the one that knows whether
 * the first try has failed. Rejects with `receipt-given`.
 * @param {{id: string, composition: string}} given
 */
export function noteGiven({ id, composition }) {
  return inTurn(TURN, async () => {
    const before = await database.get("givenReceipts", id);
    if (before && before.composition !== composition) throw new RequestError("receipt-given");
    const others = (await database.all("givenReceipts")).sort((one, other) => one.at.localeCompare(other.at));
    const remove = others.slice(0, Math.max(0, others.length + 1 - MAX_GIVEN)).map((one) => one.id);
    await database.change({ givenReceipts: { remove, put: [{ id, composition, at: new Date().toISOString() }] } });
  });
}

/** Forgets a receipt that has certainly not left. @param {string} id */
export function forgetGiven(id) {
  return inTurn(TURN, () => database.remove("givenReceipts", id));
}

/**
 * Keeps a verified receipt with the message that it is for.
 * @param {GivenReceipt} receipt @returns {Promise<ShownReceipt | null>}
 */
function keepArrived({ id, name, addresses, at, signature, messageId }) {
  return inTurn(TURN, async () => {
    const sent = await findRequest(id);
    const address = addresses.find((own) => sent?.to.some((one) => sameAddress(one, own)));
    if (!sent || address === undefined) return null;
    if (!sent.receipts.some((one) => one.signature === signature)) {
      await database.put("receiptRequests", { ...sent, receipts: [...sent.receipts, { name, address, at, signature, messageId }] });
    }
    return { kind: "given", sentAt: sent.sentAt, to: sent.to };
  });
}

/** Whether a request is for the person, who is not its sender. @param {ReceiptRequest} request @param {string | null} sender */
async function isAskedHere({ to, only }, sender) {
  const own = (await keys.identities()).flatMap(({ addresses }) => addresses);
  const isOwn = (/** @type {string} */ address) => own.some((one) => sameAddress(one, address));
  return own.length > 0 && to.length > 0 && sender !== null && !isOwn(sender) && (only === null || only.some(isOwn));
}
