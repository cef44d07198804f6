/**
 * The account at the key server: its passphrase, recovery code, second factors and devices.
 *
 * Each change asks for the passphrase in a separate form, which is closed at first.
 */

import { createForm, html, problem } from "./dom.js";
import { createFactors } from "./factors.js";
import { isolate, longDate } from "./formats.js";
import { NewPassphrase } from "./new_passphrase.js";
import { createCodeKeeping } from "./recovery_code.js";
import { SecretField } from "./secret_field.js";

/**
 * The account; in the extension's page, an object that asks the background for it.
 * @typedef {{
 *   host: string, devices: () => Promise<KeyDevice[]>, revoke: (id: string, passphrase: Secret) => Promise<unknown>,
 *   changePassphrase: (passphrase: Secret, next: Secret) => Promise<unknown>,
 *   makeCode: (passphrase: Secret) => Promise<ArrayBuffer>, remove: (passphrase: Secret) => Promise<void>,
 *   hasLostCode?: boolean, hasCode?: boolean | null,
 * }} KeyAccount
 */
/** @typedef {import("../vault/types/account.js").KeyDevice} KeyDevice */
/** @typedef {import("./secret_field.js").Secret} Secret */
/** @typedef {import("./factors.js").FactorAccount} FactorAccount */
/** @typedef {{element: HTMLElement, clear: () => void}} Part */
/** A part that is complete only after a server's answer. @typedef {Part & {loaded: Promise<void>}} LoadedPart */
/** @typedef {typeof createAct} CreateAct */
/**
 * The parts that the view needs of the pages' application or the extension's page.
 * @typedef {{
 *   translate: import("./catalogue.js").Catalogue, announce: (text: string) => void, sentenceFor: (error: unknown) => string,
 *   attempt: (button: HTMLButtonElement, busyLabel: string, failure: HTMLElement, action: () => Promise<any>) => Promise<void>,
 *   passphraseRule: {check: (passphrase: Secret) => Promise<void>}, roamingKeys: {leave: () => void},
 *   passphraseAdvice: import("./new_passphrase.js").PassphraseAdvice,
 * }} App
 */

const MILLISECONDS = 1_000;
/** The event after a change of the account. */
export const ACCOUNT_CHANGED = "account-changed";

/**
 * @param {App} app
 * @param {KeyAccount & FactorAccount} account
 * @param {Part[]} [further] further parts that only the pages have
 * @returns {Part}
 */
export function createKeyAccount(app, account, further = []) {
  const { translate } = app;
  const factors = createFactors(app, account, createAct);
  const removal = createRemoval(app, account);
  const parts = [...further, createPassphraseChange(app, account), createCodeMaking(app, account), factors];
  const lost = problem("lost-code");
  const draw = () => { lost.textContent = account.hasLostCode ? translate("recovery_code_lost") : ""; };
  const element = html(
    "section",
    { class: "stack", "aria-labelledby": "key-account-title", data: { test: "key-account" } },
    html("h2", { id: "key-account-title", text: translate("key_account_title") }),
    html("p", { class: "lede", text: translate("key_account_meaning", { host: account.host }) }),
    lost, ...parts.map((part) => part.element),
  );
  // The list of the factors would move it.
  void factors.loaded.then(() => element.append(removal.element));
  element.addEventListener(ACCOUNT_CHANGED, draw);
  draw();
  return { element, clear: () => [...parts, removal].forEach((part) => part.clear()) };
}

/**
 * The account without the heading and the second factors, for an application that cannot ask for them.
 * @param {App} app
 * @param {KeyAccount} account
 * @returns {Part}
 */
export function createAccountActs(app, account) {
  const parts = [
    createPassphraseChange(app, account), createCodeMaking(app, account), createRemoval(app, account), createDevices(app, account),
  ];
  const element = html("div", { class: "stack" }, ...parts.map((part) => part.element));
  return { element, clear: () => parts.forEach((part) => part.clear()) };
}

/** The devices with their heading. @param {App} app @param {KeyAccount} account @returns {Part} */
export function createKeyDevices(app, account) {
  const { translate } = app;
  const devices = createDevices(app, account);
  const element = html(
    "section", { class: "stack", "aria-labelledby": "key-devices-title" },
    html("h2", { id: "key-devices-title", text: translate("setting_key_devices") }), devices.element,
  );
  return { element, clear: devices.clear };
}

/** @param {App} app @param {KeyAccount} account @returns {Part} */
function createDevices(app, account) {
  const failure = problem("devices-error");
  const list = html("ul", { class: "cards", "aria-busy": "true", data: { test: "devices" } });
  /** @type {Part[]} */
  let acts = [];
  const clear = () => acts.forEach((act) => act.clear());

  const load = async () => {
    failure.textContent = "";
    try {
      const devices = await account.devices();
      clear();
      const others = devices.filter((device) => !device.is_this);
      acts = others.map((device) => createRevoking(app, account, device, load));
      const cards = [
        ...devices.filter((device) => device.is_this).map((device) => createCard(app, device, null)),
        ...others.map((device, place) => createCard(app, device, acts[place])),
      ];
      list.replaceChildren(...cards);
    } catch (error) {
      failure.textContent = app.sentenceFor(error);
    }
    list.setAttribute("aria-busy", "false");
  };
  void load();
  return { element: html("div", { class: "stack" }, failure, list), clear };
}

