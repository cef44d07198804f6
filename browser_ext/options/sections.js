/**
 * The sections of the options page. The page shows the section that its address names, or else the first section.
 * Ordinary links lead to the sections, so that Back, bookmarks and the keyboard work as in any page.
 */
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { translate } from "../texts/texts.js";
import { byId } from "./parts.js";

/** Shows the section that the address names, and another section when the address changes. */
export function watchSections() {
  byId("sections").setAttribute("aria-label", translate("sections_label"));
  showNamed();
  addEventListener("hashchange", () => {
    const heading = showNamed().querySelector("h2");
    // Screen readers begin to read where the focus is.
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
}

/** @returns {Element} the section that is shown now */
function showNamed() {
  const panels = [...document.querySelectorAll(".panel")];
  const named = panels.find(({ id }) => `#${id}` === location.hash) ?? panels[0];
  for (const panel of panels) panel.toggleAttribute("hidden", panel !== named);
  for (const link of byId("sections").querySelectorAll("a")) {
    if (link.hash === `#${named.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (link.hash === `#${named.id}`) setTitle(translate, link.dataset.text ?? "keys_and_people");
  }
  return named;
}
