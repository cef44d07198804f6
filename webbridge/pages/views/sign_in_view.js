/** Signing in to the mail account: one address, one password, and what this page does. */

import { html, uniqueId } from "../runtime/ui/dom.js";
import { stateMark } from "../runtime/ui/state_mark.js";
import { inputField, problem, whileBusy } from "../runtime/ui/parts.js";

/** @typedef {import("../app.js").App} App */

/**
 * @param {App} app
 * @param {{ended: string | null}} options `ended`: whose session ended, to be continued
 * @returns {import("../app.js").View}
 */
export function createSignInView(app, { ended }) {
  const { translate } = app;
  const heading = html("h1", { tabindex: -1, text: translate("sign_in_title") });
  const { address, password } = createFields(translate, ended);
  const foreign = createComputerField(translate);
  const failure = problem("sign-in-error");
  const button = html("button", {
    class: "primary", type: "submit", text: translate("sign_in"), data: { test: "sign-in-submit" },
  });
  const form = html(
    "form",
    { class: "stack", novalidate: true, data: { test: "sign-in-form" }, on: { submit } },
    address.element, password.element, foreign.element, failure, html("div", { class: "actions" }, button),
  );

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    failure.textContent = "";
    const missing = [address.input, password.input].find((input) => input.value.trim() === "");
    if (missing) return complain(translate("sign_in_incomplete"), missing);
    await whileBusy(button, translate("signing_in"), async () => {
      try {
        const isOwnComputer = !foreign.input.checked;
        await app.signIn(address.input.value.trim(), password.input.value, { isOwnComputer });
        password.input.value = "";
      } catch (error) {
        complain(app.sentenceFor(error), password.input);
      }
    });
  }

  /**
   * @param {string} sentence
   * @param {HTMLInputElement} input what takes the focus; what was typed stays
   */
  function complain(sentence, input) {
    failure.textContent = sentence;
    input.focus();
  }

  const element = html(
    "div",
    { class: "narrow stack" },
    heading,
    ended ? createReminder(app) : createPromise(translate),
    form,
  );
  return { element, heading, title: translate("sign_in_title") };
}

/**
 * @param {App["translate"]} translate
 * @param {string | null} known the address to begin with
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
