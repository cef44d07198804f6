/** The first link of a page, which moves the focus to the view. */

import { html } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

/**
 * @param {Catalogue} translate
 * @param {HTMLElement} main
 */
export function createSkipLink(translate, main) {
  const skip = (/** @type {Event} */ event) => {
    // The fragment of the address names the view, so the focus is moved without changing the fragment.
    event.preventDefault();
    const target = main.querySelector("h1, h2");
    if (target instanceof HTMLElement) target.focus();
  };
  return html("a", { class: "skip-link", href: "#main", text: translate("skip_to_content"), on: { click: skip } });
}
