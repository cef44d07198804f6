/**
 * Finds the protected mails in a page of any webmail. These are the attachments that the page names as S/MIME parts,
 * each with the element (its place) above which its mail can be shown.
 */
import { bodyOf, closest, contains, findBelow, isConnected, isVisible, matches, parentNodeOf, parentOf, shortTextOf, textOf, textsBelow, widthOf } from "../dom_tree.js";
import { mailFieldOf } from "../mail_words.js";
import { rootsBelow } from "../shadow_roots.js";
import { isSignatureName, namedByAttribute, NAMING, PART_NAME } from "./part_names.js";

/**
 * An S/MIME part that the page names. `element` names it. `link` leads to its file, if the page has such a link. The
 * mail is shown above `place`.
 * @typedef {{element: Element, place: HTMLElement, link: HTMLAnchorElement | null, isSignature: boolean}} ShownPart
 */

/**
 * The lines and the outermost elements that one search has already examined.
 * @typedef {{lines: Map<Element, "long" | "clickable" | "words">, composed: Map<Element, boolean>}} Known
 */

/** The most parts of a page. A page with more parts shows a list of mails. */
const MAX_PARTS = 20;
/** The largest number of visible names of parts that are examined. */
const MAX_NAMES = 300;
/** The largest number of links beside a name that are examined. */
const MAX_LINKS = 50;
/** The most characters of a line that names a part. A longer text talks about S/MIME, and is no name of an attachment. */
const MAX_NAME_CHARACTERS = 300;
const MAX_LEVELS = 6;
/** The least width of a place, because a mail in a narrow column would not be readable. */
const MIN_WIDTH = 320;
const MIN_SHARE = 0.5;
const UNREAD = "script, style, template, noscript, textarea, select, title, [contenteditable]:not([contenteditable=false])";
const CLICKABLE = "a[href], button, [role=button], [role=link], input[type=button], input[type=submit], input[type=image]";
const EDITORS = "textarea, iframe, [contenteditable]:not([contenteditable=false])";
const BLOCKS = ["block", "flow-root", "table-cell", "list-item"];
const BOXES = [...BLOCKS, "flex", "grid", "table"];

/**
 * The places of known parts. They are remembered, because a place hides its own content while the mail is shown there.
 * @type {WeakMap<Element, HTMLElement>}
 */
const places = new WeakMap();

/** The parts that this document names, one for each place, in the order of the page. @returns {ShownPart[]} */
export function shownParts() {
  /** @type {Map<Element, ShownPart>} */
  const parts = new Map();
  /** @type {Known} */
  const seen = { lines: new Map(), composed: new Map() };
  let names = 0;
  for (const { element, name, isText } of namesOf(document)) {
    const shownPlace = knownPlace(element);
    if (!shownPlace && !isVisible(element)) continue;
    names += 1;
    if (parts.size > MAX_PARTS || names > MAX_NAMES) return [];
    const line = clickableLine(element, seen) ?? (isText ? null : element);
    const place = line && (shownPlace ?? newPlace(element, line, seen));
    if (!place) continue;
    const known = parts.get(place);
    const isSignature = isSignatureName(name);
    const link = linkOf(element, line);
    // An icon, a name and a button may all name the same attachment. If a part is encrypted, a signature is inside it.
    if (!known || (known.isSignature && !isSignature)) parts.set(place, { element, place, link, isSignature });
    else if (known.isSignature === isSignature) known.link ??= link;
  }
  return [...parts.values()];
}

/**
 * The part for an element at which the person has pointed.
 * @param {Element} element @returns {ShownPart | null} null if the page has no place for the mail
 */
export function partAt(element) {
  const place = knownPlace(element) ?? placeOf(element);
  if (!place) return null;
  places.set(element, place);
  const isSignature = isSignatureName(`${namedByAttribute(element)} ${textOf(element) ?? ""}`);
  return { element, place, link: linkOf(element, element), isSignature };
}

/**
 * The part for a mail whose parts the page does not name. Its place is above the first line of the mail.
 * @param {Element} head @returns {ShownPart | null} null in a form in which the person writes a mail
 */
export function partWithoutName(head) {
  const place = isComposed(head, { lines: new Map(), composed: new Map() }) ? null : knownPlace(head) ?? placeOf(head);
  if (!place) return null;
  places.set(head, place);
  return { element: head, place, link: null, isSignature: true };
}

