/**
 * The person's session at their bridge. The bridge sends messages for this session. The person signs in through a
 * window of the extension (`sign_in/`), and only this window sees the password. The token of the session is only in
 * memory (`storage.session`). The token is lost when the browser closes, at sign-out, and when the bridge has ended the
 * session. Locking the keys does not end the session, because the session decrypts and signs nothing.
 */
import { api } from "../../shared/api.js";
import { tellBridgeChanged } from "../../shared/bridge_news.js";
import { RequestError, required } from "../../shared/messages.js";
import { ask, findApi, readJson } from "./bridge_requests.js";
import * as memory from "../browser/memory.js";
import * as preferences from "../browser/preferences.js";

const PAGE = "sign_in/sign_in.html";
const SIZE = { width: 480, height: 640 };
const SESSION = "bridge";
/** The bridge needs time to get the message, to wait for the mail server's confirmation, and to store the copy in Sent. */
const SENDING_MILLISECONDS = 5 * 60_000;
/** The codes of errors after which a recipient may have got the message. All other codes mean that nobody got it (docs/contracts.md). */
const UNCERTAIN = new Set(["server-error", "already-sending"]);
/** The limit of characters of a server's text that are shown. */
const MAX_WORDS = 300;

/** @typedef {{directory: string, api: string, address: string, token: string}} Session */
/** A recipient that a mail server refused. @typedef {{address: string, temporary: boolean, text: string}} Refused */
/**
 * The outcome of a message. "perhaps": a recipient may have got it; "unknown": the bridge does not know it;
 * "unanswered": the bridge has not answered. `temporary` says that sending the message later may help.
 * @typedef {{outcome: "sent", copy: "kept" | "unwanted" | "failed"} | {outcome: "perhaps" | "unknown" | "unanswered"}
 *   | {outcome: "refused", code: string, text: string, temporary: boolean, refused: Refused[]}} Outcome
 */

/** The person's bridge, its host, and the address that is signed in there; each "" for none. */
export async function read() {
  const { directory } = await preferences.read();
  return { directory, host: directory && new URL(directory).host, address: (await current())?.address ?? "" };
}

/** The address and the bridge with which the person is signed in; null without a session. */
export async function findAccount() {
  const session = await current();
  return session && { directory: session.directory, api: session.api, address: session.address };
}

/** The address of the API for the sign-in window. Rejects with `directory-not-granted` if the person has not granted the site. */
export async function findApiAddress() {
  return { api: await findApi(required((await preferences.read()).directory, "no-directory")) };
}

/** Opens the window for signing in. @param {{address: string}} body the address that the person wants to write as, or "" */
export async function openSignIn({ address }) {
  const url = `${api.runtime.getURL(PAGE)}#${encodeURIComponent(address)}`;
  await api.windows.create({ url, type: "popup", ...SIZE });
}

/**
 * Keeps the session that the person has begun in the window. Rejects with `bridge-changed-meanwhile`, and ends the
 * session, if another bridge was chosen while the window was open.
 * @param {BodyOf<"bridge.keep">} body
 */
export async function keep({ directory, api: apiAddress, address, token }) {
  const session = { directory, api: apiAddress, address, token };
  if (directory !== (await preferences.read()).directory) {
    await request(session, "/api/session", { method: "DELETE" }).catch(() => {});
    throw new RequestError("bridge-changed-meanwhile");
  }
  await leave().catch(() => {});
  await memory.write(SESSION, session);
  await tellBridgeChanged();
}

/** Ends the session in this browser and at the bridge. In this browser it ends even if the bridge does not answer. */
export async function leave() {
  const session = await current();
  await forget();
  if (session) await request(session, "/api/session", { method: "DELETE" });
}

/**
 * Sends a message under its key. After a message was sent, or perhaps sent, the bridge sends no other message with the
 * same key. Without `keepsCopy` there is no copy in Sent; otherwise the setting of the account decides.
 * @param {{key: string, recipients: string[], message: ArrayBuffer, keepsCopy: boolean}} letter
 * @returns {Promise<Outcome>} rejects with `bridge-signed-out` or `bridge-not-admitted`; then nothing was sent
 */
export async function send({ key, recipients, message, keepsCopy }) {
  const body = new Blob([`${JSON.stringify({ key, recipients, ...(keepsCopy ? {} : { copy: false }) })}\n`, message]);
  const outcome = await readOutcome(await post("/api/send", body, "application/octet-stream"));
  // An earlier request with this key has sent the message, or perhaps sent it. So ask for the outcome of that request.
  return outcome.outcome === "refused" && outcome.code === "key-used" ? look(key) : outcome;
}

