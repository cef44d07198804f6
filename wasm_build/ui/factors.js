/**
 * Second factors: their list in an account, the forms that add and remove a factor, and the dialog that asks for a factor at
 * a login: a code of the person's app, or a touch of a security key.
 */

import { base64FromBytes, bytesFromBase64 } from "../vault/values/base64.js";
import { askSecurityKey, canUseSecurityKeys, createSecurityKey } from "../vault/account/security_key.js";
import { createForm, html, inputField, openDialog, problem, uniqueId } from "./dom.js";
import { isolate, longDate } from "./formats.js";
import { ApiError } from "../vault/server/json_requests.js";

/** @typedef {import("./key_account_view.js").App} App */
/** @typedef {Pick<import("../vault/account/key_account.js").KeyAccount, "user" | "factors" | "addFactor" | "removeFactor">} FactorAccount */
/** @typedef {import("../vault/types/account.js").Factor} Factor */
/** @typedef {import("./key_account_view.js").Part} Part */
/** @typedef {import("./key_account_view.js").CreateAct} CreateAct */
/** @typedef {import("../vault/types/account.js").FactorDemand} FactorDemand */
/** @typedef {{kind: "totp" | "webauthn", [member: string]: string}} Proof */
/** @typedef {"factor_key_not_here" | "factor_key_in_pages"} KeyObstacle the key of the text that says why security keys do not work here */

const MILLISECONDS = 1_000;
const MAX_NAME = 100;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_BYTES = 20;

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

/**
 * @template Answer
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {(proof: Proof) => Promise<Answer>} prove
 * @param {KeyObstacle | null} [keyObstacle]
 * @returns {Promise<Answer>} the answer to the right factor; rejects with `factor-cancelled`
 */
export function askFactor(app, demand, prove, keyObstacle = canUseSecurityKeys() ? null : "factor_key_not_here") {
  return new Promise((resolve, reject) => openAsking(app, demand, prove, { resolve, reject, keyObstacle }));
}

/**
 * @template Answer
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {(proof: Proof) => Promise<Answer>} prove
 * @param {{
 *   resolve: (answer: Answer) => void, reject: (error: unknown) => void, keyObstacle: KeyObstacle | null,
 * }} outcome
 */
function openAsking(app, demand, prove, { resolve, reject, keyObstacle }) {
  const { translate } = app;
  const failure = problem("factor-error");
  const titleId = uniqueId("factor");
  /** @param {() => Promise<Proof>} makeProof */
  const attempt = async (makeProof) => {
    try {
      resolve(await prove(await makeProof()));
    } catch (error) {
      if (isRepeatable(error)) throw error;
      reject(error);
    }
    dialog.close();
  };
  const code = demand.factors.includes("totp")
    ? codeForm(app, { test: "factor", submit: translate("continue"), failure }, (typed) =>
      attempt(async () => ({ kind: "totp", code: typed })))
    : null;
  const hasKey = demand.factors.includes("webauthn");
  const obstacle = hasKey && keyObstacle ? html("p", { class: "note", text: translate(keyObstacle), data: { test: "factor-no-key" } }) : null;
  const key = hasKey && !keyObstacle ? createKeyButton(app, demand, failure, attempt) : null;
  const meaning = meaningFor(code !== null, key !== null);
  const cancel = html("button", {
    type: "button", class: "quiet", text: translate("cancel"), data: { test: "factor-cancel" },
    on: { click: () => dialog.close() },
  });
  const dialog = openDialog(
    {
      titleId, test: "factor-dialog", isWide: false,
      onClose: () => reject(new ApiError("factor-cancelled", "no second factor was given")),
    },
    html("h2", { id: titleId, text: translate("factor_title") }),
    meaning && html("p", { text: translate(meaning) }),
    code, key, obstacle, failure,
    html("div", { class: "actions" }, cancel),
  );
}

/** The key of the text that says what to do; null if no factor works here. @param {boolean} byCode @param {boolean} byKey */
function meaningFor(byCode, byKey) {
  if (byCode) return byKey ? "factor_by_either" : "factor_by_code";
  return byKey ? "factor_by_key" : null;
}

/**
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {HTMLElement} failure
 * @param {(makeProof: () => Promise<Proof>) => Promise<void>} attempt
 */
function createKeyButton(app, { challenge, credentials }, failure, attempt) {
  const { translate } = app;
  const ask = () => askSecurityKey(bytesFromBase64(challenge), credentials.map(bytesFromBase64));
  const use = () => attempt(async () => ({ kind: "webauthn", ...base64Members(await ask()) }));
  const button = html("button", {
    type: "button", text: translate("factor_use_key"), data: { test: "factor-key" },
    on: { click: () => app.attempt(button, translate("factor_touch_key"), failure, use) },
  });
  return html("div", { class: "actions" }, button);
}

/** Whether the person may try again in the same dialog. @param {unknown} error */
function isRepeatable(error) {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return ["factor-refused", "try-later", "unreachable", "passkey-cancelled", "passkey-failed"].includes(String(code));
}

/** The field for a one-time code of six digits. @param {App["translate"]} translate @param {string} test */
function codeField(translate, test) {
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
function codeForm(app, { test, submit, failure }, act) {
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

/** @param {Record<string, ArrayBuffer>} members @returns {Record<string, string>} the members in base64 */
function base64Members(members) {
  return Object.fromEntries(
    Object.entries(members).map(([name, bytes]) => [name, base64FromBytes(bytes)]),
  );
}

/** A new secret for an authenticator app. */
function makeSecret() {
  return crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
}

/** The secret in the form for apps, base 32 of RFC 4648. @param {Uint8Array} secret */
function writeSecret(secret) {
  const bits = Array.from(secret, (octet) => octet.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{5}/gu)?.map((five) => BASE32[Number.parseInt(five, 2)]).join("") ?? "";
}

/** The link that opens an authenticator app on the same device. @param {string} address @param {string} secret */
function secretLink(address, secret) {
  return `otpauth://totp/${encodeURIComponent(`Sealwax:${address}`)}?secret=${secret}&issuer=Sealwax`;
}
