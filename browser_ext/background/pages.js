/**
 * Whole pages: fetched from the tab that the person clicked for, verified and shown in the viewer; copied from a tab,
 * signed or sealed, and saved.
 *
 * A published page is fetched anew together with its signature, and what is shown is what was verified: nobody can know
 * which bytes the browser drew in the tab.
 */
import { judgeInRounds, whileChecking } from "../runtime/lookups.js";
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import * as database from "./database.js";
import * as fields from "./fields.js";
import * as keys from "./keys.js";
import * as mails from "./mails.js";
import { copyPage, fetchLinked, fetchPublished, namesSignature } from "./page_scripts.js";
import * as trust from "./trust.js";
import * as vault from "./vault_link.js";

const MEBIBYTE = 1024 * 1024;
/** What a view can show without stopping the tab for long; pictures of a page add up fast. */
const FETCH_LIMITS = {
  maxPageBytes: 8 * MEBIBYTE, maxSignatureBytes: MEBIBYTE, maxResources: 100, maxResourceBytes: 16 * MEBIBYTE,
};
const COPY_LIMITS = { maxPictures: 200, maxPictureBytes: 16 * MEBIBYTE };
const MAX_LINKED_BYTES = 64 * MEBIBYTE;
const SAVED_TYPE = "text/html; charset=utf-8";
const WINDOW_SIZE = { width: 720, height: 840 };

/** @typedef {chrome.tabs.Tab} Tab */

/** Whether the tab's page names a signature; opens the viewer then. @param {number} tabId @returns {Promise<boolean>} */
export async function offer(tabId) {
  const isSigned = Boolean(await runInTab(tabId, namesSignature, []));
  if (isSigned) await openViewer(tabId);
  return isSigned;
}

/** @param {number} tabId */
export async function openViewer(tabId) {
  await api.tabs.create({ url: api.runtime.getURL(`page_viewer.html?tab=${tabId}`) });
}

/** The window that asks how the tab's page is to be saved. @param {number} tabId */
export async function openSaving(tabId) {
  await api.windows.create({ url: api.runtime.getURL(`page_save.html?tab=${tabId}`), type: "popup", ...WINDOW_SIZE });
}

/**
 * A file behind a link, fetched by the tab that the person clicked in, opened as what it is.
 * @param {number} tabId
 * @param {string} address
 */
export async function openLink(tabId, address) {
  const fetched = (await runInTab(tabId, fetchLinked, [address, MAX_LINKED_BYTES])) ?? null;
  if (!fetched) return api.tabs.create({ url: api.runtime.getURL("page_viewer.html?problem=page-link-unreachable") });
  const octets = decode(fetched.octets);
  // Without its header the boundary of a multipart is unknown.
  const head = /^multipart\/signed/iu.test(fetched.type) ? new TextEncoder().encode(`Content-Type: ${fetched.type}\r\n\r\n`) : "";
  const bytes = await new Blob([head, octets]).arrayBuffer();
  const { mail } = await mails.hold({ bytes, name: new URL(address).pathname.split("/").at(-1) ?? "" });
  return mails.openViewer({ mail });
}

/** The published page in a tab, with its signature. @param {{tab: number}} body */
export async function fetchFrom({ tab: tabId }) {
  const { url: address = "" } = await api.tabs.get(tabId).catch(() => { throw new RequestError("page-unreachable"); });
  if (!/^https?:/u.test(address)) throw new RequestError("page-unreachable");
  const fetched = await runInTab(tabId, fetchPublished, [address, FETCH_LIMITS]);
  if (!fetched) throw new RequestError("page-unreachable");
  if ("problem" in fetched) throw new RequestError(fetched.problem);
  const resources = fetched.resources.map(({ url, octets }) => ({ url, octets: decode(octets) }));
  const held = { cms: decode(fetched.signature), published: decode(fetched.page), address, resources };
  return { ...(await vault.call("page.hold", held)), address };
}

/** A page in a file that is held. @param {{mail: string}} body */
export function take({ mail }) {
  return vault.call("page.take", { mail });
}

/** @param {{page: string, replyKey: ArrayBuffer}} body */
export function open(body) {
  return openWith(body, null);
}

/** @param {{page: string, replyKey: ArrayBuffer, password: SealedSecret}} body */
export function openByPassword({ password, ...body }) {
  return openWith(body, password);
}

