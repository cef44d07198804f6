/** The field for a one-time code of six digits. */

import { createForm, html, inputField } from "./dom.js";

/** @typedef {import("./key_account_view.js").App} App */

/** @param {App["translate"]} translate @param {string} test */
export function codeField(translate, test) {
  const { element, input } = inputField(translate("factor_code"), {
    inputmode: "numeric", autocomplete: "one-time-code", spellcheck: "false", dir: "ltr", maxlength: 7,
    class: "short", data: { test: `${test}-code` },
  }, { hint: translate("factor_code_hint") });
  return {
    element,
    clear() { input.value = ""; },
    focus() { input.focus(); },
    /** The digits; null if there are not six. */
    read() {
      const digits = input.value.replaceAll(/\s/gu, "");
      return /^\d{6}$/u.test(digits) ? digits : null;
    },
  };
}

/**
 * A form with the field.
 * @param {App} app
 * @param {{test: string, submit: string, failure: HTMLElement}} words
 * @param {(code: string) => Promise<void>} act
 */
export function codeForm(app, { test, submit, failure }, act) {
  const { translate } = app;
  const field = codeField(translate, test);
  const button = html("button", { class: "primary", type: "submit", text: submit, data: { test: `${test}-submit` } });
  const send = () => app.attempt(button, translate("working"), failure, async () => {
    const code = field.read();
    if (!code) {
      failure.textContent = translate("error_factor_code_missing");
      return field.focus();
    }
    field.clear();
    await act(code);
  });
  return createForm({ class: "stack" }, send, field.element, html("div", { class: "actions" }, button));
}
