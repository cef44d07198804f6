/** The drawing of a plain text with its links, or of a part of the text. */

import { PIECE_CHARACTERS, PIECE_LINES, endOfPiece, withFewMarks } from "./bounded_text.js";
import { html } from "./dom.js";
import { createLongList } from "./long_list.js";
import { readLink } from "./mail_markup.js";

/** The number of pieces of text that are drawn at once: 64 KB, or 3,200 short lines. */
export const FIRST_PIECES = 16;
export const PIECES_OF_A_FRAME = 2;
/**
 * The number of pieces of text without links that are drawn in one frame. The browser redraws the page in each frame,
 * so many small steps take long.
 */
const PLAIN_PIECES_OF_A_FRAME = 8;
/** Each text counts as at least this share of a piece, because its box takes time too. */
export const LEAST_PIECE = 0.2;
/** The number of links that take as long to draw as a piece of text. */
const LINKS_OF_A_PIECE = 20;
/** The number of direction marks that take as long to draw as a piece of text. */
const DIRECTIONS_OF_A_PIECE = 8_000;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const WEB_ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/u;

/**
 * The end of the next pieces of a text, which begin at `from`, and the number of pieces. Links and changes of direction
 * count as parts of a piece.
 * @param {string} text @param {number} from @param {number} most
 */
export function takePieces(text, from, most) {
  let [end, count] = [from, 0];
  while (count < most && end < text.length) {
    const start = end;
    end = endOfPiece(text, start);
    const piece = text.slice(start, end);
    const [lines, links] = ["\n", "://"].map((between) => piece.split(between).length - 1);
    const directions = piece.match(DIRECTION)?.length ?? 0;
    count += LEAST_PIECE + Math.max(piece.length / PIECE_CHARACTERS, lines / PIECE_LINES) + links / LINKS_OF_A_PIECE + directions / DIRECTIONS_OF_A_PIECE;
  }
  return { end, count };
}

/**
 * A box with a part of a text. Its links are added to `links`.
 * @param {string} text
 * @param {Map<string, string>} links the host or the mail addresses of each link, by its URL
 */
export function createTextBox(text, links) {
  const few = withFewMarks(text);
  const box = html("div", { class: "text", dir: "auto", translate: "no", data: { test: "body", ...(few === text ? {} : { cut: "marks" }) } });
  for (const [index, piece] of few.split(WEB_ADDRESS).entries()) {
    const target = index % 2 ? readLink(piece) : null;
    if (target) links.set(target.url, target.place);
    box.append(target ? linkTo(target.url, piece) : piece);
  }
  return box;
}

/**
 * Fills a box with the beginning of a text. Returns the box and, if text is left, the button that shows more.
 * @param {HTMLElement} box @param {string} text @param {string} more the words on the button
 */
export function fillLongText(box, text, more) {
  let { end } = takePieces(text, 0, FIRST_PIECES);
  box.append(text.slice(0, end));
  const pieces = [];
  while (end < text.length) {
    const start = end;
    end = endOfPiece(text, end);
    pieces.push(text.slice(start, end));
  }
  const createPiece = (/** @type {string} */ piece) => html("span", { class: "text-piece", text: piece });
  return createLongList(box, pieces, createPiece, { more: () => more, first: 0, rowsOfFrame: PLAIN_PIECES_OF_A_FRAME });
}

/** @param {string} url @param {string} label */
export function linkTo(url, label) {
  return html("a", { href: url, target: "_blank", rel: "noreferrer noopener", dir: "ltr", text: label });
}