/** @param {{page: string, replyKey: ArrayBuffer}} body @param {SealedSecret | null} password */
async function openWith({ page, replyKey }, password) {
  const openedAt = Date.now();
  const opened = await openOrLeaveClosed({ page, replyKey, password });
  const { report, lookups, ...rest } = opened;
  const settled = lookups.length === 0 || opened.isClosed;
  return { ...rest, report: settled ? report : whileChecking(report), settled, openedAt };
}

/**
 * Where no key fits, the page stays closed: there may be a password.
 * @param {{page: string, replyKey: ArrayBuffer, password: SealedSecret | null}} body
 */
async function openOrLeaveClosed(body) {
  try {
    return await vault.call("page.open", { ...body, ...(await keys.unlocked()), ...(await trust.judging()) });
  } catch (error) {
    if (body.password || /** @type {any} */ (error).code !== "no-matching-recipient") throw error;
    return vault.call("page.open", { ...body, sealKey: null, identities: [], ...(await trust.judging()) });
  }
}

/** The verdict after authorities were asked. @param {{page: string}} body */
export async function settle({ page }) {
  return { report: (await judgeAgain(page, trust.askAuthorities)).report };
}

/** @param {{page: string, fingerprint: string}} body */
export async function propose({ page, fingerprint }) {
  const { certificates } = await judgeAgain(page, fields.nobodyAsked);
  await fields.proposeOneOf(certificates, fingerprint);
}

/** @param {string} page @param {import("../runtime/lookups.js").Asker} ask */
async function judgeAgain(page, ask) {
  const judge = async (/** @type {import("../runtime/trust.js").Evidence} */ evidence) =>
    vault.call("page.judge", { page, ...(await keys.unlocked()), ...(await trust.judging(evidence)) });
  let last;
  for await (const judgement of judgeInRounds(judge, { ask, store: trust.store })) last = judgement;
  if (!last) throw new RequestError("unknown");
  return last.judged;
}

/** A copy of a tab's page, held until it is saved. @param {{tab: number}} body */
export async function copyFrom({ tab }) {
  const copied = await runInTab(tab, copyPage, [COPY_LIMITS]);
  if (!copied) throw new RequestError("page-not-readable");
  const { address, title } = copied;
  const published = new TextEncoder().encode(copied.markup).buffer;
  const { page } = await vault.call("page.hold", { cms: null, published, address, resources: [] });
  const people = await keys.checkPeople(await database.all("people"), () => false);
  return { question: question({ page }), page, address, title, identities: await keys.identities(), people };
}

/** A copy that is held never changes: its name says what is saved. @param {{page: string}} body */
export function question({ page }) {
  return { kind: "page", page };
}

/** @param {{page: string, replyKey: ArrayBuffer}} body */
export function preview({ page, replyKey }) {
  return vault.call("page.preview", { page, replyKey, mediaType: SAVED_TYPE });
}

/**
 * A copied page signed, sealed or both: for the chosen people, and always for the writer.
 * @param {{page: string, sign: boolean, encrypt: boolean, identity: string, recipients: string[]}} body fingerprints
 */
export async function seal({ page, sign, encrypt, identity, recipients }) {
  const own = (await keys.identities()).find(({ fingerprint }) => fingerprint === identity);
  if (!own) throw new RequestError("no-such-key");
  if (sign && own.locked) throw new RequestError("locked");
  const people = encrypt ? await fields.peopleBy(recipients) : [];
  const certificates = encrypt ? [own, ...people].map(({ certificate }) => certificate) : [];
  const held = sign ? await keys.unlocked(identity) : { sealKey: null, identities: [] };
  const at = new Date().toISOString();
  return vault.call("page.seal", { page, sign, ...held, recipients: certificates, at, mediaType: SAVED_TYPE });
}

/** @param {{keyFile: string, passphrase: SealedSecret}} body */
export async function unlock(body) {
  await keys.unlock(body);
  return { identities: await keys.identities() };
}

/**
 * @template T
 * @param {number} tabId
 * @param {(...given: any[]) => T | Promise<T>} func
 * @param {any[]} args
 * @returns {Promise<T | undefined>} undefined where the browser admits no script
 */
async function runInTab(tabId, func, args) {
  const ran = await api.scripting.executeScript({ target: { tabId }, func, args }).catch(() => []);
  return /** @type {T | undefined} */ (ran[0]?.result ?? undefined);
}

/** @param {string} base64 @returns {ArrayBuffer} */
function decode(base64) {
  return /** @type {any} */ (Uint8Array).fromBase64(base64).buffer;
}
