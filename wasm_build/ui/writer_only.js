/** The question that is asked before something is encrypted so that only the writer could read it. */

import { disturb } from "./calm.js";
import { html, openDialog, uniqueId } from "./dom.js";

/**
 * @param {import("./catalogue.js").Catalogue} translate
 * @param {{onAdd: () => void, onGo: () => void}} answers `onAdd` leads to the choice of people; `onGo` encrypts only for the writer
 */
export function askWriterOnly(translate, { onAdd, onGo }) {
  const titleId = uniqueId("question");
  const answer = (/** @type {() => void} */ act) => ({ click: () => { dialog.close(); act(); } });
  const dialog = openDialog({ titleId, test: "writer-only", isWide: false },
    html("h2", { id: titleId, text: translate("writer_only_title") }),
    html("p", { text: translate("writer_only_meaning") }),
    html("div", { class: "actions" },
      html("button", { type: "button", class: "primary", text: translate("writer_only_add"), data: { test: "writer-only-add" }, on: answer(onAdd) }),
      html("button", { type: "button", text: translate("writer_only_go"), data: { agrees: "", test: "writer-only-go" }, on: answer(onGo) })));
  disturb();
}
