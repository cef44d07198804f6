/**
 * Letters that are sent as parcels. The window of the letter encrypts with the vault of the background. The window may
 * not connect to any server, so it sends its ciphertext through the requests of this module. The message, file names,
 * content and six words are encrypted when they pass through this module.
 */
import { addressKey } from "../../../wasm_build/ui/formats.js";
import { readAtMost } from "../../../wasm_build/vault/server/json_requests.js";
import { RequestError, required } from "../../shared/messages.js";
import * as bridge from "../writing/bridge.js";
import * as bridgeDrafts from "../writing/bridge_drafts.js";
import { findNamedApi } from "../writing/bridge_requests.js";
import { forWindow, ofWindow } from "../writing/composing.js";
import * as keys from "../keys/keys.js";
import * as server from "./parcel_server.js";
import * as session from "../keys/session.js";
import * as vault from "../keys/vault_link.js";

/** @typedef {import("../../../wasm_build/parcels/letter_host.js").ParcelLimits} ParcelLimits */
/**
 * A server that accepts parcels from an address of the person: the bridge of their session, or the server for which they have a
 * token. `pages` is the address of the pages on which parcels are opened.
 * @typedef {{via: "bridge" | "token", host: string, pages: string, address: string, limits: ParcelLimits}} Way
 */

const REQUEST_MILLISECONDS = 5 * 60_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const PATH = /^\/api\/parcels(?:\/[\w-]{22}(?:\/submit|\/withdraw|\/objects(?:\/\d{1,6})?)?)?$/u;
const METHODS = new Set(["POST", "PATCH", "HEAD"]);
const HEADERS = new Set(["Accept-Language", "Content-Type", "Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset"]);

/** The limits of the bridge, asked once in each session. @type {{name: string, limits: ParcelLimits | null} | null} */
let known = null;

/** The servers that accept parcels from the person. A bridge that does not answer is left out. @param {BodyOf<"parcel.ways">} body @param {Sender} sender */
export async function ways({ composition }, sender) {
  await ofWindow(composition, sender);
  const [byBridge, keptServer] = await Promise.all([wayByBridge().catch(() => null), server.find()]);
  return [...(byBridge ? [byBridge] : []), ...(keptServer ? [wayByToken(keptServer)] : [])];
}

/** @param {server.KeptServer} keptServer @returns {Way} */
function wayByToken({ server: pages, address, limits }) {
  return { via: "token", host: new URL(pages).host, pages: `${pages}/`, address, limits };
}

/** @returns {Promise<Way | null>} */
async function wayByBridge() {
  const account = await bridge.findAccount();
  if (!account) return null;
  const { directory, api, address } = account;
  const name = JSON.stringify(account);
  if (known?.name !== name) {
    // A bridge without pages is left out, because the link of a parcel leads to the pages.
    known = { name, limits: (await findNamedApi(directory)) === null ? null : await server.limitsOf(api) };
  }
  return known.limits && { via: "bridge", host: new URL(directory).host, pages: `${directory}/`, address: addressKey(address), limits: known.limits };
}

/** The parcel's message, encrypted for the window. */
export const message = forWindow((/** @type {BodyOf<"parcel.message">} */ { letter, replyKey }) =>
  vault.call("parcel.message", { letter, replyKey, at: new Date().toISOString() }));

/** A new parcel: its id, its key, and its six words, encrypted for the window. */
export const make = forWindow(async (/** @type {BodyOf<"parcel.make">} */ { language, replyKey }) =>
  vault.call("parcel.make", { language, replyKey, sealKey: await sealKey() }));

export const encrypt = forWindow(async (/** @type {BodyOf<"parcel.encrypt">} */ { content, key }) =>
  vault.call("parcel.encrypt", { content, key, recipients: [], sealKey: await sealKey() }));

/**
 * The plan of a parcel. To measure the manifest, the vault signs it like the manifest that will be sent.
 * @param {BodyOf<"parcel.plan">} body @param {Sender} sender
 */
