/**
 * The view of an encrypted letter: the start of the encrypted bytes that will be sent, with the wax seal over them.
 */

import { html } from "./dom.js";
import { waxSeal } from "./state_mark.js";

const SHOWN_CHARACTERS = 900;

/**
 * The block that replaces the text after its encryption. The style sheet animates it in 200 ms.
 * @param {ArrayBuffer} message the encrypted message (RFC 5322)
 * @param {string} label for screen readers
 */
export function createEncryptedBlock(message, label) {
  const text = new TextDecoder("latin1").decode(new Uint8Array(message, 0, Math.min(message.byteLength, 8_000)));
  const body = text.slice(text.search(/\r?\n\r?\n/u)).trim().slice(0, SHOWN_CHARACTERS);
  return html(
    "div",
    { class: "encrypted-block", role: "img", "aria-label": label, data: { test: "encrypted-block" } },
    html("div", { class: "encrypted-bytes", "aria-hidden": "true", dir: "ltr", text: body }),
    waxSeal(),
  );
}
