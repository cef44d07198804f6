/**
 * The forms to get a personal certificate. The first form makes a new key and the request for the key's certificate. The
 * second form joins the key with the certificates from the authority.
 *
 * The vault makes the key. The key leaves the vault only encrypted under the passphrase, as a file that the person keeps.
 */

import { createForm, html, inputField, problem } from "../../../../wasm_build/ui/dom.js";
import { NewPassphrase } from "../../../../wasm_build/ui/new_passphrase.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";
import { saveFile } from "../../../../wasm_build/ui/attachments.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../key_files.js").KeyFiles} KeyFiles */
/** @typedef {import("../../../../wasm_build/ui/new_passphrase.js").PassphraseAdvice} PassphraseAdvice */
/**
 * @typedef {{
 *   translate: Catalogue, address: string | null, attempt: Attempt, keyFiles: KeyFiles, passphraseAdvice: PassphraseAdvice,
 * }} RequestServices
 */

/**
 * @param {RequestServices} services
 * @param {{onUnlocked: () => void}} options
 */
export function createRequestForms(services, { onUnlocked }) {
  const { translate } = services;
  const making = createMaking(services);
  const joining = createJoining(services, onUnlocked);
  return {
    element: html(
      "details",
      { class: "details", data: { test: "request" } },
      html("summary", { text: translate("request_summary") }),
      html("div", { class: "stack" }, making.element, joining.element),
    ),
    /** Overwrites the typed text. */
    clear() {
      making.clear();
      joining.clear();
    },
  };
}

/** @param {RequestServices} services */
function createMaking(services) {
  const { translate } = services;
  const address = inputField(translate("request_address"), {
    type: "email", autocomplete: "off", dir: "ltr", value: services.address ?? "", data: { test: "request-address" },
  });
  const passphrases = new NewPassphrase(services, {
    first: { label: translate("request_passphrase"), hint: translate("request_passphrase_hint") },
    again: { label: translate("passphrase_again"), hint: translate("request_passphrase_again_hint") },
    missing: translate("error_passphrase_missing"),
    differ: translate("request_passphrases_differ"),
  });
  const failure = problem("request-error");
  const done = html("p", { class: "note", role: "status", data: { test: "request-done" } });
  const make = html("button", { type: "submit", text: translate("request_make"), data: { test: "request-make" } });

  const submit = () => services.attempt(make, translate("request_making"), failure, async () => {
    done.textContent = "";
    const passphrase = passphrases.read();
    if (!passphrase) return;
    const { request, key } = await services.keyFiles.makeRequest(address.input.value.trim(), passphrase);
    saveFile("sealwax-key.pem", key);
    saveFile("sealwax-request.csr", request);
    done.textContent = translate("request_made");
    passphrases.clear();
  });

  return {
    element: createForm(
      { class: "stack", data: { test: "request-form" } }, submit,
      html("h2", { text: translate("request_title") }), html("p", { text: translate("request_meaning") }),
      address.element, passphrases.element, failure, done, html("div", { class: "actions" }, make),
    ),
    clear: () => passphrases.clear(),
  };
}

/**
 * @param {RequestServices} services
 * @param {() => void} onUnlocked
 */
function createJoining(services, onUnlocked) {
  const { translate } = services;
  const key = inputField(translate("join_key"), { type: "file", accept: ".pem", data: { test: "join-key" } });
  const certificates = inputField(translate("join_certificates"), {
    type: "file", multiple: true, accept: ".pem,.crt,.cer,.der,.p7c,.p7b", data: { test: "join-certificates" },
  });
  const passphrase = new SecretField({
    translate, label: translate("join_passphrase"), hint: translate("join_passphrase_hint"),
  });
  const failure = problem("join-error");
  const join = html("button", { type: "submit", text: translate("join_go"), data: { test: "join-go" } });

  const submit = () => services.attempt(join, translate("unlocking"), failure, async () => {
    const [keyFile] = key.input.files ?? [];
    const files = [...(certificates.input.files ?? [])];
    if (!keyFile || files.length === 0) {
      failure.textContent = translate("join_files_missing");
      return;
    }
    const octets = await Promise.all(files.map((file) => file.arrayBuffer()));
    await services.keyFiles.finishRequest(await keyFile.arrayBuffer(), octets, passphrase.copy());
    passphrase.clear();
    onUnlocked();
  });

  return {
    element: createForm(
      { class: "stack", data: { test: "join-form" } }, submit,
      html("h2", { text: translate("join_title") }), html("p", { text: translate("join_meaning") }),
      key.element, certificates.element, passphrase.element, failure, html("div", { class: "actions" }, join),
    ),
    clear: () => passphrase.clear(),
  };
}
