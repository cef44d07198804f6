/** The question about recipients of a reply whom only unprotected fields of the message name. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { isolate, listOf } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

/**
 * @param {{translate: Catalogue}} services
 * @param {import("../../../../wasm_build/ui/formats.js").Mailbox[]} doubtful
 * @param {{onAdd: () => void, onDone: () => void}} options
 */
export function createDoubtfulNote({ translate }, doubtful, { onAdd, onDone }) {
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ act) => html("button", {
    type: "button", text: translate(key), data: { test }, on: { click: () => { note.remove(); act(); onDone(); } },
  });
  const note = html(
    "div", { class: "card stack", data: { test: "doubtful" } },
    html("p", { class: "warning", text: translate("doubtful_recipients", { who: listOf(doubtful.map(({ address }) => isolate(address)), translate) }) }),
    html(
      "div", { class: "actions" },
      button("doubtful_leave", "doubtful-leave", () => {}), button("doubtful_add", "doubtful-add", onAdd),
    ),
  );
  return note;
}
