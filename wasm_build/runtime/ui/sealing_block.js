/**
 * Sealing is seen: what was written turns into the sealed bytes that leave, with the seal drawn over them.
 */

import { html } from "./dom.js";
import { waxSeal } from "./state_mark.js";

const SHOWN_CHARACTERS = 900;

/**
 * The block that stands in the place of the text once it is sealed; the style sheet draws it in within 200 ms.
 * @param {ArrayBuffer} message the RFC 5322 bytes that leave
 * @param {string} label what it is, for those who do not see it
 */
export function createSealedBlock(message, label) {
  const text = new TextDecoder("latin1").decode(new Uint8Array(message, 0, Math.min(message.byteLength, 8_000)));
  const body = text.slice(text.search(/\r?\n\r?\n/u)).trim().slice(0, SHOWN_CHARACTERS);
  return html(
    "div",
    { class: "sealed-block", role: "img", "aria-label": label, data: { test: "sealed-block" } },
    html("div", { class: "sealed-bytes", "aria-hidden": "true", dir: "ltr", text: body }),
    waxSeal(),
  );
}
