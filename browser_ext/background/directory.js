/**
 * Looks up certificates at the person's bridge (`POST /api/directory`), if the person is signed in there: by the
 * extension's own session, else by that of the bridge's pages. The bridge learns which addresses are looked up, so it is
 * asked only after a click. The vault judges its answers.
 */
import { bytesFromBase64 } from "../../wasm_build/vault/base64.js";
import { RequestError } from "../shared/messages.js";
import * as bridge from "./bridge.js";
import { ask, findApi, readJson } from "./bridge_requests.js";
import * as preferences from "./preferences.js";

const MAX_CERTIFICATES = 50;
const SOURCES = ["bridge", "ldap", "smimea"];
/** The error codes for HTTP statuses of the bridge. @type {Record<number, string>} */
const PROBLEMS = { 401: "directory-signed-out", 429: "directory-busy" };

/** @typedef {{certificate: ArrayBuffer, source: string, detail: string, intermediates: ArrayBuffer[]}} Found */

/**
 * @param {string} address
 * @returns {Promise<Found[]>}
 */
export async function search(address) {
  const { directory } = await preferences.read();
  if (!directory) throw new RequestError("no-directory");
  const body = JSON.stringify({ address });
  const asked = { method: "POST", body, headers: { "Content-Type": "application/json", "X-Sealwax": "1" } };
  const response = (await bridge.askIfSignedIn("/api/directory", asked))
    ?? (await ask(`${await findApi(directory)}/api/directory`, { ...asked, credentials: "include" }));
  if (!response.ok) throw new RequestError(PROBLEMS[response.status] ?? "directory-failed");
  const { found } = await readJson(response);
  if (!Array.isArray(found)) throw new RequestError("directory-failed");
  return found.slice(0, MAX_CERTIFICATES).map(read);
}

/** @param {{certificate?: unknown, source?: unknown, detail?: unknown, intermediates?: unknown}} one @returns {Found} */
function read({ certificate, source, detail, intermediates }) {
  if (typeof source !== "string" || !SOURCES.includes(source) || !Array.isArray(intermediates)) throw new RequestError("directory-failed");
  const chain = intermediates.slice(0, MAX_CERTIFICATES).map(decode);
  return { certificate: decode(certificate), source, detail: String(detail ?? ""), intermediates: chain };
}

/** @param {unknown} base64 @returns {ArrayBuffer} */
function decode(base64) {
  try {
    return bytesFromBase64(String(base64));
  } catch {
    throw new RequestError("directory-failed");
  }
}
