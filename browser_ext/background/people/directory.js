/**
 * Looks up certificates at the person's bridge (`POST /api/directory`), if the person is signed in there. The look-up
 * uses the extension's session at the bridge. If there is none, it uses the session of the bridge's pages. The bridge
 * learns which addresses are looked up, so it is asked only after a click. The vault judges the answers.
 */
import { hasFailedDirectory, readFound } from "../../../wasm_build/vault/server/found_answers.js";
import { RequestError, required } from "../../shared/messages.js";
import * as bridge from "../writing/bridge.js";
import { ask, findApi, readJson } from "../writing/bridge_requests.js";
import * as preferences from "../browser/preferences.js";

/** The error codes for HTTP statuses of the bridge. @type {Record<number, string>} */
const PROBLEMS = { 401: "directory-signed-out", 429: "directory-busy" };

/** @typedef {import("../../../wasm_build/vault/server/found_answers.js").Found} Found */

/**
 * @param {string} address
 * @returns {Promise<Found[]>}
 */
export async function search(address) {
  const directory = required((await preferences.read()).directory, "no-directory");
  const request = {
    method: "POST", body: JSON.stringify({ address }), headers: { "Content-Type": "application/json", "X-Sealwax": "1" },
  };
  const response = (await bridge.askIfSignedIn("/api/directory", request))
    ?? (await ask(`${await findApi(directory)}/api/directory`, { ...request, credentials: "include" }));
  if (!response.ok) throw new RequestError(PROBLEMS[response.status] ?? "directory-failed");
  const answer = await readJson(response);
  if (!Array.isArray(answer?.found)) throw new RequestError("directory-failed");
  const found = readFound(answer);
  if (found.length === 0 && hasFailedDirectory(answer)) throw new RequestError("directory-failed");
  return found;
}
