/**
 * The server that accepts the person's parcels, and the person's token at this server. The token is for people who
 * write in any webmail. A session at a bridge that accepts parcels needs no token.
 *
 * The token is sealed under a key of the person, like drafts, and bound to its server. The token can be opened only while that
 * key is unlocked, and it is sent to no other server. While a window sends parcels, a variable of the background holds the token.
 * So an upload can be deleted even after a lock.
 */
import { readLimits } from "../../../wasm_build/parcels/parcel_limits.js";
import { addressKey, isAddress } from "../../../wasm_build/ui/formats.js";
import { generateKeys, openWith } from "../../shared/channel.js";
import * as database from "../../shared/database.js";
import { directoryOrigin } from "../../shared/directory_address.js";
import { codeOf, RequestError, required } from "../../shared/messages.js";
import { ask, checkGranted, findNamedApi, readJson } from "../writing/bridge_requests.js";
import * as keys from "../keys/keys.js";
import * as vault from "../keys/vault_link.js";

/** @typedef {import("../../../wasm_build/parcels/letter_host.js").ParcelLimits} ParcelLimits */
/**
 * `server` is the origin of the pages, where recipients open parcels, and `api` the address of the API. `identity` is the
 * fingerprint of the certificate whose key has sealed the token.
 * @typedef {{server: string, api: string, address: string, limits: ParcelLimits, identity: string, sealed: ArrayBuffer}} KeptServer
 */

const NAME = "parcel server";
/** The characters of a token, which is sent in a header field. */
const TOKEN = /^[\x21-\x7e]{1,100}$/u;

/** The tokens of the windows that are sending parcels, by composition. @type {Map<string, {api: string, token: string}>} */
const inUse = new Map();

/** The stored server, for the page with the settings; null for none. */
export async function read() {
  const keptServer = await find();
  return keptServer && { server: keptServer.server, host: hostOf(keptServer.server), address: keptServer.address };
}

/** @returns {Promise<KeptServer | null>} */
export async function find() {
  return (await database.get("settings", NAME))?.value ?? null;
}

/**
 * Finds the API of the server whose pages have this address. The person has to grant the permission for the API too.
 * Rejects with `bad-directory`, `parcel-server-no-pages`, `parcel-not-granted`, or the failure of the request.
 * @param {{address: string}} body
 */
export async function look({ address }) {
  return { api: await apiOf(originOf(address)) };
}

/**
 * Tries a token at a server, and stores the token and the server. Rejects with `parcel-server-elsewhere`,
 * `parcel-server-without`, `token-refused`, `parcel-server-old`, `parcel-token-no-key`, `parcel-keys-locked` or the
 * errors of `look`.
 * @param {{address: string, token: EncryptedSecret}} body
 */
export async function save({ address, token }) {
  const server = originOf(address);
  const api = await apiOf(server);
  await checkGranted(api, "parcel-server-elsewhere");
  const limits = required(await limitsOf(api), "parcel-server-without");
  const sender = await senderOf(api, await typedToken(token));
  const identity = await sealingIdentity(sender);
  const { sealKey, identities } = await keys.unlocked(identity);
  if (!sealKey) throw new RequestError("parcel-keys-locked");
  const { sealed } = await vault.call("token.seal", { token, place: placeOf({ server, api, address: sender }), sealKey, identities });
  await database.put("settings", { name: NAME, value: { server, api, address: sender, limits, identity, sealed } });
}

/** Forgets the server and the token in this browser. The token stays valid until it is revoked at the server. */
export async function remove() {
  await database.remove("settings", NAME);
}

/** The limits of a server for parcels; null if the server accepts no parcels. @param {string} api */
export async function limitsOf(api) {
  const response = await ask(`${api}/api/config`, { credentials: "omit" });
  return response.ok ? readLimits((await readJson(response))?.parcels) : null;
}

/**
 * Sends a request with the token, for a window that is sending parcels. Rejects with `parcel-server-changed` if the person has
 * stored another server meanwhile, and with `parcel-token-locked` if the token cannot be opened.
 * @param {{composition: string, host: string}} window @param {string} path @param {RequestInit} options
 */
