/**
 * Templates of addresses. In a template `{page.hash.1}` stands for a word of the page's address, and
 * `{part.query.uid.0}` for a word of the attachment's address. So one template leads to the source of every mail. If
 * both addresses have a word, the word of the page's address is used, because no mail can imitate that address.
 */
import { decodePercent } from "../percent_encoding.js";
import { addressOf } from "./source_links.js";
import { parametersOf } from "./source_words.js";

/** The addresses from which a template is filled. @typedef {{part: URL | null, page: URL}} Places */

/** A word: a run of characters that are not separators in addresses. */
const WORD = /[\p{L}\p{N}@=+!$~-]+/gu;
const PLACEHOLDER = /\{([^{}]+)\}/gu;
const DIGIT = /\p{N}/u;
const MAX_TEMPLATE_CHARACTERS = 2000;

/**
 * The template that makes an address from the addresses of the attachment and the page. Returns "" if there is none. A
 * template must replace a word with digits; otherwise it would lead to one mail only.
 * @param {URL} url @param {Places} places
 */
export function templateFor(url, places) {
  const known = Object.entries(wordsOf(places));
  let isGeneral = false;
  const generalise = (/** @type {string} */ name, /** @type {string} */ word) => {
    const equal = known.filter(([, other]) => other === word).map(([place]) => place);
    const ofPage = equal.filter((place) => place.startsWith("page."));
    const likely = ofPage.length > 0 ? ofPage : equal;
    const placeholder = likely.find((place) => place.includes(`.${name}.`)) ?? likely[0];
    isGeneral ||= placeholder !== undefined && DIGIT.test(word);
    return placeholder ? `{${placeholder}}` : encodeURIComponent(word);
  };
  const pieces = piecesOf(url).map(({ name, text }) => ({ name, text: replaceWords(text, (word) => generalise(name, word)) }));
  const path = pieces.filter(({ name }) => name.startsWith("path.")).map(({ text }) => `/${text}`).join("");
  const query = pieces.filter(({ name }) => name.startsWith("query.")).map(({ name, text }) => `${name.slice("query.".length)}=${text}`);
  const template = path + (query.length > 0 ? `?${query.join("&")}` : "");
  const filled = isGeneral && template.length <= MAX_TEMPLATE_CHARACTERS ? fillTemplate(template, places) : null;
  return filled && isSame(filled, url) ? template : "";
}

/** @param {string} text @param {(word: string) => string} replace @returns {string} what results: the replaced words, and the encoded text between them */
function replaceWords(text, replace) {
  const between = text.split(WORD).map(encodeURIComponent);
  const words = (text.match(WORD) ?? []).map(replace);
  return between.map((separator, index) => separator + (words[index] ?? "")).join("");
}

/** Whether two addresses are the same apart from their spelling. @param {URL} address @param {URL} other */
function isSame(address, other) {
  const [pieces, others] = [address, other].map((url) => JSON.stringify(piecesOf(url).filter(({ name }) => name !== "hash")));
  return pieces === others;
}

/**
 * The address for a mail; null if the template does not fit these places, or leads to another site.
 * @param {string} template @param {Places} places @returns {URL | null}
 */
export function fillTemplate(template, places) {
  const words = wordsOf(places);
  let isWhole = /^\/(?!\/)/u.test(template);
  const filled = template.replace(PLACEHOLDER, (_, name) => {
    isWhole &&= Object.hasOwn(words, name);
    return isWhole ? encodeURIComponent(words[name]) : "";
  });
  return isWhole ? addressOf(filled, location.origin) : null;
}

/** The words of both addresses, by the names that templates use. @param {Places} places @returns {Record<string, string>} */
function wordsOf(places) {
  return Object.fromEntries(Object.entries(places).flatMap(([place, url]) => (url ? piecesOf(url) : []).flatMap(({ name, text }) =>
    (text.match(WORD) ?? []).map((word, index) => [`${place}.${name}.${index}`, word]))));
}

/** The pieces of an address, decoded: of its path, its query, and its fragment. @param {URL} url @returns {{name: string, text: string}[]} */
function piecesOf(url) {
  const path = url.pathname.split("/").slice(1).map((text, index) => ({ name: `path.${index}`, text: decodePercent(text) }));
  const query = parametersOf(url).map(([name, text]) => ({ name: `query.${encodeURIComponent(name)}`, text }));
  return [...path, ...query, ...(url.hash ? [{ name: "hash", text: decodePercent(url.hash.slice(1)) }] : [])];
}
