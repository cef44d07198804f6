/**
 * The pages of the Sealwax bridge. By themselves these pages encrypt and decrypt mail with the keys of the key server.
 * With this adaptor the extension uses its own keys instead.
 */
import { problem } from "../problems.js";
import { isWebmail } from "../webmail_signs.js";
import { fetchFrom, fetchMessage, valueIn } from "../webmail_tools.js";

/** The header field that proves to the bridge that the request was not sent by a form of another site (webbridge.security). */
const CHANGES = { "X-Sealwax": "1" };

function recognises() {
  return isWebmail("Sealwax") && document.querySelector('script[src="main.js"]') !== null;
}

/** @param {string} path @param {RequestInit} [options] @returns {Promise<[URL, RequestInit]>} */
async function ask(path, options = {}) {
  const { api } = await (await fetchFrom(new URL("config.json", location.href))).json();
  // A page that came by HTTPS must not send mail by plain HTTP, even if its configuration names such an address.
  if (location.protocol === "https:" && new URL(api).protocol !== "https:") throw problem("unsafe-directory");
  // The browser may be signed in to several accounts. The request names the account of this tab, so the bridge uses the
  // session of this account.
  const account = encodeURIComponent(document.querySelector("[data-test=account]")?.textContent ?? "");
  const headers = { ...options.headers, ...(account ? { "X-Sealwax-Account": account } : {}) };
  return [new URL(path, api), { credentials: "include", ...options, headers }];
}

/** @returns {import("../webmail_tools.js").ShownMessage[]} */
function messages() {
  const place = /^#\/folder\/([\w-]+)\/(\d+)\/(\d+)$/.exec(location.hash);
  if (!place) return [];
  const element = document.querySelector("[data-test=reading]");
  if (!(element instanceof HTMLElement)) throw problem("page-not-understood");
  const path = `/api/folders/${place[1]}/${place[2]}/${place[3]}/raw`;
  // The pages show these elements if they cannot decrypt, because the key is locked or missing.
  const isProtected = element.querySelector("[data-test=reading-locked], [data-test=reading-error]") !== null;
  return [{ element, id: path, isProtected, fetchSource: async () => fetchMessage(...(await ask(path))) }];
}

function composer() {
  const element = document.querySelector("[data-test=compose-text]");
  if (!element && !document.querySelector("#app .writing form textarea")) return null;
  if (!(element instanceof HTMLTextAreaElement)) throw problem("page-not-understood");
  return { element, fields: () => fields(element), fetchOriginal: async () => null };
}

/** @param {HTMLTextAreaElement} element */
function fields(element) {
  const subject = valueIn(document, "[data-test=compose-subject]");
  return { kind: "new", from: "", to: [], cc: [], subject, text: element.value };
}

/** @param {ComposedMessage} done */
async function send({ message, envelope: { to, cc, bcc } }) {
  const recipients = [...to, ...cc, ...bcc];
  const headers = { ...CHANGES, "Content-Type": "application/octet-stream" };
  const key = crypto.randomUUID().replaceAll("-", "");
  const body = new Blob([`${JSON.stringify({ key, recipients })}\n`, message]);
  const { outcome } = await submit(...(await ask("/api/send", { method: "POST", headers, body })));
  if (outcome !== "sent") throw problem("sending-unknown");
}

/**
 * Sends the message. If the bridge answers with an error code other than `server-error`, the message was not sent,
 * whatever the HTTP status is.
 * @param {URL} url @param {RequestInit} options
 * @returns {Promise<{outcome?: string}>}
 */
async function submit(url, options) {
  const response = await fetch(url, { cache: "no-store", ...options }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (response?.ok) return answer ?? {};
  const isRefused = typeof answer?.code === "string" && answer.code !== "server-error";
  throw problem(isRefused ? "webmail-refused" : "sending-unknown");
}

/** @type {import("../webmail_tools.js").Adaptor} */
export const sealwax = { name: "Sealwax", recognises, messages, composer, send, delivery: async () => "raw" };
