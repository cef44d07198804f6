/** Texts of others as they are: what no eye sees, or what turns the order of letters, is drawn as its code point. */
import { html } from "../runtime/ui/dom.js";

/** Controls but tab and line end, soft hyphen, zero widths, marks and overrides of direction, tags. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/u;
const PIECES = new RegExp(`(${UNSEEN.source})`, "u");

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
