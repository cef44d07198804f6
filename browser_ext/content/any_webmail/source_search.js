/**
 * Fetches the source of a mail that the page shows, when the person has clicked for it. Every address is one of this
 * site, and is asked by GET with the person's session. An answer counts only if it is a message of S/MIME whose header
 * the page shows. If none counts, the S/MIME part itself is fetched.
 */
import { findBelow, isConnected, textOf } from "../dom_tree.js";
import { problem } from "../problems.js";
import { beginsAsMessage } from "../webmail_tools.js";
import { isProtected, isShownAround, readHeader } from "./message_header.js";
import { readRecipe, taughtLinks } from "./recipes.js";
import { addressesOf, addressOf, isChanging, linkedAddress, sourceLinks } from "./source_links.js";

/** @typedef {import("./shown_parts.js").ShownPart} ShownPart */
/** The content at an address: the mail, an S/MIME part alone, or a page. @typedef {{bytes?: ArrayBuffer, cms?: ArrayBuffer, refused: Refusal, page?: Document}} Answer */
/** @typedef {"" | "source-other-mail" | "source-signed-out" | "source-too-large" | "source-not-protected" | "source-not-found"} Refusal */

/** The largest message that the background holds. */
const MAX_BYTES = 128 * 2 ** 20;
const MAX_PAGE_BYTES = 4 * 2 ** 20;
/** The bytes after which it is clear whether an answer is a message. */
const HEAD_BYTES = 2000;
/** The longest wait for an answer, which is longer for a large message. */
const WAIT_MILLISECONDS = 20_000;
const LEAST_BYTES_PER_MILLISECOND = 8;
/** The time after which no further address is tried. */
const SEARCH_MILLISECONDS = 60_000;
/** The most addresses that one click fetches: the page's links, and the links of pages that they lead to. */
const MAX_FETCHES = 10;
/** The refusals, the most telling first. @type {Refusal[]} */
const TELLING = ["source-other-mail", "source-signed-out", "source-too-large", "source-not-protected"];
const HTML = /^\s*(?:<!doctype html|<html|<head|<body|<!--)/iu;
/** The beginning of a CMS object in base64, with or without armor. */
const CMS_TEXT = /^\s*(?:MI[A-J]|-----BEGIN (?:CMS|PKCS ?#?7|SMIME))/u;
const ASCII = /^[\t\n\r\x20-\x7e]*$/u;

/**
 * @param {ShownPart} part
 * @returns {Promise<ArrayBuffer>} the message, or the S/MIME part of an encrypted one. Rejects with the reason why none
 *   was found.
 */
export async function fetchShownMail(part) {
  const here = location.href;
  const documents = reachableDocuments();
  const { source } = await readRecipe();
  const taught = taughtLinks(source, documents, part);
  const found = await search([...taught, ...sourceLinks(documents, part)], part, documents);
  const bytes = found.bytes ?? (part.isSignature ? null : await fetchPart(part, here));
  if (bytes) return bytes;
  throw problem((source.selector || source.template) && found.refused === "source-not-found" ? "recipe-misfit" : found.refused);
}

/** The mail to which one address leads; null for none. @param {URL} url @param {ShownPart} part */
export async function fetchSource(url, part) {
  return (await search([url], part, reachableDocuments())).bytes ?? null;
}

/**
 * Fetches the mail behind a link or button at which the person has pointed. The S/MIME part itself counts too.
 * @param {Element} element @param {ShownPart} part @returns {Promise<ArrayBuffer>} rejects like `fetchShownMail`
 */
export async function fetchChosen(element, part) {
  const here = location.href;
  const documents = reachableDocuments();
  const urls = addressesOf(element).filter((url) => !isChanging(element, url));
  const { bytes, cms, refused } = await search(urls, part, documents);
  if (!isConnected(element)) throw problem("pick-gone");
  if (cms && !bytes && location.href !== here) throw problem("source-other-mail");
  if (bytes ?? cms) return /** @type {ArrayBuffer} */ (bytes ?? cms);
  throw problem(refused === "source-not-found" ? "pick-no-mail" : refused);
}

/**
 * Fetches the addresses in turn until one answers with the mail, and follows the links of pages that they lead to.
 * @param {URL[]} urls @param {ShownPart} part @param {Document[]} documents @returns {Promise<Answer>}
 */
async function search(urls, part, documents) {
  /** @type {Set<Refusal>} */
  const refusals = new Set();
  /** @type {ArrayBuffer | undefined} */
  let onlyPart;
  const waiting = urls.map((url) => ({ url, isFurther: false }));
  const end = performance.now() + SEARCH_MILLISECONDS;
  for (let count = 0; count < MAX_FETCHES && waiting.length > 0 && performance.now() < end; count += 1) {
    const { url, isFurther } = /** @type {{url: URL, isFurther: boolean}} */ (waiting.shift());
    const { bytes, cms, refused, page } = await tryAddress(url, part, documents);
    if (bytes) return { bytes, refused: "" };
    refusals.add(refused);
    onlyPart ??= cms;
    const further = page && !isFurther ? sourceLinks([page], part) : [];
    waiting.unshift(...further.map((one) => ({ url: one, isFurther: true })));
  }
  return { cms: onlyPart, refused: TELLING.find((refusal) => refusals.has(refusal)) ?? "source-not-found" };
}

/** This document and the others of the same site in this tab, this one first. */
function reachableDocuments() {
  /** @type {Set<Document>} */
  const found = new Set([document]);
  try {
    for (const page of documentsBelow(/** @type {Window} */ (window.top).document)) found.add(page);
  } catch {
    // The page is in a frame of another site.
    for (const page of documentsBelow(document)) found.add(page);
  }
  return [...found];
}

/** @param {Document} page @returns {Document[]} */
function documentsBelow(page) {
  const frames = /** @type {HTMLIFrameElement[]} */ ([...findBelow(page, "iframe, frame")]);
  return [page, ...frames.flatMap(({ contentDocument }) => (contentDocument ? documentsBelow(contentDocument) : []))];
}

/** @param {URL} url @param {ShownPart} part @param {Document[]} documents @returns {Promise<Answer>} */
async function tryAddress(url, part, documents) {
  const taken = await take(url).catch((/** @type {Error} */ { message }) => message);
  if (typeof taken === "string") return { refused: taken === "too-large" ? "source-too-large" : "source-not-found" };
  if (!taken.page) return judge(taken.bytes, part, documents);
  const page = parse(taken);
  if (findBelow(page, "input[type=password]").length > 0) return { refused: "source-signed-out" };
  const shown = sourceIn(page);
  return shown ? { ...judge(shown, part, documents), page } : { refused: "source-not-found", page };
}

/** @param {ArrayBuffer} bytes @param {ShownPart} part @param {Document[]} documents @returns {Answer} */
function judge(bytes, part, documents) {
  if (!beginsAsMessage(bytes)) return { cms: beginsAsCms(bytes) ? bytes : undefined, refused: "source-not-found" };
  if (!isProtected(bytes)) return { refused: "source-not-protected" };
  return isShownAround(readHeader(bytes), part.element, documents) ? { bytes, refused: "" } : { refused: "source-other-mail" };
}

/**
 * Fetches a file of this site. The answer is read to its end only if it begins as a message, as CMS or as a page. A slow
 * answer is given up.
 * @param {URL} url @returns {Promise<{bytes: ArrayBuffer, page: boolean, url: string}>}
 */
async function take(url) {
  const end = new AbortController();
  const begun = performance.now();
  let timer = 0;
  const waitFor = (/** @type {number} */ length) => {
    clearTimeout(timer);
    timer = setTimeout(() => end.abort(), begun + WAIT_MILLISECONDS + length / LEAST_BYTES_PER_MILLISECOND - performance.now());
  };
  try {
    waitFor(0);
    // In the mode "same-origin" no redirection leads to another site.
    const response = await fetch(url, { mode: "same-origin", credentials: "same-origin", cache: "no-store", signal: end.signal });
    if (!response.ok || !response.body || !addressOf(response.url, location.href)) throw new Error("not-found");
    return { ...(await readWhole(response.body.getReader(), waitFor)), url: response.url };
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

/** @param {ReadableStreamDefaultReader<Uint8Array>} reader @param {(length: number) => void} waitFor is called as the answer grows */
async function readWhole(reader, waitFor) {
  /** @type {BlobPart[]} */
  const chunks = [];
  let length = 0;
  let kind = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (value) chunks.push(/** @type {BlobPart} */ (value));
    length += value?.length ?? 0;
    if (!kind && (done || length >= HEAD_BYTES)) kind = await kindOf(chunks);
    if (kind && length > (kind === "page" ? MAX_PAGE_BYTES : MAX_BYTES)) throw new Error("too-large");
    if (done) return { bytes: await new Blob(chunks).arrayBuffer(), page: kind === "page" };
    if (kind !== "page") waitFor(length);
  }
}

/** @param {BlobPart[]} chunks @returns {Promise<"page" | "file">} rejects for anything that is no page, message or CMS */
async function kindOf(chunks) {
  const bytes = await new Blob(chunks).slice(0, HEAD_BYTES).arrayBuffer();
  const start = new TextDecoder("latin1").decode(bytes);
  if (HTML.test(start)) return "page";
  if (!beginsAsMessage(bytes) && !beginsAsCms(bytes)) throw new Error("not-found");
  return "file";
}

/** @param {{bytes: ArrayBuffer, url: string}} taken @returns {Document} no script of it runs */
function parse({ bytes, url }) {
  const page = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "text/html");
  const base = findBelow(page, "base[href]")[0]?.getAttribute("href") ?? "";
  const named = page.createElement("base");
  named.href = URL.canParse(base, url) ? new URL(base, url).href : url;
  findBelow(page, "head")[0].prepend(named);
  return page;
}

/**
 * The source of a message that a page shows as text; null for none. A text with other than ASCII characters may differ
 * from the message's bytes, so it does not count.
 * @param {Document} page @returns {ArrayBuffer | null}
 */
function sourceIn(page) {
  const texts = [...findBelow(page, "pre, textarea")].map((one) => (textOf(one) ?? "").trimStart());
  const source = texts.find((text) => ASCII.test(text) && beginsAsMessage(new TextEncoder().encode(text.slice(0, HEAD_BYTES)).buffer));
  return source === undefined ? null : new TextEncoder().encode(source.replace(/\r?\n/gu, "\r\n")).buffer;
}

/**
 * The S/MIME part itself, or a message of S/MIME that is attached as a file, by the link of the attachment; null if that
 * leads to something else.
 * @param {ShownPart} part @param {string} here the page's address at the click
 */
async function fetchPart({ link }, here) {
  const url = link && linkedAddress(link);
  const taken = url && await take(url).catch(() => null);
  const isMail = taken && !taken.page && (beginsAsCms(taken.bytes) || (beginsAsMessage(taken.bytes) && isProtected(taken.bytes)));
  // Only its link and the page's address show that a part belongs to the shown mail. The page can show another one by now.
  const isShown = link && isConnected(link) && location.href === here && linkedAddress(link)?.href === url?.href;
  if (isMail && !isShown) throw problem("source-other-mail");
  return isMail ? taken.bytes : null;
}

/** Whether bytes begin as a CMS object: a long SEQUENCE in BER or DER, or its base64. @param {ArrayBuffer} bytes */
function beginsAsCms(bytes) {
  const [tag, length] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  return (tag === 0x30 && length >= 0x80 && length <= 0x84) || CMS_TEXT.test(new TextDecoder("latin1").decode(bytes.slice(0, HEAD_BYTES)));
}
