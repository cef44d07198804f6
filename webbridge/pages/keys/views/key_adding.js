/** The form that adds the keys of a file, such as a renewed key, to the account at the key server. */

import { createForm, html, inputField, problem } from "../../../../wasm_build/ui/dom.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";
import { ApiError } from "../../../../wasm_build/vault/server/json_requests.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../key_files.js").KeyFiles} KeyFiles */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {{translate: Catalogue, attempt: Attempt, keyFiles: KeyFiles, announce: Announce}} KeyAddingServices */

/**
 * @param {KeyAddingServices} services
 * @returns {{element: HTMLElement, clear: () => void}}
 */
export function createKeyAdding(services) {
  const { translate } = services;
  const file = inputField(translate("key_file"), {
    type: "file", accept: ".p12,.pfx,.pem,.epf,application/x-pkcs12", data: { test: "added-file" },
  }, { hint: translate("key_file_hint") });
  const field = new SecretField({
    translate, label: translate("file_passphrase"), hint: translate("file_passphrase_hint"),
    onSubmit: () => form.requestSubmit(),
  });
  const failure = problem("add-key-error");
  const button = html("button", { type: "submit", text: translate("key_add_now"), data: { test: "add-key-submit" } });
  const send = () => services.attempt(button, translate("working"), failure, async () => {
    const chosen = file.input.files?.[0];
    if (!chosen) throw new ApiError("no-file", "");
    await services.keyFiles.addToAccount(await chosen.arrayBuffer(), field.copy());
    services.announce(translate("key_added"));
  });
  const form = createForm(
    { class: "stack", data: { test: "add-key" } }, send,
    html("p", { text: translate("key_add_meaning") }), file.element, field.element, failure,
    html("div", { class: "actions" }, button),
  );
  return {
    element: html("details", { class: "details" }, html("summary", { text: translate("key_add") }), form),
    clear: () => field.clear(),
  };
}
