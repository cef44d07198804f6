/** Reads the stored requests for signed receipts. Only the background changes them. */
import { isOver, valuesOf } from "../../wasm_build/ui/receipts.js";
import * as database from "./database.js";

/** The request with this `id`; null for none. @param {string} id @returns {Promise<ReceiptRequestRecord | null>} */
export async function findRequest(id) {
  const request = await database.get("receiptRequests", id);
  return request && !isOver(request) ? request : null;
}

/** The values of the request with this `id`, as `message.verify` needs them in `sent`; null for none. @param {string} id */
export async function findSentValues(id) {
  const request = await findRequest(id);
  return request && valuesOf(request);
}
