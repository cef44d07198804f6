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

/** So many code points are drawn in boxes of their own, in one view; further ones stand in brackets between the letters. */
const MAX_MARKS = 1_000;

/** @typedef {{left: number}} Marks how many boxes a view may still have */

/** @returns {Marks} for several texts in one view */
export function countMarks() {
  return { left: MAX_MARKS };
}

/**
 * A page or a sender may write hundreds of thousands of such characters: one that is repeated is drawn once, with its count.
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
