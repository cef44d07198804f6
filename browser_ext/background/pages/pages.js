/**
 * Whole pages. A published page is fetched through the tab in which the person has clicked, verified, and shown in the
 * viewer. A page can also be copied from a tab, signed or encrypted, and saved.
 *
 * An extension cannot know which bytes the browser drew in the tab. So a published page is fetched again together with
 * its signature, and the viewer shows the verified bytes.
 */
import { bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { api } from "../../shared/api.js";
import { codeOf, RequestError, required } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import * as fields from "./fields.js";
import * as jobs from "../jobs/jobs.js";
import * as keys from "../keys/keys.js";
import * as mails from "../mail/mails.js";
import * as preferences from "../browser/preferences.js";
import * as trust from "../people/trust.js";
import * as vault from "../keys/vault_link.js";

const MEBIBYTE = 1024 * 1024;
/** The limits within which a view can show a page without blocking its tab for long. */
const FETCH_LIMITS = {
  maxPageBytes: 8 * MEBIBYTE, maxSignatureBytes: MEBIBYTE, maxResources: 100, maxResourceBytes: 16 * MEBIBYTE,
};
const COPY_LIMITS = { maxPictures: 200, maxPictureBytes: 16 * MEBIBYTE };
const MAX_LINKED_BYTES = 64 * MEBIBYTE;
const SAVED_TYPE = "text/html; charset=utf-8";
const PAGE_SCRIPTS = "content/page_scripts.js";
const WINDOW_SIZE = { width: 720, height: 840 };

/** @typedef {chrome.tabs.Tab} Tab */

/**
 * Opens the viewer if the tab's page names a signature. Returns whether the page names one.
 * @param {number} tabId @returns {Promise<boolean>}
 */
export async function offer(tabId) {
  const isSigned = Boolean(await runInTab(tabId, () => document.querySelector('link[rel~="smime-signature" i][href]') !== null, []));
  if (isSigned) await openViewer(tabId);
  return isSigned;
}

/** @param {number} tabId */
export async function openViewer(tabId) {
  await api.tabs.create({ url: api.runtime.getURL(`viewer/page_viewer.html?tab=${tabId}`) });
}

/** Opens the window that asks how the tab's page is to be saved. @param {number} tabId */
export async function openSaving(tabId) {
  await api.windows.create({ url: api.runtime.getURL(`page_save/page_save.html?tab=${tabId}`), type: "popup", ...WINDOW_SIZE });
}

/**
 * Opens the file behind a link in the viewer. The tab in which the person clicked fetches the file.
 * @param {number} tabId
 * @param {string} address
 */
export async function openLink(tabId, address) {
  const bytes = await fetchLink(tabId, address);
  if (!bytes) return api.tabs.create({ url: api.runtime.getURL("viewer/page_viewer.html?problem=page-link-unreachable") });
  const { mail } = await mails.hold({ bytes, name: new URL(address).pathname.split("/").at(-1) ?? "" });
  return mails.openViewer({ mail });
}

/**
 * The file behind a link in a tab. The tab fetches the file. Null if that fails.
 * @param {number} tabId
 * @param {string} address
 */
export async function fetchLink(tabId, address) {
  const fetched = (await runInTab(tabId, (url, maxBytes) => globalThis.sealwaxContent.pages?.fetchLinked(url, maxBytes), [address, MAX_LINKED_BYTES])) ?? null;
  if (!fetched) return null;
  const body = bytesFromBase64(fetched.base64);
  // Only the header field Content-Type names the boundary of a multipart, so this field is put before the body.
  const head = /^multipart\/signed/iu.test(fetched.type) ? new TextEncoder().encode(`Content-Type: ${fetched.type}\r\n\r\n`) : "";
  return new Blob([head, body]).arrayBuffer();
}

/**
 * Fetches the published page of a tab with its signature, and has the vault's owner hold both.
 * @param {{tab: number}} body
 */
export async function fetchFrom({ tab: tabId }) {
  const { url: address = "" } = await api.tabs.get(tabId).catch(() => { throw new RequestError("page-unreachable"); });
  if (!/^https?:/u.test(address)) throw new RequestError("page-unreachable");
  const fetched = required(
    await runInTab(tabId, (url, limits) => globalThis.sealwaxContent.pages?.fetchPublished(url, limits), [address, FETCH_LIMITS]),
    "page-unreachable",
  );
  if ("problem" in fetched) throw new RequestError(fetched.problem);
  const resources = fetched.resources.map(({ url, base64 }) => ({ url, bytes: bytesFromBase64(base64) }));
  const page = { cms: bytesFromBase64(fetched.signature), published: bytesFromBase64(fetched.page), address, resources };
  return { ...(await vault.call("page.hold", page)), address };
}

/** Takes the page out of a file that the vault's owner holds. @param {{mail: string}} body */
export async function take({ mail }) {
  return { ...(await vault.call("page.take", { mail })), address: "" };
}

/**
 * Opens a held page, with the password if one is given.
 * @param {{page: string, replyKey: ArrayBuffer, password?: EncryptedSecret | null}} body
 */
export async function verify({ page, replyKey, password = null }) {
  const openedAt = Date.now();
  const opened = await openOrLeaveClosed({ page, replyKey, password });
  const { report, lookups, ...rest } = opened;
  return { ...rest, ...jobs.firstVerdict({ report, lookups: opened.isClosed ? [] : lookups }), openedAt };
}

/**
 * Opens a page with the unlocked keys. If no key fits, this is not an error, since the person may open the page with a
 * password.
 * @param {{page: string, replyKey: ArrayBuffer, password: EncryptedSecret | null}} body
 */
async function openOrLeaveClosed(body) {
  try {
    return await vault.call("page.verify", { ...body, ...(await keys.unlocked()), ...(await trust.judging()) });
  } catch (error) {
    if (body.password || codeOf(error) !== "no-matching-recipient") throw error;
    return vault.call("page.verify", { ...body, sealKey: null, identities: [], ...(await trust.judging()) });
  }
}

/** Asks the certificate authorities, judges an opened page again, and returns the verdict. @param {{page: string}} body */
export async function settle({ page }) {
  return { report: (await judgeAgain(page, trust.askAuthorities)).report };
}

/** @param {{page: string, fingerprint: string}} body */
export async function propose({ page, fingerprint }) {
  const { certificates } = await judgeAgain(page, fields.nobodyAsked);
  await fields.proposeOneOf(certificates, fingerprint);
}

/** @param {string} page @param {import("../../../wasm_build/vault/server/lookups.js").Asker} ask */
function judgeAgain(page, ask) {
  return trust.judgeWith(async (judging) => vault.call("page.judge", { page, ...(await keys.unlocked()), ...judging }), ask);
}

/** Copies the page of a tab. The vault's owner holds the copy until it is saved. @param {{tab: number}} body */
export async function copyFrom({ tab }) {
  const copied = required(
    await runInTab(tab, (limits) => globalThis.sealwaxContent.pages?.copyPage(limits), [COPY_LIMITS]), "page-not-readable",
  );
  const { address, title } = copied;
  const published = new TextEncoder().encode(copied.markup).buffer;
  const { page } = await vault.call("page.hold", { cms: null, published, address, resources: [] });
  return {
    question: question({ page }), page, address, title, identities: await keys.identities(),
    people: await keys.checkPeople(await database.all("people"), () => false), directory: (await preferences.read()).directory,
  };
}

/** The question about a held copy. A copy never changes, so its id is enough. @param {{page: string}} body */
export function question({ page }) {
  return { kind: "page", page };
}

/** @param {{page: string, replyKey: ArrayBuffer}} body */
export function preview({ page, replyKey }) {
  return vault.call("page.preview", { page, replyKey, mediaType: SAVED_TYPE });
}

/**
 * Signs a copied page, encrypts it, or both. An encrypted page is for the chosen people, and always for the writer.
 * @param {{page: string, sign: boolean, encrypt: boolean, identity: string, recipients: string[]}} body fingerprints
 */
export async function encrypt({ page, sign, encrypt, ...choice }) {
  const { sealKey, identities, certificates } = await fields.encryptingWith({ sign, encrypt }, choice);
  return vault.call("page.encrypt", {
    page, sign, sealKey, identities, recipients: certificates, at: new Date().toISOString(), mediaType: SAVED_TYPE,
  });
}

/** @param {{keyFile: string, passphrase: EncryptedSecret}} body */
export async function unlock(body) {
  await keys.unlock(body);
  return { identities: await keys.identities() };
}

/**
 * @template T @template {unknown[] | []} Args
 * @param {number} tabId
 * @param {(...given: Args) => T | Promise<T>} func
 * @param {Args} args
 * @returns {Promise<T | undefined>} undefined where the browser admits no script
 */
async function runInTab(tabId, func, args) {
  const target = { tabId };
  const loaded = api.scripting.executeScript({ target, files: [PAGE_SCRIPTS] });
  const ran = await loaded.then(() => api.scripting.executeScript({ target, func, args })).catch(() => []);
  return /** @type {T | undefined} */ (ran[0]?.result ?? undefined);
}
