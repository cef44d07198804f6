/** The sentence above the form that opens a parcel, with the mark of an encrypted message beside it. */

import { html } from "../ui/dom.js";
import { stateMark } from "../ui/state_mark.js";

/** @param {import("../ui/catalogue.js").Translate} translate @param {string} sentence */
export function createPromise(translate, sentence) {
  const mark = stateMark("encrypted-only", translate, { size: 32 });
  mark.setAttribute("aria-hidden", "true");
  return html("div", { class: "promise" }, mark, html("p", { text: sentence }));
}
