/** The setting for the copies of all messages that the account sends. */

import { createForm, html, problem } from "../../../../wasm_build/ui/dom.js";
import { createCopyField } from "../copy_choice.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/**
 * @typedef {{
 *   translate: Catalogue, announce: Announce, api: BridgeApi, sentenceFor: SentenceFor, attempt: Attempt,
 * }} CopiesServices
 */

/** @param {CopiesServices} services */
export function createCopies(services) {
  const { translate } = services;
  const field = createCopyField(translate, {
    label: translate("copy_label_all"), hint: translate("copy_hint_all"), test: "copies",
  });
  const failure = problem("copies-error");
  const save = html("button", { class: "primary", type: "submit", text: translate("save"), data: { test: "copies-save" } });
  // Until the choice is known, no new choice can be saved.
  field.select.disabled = save.disabled = true;
  const load = async () => {
    try {
      field.wish = await services.api.sending.copyChoice();
      field.select.disabled = save.disabled = false;
    } catch (error) {
      failure.textContent = services.sentenceFor(error);
    }
  };
  const submit = () => services.attempt(save, translate("copies_saving"), failure, async () => {
    await services.api.sending.chooseCopy(field.wish ?? true);
    services.announce(translate("copies_saved"));
  });
  void load();
  return html(
    "section",
    { class: "stack", "aria-labelledby": "copies-title", data: { test: "copies-section" } },
    html("h2", { id: "copies-title", text: translate("copies_title") }),
    createForm({ class: "stack" }, submit, field.element, failure, html("div", { class: "actions" }, save)),
  );
}
