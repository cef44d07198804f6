/**
 * Bounds on foreign markup. They are checked before the markup is sanitised and shown. For the check, the browser parses it in
 * documents that load and run nothing. For some kinds of markup, the time for this work grows faster than the markup's size:
 * attributes of one element, nested elements, and formatting that the parser reopens in each paragraph (HTML Standard section
 * 13.2.4.3).
 *
 * First a search in linear time refuses markup that would be slow to parse. It counts all text that could be a tag or an
 * attribute, even in comments, because no simple search agrees with the parser everywhere. Then markup with much unclosed
 * formatting is parsed in short pieces, and refused once it has too many elements. Last, the whole markup is parsed, and its
 * elements, attributes and text are counted exactly.
 */

import { parseMarkup, writeParsed } from "./trusted_markup.js";

/**
 * `attributes` is the total number for all elements, `ownAttributes` the number for one. `letters` counts the characters of the
 * text, `word` those of its longest run without a blank, and `styles` those of style sheets and style attributes.
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
/** Runs that may contain attributes. Text after ">" is skipped, because there a tag has ended or a quoted value goes on. */
const RUNS = /[<"'][^<>"']*/gu;
const TAGS = /<\/?[a-z]/giu;
/** Formatting that the parser reopens. `a` and `nobr` close themselves (HTML Standard section 13.2.6.4.7). */
const FORMATTING = "b|big|code|em|font|i|s|small|strike|strong|tt|u";
const CLOSED_FORMATTING = new RegExp(`<(${FORMATTING})((?:\\s(?:[^<>"']|"[^<>"]*"|'[^<>']*')*)?)>[^<>]*</\\1\\s*>`, "giu");
const OPEN_FORMATTING = new RegExp(`<(?:${FORMATTING})(?=[\\s/>])(?:[^<>"']|"[^<>"]*"|'[^<>']*')*(.?)`, "gisu");
/** The number of levels of nested formatting that `CLOSED_FORMATTING` removes, from inside out. */
const CLOSED_LEVELS = 3;
/** The number of equal formatting elements that the parser keeps (HTML Standard section 13.2.4.3, "Noah's Ark"). */
const EQUAL_FORMATTING = 3;
const MAX_OPEN_FORMATTING = 200;
/** If the number of tags times the number of open formatting elements is not above this, parsing at once is cheap. */
const HARMLESS_ELEMENTS = 10_000;
/** A piece adds at most about 6,500 elements: 32 times `<p>x`, each of which reopens up to 200 formatting elements. */
const PIECE_CHARACTERS = 128;
/** The number of tags for each allowed element: a start tag, an end tag, and half a tag for text that only looks like one. */
const TAGS_OF_ELEMENT = 2.5;

/**
 * Whether the markup is within all bounds, so that showing it takes no longer than they allow.
 * @param {string} markup
 * @param {Bounds} bounds
 * @param {import("./slices.js").Slices} slices
 */
export async function isWithin(markup, bounds, slices) {
  const own = ownMarkup(markup, bounds);
  if (own === null || !isSourceWithin(own, bounds)) return false;
  await slices.next();
  if (!(await isParsedWithin(own, bounds, slices))) return false;
  await slices.next();
  return isTreeWithin(parseMarkup(own), bounds);
}

/**
 * Whether the length of markup and the numbers of its tags and attributes are within the bounds. This needs no parsing.
 * @param {string} markup @param {Bounds} bounds
 */
export function mayBeWithin(markup, bounds) {
  const own = ownMarkup(markup, bounds);
  return own !== null && isSourceWithin(own, bounds);
}

/**
 * The markup. If it is longer than `characters`, the data of its pictures is left out, because this data costs little time.
 * Null if the markup is too long even so, or longer than both bounds together.
 * @param {string} markup @param {Bounds} bounds
 */
function ownMarkup(markup, { characters, dataCharacters }) {
  if (markup.length > characters + dataCharacters) return null;
  const own = markup.length > characters ? markup.replace(DATA_URLS, "data:,") : markup;
  return own.length > characters ? null : own;
}

/** @param {string} markup @param {Bounds} bounds */
function isSourceWithin(markup, { elements, attributes }) {
  if (countMatches(markup, TAGS) > TAGS_OF_ELEMENT * elements) return false;
  let count = 0;
  for (const [run] of markup.matchAll(RUNS)) {
    count += run.split(/[\s/]+/u).length - 1;
    if (count > attributes) return false;
  }
  return true;
}

/**
 * Whether the parser makes few elements of the markup. It reopens unclosed formatting in each paragraph, so a thousand
 * paragraphs can make 200,000 elements. Such markup is parsed in short pieces, and the elements are counted after each.
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
    // Without ">" the tag goes on after the match. So its attributes are unknown, and it counts as unlike all others.
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
  return isTextWithin(root, bounds);
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
function isTextWithin(root, { letters, lines, word }) {
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
