/** The view to sign in to the mail account: address, password, and a sentence on what this page does. */

import { html, uniqueId } from "../../../wasm_build/ui/dom.js";
import { stateMark } from "../../../wasm_build/ui/state_mark.js";
import { createForm, inputField, problem, whileBusy } from "../../../wasm_build/ui/parts.js";

/** @typedef {import("../app.js").App} App */

/**
 * @param {App} app
 * @param {{ended: string | null, isSessionLeft: boolean}} options `ended` is the account whose session has ended; null
 *   for a first sign-in. `isSessionLeft`: the bridge did not confirm a sign-out
 * @returns {import("../app.js").View}
 */
export function createSignInView(app, { ended, isSessionLeft }) {
  const { translate } = app;
  const heading = html("h1", { tabindex: -1, text: translate("sign_in_title") });
  const introduction = ended ? createReminder(app) : createPromise(translate);
  const left = isSessionLeft
    ? html("p", { class: "problem", role: "alert", text: translate("sign_out_unconfirmed"), data: { test: "session-left" } })
    : null;
  const form = createSignInForm(app, ended);
  const element = html("div", { class: "narrow stack" }, heading, left, introduction, form.element);
  return { element, heading, title: translate("sign_in_title"), focus: form.focus };
}

/**
 * @param {App} app
 * @param {string | null} known the address to fill in, or null
 */
function createSignInForm(app, known) {
  const { translate } = app;
  const { address, password } = createFields(translate, known);
  const foreign = createComputerField(translate);
  const failure = problem("sign-in-error");
  const button = html("button", {
    class: "primary", type: "submit", text: translate("sign_in"), data: { test: "sign-in-submit" },
  });

  // The typed text stays in the fields. The field that must be corrected gets the focus.
  const complain = (/** @type {string} */ sentence, /** @type {HTMLInputElement} */ input) => {
    failure.textContent = sentence;
    input.focus();
  };

  const submit = () => {
    failure.textContent = "";
    const missing = [address.input, password.input].find((input) => input.value.trim() === "");
    if (missing) return complain(translate("sign_in_incomplete"), missing);
    return whileBusy(button, translate("signing_in"), async () => {
      const isOwnComputer = !foreign.input.checked;
      await app.signIn(address.input.value.trim(), password.input.value, { isOwnComputer });
      password.input.value = "";
    }, (error) => complain(app.sentenceFor(error), password.input));
  };

  return {
    element: createForm(
      { class: "stack", data: { test: "sign-in-form" } }, submit,
      address.element, password.element, foreign.element, failure, html("div", { class: "actions" }, button),
    ),
    /** Puts the focus into the field that is filled in next. */
    focus: () => (address.input.value ? password : address).input.focus(),
  };
}

/**
 * @param {App["translate"]} translate
 * @param {string | null} known the address to fill in, or null
 */
function createFields(translate, known) {
  const address = inputField(translate("mail_address"), {
    type: "email", name: "username", autocomplete: "username", required: true, inputmode: "email", dir: "ltr",
    autocapitalize: "off", spellcheck: "false", value: known, data: { test: "sign-in-address" },
  });
  const password = inputField(translate("mail_password"), {
    type: "password", name: "password", autocomplete: "current-password", required: true, dir: "ltr",
    data: { test: "sign-in-password" },
  }, { hint: translate("mail_password_hint") });
  return { address, password };
}

/** @param {App["translate"]} translate */
function createComputerField(translate) {
  const id = uniqueId("computer");
  const input = html("input", { type: "checkbox", "aria-describedby": id, data: { test: "foreign-computer" } });
  const element = html(
    "div",
    { class: "field" },
    html("label", { class: "check" }, input, translate("foreign_computer")),
    html("p", { class: "field-hint", id, text: translate("foreign_computer_hint") }),
  );
  return { element, input };
}

/** @param {App} app */
function createReminder(app) {
  const text = app.translate(app.hasDraft() ? "error_session_ended" : "session_ended");
  return html("p", { class: "note", text, data: { test: "session-ended" } });
}

/** @param {App["translate"]} translate */
function createPromise(translate) {
  const mark = stateMark("encrypted-only", translate, { size: 32 });
  mark.setAttribute("aria-hidden", "true");
  return html("div", { class: "promise" }, mark, html("p", { text: translate("sign_in_promise") }));
}