/**
 * Returns the outcome of the message with this key. The bridge also searches Sent.
 * @param {string} key @returns {Promise<Outcome>}
 */
export async function look(key) {
  return readRecord(await post(`/api/send/${key}/look`, "", "application/json"));
}

/**
 * Withdraws the key of a message that the bridge does not know. If an upload with this key arrives later, the bridge sends
 * nothing.
 * @param {string} key @returns {Promise<Outcome | {outcome: "withdrawn"}>} "unknown" from a bridge that cannot withdraw keys
 */
export async function withdraw(key) {
  const response = await post(`/api/send/${key}`, "", "application/json", "DELETE");
  if (response?.status === 405 || response?.status === 404) return { outcome: "unknown" };
  const members = response?.ok ? await readJson(response.clone()).catch(() => null) : null;
  return members?.outcome === "withdrawn" ? { outcome: "withdrawn" } : readRecord(response);
}

/** The answer to a request in the person's session; null without a session. @param {string} path @param {RequestInit} options */
export async function askIfSignedIn(path, options) {
  const session = await current();
  return session && request(session, path, options);
}

/**
 * @param {string} path @param {BodyInit} body @param {string} type @param {"POST" | "DELETE"} [method]
 * @returns {Promise<Response | null>} null if no answer came
 */
async function post(path, body, type, method = "POST") {
  const session = required(await current(), "bridge-signed-out");
  const signal = AbortSignal.timeout(SENDING_MILLISECONDS);
  const response = await request(session, path, { method, body, signal, headers: { "Content-Type": type } }).catch((error) => {
    if (error.code === "directory-failed") return null;
    throw error;
  });
  if (response?.status === 401) throw new RequestError("bridge-signed-out");
  if (response?.status === 403) throw new RequestError("bridge-not-admitted");
  return response;
}

/** @param {Session} session @param {string} path @param {RequestInit} options */
async function request(session, path, options) {
  const headers = { ...options.headers, "X-Sealwax": "1", Authorization: `Sealwax ${session.token}` };
  const response = await ask(`${session.api}${path}`, { ...options, credentials: "omit", headers });
  // The bridge has ended the session: its time was over, the person ended it in the list of sessions, or the mail
  // server refused the password.
  if (response.status === 401 && (await current())?.token === session.token) await forget();
  return response;
}

/**
 * Reads the bridge's answer to a question about a message. An error counts as a refusal of the message only if it is
 * the recorded outcome. With any other error the question itself has failed, for example because the bridge could not
 * search Sent.
 * @param {Response | null} response @returns {Promise<Outcome>}
 */
async function readRecord(response) {
  const members = response && !response.ok ? await readJson(response.clone()).catch(() => null) : null;
  // A bridge of an earlier version does not name the outcome.
  const isRefusal = members?.outcome === "refused" || members?.code === "message-refused";
  return !response || response.ok || isRefusal ? readOutcome(response) : { outcome: "unanswered" };
}

/** @param {Response | null} response @returns {Promise<Outcome>} */
async function readOutcome(response) {
  const members = await (response && readJson(response).catch(() => null));
  const { outcome, savedTo, copy, code, failure, message, refused } = /** @type {Record<string, unknown>} */ (members ?? {});
  const withoutFolder = copy === false ? "unwanted" : "failed";
  if (response?.ok && outcome === "sent") return { outcome, copy: typeof savedTo === "string" ? "kept" : withoutFolder };
  if (response?.ok && (outcome === "perhaps" || outcome === "unknown")) return { outcome };
  if (!response || response.ok || typeof code !== "string" || UNCERTAIN.has(code)) return { outcome: "unanswered" };
  const people = Array.isArray(refused) ? refused.map(readRefused) : [];
  const isLater = ["try-later", "unreachable"].includes(String(failure)) || code === "try-later";
  const temporary = isLater || (people.length > 0 && people.every((person) => person.temporary));
  return { outcome: "refused", code, text: String(message ?? "").slice(0, MAX_WORDS), temporary, refused: people };
}

/** @param {{address?: unknown, temporary?: unknown, text?: unknown} | null} recipient @returns {Refused} */
function readRefused(recipient) {
  return { address: String(recipient?.address ?? ""), temporary: recipient?.temporary === true, text: String(recipient?.text ?? "").slice(0, MAX_WORDS) };
}

async function forget() {
  await memory.forget(SESSION);
  await tellBridgeChanged();
}

/** The session; null if the person has chosen another bridge meanwhile. @returns {Promise<Session | null>} */
async function current() {
  const session = await memory.read(SESSION);
  return session && session.directory === (await preferences.read()).directory ? session : null;
}
