/**
 * Fetches the source of a mail that the page shows, after the person has clicked. Every address belongs to this site,
 * and is fetched by GET with the person's session. If the person has not pointed at a link, an address is fetched only
 * if a control of the webmail leads to it. An answer counts only if it is an S/MIME message whose header the page
 * shows. The S/MIME part itself counts too if the person points at it. An address whose answer was not a message is not
 * fetched again in the same page.
 */
import { findBelow, isConnected, textOf } from "../dom_tree.js";
import { problem } from "../problems.js";
import { reachableDocuments } from "../reachable_documents.js";
import { beginsAsMessage } from "../webmail_tools.js";
import { isProtected, isShownAround, readHeader } from "./message_header.js";
import { isInMailText } from "./mail_text.js";
import { readRecipe, taughtLinks } from "./recipes.js";
import { addressesOf, addressOf, sourceLinks } from "./source_links.js";

/** @typedef {import("./shown_parts.js").ShownPart} ShownPart */
/** The content at an address: the mail, or only an S/MIME part. @typedef {{bytes?: ArrayBuffer, cms?: ArrayBuffer, refused: Refusal}} Answer */
/** @typedef {"" | "source-other-mail" | "source-signed-out" | "source-too-large" | "source-not-protected" | "source-not-found"} Refusal */