export async function askByToken({ composition, host }, path, options) {
  const used = inUse.get(composition) ?? (await take(host));
  inUse.set(composition, used);
  return ask(`${used.api}${path}`, bearing(used.token, options));
}

/** Forgets the token of a window that has stopped sending. @param {string} composition */
export function release(composition) {
  inUse.delete(composition);
}

/** @param {string} host */
async function take(host) {
  const keptServer = await find();
  if (!keptServer || hostOf(keptServer.server) !== host) throw new RequestError("parcel-server-changed");
  const { sealKey, identities } = await keys.unlocked(keptServer.identity);
  if (!sealKey || !identities.length) throw new RequestError("parcel-token-locked");
  const reply = await generateKeys();
  const opened = await vault.call("token.open", { sealed: keptServer.sealed, place: placeOf(keptServer), replyKey: reply.publicKey, sealKey, identities })
    .catch((error) => { throw codeOf(error) === "decryption-error" ? new RequestError("parcel-token-locked") : error; });
  return { api: keptServer.api, token: checkToken(await openWith(reply, "parcel token", opened)) };
}

/** @param {EncryptedSecret} token */
async function typedToken(token) {
  const reply = await generateKeys();
  return checkToken(await openWith(reply, "parcel token", await vault.call("token.show", { token, replyKey: reply.publicKey })));
}

/** @param {ArrayBuffer} bytes are overwritten */
function checkToken(bytes) {
  const token = new TextDecoder().decode(bytes).trim();
  new Uint8Array(bytes).fill(0);
  if (!TOKEN.test(token)) throw new RequestError("token-refused");
  return token;
}

/** The mail address to which the token belongs. @param {string} api @param {string} token @returns {Promise<string>} */
async function senderOf(api, token) {
  const response = await ask(`${api}/api/parcels`, bearing(token, { method: "GET" }));
  if (response.type === "opaqueredirect") throw new RequestError("parcel-server-moved");
  if (response.status === 401) throw new RequestError("token-refused");
  if (response.status === 404) throw new RequestError("parcel-server-without");
  if (!response.ok) throw new RequestError("directory-failed");
  const { address } = /** @type {{address?: unknown}} */ ((await readJson(response)) ?? {});
  if (typeof address !== "string" || !isAddress(address)) throw new RequestError("parcel-server-old");
  return addressKey(address);
}

/** The identity whose key seals the token. The identity of the token's address is preferred, if it is unlocked. @param {string} address */
async function sealingIdentity(address) {
  const own = (await keys.identities()).filter(({ isShared }) => !isShared);
  if (!own.length) throw new RequestError("parcel-token-no-key");
  const open = own.filter(({ locked }) => !locked);
  if (!open.length) throw new RequestError("parcel-keys-locked");
  return (open.find(({ addresses }) => addresses.some((ownAddress) => addressKey(ownAddress) === address)) ?? open[0]).fingerprint;
}

/** @param {string} server */
async function apiOf(server) {
  // The links of parcels lead to the pages, so an address without pages is refused.
  return required(await findNamedApi(server).catch(notGranted), "parcel-server-no-pages");
}

/** @param {string} address */
function originOf(address) {
  return required(directoryOrigin(address.trim()), "bad-directory");
}

/**
 * Throws the error again. An error about a server that the person has not granted gets another code, since the person
 * can remedy it.
 * @param {unknown} error @returns {never}
 */
export function notGranted(error) {
  throw codeOf(error) === "directory-not-granted" ? new RequestError("parcel-not-granted") : error;
}

/** @param {string} token @param {RequestInit} options @returns {RequestInit} */
function bearing(token, options) {
  return { redirect: "manual", ...options, credentials: "omit", headers: { ...options.headers, Authorization: `Bearer ${token}` } };
}

/** @param {Pick<KeptServer, "server" | "api" | "address">} keptServer */
function placeOf({ server, api, address }) {
  return `parcel token ${JSON.stringify([server, api, address])}`;
}

/** @param {string} server */
function hostOf(server) {
  return new URL(server).host;
}
