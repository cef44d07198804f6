/** The form for a forgotten passphrase, which is closed at first. It has fields for the recovery code and a new passphrase. */

import { createForm, html, problem } from "./dom.js";
import { NewPassphrase } from "./new_passphrase.js";
import { SecretField } from "./secret_field.js";

/** @typedef {import("./secret_field.js").Secret} Secret */

/**
 * @param {Pick<import("./key_account_view.js").App, "translate" | "attempt" | "passphraseRule" | "passphraseAdvice">} app
 * @param {{
 *   recover: (code: Secret, passphrase: Secret) => Promise<void>, onRecovered: () => void, test?: string, summary?: string,
 *   meaning?: string, refused?: string,
 * }} options `summary`, `meaning` and `refused` are keys of the catalogue
 * @returns {import("./key_account_view.js").Part}
 */
export function createRecoveryForm(app, {
  recover, onRecovered, test = "recover", summary = "passphrase_forgotten", meaning = "recover_meaning", refused = "error_wrong_recovery_code",
}) {
  const { translate } = app;
  const code = new SecretField({ translate, label: translate("recovery_code"), hint: translate("recovery_code_hint") });
  const next = new NewPassphrase(app, {
    first: { label: translate("new_passphrase"), hint: translate("key_passphrase_hint") },
    again: { label: translate("passphrase_again"), hint: translate("request_passphrase_again_hint") },
    missing: translate("error_passphrase_missing"),
    differ: translate("request_passphrases_differ"),
  });
  const failure = problem(`${test}-error`);
  const button = html("button", { type: "submit", text: translate("recover_now"), data: { test: `${test}-submit` } });
  const submit = () => app.attempt(button, translate("unlocking"), failure, async () => {
    code.setError("");
    if (code.length === 0) return code.setError(translate("recovery_code_missing"));
    const chosen = next.read();
    if (!chosen) return;
    await app.passphraseRule.check(chosen);
    try {
      await recover(code.copy(), chosen);
    } catch (error) {
      const errorCode = error instanceof Error && "code" in error ? error.code : "";
      if (errorCode !== "login-refused" && errorCode !== "wrong-recovery-code") throw error;
      return code.setError(translate(refused));
    }
    clear();
    onRecovered();
  });
  const clear = () => {
    code.clear();
    next.clear();
  };
  const form = createForm(
    { class: "stack", data: { test } }, submit,
    html("p", { text: translate(meaning) }), code.element, next.element, failure,
    html("div", { class: "actions" }, button),
  );
  const opening = html("summary", { text: translate(summary) });
  return { element: html("details", { class: "details" }, opening, form), clear };
}
