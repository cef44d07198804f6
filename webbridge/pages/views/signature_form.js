/** The form for the text that the person wants below each message. */

import { html, uniqueId } from "../../../wasm_build/ui/dom.js";
import { createForm } from "../../../wasm_build/ui/parts.js";
import { MAX_CHARACTERS } from "../letter_signature.js";

/** @param {import("../app.js").App} app */
export function createSignatureForm(app) {
  const { translate, letterSignature } = app;
  const id = uniqueId("signature");
  // With `autocomplete=off` browsers do not write the text to their session files.
  const area = html("textarea", {
    id, rows: 4, maxlength: MAX_CHARACTERS, autocomplete: "off", spellcheck: "false", translate: "no", dir: "auto",
    "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-hint`, data: { test: "letter-signature" },
  });
  area.value = letterSignature.text;
  const submit = () => {
    letterSignature.choose(area.value);
    area.value = letterSignature.text;
    app.roaming.settingChanged();
    app.announce(translate(area.value ? "letter_signature_saved" : "letter_signature_off"));
  };
  const place = translate(app.kept.keeping === "off" ? "letter_signature_in_page" : "letter_signature_in_browser");
  return html(
    "section",
    { class: "stack", "aria-labelledby": `${id}-title`, data: { test: "letter-signature-section" } },
    html("h2", { id: `${id}-title`, text: translate("letter_signature_title") }),
    createForm(
      { class: "stack" }, submit,
      html(
        "div",
        { class: "field" },
        area,
        html("p", { class: "field-hint", id: `${id}-hint`, text: `${translate("letter_signature_hint")} ${place}` }),
      ),
      html("div", { class: "actions" }, html("button", {
        class: "primary", type: "submit", text: translate("copies_save"), data: { test: "letter-signature-save" },
      })),
    ),
  );
}
