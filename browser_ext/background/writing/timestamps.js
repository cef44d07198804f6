/**
 * Asks the timestamp service. The service learns a hash of the signature and the time of the letter, so it is asked
 * only if the person wants a lasting signature. The vault checks the answer.
 */
import { required } from "../../shared/messages.js";
import { readBounded } from "../people/trust.js";
import { checkGranted } from "./bridge_requests.js";

const TIMEOUT_MILLISECONDS = 20_000;

/**
 * Rejects with `timestamp-not-granted` or `timestamp-failed`.
 * @param {string} service its address @param {ArrayBuffer} query a TimeStampReq (RFC 3161)
 * @returns {Promise<ArrayBuffer>} the service's answer
 */
export async function ask(service, query) {
  await checkGranted(service, "timestamp-not-granted");
  const response = await fetch(service, {
    method: "POST", body: query, headers: { "Content-Type": "application/timestamp-query" }, redirect: "error", credentials: "omit",
    referrerPolicy: "no-referrer", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
  }).catch(() => null);
  return required(response?.ok ? await readBounded(response) : null, "timestamp-failed");
}
