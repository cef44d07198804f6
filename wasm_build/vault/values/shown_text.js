/** The text of a mail as its view shows it, for answers. */

const BETWEEN = new TextEncoder().encode("\n\n");

/**
 * The text that an answer quotes, in a buffer that may be that of the text alternative. If a part is shown with its markup, it
 * is the text of the shown parts: a mail's text alternative may say anything else, which the person has not read.
 * @param {{text: ArrayBuffer, passages: {text: ArrayBuffer, html?: ArrayBuffer | null}[]}} opened
 * @returns {ArrayBuffer}
 */
export function shownText({ text, passages }) {
  if (!passages.some(({ html }) => html)) return text;
  const pieces = passages.flatMap((one, index) => (index > 0 ? [BETWEEN, new Uint8Array(one.text)] : [new Uint8Array(one.text)]));
  const shown = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    shown.set(piece, at);
    at += piece.length;
  }
  return shown.buffer;
}
