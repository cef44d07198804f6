/** The drawing of a plain text with its links, as much of it as is wanted. */

import { endOfPiece, withFewMarks } from "./bounded_text.js";
import { html } from "./dom.js";
import { readLink } from "./mail_markup.js";

const WEB_ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/u;

/**
 * The end of the next pieces of a text, beginning at `from`, and their number.
 * @param {string} text @param {number} from @param {number} most
 */
export function takePieces(text, from, most) {
  let [end, count] = [from, 0];
  for (; count < most && end < text.length; count += 1) end = endOfPiece(text, end);
  return { end, count };
}

/**
 * A box with a part of a text. Its links are added to `links`.
 * @param {string} text
 * @param {Map<string, string>} links the place of each address
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

/** @param {string} url @param {string} label */
export function linkTo(url, label) {
  return html("a", { href: url, target: "_blank", rel: "noreferrer noopener", dir: "ltr", text: label });
}
