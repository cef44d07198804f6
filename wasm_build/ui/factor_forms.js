/** The part of the account about second factors: their list, and the forms that add and remove a factor. */

import { base64FromBytes, bytesFromBase64 } from "../vault/values/base64.js";
import { canUseSecurityKeys, createSecurityKey } from "../vault/account/security_key.js";
import { html, inputField, problem } from "./dom.js";
import { isolate, longDate } from "./formats.js";
import { ApiError } from "../vault/server/json_requests.js";
import { codeField } from "./code_field.js";
import { base64Members, makeSecret, secretLink, writeSecret } from "./factor_messages.js";

/** @typedef {import("./key_account_view.js").App} App */
/** @typedef {Pick<import("../vault/account/key_account.js").KeyAccount, "user" | "factors" | "addFactor" | "removeFactor">} FactorAccount */
/** @typedef {import("../vault/types/account.js").Factor} Factor */
/** @typedef {import("./key_account_view.js").Part} Part */
/** @typedef {import("./key_account_view.js").CreateAct} CreateAct */

const MILLISECONDS = 1_000;
const MAX_NAME = 100;

/**
 * @param {App} app
 * @param {FactorAccount} account
 * @param {CreateAct} createAct
 * @returns {Part & {loaded: Promise<void>}} `loaded` resolves when the list was drawn for the first time
 */
export function createFactors(app, account, createAct) {
  const { translate } = app;
  const failure = problem("factors-error");
  const list = html("ul", { class: "cards", "aria-busy": "true", data: { test: "factors" } });
  /** @type {Part[]} */
  let removals = [];
  const load = async () => {
    failure.textContent = "";
    try {
      const { factors } = await account.factors();
      removals.forEach((removal) => removal.clear());
      removals = factors.map((factor) => createRemoval(app, account, createAct, factor, load));
      list.replaceChildren(...factors.map((factor, place) => createCard(app, factor, removals[place])));
      if (factors.length === 0) list.replaceChildren(html("li", { text: translate("factors_none") }));
    } catch (error) {
      failure.textContent = app.sentenceFor(error);
    }
    list.setAttribute("aria-busy", "false");
  };
  const additions = [createAppAddition(app, account, createAct, load)];
  if (canUseSecurityKeys()) additions.push(createKeyAddition(app, account, createAct, load));
  const element = html(
    "section", { class: "stack", "aria-labelledby": "factors-title" },
    html("h3", { id: "factors-title", text: translate("factors_title") }),
    html("p", { text: translate("factors_meaning") }),
    failure, list, ...additions.map((addition) => addition.element),
  );
  const loaded = load();
  return { element, loaded, clear: () => [...removals, ...additions].forEach((part) => part.clear()) };
}

/** @param {App} app @param {Factor} factor @param {Part | undefined} removal */
function createCard({ translate }, { kind, name, latest }, removal) {
  const used = longDate(new Date(latest * MILLISECONDS).toISOString());
  const means = translate(kind === "totp" ? "factor_app" : "factor_key");
  return html(
    "li", { class: "card", data: { test: "factor", kind } },
    html("p", { class: "card-title", dir: "auto" }, html("strong", { text: name })),
    name === means ? null : html("p", { text: means }),
    html("p", { text: translate("session_used", { date: used }) }),
    removal?.element ?? null,
  );
}

/**
 * @param {App} app
 * @param {FactorAccount} account
 * @param {CreateAct} createAct
 * @param {Factor} factor
 * @param {() => Promise<void>} load
 */
function createRemoval(app, account, createAct, factor, load) {
  return createAct(app, {
    test: "remove-factor", title: "remove_ask", meaning: "factor_remove_meaning", submit: "remove",
    act: async (passphrase) => {
      await account.removeFactor(passphrase, factor.id);
      await load();
      app.announce(app.translate("factor_removed", { name: isolate(factor.name) }));
    },
  });
}

/**
 * @param {App} app
 * @param {FactorAccount} account
 * @param {CreateAct} createAct
 * @param {() => Promise<void>} load
 */
function createAppAddition(app, account, createAct, load) {
  const { translate } = app;
  const name = nameField(translate("factor_app"), translate("name"), "add-app-name");
  const code = codeField(translate, "add-app");
  const shown = html("output", { class: "code", dir: "ltr", data: { test: "add-app-secret" } });
  const link = html("a", { text: translate("factor_open_app"), data: { test: "add-app-link" } });
  let secret = new Uint8Array(0);
  const renew = () => {
    secret.fill(0);
    secret = makeSecret();
    const text = writeSecret(secret);
    shown.textContent = text.match(/.{4}/gu)?.join(" ") ?? "";
    link.href = secretLink(account.user, text);
    code.clear();
  };
  renew();
  const further = html(
    "div", { class: "stack" },
    html("p", { text: translate("factor_app_steps") }), shown, html("p", {}, link), name.element, code.element,
  );
  return createAct(app, {
    test: "add-app", title: "factor_add_app", meaning: "factor_add_meaning", submit: "add",
    further: { element: further, clear: renew },
    act: async (passphrase) => {
      const typed = code.read();
      if (!typed) throw new ApiError("factor-code-missing", "");
      const members = { kind: "totp", name: name.read(), secret: base64FromBytes(secret.slice().buffer), code: typed };
      await account.addFactor(passphrase, async () => members);
      await load();
      app.announce(translate("factor_added", { name: isolate(members.name) }));
    },
  });
}

/**
 * @param {App} app
 * @param {FactorAccount} account
 * @param {CreateAct} createAct
 * @param {() => Promise<void>} load
 */
function createKeyAddition(app, account, createAct, load) {
  const { translate } = app;
  const name = nameField(translate("factor_key"), translate("name"), "add-security-key-name");
  return createAct(app, {
    test: "add-security-key", title: "factor_add_key", meaning: "factor_add_key_meaning", submit: "add",
    further: { element: name.element, clear: name.clear },
    act: async (passphrase) => {
      const chosen = name.read();
      await account.addFactor(passphrase, async (challenge) => {
        const made = await createSecurityKey(bytesFromBase64(challenge), account.user);
        return { kind: "webauthn", name: chosen, challenge, ...base64Members(made) };
      });
      await load();
      app.announce(translate("factor_added", { name: isolate(chosen) }));
    },
  });
}

/** @param {string} usual @param {string} label @param {string} test */
function nameField(usual, label, test) {
  const { element, input } = inputField(label, { maxlength: MAX_NAME, autocomplete: "off", data: { test } });
  const clear = () => { input.value = usual; };
  clear();
  return { element, clear, read: () => input.value.trim() || usual };
}
