/** The note about invisible characters in a signed field. A page or the answered message may have put them there. */
import { html } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";
import { hasUnseen, visibleText } from "../shared/visible_text.js";

/** @param {string[]} signed @returns {HTMLElement[]} empty if all characters are visible */
export function unseenNote(signed) {
  const lines = signed.filter(hasUnseen).map((text) => html("pre", { class: "covered-text", tabindex: 0, dir: "auto" }, ...visibleText(text)));
  return lines.length ? [html("p", { class: "warning", text: translate("compose_unseen") }), ...lines] : [];
}
