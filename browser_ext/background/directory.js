/**
 * Looks up certificates at the person's bridge (`POST /api/directory`), if the person is signed in there. The bridge
 * learns which addresses are looked up, so it is asked only after a click. The vault judges its answers.
 */
import { bytesFromBase64 } from "../../wasm_build/vault/base64.js";
import { api } from "../shared/api.js";
import { apiOrigin, directoryPattern } from "../shared/directory_address.js";
import { RequestError } from "../shared/messages.js";
import * as preferences from "./preferences.js";

const TIMEOUT_MILLISECONDS = 30_000;
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
  const place = await apiOf(directory);
  const response = await ask(`${place}/api/directory`, {
    method: "POST", body: JSON.stringify({ address }), credentials: "include",
    headers: { "Content-Type": "application/json", "X-Sealwax": "1" },
  });
  if (!response.ok) throw new RequestError(PROBLEMS[response.status] ?? "directory-failed");
  const { found } = await readJson(response);
  if (!Array.isArray(found)) throw new RequestError("directory-failed");
  return found.slice(0, MAX_CERTIFICATES).map(read);
}

/**
 * The origin of the bridge's API. People enter the address of the bridge's pages, where `config.json` names the API. An
 * API address that a person could not have entered is refused.
 * @param {string} directory
 */
async function apiOf(directory) {
  const response = await ask(`${directory}/config.json`, { credentials: "omit" });
  if (!response.ok) return directory;
  const { api: named } = await readJson(response);
  return typeof named === "string" ? apiOrigin(named, directory) : directory;
}

/** @param {string} url @param {RequestInit} options */
async function ask(url, options) {
  if (!(await api.permissions.contains({ origins: [directoryPattern(url)] }))) throw new RequestError("directory-not-granted");
  return fetch(url, {
    redirect: "error", referrerPolicy: "no-referrer", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS), ...options,
  }).catch(() => { throw new RequestError("directory-failed"); });
}

/** @param {Response} response */
function readJson(response) {
  return response.json().catch(() => { throw new RequestError("directory-failed"); });
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
