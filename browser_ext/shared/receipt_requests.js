/** The requests for signed receipts that are kept. The background changes them; the vault's owner reads them. */
import { isOver, valuesOf } from "../../wasm_build/ui/receipts.js";
import * as database from "./database.js";

/** The request with this `id`; null for none. @param {string} id @returns {Promise<ReceiptRequestRecord | null>} */
export async function findRequest(id) {
  const request = await database.get("receiptRequests", id);
  return request && !isOver(request) ? request : null;
}

/** The argument `sent` of `message.verify`, for a receipt with this `id`; null for none. @param {string} id */
export async function findSentValues(id) {
  const request = await findRequest(id);
  return request && valuesOf(request);
}
