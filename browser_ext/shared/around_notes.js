/** The sites in whose pages a frame stands, one line for each. */
import { html } from "../runtime/ui/dom.js";
import { text } from "./i18n.js";

/** @param {string[]} around origins, from the inside to the outside @returns {HTMLElement[]} */
export function aroundNotes(around) {
  return around.map((site) => html("p", { class: "warning", text: text("insideOther", site), data: { test: "top-origin" } }));
}
