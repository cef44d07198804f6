/**
 * The forms to unlock keys: with the passphrase for the key server, or from a file with its passphrase.
 *
 * Only one form is shown at a time. The first is for the key server; a button changes to the form for a file.
 */

import { createForm, html, inputField, problem, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { createRecoveryForm } from "../../../../wasm_build/ui/recovery_form.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";
import { ApiError } from "../../app/api.js";
import { createResetForms } from "./reset_forms.js";
import { createUndoResetForm } from "./undo_reset_form.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../key_files.js").KeyFiles} KeyFiles */
/** @typedef {import("../roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {import("../../app/done_notice.js").DoneNotice} DoneNotice */
/** @typedef {import("./unlocking.js").Unlocking} Unlocking */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("./reset_forms.js").ResetServices} ResetServices */
/** @typedef {import("./undo_reset_form.js").UndoResetServices} UndoResetServices */
/**
 * @typedef {{
 *   translate: Catalogue, roamingKeys: RoamingKeys, keyFiles: KeyFiles, done: DoneNotice, unlocking: Unlocking,
 *   sentenceFor: SentenceFor,
 * } & ResetServices & UndoResetServices} UnlockServices
 */

/**
 * @param {UnlockServices} services
 * @param {{onUnlocked: () => void}} options
 */
export function createUnlockForms(services, { onUnlocked }) {
  const { translate } = services;
  const serverField = new SecretField({
    translate, label: translate("key_passphrase"), hint: translate("key_passphrase_hint"),
    onSubmit: () => server.requestSubmit(),
  });
  const fileField = new SecretField({
    translate, label: translate("file_passphrase"), hint: translate("file_passphrase_hint"),
    onSubmit: () => file.requestSubmit(),
  });
  const { element: server, tell } = createServerForm(services, serverField, onUnlocked);
  const file = createFileForm(services, fileField, onUnlocked);
  file.hidden = true;
  const recovery = createRecoveryForm(services, {
    recover: async (code, passphrase) => {
      await services.roamingKeys.openBy([code, passphrase], (account) => account.enter("roaming.recover", { code, passphrase }));
    },
    onRecovered: () => {
      onUnlocked();
      services.done.say(translate("passphrase_changed"));
    },
  });
  const resets = [createResetForms(services, { onUnlocked }), createUndoResetForm(services, { onUnlocked })];
  const changeWay = () => {
    server.hidden = file.hidden;
    file.hidden = !file.hidden;
    draw();
    /** @type {HTMLElement | null} */ ((file.hidden ? server : file).querySelector("[role=textbox], input"))?.focus();
  };
  const choice = html("button", { class: "quiet choice", type: "button", data: { test: "choose-way" }, on: { click: changeWay } });
  const draw = () => { choice.textContent = translate(file.hidden ? "use_file" : "use_key_server"); };
  draw();
  return {
    element: html("div", { class: "stack" }, server, file, choice, recovery.element, ...resets.map((part) => part.element)),
    /** Puts the focus into the field of the shown form, and says why the passphrase from the sign-in did not unlock the keys. */
    focus() {
      (server.hidden ? fileField : serverField).focus();
      const error = services.unlocking.takeTypedFailure();
      if (error) tell(error);
    },
    /** Overwrites the typed text. */
    clear() {
      serverField.clear();
      fileField.clear();
      recovery.clear();
      resets.forEach((part) => part.clear());
    },
  };
}

/**
 * @param {UnlockServices} services
 * @param {SecretField} field
 * @param {() => void} onUnlocked
 */
function createServerForm(services, field, onUnlocked) {
  const { translate } = services;
  const failure = problem("unlock-error");
  const button = html("button", {
    class: "primary", type: "submit", text: translate("unlock"), data: { test: "unlock-submit" },
  });
  const refusedKey = "error_key_login_refused";
  const unlock = () => services.roamingKeys.open(field.copy());
  const submit = () => {
    if (field.length === 0) return field.setError(translate("error_passphrase_missing"));
    return attempt(services, { field, failure, button, unlock, onUnlocked, refusedKey });
  };
  return {
    element: createForm(
      { class: "stack", data: { test: "unlock-form" } }, submit,
      field.element, failure, html("div", { class: "actions" }, button),
    ),
    tell: (/** @type {unknown} */ error) => tellFailure(services, { field, failure, refusedKey }, error),
  };
}

/**
 * @param {UnlockServices} services
 * @param {SecretField} field
 * @param {() => void} onUnlocked
 */
function createFileForm(services, field, onUnlocked) {
  const { translate } = services;
  const file = inputField(translate("key_file"), {
    type: "file", accept: ".p12,.pfx,.pem,.epf,application/x-pkcs12", data: { test: "key-file" },
  }, { hint: translate("key_file_hint") });
  const failure = problem("file-error");
  const button = html("button", {
    class: "primary", type: "submit", text: translate("open_file"), data: { test: "file-submit" },
  });
  const unlock = async () => {
    const chosen = file.input.files?.[0];
    if (!chosen) throw new ApiError("no-file", "");
    await services.keyFiles.open(await chosen.arrayBuffer(), field.copy());
  };
  const submit = () => {
    // Some files have no passphrase, so an empty one is tried. If the file needs a passphrase, the field asks for it.
    const refusedKey = field.length === 0 ? "error_passphrase_missing" : "error_wrong_passphrase";
    return attempt(services, { field, failure, button, unlock, onUnlocked, refusedKey });
  };
  return createForm(
    { class: "stack", data: { test: "file-form" } }, submit,
    file.element, field.element, failure, html("div", { class: "actions" }, button),
  );
}

/**
 * @param {UnlockServices} services
 * @param {{
 *   field: SecretField, failure: HTMLElement, button: HTMLButtonElement, unlock: () => Promise<void>,
 *   onUnlocked: () => void, refusedKey: string,
 * }} parts
 */
async function attempt(services, { field, failure, button, unlock, onUnlocked, refusedKey }) {
  failure.textContent = "";
  field.setError("");
  await whileBusy(button, services.translate("unlocking"), async () => {
    await unlock();
    field.clear();
    onUnlocked();
  }, (error) => tellFailure(services, { field, failure, refusedKey }, error));
}

/**
 * @param {UnlockServices} services
 * @param {{field: SecretField, failure: HTMLElement, refusedKey: string}} parts
 * @param {unknown} error
 */
function tellFailure(services, { field, failure, refusedKey }, error) {
  const { translate } = services;
  const code = error instanceof Error && "code" in error ? error.code : "";
  // The field shows the error of a wrong passphrase and gets the focus. Other errors are shown under the form.
  if (code !== "login-refused" && code !== "wrong-passphrase") {
    failure.textContent = code === "malformed-message" ? translate("error_file_damaged") : services.sentenceFor(error);
    return;
  }
  field.clear();
  field.setError(translate(refusedKey));
}