/** @param {App} app @param {KeyDevice} device @param {Part | null} act */
function createCard({ translate }, device, act) {
  const name = device.is_this ? translate("device_this", { name: isolate(device.name) }) : device.name;
  const used = longDate(new Date(device.latest * MILLISECONDS).toISOString());
  return html(
    "li",
    { class: "card", data: { test: "device", this: String(device.is_this) } },
    html("h3", { class: "card-title", dir: "auto", text: name }),
    html("p", { text: translate("session_used", { date: used }) }),
    act?.element ?? null,
  );
}

/** @param {App} app @param {KeyAccount} account @param {KeyDevice} device @param {() => Promise<void>} load */
function createRevoking(app, account, device, load) {
  return createAct(app, {
    test: "revoke", title: "device_revoke", meaning: "device_revoke_meaning", submit: "device_revoke_now",
    act: async (passphrase) => {
      await account.revoke(device.id, passphrase);
      await load();
      app.announce(app.translate("no_access", { name: isolate(device.name) }));
    },
  });
}

/** @param {App} app @param {KeyAccount} account */
function createPassphraseChange(app, account) {
  const { translate } = app;
  const next = new NewPassphrase(app, {
    first: { label: translate("new_passphrase"), hint: translate("key_passphrase_hint") },
    again: { label: translate("passphrase_again"), hint: translate("request_passphrase_again_hint") },
    missing: translate("error_passphrase_missing"),
    differ: translate("request_passphrases_differ"),
  });
  return createAct(app, {
    test: "change-passphrase", title: "passphrase_change", meaning: "passphrase_change_meaning",
    submit: "passphrase_change_now", further: next,
    act: async (passphrase) => {
      const chosen = next.read();
      if (!chosen) return false;
      await app.passphraseRule.check(chosen);
      await account.changePassphrase(passphrase, chosen);
      return translate("passphrase_changed");
    },
  });
}

/** @param {App} app @param {KeyAccount} account */
function createCodeMaking(app, account) {
  const { translate } = app;
  const keeping = createCodeKeeping(translate, {
    host: account.host, onKept: () => app.announce(translate("recovery_code_kept")),
  });
  const { element, clear } = createAct(app, {
    test: "make-code", title: "recovery_code", meaning: "recovery_code_meaning", submit: "recovery_code_make",
    further: { element: null, clear: keeping.clear }, keepsOpen: true, isOpen: account.hasCode === false,
    act: async (passphrase) => keeping.show(new TextDecoder().decode(await account.makeCode(passphrase))),
  });
  // The check of the code is a form too, so it is not inside the form above it.
  return { element: html("div", { class: "stack" }, element, keeping.element), clear };
}

/** @param {App} app @param {KeyAccount} account */
function createRemoval(app, account) {
  return createAct(app, {
    test: "remove-account", title: "key_account_remove", meaning: "key_account_remove_meaning",
    submit: "key_account_remove_now",
    act: async (passphrase) => {
      await account.remove(passphrase);
      app.announce(app.translate("key_account_removed"));
      app.roamingKeys.leave();
    },
  });
}

/**
 * A change of the account. A summary opens a form with the passphrase.
 * @param {App} app
 * @param {{
 *   test: string, title: string, meaning: string, submit: string, keepsOpen?: boolean,
 *   further?: {element: HTMLElement | null, clear: () => void},
 *   isOpen?: boolean,
 *   act: (passphrase: Secret) => Promise<string | false | void>,
 * }} words `act` resolves with false if a field shows what is missing, or with the sentence that says what was done
 * @returns {Part}
 */
export function createAct(app, { test, title, meaning, submit, further, keepsOpen = false, isOpen = false, act }) {
  const { translate } = app;
  const field = new SecretField({
    translate, label: translate("passphrase_now"), hint: translate("passphrase_now_hint"),
    onSubmit: () => form.requestSubmit(),
  });
  const failure = problem(`${test}-error`);
  const done = html("p", { class: "done", role: "status", tabindex: -1, data: { test: `${test}-done` } });
  const button = html("button", { type: "submit", text: translate(submit), data: { test: `${test}-submit` } });
  const send = () => app.attempt(button, translate("working"), failure, async () => {
    field.setError("");
    done.textContent = "";
    if (field.length === 0) return field.setError(translate("error_passphrase_missing"));
    if (keepsOpen) further?.clear();
    /** @type {string | false | void} */
    let sentence;
    try {
      sentence = await act(field.copy());
      if (sentence === false) return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "login-refused")) throw error;
      field.clear();
      return field.setError(translate("error_key_login_refused"));
    }
    field.clear();
    element.dispatchEvent(new Event(ACCOUNT_CHANGED, { bubbles: true }));
    if (keepsOpen) return;
    further?.clear();
    closing.open = false;
    if (!sentence) return;
    // The change may have redrawn the view.
    if (!element.isConnected) return app.announce(sentence);
    done.textContent = sentence;
    // Closing the form removes the focused button, and after a long form the view is scrolled to another place.
    done.focus();
  });
  const form = createForm(
    { class: "stack", data: { test } }, send,
    html("p", { text: translate(meaning) }), field.element, further?.element ?? null, failure,
    html("div", { class: "actions" }, button),
  );
  const closing = html("details", { class: "details", open: isOpen }, html("summary", { text: translate(title) }), form);
  const element = html("div", {}, closing, done);
  return {
    element,
    clear() {
      field.clear();
      further?.clear();
    },
  };
}