export async function plan(body, sender) {
  return vault.call("parcel.plan", await withKeys(body, sender));
}

/** The manifest, signed with the writer's key if `sign` is true. @param {BodyOf<"parcel.finish">} body @param {Sender} sender */
export async function finish(body, sender) {
  return vault.call("parcel.finish", await withKeys(body, sender));
}

/** @param {BodyOf<"parcel.plan">} body @param {Sender} sender */
async function withKeys({ composition, identity, shown: _, ...parcel }, sender) {
  await ofWindow(composition, sender);
  const ownKeys = await keys.unlocked(identity);
  if (!ownKeys.sealKey || (parcel.sign && !ownKeys.identities.length)) throw new RequestError("locked");
  return { ...parcel, recipients: [], sealKey: ownKeys.sealKey, identities: parcel.sign ? ownKeys.identities : [] };
}

/**
 * Deletes the draft in the person's mailbox when everything is uploaded. Otherwise other browsers would offer the
 * draft. Unless `anew` is true, rejects with `draft-elsewhere` if another browser may have sent the draft. Rejects with
 * `draft-not-removed` if the bridge has not confirmed the deletion.
 * @param {BodyOf<"parcel.take-back">} body @param {Sender} sender
 */
export async function deleteDraft({ composition, draft, anew }, sender) {
  await ofWindow(composition, sender);
  if (!anew && await bridgeDrafts.isElsewhere(draft)) throw new RequestError("draft-elsewhere");
  await bridgeDrafts.deleteBeforeSending(draft);
}

/**
 * Sends one request of an upload to the server that the window has named. The request does not follow redirections.
 * Rejects with `bridge-signed-out`, `token-refused`, `parcel-server-moved` for a redirection, or the failure of the
 * request.
 * @param {BodyOf<"parcel.ask">} body @param {Sender} sender
 */
export async function ask({ composition, via, host, method, path, headers, body }, sender) {
  await ofWindow(composition, sender);
  if (!PATH.test(path) || !METHODS.has(method)) throw new RequestError("bad-request");
  /** @type {RequestInit} */
  const options = {
    method, headers: readHeaders(headers), redirect: "manual", signal: AbortSignal.timeout(REQUEST_MILLISECONDS),
    ...(method === "HEAD" ? {} : { body }),
  };
  const asking = via === "bridge" ? askByBridge(host, path, options) : server.askByToken({ composition, host }, path, options);
  const response = await asking.catch(server.notGranted);
  if (response.type === "opaqueredirect") throw new RequestError("parcel-server-moved");
  if (response.status === 401) throw new RequestError(via === "bridge" ? "bridge-signed-out" : "token-refused");
  const bytes = await readAtMost(response, MAX_ANSWER_BYTES).catch(() => { throw new RequestError("directory-failed"); });
  return { status: response.status, offset: response.headers.get("Upload-Offset") ?? "", text: new TextDecoder().decode(bytes) };
}

/** Forgets the token of a window that has ended its sending. */
export const end = forWindow((/** @type {BodyOf<"parcel.end">} */ { composition }) => server.release(composition));

/** @param {string} host @param {string} path @param {RequestInit} options */
async function askByBridge(host, path, options) {
  if ((await bridge.read()).host !== host) throw new RequestError("bridge-changed");
  return required(await bridge.askIfSignedIn(path, options), "bridge-signed-out");
}

/** @param {string[]} pairs names and values in turn @returns {Record<string, string>} */
function readHeaders(pairs) {
  const names = pairs.filter((_, index) => index % 2 === 0);
  if (pairs.length % 2 !== 0 || !names.every((name) => HEADERS.has(name))) throw new RequestError("bad-request");
  return Object.fromEntries(names.map((name, index) => [name, pairs[index * 2 + 1]]));
}

async function sealKey() {
  return required(await session.sealKey(), "locked");
}
