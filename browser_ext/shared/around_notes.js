/** Shows the site that asks for something, and the sites whose pages embed it. */
import { html } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";

/** @param {string[]} around origins, from the inside to the outside @returns {HTMLElement[]} */
export function aroundNotes(around) {
  return around.map((site) => html("p", { class: "warning", text: translate("inside_other", { site }), data: { test: "top-origin" } }));
}

/** @param {{origin: string, around: string[]}} place @returns {HTMLElement | null} null if no site asks */
export function siteBox({ origin, around }) {
  if (!origin) return null;
  return html("div", { class: "stack" },
    html("p", { class: "origin" }, html("span", { class: "muted", text: translate("for_site") }), html("br"),
      html("span", { text: origin, dir: "ltr", data: { test: "origin" } })),
    ...aroundNotes(around));
}
