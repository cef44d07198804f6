/**
 * Bounds on foreign markup, checked before the sanitiser and the browser work on it. For some kinds of markup, the time for this
 * work grows faster than the size of the markup: attributes of one element, nested elements, and formatting that the parser
 * reopens in each paragraph (HTML Standard section 13.2.4.3).
 *
 * First the text of the markup is searched in linear time, so that parsing is cheap too. This search counts everything that could
 * be a tag or an attribute, even in comments, because no simple search agrees with the parser everywhere. Then the elements of
 * the parsed document are counted exactly.
 */

import { parseMarkup, writeParsed } from "./trusted_markup.js";

/**
 * `attributes` is the total number for all elements, `letters` the number of letters in the text, `word` the longest run
 * without a blank; `styles` counts the characters of style sheets and style attributes.
 * @typedef {{
 *   characters: number, dataCharacters: number, elements: number, attributes: number, ownAttributes: number, depth: number,
 *   letters: number, lines: number, word: number, styles: number, links: number,
 * }} Bounds
 */

/** For markup shown at once, in steps below 50 ms. Newsletters have some hundred elements, seldom 2,000. @type {Bounds} */
export const AT_ONCE = {
  characters: 250_000, dataCharacters: 1_000_000, elements: 2_500, attributes: 12_000, ownAttributes: 60, depth: 100,
  letters: 60_000, lines: 6_000, word: 4_000, styles: 60_000, links: 500,
};
/** For markup that is shown if the person wants it. Its steps take up to half a second. @type {Bounds} */
export const ON_PRESS = {
  characters: 1_000_000, dataCharacters: 4_000_000, elements: 10_000, attributes: 40_000, ownAttributes: 200, depth: 200,
  letters: 400_000, lines: 24_000, word: 10_000, styles: 120_000, links: 2_000,
};

