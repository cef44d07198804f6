/**
 * Finds the links and buttons of a page that may lead to the source of a shown mail, the likeliest first. This module
 * fetches nothing. Only the webmail's own controls count (`mail_text.js`), and only if they clearly name a source.
 */
import { attributeOf, contains, controlsOf, documentOf, findBelow, matches, shortTextOf } from "../dom_tree.js";
import { decodePercent } from "../percent_encoding.js";
import { hasText, ownBaseOf, ownControls } from "./mail_text.js";
import { parametersOf, weighAddress, weighLabel, wordsIn } from "./source_words.js";

/** @typedef {import("./shown_parts.js").ShownPart} ShownPart */
/** @typedef {{url: URL, score: number}} SourceLink */

const MAX_LINKS = 6;
const MAX_LABEL_CHARACTERS = 80;
/** The largest number of characters of a label, including the blanks of its markup. */
const MAX_TEXT_CHARACTERS = 2000;
const MAX_PICTURES = 10;
/** If a page cuts a subject, it still shows more than this number of characters. */
const MAX_CUT_CHARACTERS = 12;
/** Finds the first argument of a call that opens an address. The first argument of another call may be the subject. */
const OPENED = /^[^"',]*(?:\bopen\s*\(|\blocation(?:\.href)?\s*=(?!=)|\blocation\.(?:assign|replace)\s*\()\s*(["'])([^"'\\]*)\1/u;
/** An address in a script: a whole address, or one that begins with a folder, a file or a query. */
const QUOTED_ADDRESS = /^(?:https?:\/\/|\.{0,2}\/|\?|[\w-]+[/.])[^\s<>(){}\\]+$/iu;
/** The names of parameters that choose one part of a message. */
const PART_PARAMETERS = new Set(["part", "partid", "part_id", "mimepart", "mime_part", "section", "attachment", "attachmentid", "attid", "mime"]);
/** The least number of words that the address of a link to the same message shares with the attachment's address. */
const LEAST_SHARED = 1;

/**
 * @param {Document[]} documents the document of the part first
 * @param {ShownPart} part
 * @returns {URL[]} at most six, the likeliest first
 */
export function sourceLinks(documents, part) {
  const own = part.link && addressOf(part.link.href, ownBaseOf(part.link));
  const linksOf = (/** @type {Element} */ element) => {
    const text = labelOf(element);
    const label = weighLabel(text);
    const urls = text && !label ? [] : addressesOf(element).filter(({ href }) => href !== own?.href);
    return urls.map((url) => ({ url, score: scoreOf(element, label, url, own) })).filter(({ score }) => score > 0);
  };
  /** @type {Map<string, SourceLink>} */
  const linksByAddress = new Map();
  const controls = documents.flatMap((page) => ownControls(page, (element) => linksOf(element).length > 0));
  for (const link of controls.flatMap(linksOf)) {
    if (link.score > (linksByAddress.get(link.url.href)?.score ?? 0)) linksByAddress.set(link.url.href, link);
  }
  return [...linksByAddress.values()].sort((link, other) => other.score - link.score).slice(0, MAX_LINKS).map(({ url }) => url);
}

/** The addresses of this site to which a link or button leads. @param {Element} element @returns {URL[]} */
export function addressesOf(element) {
  return addressTexts(element).flatMap((text) => addressOf(text, ownBaseOf(element)) ?? []);
}

/** @param {Element} element @returns {string[]} */
function addressTexts(element) {
  const href = attributeOf(element, "href") ?? "";
  const isScript = /^\s*javascript:/iu.test(href);
  const script = `${attributeOf(element, "onclick") ?? ""} ${isScript ? decodePercent(href) : ""}`;
  return [...(href && !isScript && !href.startsWith("#") ? [href] : []), ...quotedAddress(element, script), ...formAddress(element)];
}

/**
 * The address in a script such as `open('source.php?id=5')`: the first argument. Other arguments, and texts that the
 * page shows, can be a subject or the name of a file. The sender has chosen these.
 * @param {Element} element @param {string} script
 */
