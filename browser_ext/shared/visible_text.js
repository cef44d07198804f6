/** Texts of others as they are: what no eye sees, or what turns the order of letters, is drawn as its code point. */
import { html } from "../runtime/ui/dom.js";

/**
 * Controls but tab and line end, characters that Unicode draws as nothing, marks of direction, separators of lines, halves
 * of surrogate pairs, private characters, and those that no Unicode version of this browser knows: each may look like
 * nothing, or like something else elsewhere. Braille, hieroglyphs and music have blanks of their own; a few scripts have
 * letters that only join or fill, and U+FFFC stands for an object that no text has.
 */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u2D7F\uFFFC\u{1107F}\u{13441}\u{13442}\u{16FE4}\u{1D159}]/u;
const PIECES = /((?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u2D7F\uFFFC\u{1107F}\u{13441}\u{13442}\u{16FE4}\u{1D159}])/u;

/** Whether something in a text cannot be seen, or turns the order of letters. @param {string} value */
export function hasUnseen(value) {
  return UNSEEN.test(value.replace(/\r\n?/g, "\n"));
}

/**
 * @param {string} value
 * @returns {(Node | string)[]} for `html`
 */
export function visibleText(value) {
  return value.replace(/\r\n?/g, "\n").split(PIECES).filter(Boolean).map((piece) => (UNSEEN.test(piece) ? codePoint(piece) : piece));
}

/** @param {string} character */
function codePoint(character) {
  const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return html("span", { class: "unseen", dir: "ltr", text: `U+${number}` });
}
