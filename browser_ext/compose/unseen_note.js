/** Says what is signed and cannot be seen in a field: a page, or the message that is answered, may have put it there. */
import { html } from "../runtime/ui/dom.js";
import { text } from "../shared/i18n.js";
import { hasUnseen, visibleText } from "../shared/visible_text.js";

/** @param {string[]} signed @returns {HTMLElement[]} nothing where all of it can be seen */
export function unseenNote(signed) {
  const lines = signed.filter(hasUnseen).map((one) => html("pre", { class: "covered-text", tabindex: 0, dir: "auto" }, ...visibleText(one)));
  return lines.length ? [html("p", { class: "warning", text: text("composeUnseen") }), ...lines] : [];
}
