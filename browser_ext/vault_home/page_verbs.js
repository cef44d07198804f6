/**
 * The verbs for whole pages of the vault's owner, the context that runs the vault. Pages are held in memory and never
 * stored. Replies have an opened page only encrypted for the view that shows it.
 */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { encryptTo } from "../shared/channel.js";
import { isClosed as isClosedReport } from "../shared/closed_report.js";
import { RequestError, required } from "../shared/messages.js";
import { packPage } from "../shared/packed_page.js";
import { copyMail } from "./mail_verbs.js";
import { callVault } from "./vault_access.js";

/** The limit of all held pages together. A new page replaces the oldest ones. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * `address` is the page's web address, "" for a file. `published` is the page whose detached signature is `cms`.
 * `password`, encrypted for the owner, has opened the page. It is kept, since every new verdict opens the page again.
 * @typedef {{
 *   cms: ArrayBuffer | null, published: ArrayBuffer | null, address: string, resources: {url: string, bytes: ArrayBuffer}[],
 *   password?: EncryptedSecret,
 * }} HeldPage
 */
/**
 * The keys and the trust for opening a page.
 * @typedef {Omit<Encrypted<VaultArgs<"page.verify">>, "cms" | "published" | "standingAt">} Opening
 */
/** @typedef {Omit<Encrypted<VaultArgs<"page.encrypt">>, "page" | "address"> & {page: string}} Protecting */

/** The held pages by id, the oldest first. @type {Map<string, HeldPage>} */
const pages = new Map();

export const pageVerbs = {
  /** @param {HeldPage} page */
  "page.hold": async (page) => hold(page),
  /** @param {{mail: string}} body */
  "page.take": async ({ mail }) => hold({ cms: copyMail(mail), published: null, address: "", resources: [] }),
  "page.verify": verify,
  "page.judge": judge,
  "page.preview": preview,
  "page.encrypt": encrypt,
};

export function clearPages() {
  [...pages.keys()].forEach(drop);
}

/** @param {HeldPage} page */
function hold(page) {
  if (sizeOf(page) > MAX_HELD_BYTES) throw new RequestError("page-too-large");
  let together = [...pages.values()].reduce((sum, heldPage) => sum + sizeOf(heldPage), sizeOf(page));
  for (const [oldest, heldPage] of pages) {
    if (together <= MAX_HELD_BYTES) break;
    together -= sizeOf(heldPage);
    drop(oldest);
  }
  const id = crypto.randomUUID();
  pages.set(id, page);
  return { page: id };
}

/** @param {Opening & {page: string, replyKey: ArrayBuffer}} body */
async function verify({ page: id, replyKey, ...opening }) {
  const heldPage = find(id);
  const { page, certificates: _, ...opened } = await judgeWith(heldPage, opening);
  const isClosed = isClosedReport(opened.report);
  // Content whose signature is invalid is never shown.
  if (isClosed || opened.report.state === "invalid" || !opened.mediaType) {
    overwrite(page);
    return { ...opened, isClosed, envelope: null };
  }
  if (opening.password) heldPage.password = opening.password;
  const { address, resources } = heldPage;
  const shown = packPage({ page, mediaType: opened.mediaType, address: address || opened.address, resources });
  overwrite(page);
  return { ...opened, isClosed, envelope: await encryptTo(replyKey, "opened page", shown) };
}

/** Returns only the verdict, and overwrites the opened page. @param {Opening & {page: string}} body */
async function judge({ page: id, ...opening }) {
  const { page, ...judged } = await judgeWith(find(id), opening);
  overwrite(page);
  return judged;
}

/** @param {HeldPage} page @param {Opening} opening */
async function judgeWith({ cms, published, address, password: known }, { password = known, ...opening }) {
  return callVault("page.verify", {
    ...opening, cms: copyOf(cms), published: published && copyOf(published), standingAt: address || null, password,
  });
}

/**
 * Packs a page that is about to be signed, for its view.
 * @param {{page: string, replyKey: ArrayBuffer, mediaType: string}} body
 */
async function preview({ page: id, replyKey, mediaType }) {
  const { published, address } = find(id);
  const shown = packPage({ page: published ?? new ArrayBuffer(0), mediaType, address, resources: [] });
  return { envelope: await encryptTo(replyKey, "opened page", shown) };
}

/** @param {Protecting} body */
async function encrypt({ page: id, ...protecting }) {
  const { published, address } = find(id);
  return callVault("page.encrypt", { ...protecting, page: copyOf(published), address });
}

/** @param {string} id */
function find(id) {
  return required(pages.get(id), "page-let-go");
}

/** @param {string} id */
function drop(id) {
  const page = pages.get(id);
  pages.delete(id);
  if (page?.cms) overwrite(page.cms);
  if (page?.published) overwrite(page.published);
}

/** A copy of a buffer, since a call to the vault transfers its buffers. @param {ArrayBuffer | null} bytes */
function copyOf(bytes) {
  return bytes?.slice(0) ?? new ArrayBuffer(0);
}

/** @param {HeldPage} page */
function sizeOf({ cms, published, resources }) {
  const buffers = [cms, published, ...resources.map((resource) => resource.bytes)];
  return buffers.reduce((sum, buffer) => sum + (buffer?.byteLength ?? 0), 0);
}
