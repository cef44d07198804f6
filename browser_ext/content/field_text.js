/** The text of a page's fields and of other elements, and the armored CMS in it. */
import { findBelow } from "./dom_tree.js";
import { contentOf, isControl, replaceText } from "./page_text.js";

export const ARMOR_BEGIN = "-----BEGIN CMS-----";
const ARMOR_END = "-----END CMS-----";
const ARMOR = /-----BEGIN CMS-----([^-]+)-----END CMS-----/;
const LINE = /.{1,64}/g;
/** The largest number of lines of an armored text that are looked for in another text, and the least length of such a line. */
const MAX_PIECES = 64;
const LEAST_PIECE = 16;
/** The blanks in an armored text, which editors and one-line fields can change. */
const BLANKS = /[\s\u200b\ufeff]+/g;
/** The types of input that accept any text. The other types accept only an address, a number or the like. */
const TEXT_TYPES = ["text", "search"];

/** @param {Element} element @returns {boolean} whether a person can write text into the element */
export function isField(element) {
  if (element instanceof HTMLTextAreaElement) return true;
  if (element instanceof HTMLInputElement) return TEXT_TYPES.includes(element.type);
  return element instanceof HTMLElement && isEditable(element);
}

/** @param {HTMLElement} element */
function isEditable(element) {
  const mode = element.getAttribute("contenteditable");
  return mode !== null && mode.toLowerCase() !== "false";
}

/** @param {Element} element @returns {string} */
export function textOf(element) {
  if (isControl(element)) return element.value;
  return (isField(element) || element.localName === "body" ? /** @type {HTMLElement} */ (element).innerText : element.textContent) ?? "";
}

/** @param {Element} element @returns {string} the first armored text in the element, or "" */
export function findCms(element) {
  if (element instanceof HTMLFormElement || (element instanceof HTMLInputElement && !isField(element))) return "";
  return readArmor(element instanceof HTMLElement && isEditable(element) ? element.textContent ?? "" : textOf(element));
}

/** Whether an element still has an armored text, alone or in other text. @param {HTMLElement} element @param {string} cms */
export function holdsArmor(element, cms) {
  return element.isConnected && contentOf(element).replace(BLANKS, "").includes(cms.replace(BLANKS, ""));
}

/**
 * Whether a text has pieces of an armored text, but not the whole armored text. Nobody could open such pieces.
 * @param {string} text @param {string} cms
 */
export function hasPieces(text, cms) {
  const [letters, whole] = [text, cms].map((value) => value.replace(BLANKS, ""));
  if (letters.includes(whole)) return false;
  const lines = whole.match(LINE) ?? [];
  return lines.some((line, at) => at % Math.ceil(lines.length / MAX_PIECES) === 0 && line.length >= LEAST_PIECE && letters.includes(line));
}

/**
 * Finds armor in a text and restores its lines of 64 characters, because an editor or a one-line field removes the line
 * ends.
 * @param {string} text
 */
export function readArmor(text) {
  const match = ARMOR.exec(text);
  if (!match) return "";
  return [ARMOR_BEGIN, ...(match[1].replace(BLANKS, "").match(LINE) ?? []), ARMOR_END, ""].join("\n");
}

/**
 * Replaces the text of a page's field with armored text.
 * @param {HTMLElement} element
 * @param {string} armored
 * @returns {Promise<string>} the code of a problem, or "" if the field has accepted the text
 */
export async function writeArmor(element, armored) {
  const isLine = element instanceof HTMLInputElement;
  const written = isLine ? armored.trim().replaceAll("\n", " ") : armored;
  const limit = isLine || element instanceof HTMLTextAreaElement ? element.maxLength : -1;
  if (limit >= 0 && written.length > limit) return "field-too-small";
  const before = textOf(element).trim();
  if (await replaceText(element, written) && findCms(element) === armored) return "";
  // An emptied editor that shows nothing may still keep the old text.
  return before ? "field-kept" : "field-refused";
}

/**
 * Finds the element with which a page has replaced another: the only element with the same id or name.
 * @param {HTMLElement} gone
 * @param {(element: Element) => boolean} fits
 */
export function findSuccessor(gone, fits) {
  const names = ["id", "name"].filter((attribute) => gone.getAttribute(attribute));
  for (const attribute of names) {
    const value = CSS.escape(gone.getAttribute(attribute) ?? "");
    const elements = [...findBelow(document, `${gone.localName}[${attribute}="${value}"]`)];
    if (elements.length === 1 && elements[0] instanceof HTMLElement && fits(elements[0])) return elements[0];
  }
  return null;
}
