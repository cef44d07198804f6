/**
 * The view to sign in to the mail account and to unlock the keys at the same time. It has fields for address, password and
 * passphrase, and a sentence about this page. The passphrase goes to the vault only.
 */

import { createForm, html, inputField, problem, uniqueId, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";
import { stateMark } from "../../../../wasm_build/ui/state_mark.js";
import { createLanguageMenu } from "../../settings/language_menu.js";
import { createShowButton } from "./accounts_view.js";
import { sameAddress } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../../app/services.js").UseLanguage} UseLanguage */
/** @typedef {import("../../app/services.js").SignIn} SignIn */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../accounts_here.js").AccountsHere} AccountsHere */
/** @typedef {import("../../settings/language_menu.js").LanguageServices} LanguageServices */
/** @typedef {import("./accounts_view.js").AccountChangeServices} AccountChangeServices */
/**
 * @typedef {{
 *   translate: Catalogue, useLanguage: UseLanguage, signIn: SignIn, sentenceFor: SentenceFor, keys: KeyRing,
 *   accounts: AccountsHere, hasDraft: () => boolean,
 * } & LanguageServices & AccountChangeServices} SignInServices
 */
/** @typedef {{address: string, password: string, isForeign: boolean}} Typed */

/**
 * @param {SignInServices} services
 * @param {{ended: string | null, isSessionLeft: boolean, typed?: Typed}} options `ended` is the account whose session has ended; null
 *   for a first sign-in. `isSessionLeft`: the bridge did not confirm a sign-out. `typed` has the first values of the fields
 * @returns {View}
 */
export function createSignInView(services, { ended, isSessionLeft, typed }) {
  const { translate } = services;
  const heading = html("h1", { tabindex: -1, text: translate("sign_in_title") });
  const left = isSessionLeft
    ? html("p", { class: "problem", role: "alert", text: translate("sign_out_unconfirmed"), data: { test: "session-left" } })
    : null;
  const form = createSignInForm(services, typed ?? { address: ended ?? "", password: "", isForeign: false });
  const menu = createLanguageMenu(services, (language) =>
    services.useLanguage(language, { isOwnComputer: !form.typed().isForeign }));
  return {
    element: html(
      "div", { class: "narrow stack" },
      heading, left, ended ? createReminder(services) : createPromise(translate), form.element, createOthers(services, ended), menu,
    ),
    heading, titleKey: "sign_in_title", focus: form.focus, close: form.clear,
    renew: () => createSignInView(services, { ended, isSessionLeft, typed: form.typed() }),
  };
}

/**
 * @param {SignInServices} services
 * @param {Typed} typed the values of the fields
 */
function createSignInForm(services, typed) {
  const { translate } = services;
  const { address, password } = createFields(translate, typed.address);
  const foreign = createComputerField(translate);
  const passphrase = createPassphraseField(services, () => form.requestSubmit());
  password.input.value = typed.password;
  foreign.input.checked = typed.isForeign;
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
      await services.signIn(address.input.value.trim(), password.input.value, { isOwnComputer }, () => {
        password.input.value = "";
        if (!passphrase?.length) return null;
        button.textContent = translate("unlocking");
        return passphrase.take();
      });
    }, (error) => complain(services.sentenceFor(error), password.input));
  };

  const form = createForm(
    { class: "stack", data: { test: "sign-in-form" } }, submit,
    address.element, password.element, passphrase?.element ?? null, foreign.element, failure, html("div", { class: "actions" }, button),
  );
  return {
    element: form,
    /** Overwrites the typed passphrase. */
    clear: () => passphrase?.clear(),
    /** Puts the focus into the field that the person fills in next. */
    focus: () => (address.input.value ? password : address).input.focus(),
    /** @returns {Typed} */
    typed: () => ({ address: address.input.value, password: password.input.value, isForeign: foreign.input.checked }),
  };
}

/**
 * @param {Catalogue} translate
 * @param {string} known the address to fill in, or nothing
 */
function createFields(translate, known) {
  return {
    address: inputField(translate("mail_address"), {
      type: "email", name: "username", autocomplete: "username", required: true, inputmode: "email", dir: "ltr",
      autocapitalize: "off", spellcheck: "false", value: known, data: { test: "sign-in-address" },
    }),
    password: inputField(translate("mail_password"), {
      type: "password", name: "password", autocomplete: "current-password", required: true, dir: "ltr",
      data: { test: "sign-in-password" },
    }, { hint: translate("mail_password_hint") }),
  };
}

/**
 * @param {SignInServices} services
 * @param {() => void} onSubmit
 * @returns {SecretField | null} null if the keys are unlocked, because only the session at the bridge has ended
 */
function createPassphraseField({ translate, keys }, onSubmit) {
  return keys.unlocked ? null : new SecretField({
    translate, label: translate("sign_in_passphrase"), hint: translate("sign_in_passphrase_hint"), onSubmit, isRequired: false,
  });
}

/** @param {Catalogue} translate */
function createComputerField(translate) {
  const id = uniqueId("computer");
  const input = html("input", { type: "checkbox", "aria-describedby": id, data: { test: "foreign-computer" } });
  return {
    element: html(
      "div",
      { class: "field" },
      html("label", { class: "check" }, input, translate("foreign_computer")),
      html("p", { class: "field-hint", id, text: translate("foreign_computer_hint") }),
    ),
    input,
  };
}

/** The other accounts of this browser, which this tab can show. @param {SignInServices} services @param {string | null} ended */
function createOthers(services, ended) {
  const others = services.accounts.all.filter(({ address }) => !ended || !sameAddress(address, ended));
  if (others.length === 0 || !services.accounts.isOffered) return null;
  const failure = problem("accounts-error");
  const buttons = others.map((other) => createShowButton(services, other, failure, { text: other.address }));
  return html(
    "section", { class: "stack", "aria-labelledby": "others-title", data: { test: "sign-in-others" } },
    html("h2", { id: "others-title", text: services.translate("accounts_others") }), html("div", { class: "actions" }, ...buttons), failure,
  );
}

/** @param {SignInServices} services */
function createReminder(services) {
  return html("p", {
    class: "note", text: services.translate(services.hasDraft() ? "error_session_ended" : "session_ended"), data: { test: "session-ended" },
  });
}

/** @param {Catalogue} translate */
function createPromise(translate) {
  const mark = stateMark("encrypted-only", translate, { size: 32 });
  mark.setAttribute("aria-hidden", "true");
  return html("div", { class: "promise" }, mark, html("p", { text: translate("sign_in_promise") }));
}