/** The largest message that the background holds. */
const MAX_BYTES = 128 * 2 ** 20;
const MAX_PAGE_BYTES = 4 * 2 ** 20;
/** The number of bytes that show whether an answer is a message. */
const HEAD_BYTES = 2000;
/** The longest wait for an answer, which is longer for a large message. */
const WAIT_MILLISECONDS = 20_000;
const LEAST_BYTES_PER_MILLISECOND = 8;
/** The time after which the search tries no further address. */
const SEARCH_MILLISECONDS = 60_000;
/** The most addresses that one click fetches. */
const MAX_FETCHES = 10;
/** The largest number of addresses that are remembered. */
const MAX_REMEMBERED = 200;
/** @type {Refusal} */
const NOT_FOUND = "source-not-found";
/** The reasons for refusing answers that are not read to their end. @type {Record<string, Refusal>} */
const REFUSALS = { "not-found": NOT_FOUND, "too-large": "source-too-large" };
/** The reasons for refusals, the most informative first. @type {Refusal[]} */
const TELLING = ["source-other-mail", "source-signed-out", "source-too-large", "source-not-protected"];
const HTML = /^\s*(?:<!doctype html|<html|<head|<body|<!--)/iu;
/** The beginning of a CMS object in base64, with or without armor. */
const CMS_TEXT = /^\s*(?:MI[A-J]|-----BEGIN (?:CMS|PKCS ?#?7|SMIME))/u;
const ASCII = /^[\t\n\r\x20-\x7e]*$/u;

/** The addresses whose answers were not a message, since the page was loaded; the latest is last. @type {Map<string, Refusal>} */
const otherAnswers = new Map();

/**
 * @param {ShownPart} part
 * @returns {Promise<ArrayBuffer>} the message. Rejects with the reason why none was found: with `part-untold` if only the
 *   attachment itself is left, which a mail's text can imitate.
 */
export async function fetchShownMail(part) {
  const { urls, documents, source } = await waysTo(part);
  const { bytes, refused } = await search(urls, part, documents);
  if (bytes) return bytes;
  if (refused !== "source-not-found") throw problem(refused);
  if (part.link && !part.isSignature) throw problem("part-untold");
  throw problem(source.selector || source.template ? "recipe-misfit" : refused);
}

/** Whether the webmail has a control that may lead to the source of a mail. @param {ShownPart} part */
export async function hasSource(part) {
  return (await waysTo(part)).urls.length > 0;
}

/** The addresses that may be the source of a mail, taught addresses first, and the documents that show the mail. @param {ShownPart} part */
async function waysTo(part) {
  const documents = reachableDocuments();
  const { source } = await readRecipe();
  return { urls: [...taughtLinks(source, documents, part), ...sourceLinks(documents, part)], documents, source };
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
  if (isInMailText(element)) throw problem("pick-in-text");
  const here = location.href;
  const documents = reachableDocuments();
  const addresses = addressesOf(element);
  const { bytes, cms, refused } = await search(addresses, part, documents);
  if (!isConnected(element)) throw problem("pick-gone");
  const isChanged = location.href !== here || addressesOf(element).some((url, index) => url.href !== addresses[index]?.href);
  if (cms && !bytes && isChanged) throw problem("source-other-mail");
  if (bytes ?? cms) return /** @type {ArrayBuffer} */ (bytes ?? cms);
  throw problem(refused === "source-not-found" ? "pick-no-mail" : refused);
}

/**
 * Fetches the addresses in turn until one answers with the mail.
 * @param {URL[]} urls @param {ShownPart} part @param {Document[]} documents @returns {Promise<Answer>}
 */
async function search(urls, part, documents) {
  /** @type {Set<Refusal>} */
  const refusals = new Set();
  /** @type {ArrayBuffer | undefined} */
  let onlyPart;
  const end = performance.now() + SEARCH_MILLISECONDS;
  for (const url of urls.slice(0, MAX_FETCHES)) {
    if (performance.now() > end) break;
    const { bytes, cms, refused } = await askOnce(url, part, documents);
    if (bytes) return { bytes, refused: "" };
    refusals.add(refused);
    onlyPart ??= cms;
  }
  return { cms: onlyPart, refused: TELLING.find((refusal) => refusals.has(refusal)) ?? "source-not-found" };
}

/** @param {URL} url @param {ShownPart} part @param {Document[]} documents @returns {Promise<Answer>} */
async function askOnce({ href }, part, documents) {
  const known = otherAnswers.get(href);
  if (known) return { refused: known };
  const taken = await take(href).catch((/** @type {Error} */ { message }) => message);
  const answer = typeof taken === "string" ? { refused: REFUSALS[taken] ?? NOT_FOUND } : judgeTaken(taken, part, documents);
  // The address of another mail is not remembered, because the page may show that mail later. An address without an
  // answer is not remembered either.
  const isOther = ["source-signed-out", "source-too-large"].includes(answer.refused) || (answer.refused === NOT_FOUND && !answer.cms);
  if (isOther && (typeof taken !== "string" || Object.hasOwn(REFUSALS, taken))) remember(href, answer.refused);
  return answer;
}

/** @param {string} href @param {Refusal} refused */
function remember(href, refused) {
  otherAnswers.set(href, refused);
  if (otherAnswers.size > MAX_REMEMBERED) otherAnswers.delete(/** @type {string} */ (otherAnswers.keys().next().value));
}

/** @param {{bytes: ArrayBuffer, page: boolean}} taken @param {ShownPart} part @param {Document[]} documents @returns {Answer} */
function judgeTaken({ bytes, page }, part, documents) {
  if (!page) return judge(bytes, part, documents);
  // No script of the page runs, and none of its links is followed, because the page can be a mail's text.
  const shown = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "text/html");
  if (findBelow(shown, "input[type=password]").length > 0) return { refused: "source-signed-out" };
  const source = sourceIn(shown);
  return source ? judge(source, part, documents) : { refused: NOT_FOUND };
}

/** @param {ArrayBuffer} bytes @param {ShownPart} part @param {Document[]} documents @returns {Answer} */
function judge(bytes, part, documents) {
  if (!beginsAsMessage(bytes)) return { cms: beginsAsCms(bytes) ? bytes : undefined, refused: NOT_FOUND };
  if (!isProtected(bytes)) return { refused: "source-not-protected" };
  return isShownAround(readHeader(bytes), part.element, documents) ? { bytes, refused: "" } : { refused: "source-other-mail" };
}

/**
 * Fetches a file of this site. The answer is read to its end only if it begins like a message, a CMS object or a page. The
 * function gives up on a slow answer.
 * @param {string} url @returns {Promise<{bytes: ArrayBuffer, page: boolean}>}
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
    // In the mode "same-origin" the browser follows no redirection to another site.
    const response = await fetch(url, { mode: "same-origin", credentials: "same-origin", cache: "no-store", signal: end.signal });
    if (!response.ok || !response.body || !addressOf(response.url, location.href)) throw new Error("not-found");
    return await readWhole(response.body.getReader(), waitFor);
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

/** @param {BlobPart[]} chunks @returns {Promise<"page" | "file">} rejects for anything that is not a page, message or CMS */
async function kindOf(chunks) {
  const bytes = await new Blob(chunks).slice(0, HEAD_BYTES).arrayBuffer();
  if (HTML.test(new TextDecoder("latin1").decode(bytes))) return "page";
  if (!beginsAsMessage(bytes) && !beginsAsCms(bytes)) throw new Error("not-found");
  return "file";
}

/**
 * The source of a message that a page shows as text; null for none. A text with characters outside ASCII does not
 * count, because it may differ from the message's bytes.
 * @param {Document} page @returns {ArrayBuffer | null}
 */
function sourceIn(page) {
  const texts = [...findBelow(page, "pre, textarea")].map((element) => (textOf(element) ?? "").trimStart());
  const source = texts.find((text) => ASCII.test(text) && beginsAsMessage(new TextEncoder().encode(text.slice(0, HEAD_BYTES)).buffer));
  return source === undefined ? null : new TextEncoder().encode(source.replace(/\r?\n/gu, "\r\n")).buffer;
}

/** Whether bytes begin like a CMS object: with a long SEQUENCE in BER or DER, or with its base64. @param {ArrayBuffer} bytes */
function beginsAsCms(bytes) {
  const [tag, length] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  return (tag === 0x30 && length >= 0x80 && length <= 0x84) || CMS_TEXT.test(new TextDecoder("latin1").decode(bytes.slice(0, HEAD_BYTES)));
}
