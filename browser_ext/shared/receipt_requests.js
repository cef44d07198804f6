/** The requests for signed receipts that are kept. The background changes them; the vault's owner reads them. */
import * as database from "./database.js";

/** A receipt that comes later than this is for no known message. */
const KEPT_MILLISECONDS = 365 * 24 * 60 * 60 * 1000;

/** @param {{sentAt: string}} request */
export function isOver({ sentAt }) {
  return Date.now() - Date.parse(sentAt) > KEPT_MILLISECONDS;
}

/** The request with this `id`; null for none. @param {string} id @returns {Promise<ReceiptRequestRecord | null>} */
export async function findRequest(id) {
  const request = await database.get("receiptRequests", id);
  return request && !isOver(request) ? request : null;
}
