/** Requests to the person's bridge. This module finds the address of the API and checks permissions. */
import { readAtMost } from "../../../wasm_build/vault/server/json_requests.js";
import { api } from "../../shared/api.js";
import { directoryPattern, namedAddress } from "../../shared/directory_address.js";
import { RequestError } from "../../shared/messages.js";

const TIMEOUT_MILLISECONDS = 30_000;
/** The certificates for one address are the longest answer (`MAX_DIRECTORY_BYTES` of `smime_core/limits.py`, in base64). */
const MAX_JSON_BYTES = 8_000_000;

/**
 * The address of the bridge's API, without `/api`. People enter the address of the bridge's pages, where `config.json`
 * names the API. An API address is refused if it would not be valid as an address of a bridge.
 * @param {string} directory the origin that the person has entered
 */
export async function findApi(directory) {
  return (await findNamedApi(directory)) ?? directory;
}

/**
 * The address of the bridge's API; null if `directory` is not the address of a bridge's pages.
 * @param {string} directory @returns {Promise<string | null>}
 */
export async function findNamedApi(directory) {
  const response = await ask(`${directory}/config.json`, { credentials: "omit" });
  if (!response.ok) return null;
  const { api: named } = await readJson(response);
  return typeof named === "string" ? namedAddress(named, directory) : directory;
}

/** Rejects with `code` if the person has not granted the site of an address. @param {string} address @param {string} code */
export async function checkGranted(address, code) {
  if (!(await api.permissions.contains({ origins: [directoryPattern(address)] }))) throw new RequestError(code);
}

/**
 * Sends a request. Rejects with `directory-not-granted` if the person has not granted the site. Rejects with
 * `directory-failed` if no answer came; even then the bridge may have got the request.
 * @param {string} url @param {RequestInit} options
 */
export async function ask(url, options) {
  await checkGranted(url, "directory-not-granted");
  return fetch(url, {
    redirect: "error", referrerPolicy: "no-referrer", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS), ...options,
  }).catch(() => { throw new RequestError("directory-failed"); });
}

/** Reads an answer as JSON. Rejects with `directory-failed` if it is not JSON or is too long. @param {Response} response */
export async function readJson(response) {
  try {
    return JSON.parse(new TextDecoder().decode(await readAtMost(response, MAX_JSON_BYTES)));
  } catch {
    throw new RequestError("directory-failed");
  }
}
