/** The question about recipients of a reply whom only unprotected fields of the encrypted message name. */

import { html } from "../../../wasm_build/ui/dom.js";
import { listOf } from "../../../wasm_build/ui/formats.js";

/**
 * @param {import("../app.js").App} app
 * @param {string[]} doubtful addresses
 * @param {{onAdd: () => void, onDone: () => void}} options
 */
export function createDoubtfulNote({ translate }, doubtful, { onAdd, onDone }) {
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ act) => html("button", {
    type: "button", text: translate(key), data: { test }, on: { click: () => { note.remove(); act(); onDone(); } },
  });
  const note = html(
    "div", { class: "card stack", data: { test: "doubtful" } },
    html("p", { class: "warning", text: translate("doubtful_recipients", { who: listOf(doubtful, translate) }) }),
    html(
      "div", { class: "actions" },
      button("doubtful_leave", "doubtful-leave", () => {}), button("doubtful_add", "doubtful-add", onAdd),
    ),
  );
  return note;
}