const DATA_URLS = /data:image\/[a-z]{1,10};base64,[A-Za-z0-9+/=\s]*/giu;
/** Attributes can follow these characters. No attribute follows ">", because there a tag has ended or a quoted value goes on. */
const RUNS = /[<"'][^<>"']*/gu;
const TAGS = /<\/?[a-z]/giu;
/** Formatting that the parser reopens. `a` and `nobr` close themselves (HTML Standard section 13.2.6.4.7). */
const FORMATTING = "b|big|code|em|font|i|s|small|strike|strong|tt|u";
const CLOSED_FORMATTING = new RegExp(`<(${FORMATTING})((?:\\s(?:[^<>"']|"[^<>"]*"|'[^<>']*')*)?)>[^<>]*</\\1\\s*>`, "giu");
const OPEN_FORMATTING = new RegExp(`<(?:${FORMATTING})(?=[\\s/>])(?:[^<>"']|"[^<>"]*"|'[^<>']*')*(.?)`, "gisu");
/** Formatting inside formatting, which `CLOSED_FORMATTING` removes from inside out. */
const CLOSED_LEVELS = 3;
/** The number of equal formatting elements that the parser keeps (HTML Standard section 13.2.4.3, "Noah's Ark"). */
const EQUAL_FORMATTING = 3;
const MAX_OPEN_FORMATTING = 200;
/** If the number of tags times the number of open formatting elements is below this, parsing at once is cheap. */
const HARMLESS_ELEMENTS = 10_000;
/** A piece is so short that it adds few elements, even if each of its tags reopens all formatting. */
const PIECE_CHARACTERS = 128;
/** The number of tags that are allowed for each allowed element. A tag may also open or close another element. */
const TAGS_OF_ELEMENT = 2.5;

/**
 * Whether showing the markup takes no longer than the bounds allow.
 * @param {string} markup
 * @param {Bounds} bounds
 * @param {import("./slices.js").Slices} slices
 */
export async function isWithin(markup, bounds, slices) {
  const own = ownMarkup(markup, bounds);
  if (own === null || !isTextWithin(own, bounds)) return false;
  await slices.next();
  if (!(await isParsedWithin(own, bounds, slices))) return false;
  await slices.next();
  return isTreeWithin(parseMarkup(own), bounds);
}

/**
 * Whether the length of markup and the number of its tags are within the bounds. This needs no parsing.
 * @param {string} markup @param {Bounds} bounds
 */
export function mayBeWithin(markup, bounds) {
  const own = ownMarkup(markup, bounds);
  return own !== null && isTextWithin(own, bounds);
}

/**
 * The markup without the data of its pictures, which cost little time; null if the markup is too long.
 * @param {string} markup @param {Bounds} bounds
 */
function ownMarkup(markup, { characters, dataCharacters }) {
  if (markup.length > characters + dataCharacters) return null;
  const own = markup.length > characters ? markup.replace(DATA_URLS, "data:,") : markup;
  return own.length > characters ? null : own;
}

/** @param {string} markup @param {Bounds} bounds */
function isTextWithin(markup, { elements, attributes }) {
  if (countMatches(markup, TAGS) > TAGS_OF_ELEMENT * elements) return false;
  let count = 0;
  for (const [run] of markup.matchAll(RUNS)) {
    count += run.split(/[\s/]+/u).length - 1;
    if (count > attributes) return false;
  }
  return true;
}

/**
 * Whether the parser makes few elements of the markup. Unclosed formatting is reopened after each tag, so a thousand tags
 * can make a million elements. Such markup is parsed in short pieces, and the elements are counted after each.
 * @param {string} markup @param {Bounds} bounds @param {import("./slices.js").Slices} slices
 */
async function isParsedWithin(markup, { elements }, slices) {
  const open = openFormatting(markup);
  if (open > MAX_OPEN_FORMATTING) return false;
  if (countMatches(markup, TAGS) * open <= HARMLESS_ELEMENTS) return true;
  const root = document.implementation.createHTMLDocument("");
  const descendants = root.getElementsByTagName("*");
  for (let at = 0; at < markup.length; at += PIECE_CHARACTERS) {
    writeParsed(root, markup.slice(at, at + PIECE_CHARACTERS));
    if (descendants.length > elements) return false;
    await slices.next();
  }
  return true;
}

/** The most formatting elements that can be open at once. @param {string} markup */
function openFormatting(markup) {
  let left = markup;
  for (let level = 0; level < CLOSED_LEVELS; level += 1) left = left.replaceAll(CLOSED_FORMATTING, "");
  const kinds = new Set();
  let unknown = 0;
  for (const [tag, end] of left.matchAll(OPEN_FORMATTING)) {
    // The attributes of a tag with an unclosed quote go on after its ">".
    if (end === ">") kinds.add(tag.toLowerCase());
    else unknown += 1;
  }
  return EQUAL_FORMATTING * kinds.size + unknown;
}

/** @param {Document} root @param {Bounds} bounds */
function isTreeWithin(root, bounds) {
  if (root.querySelectorAll("a, area").length > bounds.links) return false;
  let [elements, attributes, styles, depth] = [0, 0, 0, 0];
  for (let element = /** @type {Element | null} */ (root.documentElement); element;) {
    const own = element.attributes.length;
    elements += 1;
    attributes += own;
    styles += (element.getAttribute("style") ?? "").length + (element.localName === "style" ? (element.textContent ?? "").length : 0);
    if (own > bounds.ownAttributes || elements > bounds.elements || attributes > bounds.attributes) return false;
    if (styles > bounds.styles || depth > bounds.depth) return false;
    [element, depth] = nextElement(element, depth);
  }
  return isLettersWithin(root, bounds);
}

/** The next element in the order of the document, and its depth. @param {Element} element @param {number} depth @returns {[Element | null, number]} */
function nextElement(element, depth) {
  if (element.firstElementChild) return [element.firstElementChild, depth + 1];
  for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) {
    if (at.nextElementSibling) return [at.nextElementSibling, depth];
    depth -= 1;
  }
  return [null, 0];
}

/** @param {Document} root @param {Bounds} bounds */
function isLettersWithin(root, { letters, lines, word }) {
  const walker = root.createTreeWalker(root.body, NodeFilter.SHOW_TEXT);
  let [count, ends] = [0, 0];
  while (walker.nextNode()) {
    if (walker.currentNode.parentElement?.localName === "style") continue;
    const text = walker.currentNode.nodeValue ?? "";
    count += text.length;
    ends += text.split("\n").length - 1;
    if (count > letters || ends > lines || text.split(/\s+/u).some((piece) => piece.length > word)) return false;
  }
  return true;
}

/** @param {string} text @param {RegExp} pattern */
function countMatches(text, pattern) {
  let count = 0;
  for (const _ of text.matchAll(pattern)) count += 1;
  return count;
}
