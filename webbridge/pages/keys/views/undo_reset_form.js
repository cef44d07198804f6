/** The part that undoes a reset: it puts the account from before back, by its passphrase or its recovery code. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { createForm, problem } from "../../../../wasm_build/ui/parts.js";
import { createRecoveryForm } from "../../../../wasm_build/ui/recovery_form.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";

/** @typedef {import("../../app/app.js").App} App */

/**
 * @param {App} app
 * @param {{onUnlocked: () => void}} options
 * @returns {import("../../../../wasm_build/ui/key_account_view.js").Part}
 */
export function createUndoResetForm(app, { onUnlocked }) {
  const { translate } = app;
  const field = new SecretField({
    translate, label: translate("undo_reset_passphrase"), hint: translate("undo_reset_passphrase_hint"),
    onSubmit: () => form.requestSubmit(),
  });
  const failure = problem("undo-reset-error");
  const button = html("button", { type: "submit", text: translate("undo_reset_now"), data: { test: "undo-reset-submit" } });
  const onUndone = () => {
    onUnlocked();
    app.announce(translate("undo_reset_done"));
  };
  const submit = () => app.attempt(button, translate("unlocking"), failure, async () => {
    field.setError("");
    if (field.length === 0) return field.setError(translate("passphrase_missing"));
    const passphrase = field.copy();
    try {
      await app.keys.openAt(app.keyServer, app.address ?? "", [passphrase], (account) => account.undoReset(passphrase));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "login-refused")) throw error;
      field.clear();
      return field.setError(translate("error_undo_reset_refused"));
    }
    field.clear();
    onUndone();
  });
  const form = createForm(
    { class: "stack", data: { test: "undo-reset" } }, submit, field.element, failure, html("div", { class: "actions" }, button),
  );
  const byCode = createRecoveryForm(app, {
    test: "undo-reset-code", summary: "undo_reset_by_code", meaning: "undo_reset_by_code_meaning", refused: "error_undo_reset_code_refused",
    recover: async (code, passphrase) => {
      await app.keys.openAt(app.keyServer, app.address ?? "", [code, passphrase], (account) => account.undoResetByCode(code, passphrase));
    },
    onRecovered: () => {
      onUnlocked();
      app.done.say(`${translate("undo_reset_done")} ${translate("passphrase_changed")}`);
    },
  });
  const summary = html("summary", { text: translate("undo_reset_summary") });
  const content = html("div", { class: "stack" }, html("p", { text: translate("undo_reset_meaning") }), form, byCode.element);
  return {
    element: html("details", { class: "details", data: { test: "undo-reset-part" } }, summary, content),
    clear() {
      field.clear();
      byCode.clear();
    },
  };
}
