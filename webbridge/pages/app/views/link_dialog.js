/** The dialog for the address of a link in a letter. */

import { createForm, html, inputField, openDialog, problem, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { readLink } from "../../../../wasm_build/ui/mail_markup.js";

/**
 * @param {import("../../../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {{address: string, asksWords: boolean}} link `address` is "" for a new one
 * @param {{onSet: (address: string, words: string) => void, onClose: () => void}} on `address` is "" if the link is to be
 *   removed
 */
export function openLinkDialog(translate, { address, asksWords }, { onSet, onClose }) {
  const titleId = uniqueId("link");
  const place = inputField(translate("link_address"), {
    type: "text", inputmode: "url", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr", value: address,
    data: { test: "link-address" },
  }, { hint: translate("link_address_hint") });
  const words = inputField(translate("link_words"), { type: "text", autocomplete: "off", dir: "auto", data: { test: "link-words" } });
  const failure = problem("link-error");
  const leave = (/** @type {string} */ chosen, /** @type {string} */ shown) => {
    dialog.addEventListener("close", () => onSet(chosen, shown), { once: true });
    dialog.close();
  };
  const submit = () => {
    const typed = place.input.value.trim();
    const url = addressOf(typed);
    failure.textContent = url ? "" : translate("link_not_understood");
    if (!url) return place.input.focus();
    leave(url, asksWords ? words.input.value.trim() || typed : "");
  };
  const dialog = openDialog(
    { titleId, test: "link-dialog", isWide: false, onClose },
    html("h2", { id: titleId, text: translate("format_link") }),
    createForm(
      { class: "stack" }, submit, place.element, asksWords ? words.element : null, failure,
      html(
        "div",
        { class: "actions" },
        html("button", { type: "submit", class: "primary", text: translate("link_set"), data: { test: "link-set" } }),
        address && html("button", {
          type: "button", text: translate("link_remove"), data: { test: "link-remove" }, on: { click: () => leave("", "") },
        }),
        html("button", { type: "button", text: translate("cancel"), on: { click: () => dialog.close() } }),
      ),
    ),
  );
  place.input.focus();
}

/** The address of a web page or mailbox that a person has typed, also without the scheme; empty for any other text. @param {string} typed */
function addressOf(typed) {
  if (/\s/u.test(typed)) return "";
  const isMail = /^[^@/:]+@[^@/:.]+(?:\.[^@/:.]+)+$/u.test(typed);
  const whole = isMail ? `mailto:${typed}` : /^[a-z][a-z0-9+-]*:/iu.test(typed) ? typed : `https://${typed}`;
  const url = readLink(whole)?.url ?? "";
  return /^(?:https|mailto):/u.test(url) && (isMail || url.includes(".") || url.startsWith("mailto:")) ? url : "";
}