function quotedAddress(element, script) {
  const [, , quoted = ""] = OPENED.exec(script) ?? [];
  return QUOTED_ADDRESS.test(quoted) && !hasText(documentOf(element), quoted.slice(0, MAX_CUT_CHARACTERS)) ? [quoted] : [];
}

/** The address to which a button submits a form with the method GET. @param {Element} element @returns {string[]} */
function formAddress(element) {
  const isButton = element instanceof HTMLButtonElement || element instanceof HTMLInputElement;
  const form = isButton && ["submit", "image"].includes(element.type) ? element.form : null;
  // A form in a mail can have the same id as the webmail's form, and fields in a mail can name the webmail's form.
  if (!form || !contains(form, element) || (element.getAttribute("formmethod") ?? attributeOf(form, "method") ?? "get").toLowerCase() !== "get") return [];
  const url = addressOf(attributeOf(element, "formaction") ?? attributeOf(form, "action") ?? "", ownBaseOf(element));
  if (!url) return [];
  // A form with fields to fill in, such as a search, is not a link.
  const controls = [...controlsOf(form)].filter((control) => contains(form, control));
  const hidden = controls.filter((control) => control instanceof HTMLInputElement && control.type === "hidden");
  const isFilled = controls.some((control) => matches(control, "input:not([type=hidden], [type=submit], [type=image], [type=button]), select, textarea"));
  if (isFilled) return [];
  url.search = "";
  for (const { name, value } of /** @type {HTMLInputElement[]} */ ([...hidden, element])) if (name) url.searchParams.append(name, value);
  return [url.href];
}

/** An address of this site; null for any other. @param {string} text @param {string} base @returns {URL | null} */
export function addressOf(text, base) {
  const url = URL.canParse(text, base) ? new URL(text, base) : null;
  if (!url || !/^https?:$/u.test(url.protocol) || url.origin !== location.origin) return null;
  // An address that is only a fragment leads to a place in this page.
  return url.href.split("#")[0] === location.href.split("#")[0] ? null : url;
}

/** @param {Element} element @param {number} label the weight of its label @param {URL} url @param {URL | null} own */
function scoreOf(element, label, url, own) {
  const shared = own ? sharedValues(own, url) : 0;
  const address = weighAddress(url, new Set(own ? valuesOf(own).flatMap(wordsIn) : []));
  const isFile = attributeOf(element, "download") !== null || url.pathname.toLowerCase().endsWith(".eml");
  const clear = Math.max(label, address, isFile ? 2 : 0);
  // One vague word names the source only if the address shares parameters with the attachment's address.
  if (clear === 0 || (clear === 1 && shared < LEAST_SHARED)) return 0;
  const isPart = parametersOf(url).some(([name]) => PART_PARAMETERS.has(name.toLowerCase()));
  return clear * 2 + label + address + Math.min(shared, 3) - (isPart ? 3 : 0);
}

/** @param {Element} element */
function labelOf(element) {
  const pictures = [...findBelow(element, "img[alt], svg[aria-label], [title]")].slice(0, MAX_PICTURES).map((picture) =>
    attributeOf(picture, "alt") ?? attributeOf(picture, "aria-label") ?? attributeOf(picture, "title"));
  const own = ["title", "aria-label", "value", "alt"].map((name) => attributeOf(element, name));
  const texts = [shortTextOf(element, MAX_TEXT_CHARACTERS), ...own, ...pictures].map((text) => (text ?? "").normalize("NFKC").trim().replace(/\s+/gu, " "));
  return texts.filter((text) => text.length <= MAX_LABEL_CHARACTERS).join(" ").trim().toLowerCase();
}

/** How many values of the query and pieces of the path two addresses share. @param {URL} own @param {URL} other */
function sharedValues(own, other) {
  const values = new Set(valuesOf(other));
  return valuesOf(own).filter((value) => values.has(value)).length;
}

/** @param {URL} url */
function valuesOf(url) {
  const values = parametersOf(url).map(([, value]) => value);
  return [...new Set([...values, ...url.pathname.split("/").slice(1, -1)])].filter(Boolean);
}
