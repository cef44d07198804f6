/** Bounds on the characters that are drawn at once. A text of any length is taken apart in linear time. */

/** The largest length and number of lines of a piece of text that is laid out by itself. */
export const PIECE_CHARACTERS = 4_096;
export const PIECE_LINES = 200;

/** A text must not be cut before these characters: the second half of a surrogate pair, a mark, a joiner. */
const WITHIN = /^[\p{Cs}\p{M}\u200d]/u;
const SEARCHED_UNITS = 64;
/** More than eight marks on a letter. No writing needs more; Hebrew with all its points has up to four. */
const MANY_MARKS = /(\p{M}{8})\p{M}+/gu;

/** The text with at most eight marks on each letter. @param {string} text */
export function withFewMarks(text) {
  return text.replace(MANY_MARKS, "$1");
}

/**
 * The beginning of a text in one line, such as a subject, with "…" instead of the rest.
 * @param {string} text @param {number} maxCharacters
 */
export function beginningOf(text, maxCharacters) {
  const few = withFewMarks(text.slice(0, 2 * maxCharacters));
  if (few.length <= maxCharacters && text.length <= 2 * maxCharacters) return few;
  return `${few.slice(0, wholeCharacters(few, maxCharacters - 1))}…`;
}

/**
 * The given number of pieces from the beginning of a text, or null if the whole text has no more.
 * @param {string} text @param {number} pieces
 */
export function firstPieces(text, pieces) {
  let end = 0;
  for (let count = 0; count < pieces && end < text.length; count += 1) end = endOfPiece(text, end);
  return end === text.length ? null : text.slice(0, end);
}

/**
 * The end of the piece that begins at `start`: after a line end if there is one, else after a blank, else between two letters.
 * @param {string} text @param {number} start
 */
export function endOfPiece(text, start) {
  // Only the piece is searched. Searching to the end of the text for each piece would take quadratic time.
  const piece = text.slice(start, start + PIECE_CHARACTERS);
  let end = 0;
  for (let lines = 0; lines < PIECE_LINES; lines += 1) {
    const line = piece.indexOf("\n", end);
    if (line < 0) break;
    end = line + 1;
    if (lines === PIECE_LINES - 1) return start + end;
  }
  if (start + piece.length === text.length) return text.length;
  const blank = piece.lastIndexOf(" ") + 1;
  return start + (end || blank || wholeCharacters(text.slice(start, start + PIECE_CHARACTERS + 2), PIECE_CHARACTERS));
}

/**
 * The greatest number of code units, at most `most`, after which a text can be cut. A cut is not within a character, and not
 * between a letter and its marks.
 * @param {string} text @param {number} most
 */
function wholeCharacters(text, most) {
  for (let end = most; end > Math.max(0, most - SEARCHED_UNITS); end -= 1) {
    if (!WITHIN.test(text.slice(end, end + 2))) return end;
  }
  return most;
}
