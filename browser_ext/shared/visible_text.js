/**
 * Shows texts from pages and senders with all their characters. Characters that are invisible or reorder letters appear
 * as code points.
 */
import { html } from "../../wasm_build/ui/dom.js";

/**
 * Characters that may look like nothing, or look different elsewhere: controls other than tab and line end, characters
 * that Unicode draws as nothing, marks of direction, separators of lines, halves of surrogate pairs, private
 * characters, and those that this browser's version of Unicode does not know. The single code points are blanks of
 * Braille, hieroglyphs and music, letters that only join or fill, and U+FFFC, the place of an object that no text has.
 */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u2D7F\uFFFC\u{1107F}\u{13441}\u{13442}\u{16FE4}\u{1D159}]/u;
const PIECES = /((?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u2D7F\uFFFC\u{1107F}\u{13441}\u{13442}\u{16FE4}\u{1D159}])/u;

/** Whether a text has characters that are invisible or change the order of letters. @param {string} value */
export function hasUnseen(value) {
  return UNSEEN.test(value.replace(/\r\n?/g, "\n"));
}

/** The number of code points that one view draws in boxes. Further code points are written in brackets in the text. */
const MAX_MARKS = 1_000;

/** @typedef {{left: number}} Marks how many boxes a view may still have */

/** @returns {Marks} the count that the texts of one view share */
export function countMarks() {
  return { left: MAX_MARKS };
}

/**
 * Splits a text into letters and boxes with code points. A repeated character is drawn once with its count, since a
 * page or a sender may write hundreds of thousands of them.
 * @param {string} value
 * @param {Marks} [marks]
 * @returns {(Node | string)[]} for `html`
 */
export function visibleText(value, marks = countMarks()) {
  const pieces = value.replace(/\r\n?/g, "\n").split(PIECES).filter(Boolean);
  /** @type {(Node | string)[]} */
  const shown = [];
  let letters = "";
  for (let index = 0; index < pieces.length; index += 1) {
    const piece = pieces[index];
    const first = index;
    while (UNSEEN.test(piece) && pieces[index + 1] === piece) index += 1;
    if (!UNSEEN.test(piece)) letters += piece;
    else if (marks.left > 0) {
      marks.left -= 1;
      shown.push(...(letters ? [letters] : []), html("span", { class: "unseen", dir: "ltr", text: codePoint(piece, index - first + 1) }));
      letters = "";
    } else letters += `[${codePoint(piece, index - first + 1)}]`;
  }
  return letters ? [...shown, letters] : shown;
}

/** @param {string} character @param {number} count */
function codePoint(character, count) {
  const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return count > 1 ? `U+${number} ×${count}` : `U+${number}`;
}
