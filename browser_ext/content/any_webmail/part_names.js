/**
 * Recognises where a page names an S/MIME part of a mail: the usual names of the file, and its types (RFC 8551 section
 * 3.2).
 */
import { attributeOf, bodyOf, hasIn, markedTextsBelow, textOf } from "../dom_tree.js";

export const PART_NAME = /smime\.p7[ms]|application\/(?:x-)?pkcs7-(?:mime|signature)|multipart\/signed/iu;
const SIGNATURE_NAME = /smime\.p7s|pkcs7-signature|multipart\/signed/iu;
const ATTRIBUTES = ["href", "download", "title", "aria-label", "alt"];
/** The most characters of a text that can name a part. Longer texts count as sentences, so most of a long page is never read. */
const MAX_TEXT_CHARACTERS = 160;
/** Each name has one of these marks. Few texts of other pages have such a mark. */
const MARKS = ["7", "/"];
/** The piece of a name that must be in one text node. The rest can be in other nodes, since a page can break a name anywhere. */
const PIECE = /p7|kcs7|\/sig/iu;
const PARTS = ["smime.p7", "pkcs7-", "multipart/signed"];
/**
 * The selector also matches some elements that name no part, so the attributes of a match must be read. Most elements
 * have none of the attributes, so the browser rejects them after the first half of the selector.
 */
export const NAMING = `:is(${ATTRIBUTES.map((name) => `[${name}]`)}):is(${ATTRIBUTES.flatMap((name) => PARTS.map((part) => `[${name}*="${part}" i]`))})`;

/** Whether the page may show a protected mail below `root`. @param {ParentNode & Node} root */
export function mayNamePart(root) {
  return hasIn(root, NAMING) || namesPart(root);
}

/** Whether the text of a part of a page names an S/MIME part. @param {Node} root */
export function namesPart(root) {
  const node = root instanceof Document ? bodyOf(root) ?? root : root;
  return PIECE.test(markedTextsBelow(node, MAX_TEXT_CHARACTERS, MARKS)) && PART_NAME.test(textOf(node) ?? "");
}

/** The attribute of an element that names a part; "" for none. @param {Element} element */
export function namedByAttribute(element) {
  return ATTRIBUTES.map((name) => attributeOf(element, name) ?? "").find((value) => PART_NAME.test(value)) ?? "";
}

/** Whether this is the name of a detached signature. @param {string} name */
export function isSignatureName(name) {
  return SIGNATURE_NAME.test(name);
}
