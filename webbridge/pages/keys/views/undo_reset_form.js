/** The part that undoes a reset. It restores the earlier account, with that account's passphrase or recovery code. */

import { createForm, html, problem } from "../../../../wasm_build/ui/dom.js";
import { createRecoveryForm } from "../../../../wasm_build/ui/recovery_form.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {import("../passphrase_rule.js").PassphraseRule} PassphraseRule */
/** @typedef {import("../../../../wasm_build/ui/new_passphrase.js").PassphraseAdvice} PassphraseAdvice */
/** @typedef {import("../../app/done_notice.js").DoneNotice} DoneNotice */
/**
 * @typedef {{
 *   translate: Catalogue, announce: Announce, attempt: Attempt, roamingKeys: RoamingKeys, passphraseRule: PassphraseRule,
 *   passphraseAdvice: PassphraseAdvice, done: DoneNotice,
 * }} UndoResetServices
 */

/**
 * @param {UndoResetServices} services
 * @param {{onUnlocked: () => void}} options
 * @returns {import("../../../../wasm_build/ui/key_account_view.js").Part}
 */
export function createUndoResetForm(services, { onUnlocked }) {
  const { translate } = services;
  const field = new SecretField({
    translate, label: translate("undo_reset_passphrase"), hint: translate("undo_reset_passphrase_hint"),
    onSubmit: () => form.requestSubmit(),
  });
  const failure = problem("undo-reset-error");
  const button = html("button", { type: "submit", text: translate("undo_reset_now"), data: { test: "undo-reset-submit" } });
  const submit = () => services.attempt(button, translate("unlocking"), failure, async () => {
    field.setError("");
    if (field.length === 0) return field.setError(translate("error_passphrase_missing"));
    const passphrase = field.copy();
    try {
      await services.roamingKeys.openBy([passphrase], (account) => account.enter("roaming.undo", { passphrase }));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "login-refused")) throw error;
      field.clear();
      return field.setError(translate("error_undo_reset_refused"));
    }
    field.clear();
    onUnlocked();
    services.announce(translate("undo_reset_done"));
  });
  const form = createForm(
    { class: "stack", data: { test: "undo-reset" } }, submit, field.element, failure, html("div", { class: "actions" }, button),
  );
  const byCode = createRecoveryForm(services, {
    test: "undo-reset-code", summary: "undo_reset_by_code", meaning: "undo_reset_by_code_meaning", refused: "error_undo_reset_code_refused",
    recover: async (code, passphrase) => {
      await services.roamingKeys.openBy([code, passphrase], (account) => account.enter("roaming.undo", { code, passphrase }));
    },
    onRecovered: () => {
      onUnlocked();
      services.done.say(`${translate("undo_reset_done")} ${translate("passphrase_changed")}`);
    },
  });
  return {
    element: html(
      "details", { class: "details", data: { test: "undo-reset-part" } },
      html("summary", { text: translate("undo_reset_summary") }),
      html("div", { class: "stack" }, html("p", { text: translate("undo_reset_meaning") }), form, byCode.element),
    ),
    clear() {
      field.clear();
      byCode.clear();
    },
  };
}
