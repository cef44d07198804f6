/**
 * A certificate of one's own: a new key with the request for it, and later the key joined with what the authority sent.
 *
 * The key is made in the vault and leaves it only encrypted under the passphrase, as a file that the person keeps.
 */

import { html } from "../runtime/ui/dom.js";
import { SecretField } from "../runtime/ui/secret_field.js";
import { saveFile } from "../runtime/ui/attachments.js";
import { overwrite } from "../runtime/cleanup.js";
import { inputField, problem, whileBusy } from "../runtime/ui/parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../runtime/ui/secret_field.js").Secret} Secret */

/**
 * @param {App} app
 * @param {{onUnlocked: () => void}} options
 */
export function createRequestForms(app, { onUnlocked }) {
  const { translate } = app;
  const making = createMaking(app);
  const joining = createJoining(app, onUnlocked);
  const element = html(
    "details",
    { class: "details", data: { test: "request" } },
    html("summary", { text: translate("request_summary") }),
    html("div", { class: "stack" }, making.element, joining.element),
  );
  return {
    element,
    /** Overwrites what was typed. */
    clear() {
      making.clear();
      joining.clear();
    },
  };
}

/** @param {App} app */
function createMaking(app) {
  const { translate } = app;
  const address = inputField(translate("request_address"), {
    type: "email", autocomplete: "off", dir: "ltr", value: app.address ?? "", data: { test: "request-address" },
  });
  const passphrase = new SecretField({
    translate, label: translate("request_passphrase"), hint: translate("request_passphrase_hint"),
  });
  const again = new SecretField({
    translate, label: translate("request_passphrase_again"), hint: translate("request_passphrase_again_hint"),
  });
  const failure = problem("request-error");
  const done = html("p", { class: "note", role: "status", data: { test: "request-done" } });
  const make = html("button", { type: "submit", text: translate("request_make"), data: { test: "request-make" } });
  const form = html(
    "form",
    { class: "stack", novalidate: true, data: { test: "request-form" } },
    html("h2", { text: translate("request_title") }), html("p", { text: translate("request_meaning") }),
    address.element, passphrase.element, again.element, failure, done, html("div", { class: "actions" }, make),
  );
  const clear = () => {
    passphrase.clear();
    again.clear();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    failure.textContent = "";
    done.textContent = "";
    again.setError("");
    if (passphrase.length === 0) return passphrase.setError(translate("passphrase_missing"));
    if (!areSame(passphrase.copy(), again.copy())) return again.setError(translate("request_passphrases_differ"));
    void whileBusy(make, translate("request_making"), async () => {
      try {
        const { request, key } = await app.keys.makeRequest(address.input.value.trim(), passphrase.copy());
        saveFile("sealwax-key.pem", key);
        saveFile("sealwax-request.csr", request);
        done.textContent = translate("request_made");
        clear();
      } catch (error) {
        failure.textContent = app.sentenceFor(error);
      }
    });
  });
  return { element: form, clear };
}

/**
 * @param {App} app
 * @param {() => void} onUnlocked
 */
function createJoining(app, onUnlocked) {
  const { translate } = app;
  const key = inputField(translate("join_key"), { type: "file", accept: ".pem", data: { test: "join-key" } });
  const certificates = inputField(translate("join_certificates"), {
    type: "file", multiple: true, accept: ".pem,.crt,.cer,.der,.p7c,.p7b", data: { test: "join-certificates" },
  });
  const passphrase = new SecretField({
    translate, label: translate("join_passphrase"), hint: translate("join_passphrase_hint"),
  });
  const failure = problem("join-error");
  const join = html("button", { type: "submit", text: translate("join_go"), data: { test: "join-go" } });
  const form = html(
    "form",
    { class: "stack", novalidate: true, data: { test: "join-form" } },
    html("h2", { text: translate("join_title") }), html("p", { text: translate("join_meaning") }),
    key.element, certificates.element, passphrase.element, failure, html("div", { class: "actions" }, join),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    failure.textContent = "";
    const [keyFile] = key.input.files ?? [];
    const files = [...(certificates.input.files ?? [])];
    if (!keyFile || files.length === 0) {
      failure.textContent = translate("join_files_missing");
      return;
    }
    void whileBusy(join, translate("unlocking"), async () => {
      try {
        const octets = await Promise.all(files.map((file) => file.arrayBuffer()));
        await app.keys.finishRequest(await keyFile.arrayBuffer(), octets, passphrase.copy());
        passphrase.clear();
        onUnlocked();
      } catch (error) {
        failure.textContent = app.sentenceFor(error);
      }
    });
  });
  return { element: form, clear: () => passphrase.clear() };
}

/**
 * @param {Secret} one
 * @param {Secret} other
 */
function areSame(one, other) {
  const [left, right] = [one, other].map(({ buffer, length }) => new Uint8Array(buffer, 0, length));
  const same = left.length === right.length && left.every((byte, index) => byte === right[index]);
  overwrite(one.buffer);
  overwrite(other.buffer);
  return same;
}
