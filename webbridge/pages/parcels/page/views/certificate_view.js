/**
 * The first view of a parcel for the owner of a certificate: the key file, its passphrase, and one button.
 *
 * The passphrase goes only to the vault. The file is read into memory. The keys from the file are sealed in memory until
 * the parcel is closed.
 */

import { createForm, html, inputField, problem, whileBusy } from "../../../../../wasm_build/ui/dom.js";
import { SecretField } from "../../../../../wasm_build/ui/secret_field.js";
import { codeOf, WRONG_PASSPHRASE } from "../../../../../wasm_build/parcels/failures.js";
import { createComplaint } from "../../../../../wasm_build/parcels/complaint_dialog.js";
import { createPromise } from "../../../../../wasm_build/parcels/promise.js";

/** @typedef {import("../parcel_page.js").ParcelPage} ParcelPage */
/** @typedef {import("../../../../../wasm_build/parcels/parcel_host.js").ParcelView} ParcelView */

/**
 * @param {ParcelPage} page
 * @param {{files?: FileList | null, problem?: string}} [typed] what the person chose in this view before the language was
 *   changed
 * @returns {ParcelView}
 */
export function createCertificateView(page, typed = {}) {
  const { translate } = page;
  const heading = html("h1", { tabindex: -1, text: translate("parcel_title") });
  const file = inputField(translate("key_file"), {
    type: "file", accept: ".p12,.pfx,.pem,application/x-pkcs12", data: { test: "key-file" },
  }, { hint: translate("key_file_hint") });
  if (typed.files?.length) file.input.files = typed.files;
  const field = new SecretField({
    translate, label: translate("file_passphrase"), hint: translate("file_passphrase_hint"), isRequired: false,
    onSubmit: () => form.requestSubmit(),
  });
  const failure = problem("certificate-error");
  failure.textContent = typed.problem ?? "";
  const button = html("button", { class: "primary", type: "submit", text: translate("open"), data: { test: "open-by-certificate" } });

  const tell = (/** @type {unknown} */ error) => {
    if (codeOf(error) !== WRONG_PASSPHRASE) {
      failure.textContent = page.sentenceFor(error);
      return;
    }
    const wasEmpty = field.length === 0;
    field.clear();
    field.setError(translate(wasEmpty ? "error_passphrase_missing" : "error_wrong_passphrase"));
  };
  const submit = () => whileBusy(button, translate("opening"), async () => {
    failure.textContent = "";
    field.setError("");
    const chosen = file.input.files?.[0];
    if (!chosen) {
      failure.textContent = translate("error_no_file");
      file.input.focus();
      return;
    }
    const refused = await page.openByCertificate(chosen, field.copy());
    if (refused && element.isConnected) tell(refused);
  }, tell);
  const form = createForm(
    { class: "stack", data: { test: "certificate-form" } }, submit, file.element, field.element, failure,
    html("div", { class: "actions" }, button, createComplaint(page)), html("p", { class: "field-hint", text: translate("parcel_open_meaning") }),
    html("button", {
      class: "quiet choice", type: "button", text: translate("parcel_words_use"), data: { test: "use-words" }, on: { click: () => page.startAgain() },
    }),
  );
  const element = html("div", { class: "narrow stack" }, heading, createPromise(translate, translate("parcel_certificate_intro")), form);
  return {
    element, heading, close: () => field.clear(), focus: () => file.input.focus(),
    renew: () => createCertificateView(page, { files: file.input.files, problem: failure.textContent ?? "" }),
  };
}