/** The elements that name a part. @param {Document} page @returns {Generator<{element: Element, name: string, isText: boolean}>} */
function* namesOf(page) {
  for (const root of rootsBelow(page)) {
    for (const element of findBelow(root, NAMING)) {
      const name = namedByAttribute(element);
      if (name && !closest(element, UNREAD)) yield { element, name, isText: false };
    }
    for (const text of textsBelow(root)) {
      const name = text.data;
      const element = PART_NAME.test(name) ? parentOf(text) : null;
      if (element && !closest(element, UNREAD)) yield { element, name, isText: true };
    }
  }
}

/** @param {Element} element */
function knownPlace(element) {
  const place = places.get(element);
  return place && isConnected(place) && contains(place, element) ? place : null;
}

/** @param {Element} element @param {Element} line @param {Known} seen */
function newPlace(element, line, seen) {
  const place = isComposed(element, seen) ? null : placeOf(line);
  if (place) places.set(element, place);
  return place;
}

/**
 * The nearest element around a name in which the page offers something to click, such as the row of the attachment. A
 * text counts only in such an element, because other texts only talk about S/MIME.
 * @param {Element} element @param {Known} seen
 */
function clickableLine(element, { lines }) {
  /** @type {Element | null} */
  let line = element;
  for (let level = 0; line && level < MAX_LEVELS; level += 1) {
    const kind = lines.get(line) ?? kindOf(line);
    lines.set(line, kind);
    if (kind !== "words") return kind === "clickable" ? line : null;
    line = parentOf(line);
  }
  return null;
}

/** @param {Element} line @returns {"long" | "clickable" | "words"} */
function kindOf(line) {
  if (shortTextOf(line, MAX_NAME_CHARACTERS) === null) return "long";
  return matches(line, CLICKABLE) || findBelow(line, CLICKABLE).length > 0 ? "clickable" : "words";
}

/**
 * The link to a part: around its name, or else beside it. The link is never followed automatically.
 * @param {Element} element @param {Element} line @returns {HTMLAnchorElement | null}
 */
function linkOf(element, line) {
  const inside = [...findBelow(line, "a[href]")].slice(0, MAX_LINKS);
  const links = [closest(element, "a[href]"), ...inside.filter((link) => matches(link, NAMING)), ...inside];
  return links.find((link) => link instanceof HTMLAnchorElement) ?? null;
}

/**
 * The innermost element around a line that is a block, is wide enough, and has a parent that may contain another block.
 * @param {Element} line @returns {HTMLElement | null}
 */
function placeOf(line) {
  const wide = Math.min(MIN_WIDTH, innerWidth * MIN_SHARE);
  for (let place = line, outer = parentOf(place); outer; place = outer, outer = parentOf(outer)) {
    if (!(place instanceof HTMLElement)) continue;
    if (outer === bodyOf(document)) return place;
    const isBlock = BOXES.includes(getComputedStyle(place).display) && BLOCKS.includes(getComputedStyle(outer).display);
    // A list may contain only entries.
    const isFree = isBlock && !matches(place, "li, dt, dd, a, button, summary") && !matches(outer, "a, button, summary");
    if (isFree && widthOf(outer) >= wide) return place;
  }
  return null;
}

/**
 * Whether an element is an attachment in a form in which the person writes a mail. In this case the outermost element
 * around it (below the page, or in a shadow root) has an editor and a subject.
 * @param {Element} element @param {Known} seen
 */
function isComposed(element, { composed }) {
  for (let outer = parentOf(element); outer && outer !== bodyOf(document); outer = parentOf(outer)) {
    const around = parentNodeOf(outer);
    if (around instanceof Element && around !== bodyOf(document)) continue;
    const isForm = composed.get(outer) ?? (hasShown(outer, EDITORS) && hasShown(outer, "input", (field) => mailFieldOf(field) === "subject"));
    composed.set(outer, isForm);
    if (isForm) return true;
  }
  return false;
}

/**
 * A page may have a hidden form for the answer beside a mail.
 * @param {Element} outer @param {string} selector @param {(field: Element) => boolean} [fits]
 */
function hasShown(outer, selector, fits = () => true) {
  return [...findBelow(outer, selector)].some((field) => isVisible(field) && fits(field));
}
