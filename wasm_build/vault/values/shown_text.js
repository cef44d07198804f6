/** The text of a mail as its view shows it, for answers. */

import { joinBytes } from "./joined_bytes.js";

const BETWEEN = new TextEncoder().encode("\n\n");

/**
 * The text that an answer quotes. The result may be the buffer `text` itself, not a copy. If a part is shown with its
 * markup, the answer quotes the text of the shown parts, because the text alternative may say something that the person
 * has not read.
 * @param {{text: ArrayBuffer, passages: {text: ArrayBuffer, html?: ArrayBuffer | null}[]}} opened
 * @returns {ArrayBuffer}
 */
export function shownText({ text, passages }) {
  if (!passages.some(({ html }) => html)) return text;
  const pieces = passages.flatMap((passage, index) =>
    (index > 0 ? [BETWEEN, new Uint8Array(passage.text)] : [new Uint8Array(passage.text)]));
  return joinBytes(pieces).buffer;
}
