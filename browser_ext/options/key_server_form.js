/**
 * The account at a key server, beside the person's identities. People can connect an account, get identities from it and store
 * identities there. The other functions are in an account view that the extension and the bridge's pages share.
 */
import { createForm, html, inputField, problem, whileBusy } from "../../wasm_build/ui/dom.js";
import { askFactor } from "../../wasm_build/ui/factors.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { createAccountActs, createAct } from "../../wasm_build/ui/key_account_view.js";
import { createRecoveryForm } from "../../wasm_build/ui/recovery_form.js";
import { createResetNotice } from "../../wasm_build/ui/reset_notice.js";
import { api } from "../shared/api.js";
import { holderText } from "../../wasm_build/ui/shown_names.js";
import { generateKeys, openWith } from "../shared/channel.js";
import { directoryPattern, safeOrigin } from "../shared/directory_address.js";
import { errorText } from "../texts/texts.js";
import { ask, askWithSecrets, startHeartbeat } from "../shared/request.js";
import { byId, field, passphraseAdvice, tellDone } from "./parts.js";

/** @typedef {import("./identities.js").Context} Context */
/** @typedef {import("./identities.js").ListedKeyFile} ListedKeyFile */
/** @typedef {import("../../wasm_build/ui/key_account_view.js").Part} Part */
/** @typedef {import("../../wasm_build/ui/key_account_view.js").App} App */
/** @typedef {Omit<ReplyTo<"account.read">, "hasLostCode" | "hasCode" | "offersCode" | "roaming">} State */
/** @typedef {ReplyTo<"account.read">["roaming"]} Roaming */
/** @typedef {NonNullable<State["account"]> & {hasCode: boolean | null}} Account */
/** @template T @typedef {import("../background/account/key_factor.js").Progress<T>} Progress */

/** The state that is shown now, as JSON. */
let shown = "";
/** The parts with typed text. @type {Part[]} */
let parts = [];

/**
 * Draws the account only if it has changed, so that typed text is not lost.
 * @param {Context} context @param {ListedKeyFile[]} keyFiles
 */
export async function showKeyServer(context, keyFiles) {
  // These notes are drawn separately. Otherwise a new note would remove a recovery code while the person copies the
  // code.
  const { hasLostCode, hasCode, offersCode, roaming, ...state } = await ask("account.read");
  showRoaming(context, state.account !== null && !state.account.isNew ? roaming : null);
  byId("lost-code").textContent = hasLostCode ? context.translate("recovery_code_lost") : "";
  byId("code-offer").replaceChildren(...(offersCode ? [createCodeOffer(context)] : []));
  const files = keyFiles.map(({ id, identities }) => ({ id, name: holderText(identities[0]) }));
  const next = JSON.stringify([state, files]);
  if (next === shown) return;
  shown = next;
  parts.forEach((part) => part.clear());
  const app = createApp(context);
  parts = state.account ? createParts(app, context, state, { ...state.account, hasCode }, files) : [createConnecting(app, context, state)];
  byId("key-server").replaceChildren(...parts.map((part) => part.element));
}

/**
 * Says whether contacts and decisions are also stored at the key server, and how many were refused or stay in this
 * browser.
 * @param {Context} context @param {Roaming} roaming null without an account, for a new account, and before the first outcome
 */
function showRoaming({ translate }, roaming) {
  const { state, code, refused, staying } = roaming ?? { state: "none", code: "", refused: 0, staying: 0 };
  const isTrouble = state === "ended" || state === "failed";
  byId("roaming-hint").textContent = state === "managed" ? translate("roaming_managed") : [
    roaming && !isTrouble ? translate("roaming_meaning") : "",
    staying > 0 && !isTrouble ? translate("roaming_staying", { count: staying }) : "",
  ].join(" ").trim();
  byId("roaming-problem").textContent = [
    state === "ended" ? translate("roaming_ended_here") : "",
    state === "failed" ? translate("roaming_failed_here", { reason: errorText({ code }) }) : "",
    refused > 0 ? translate("roaming_refused", { count: refused }) : "",
  ].join(" ").trim();
}

/** The offer of a recovery code. It opens the form that makes a code. @param {Context} context */
function createCodeOffer({ translate }) {
  const answer = () => {
    byId("code-offer").replaceChildren();
    void ask("account.code-offered");
  };
  const act = (/** @type {string} */ label, /** @type {string} */ test, /** @type {() => void} */ click) =>
    html("button", { type: "button", text: translate(label), data: { test }, on: { click } });
  return html(
    "div", { class: "stack", data: { test: "recovery-offer" } }, html("p", { class: "warning", text: translate("recovery_code_offer") }),
    html("div", { class: "actions" },
      act("recovery_code_make", "recovery-offer-accept", () => {
        answer();
        const form = byId("key-server").querySelector("[data-test=make-code]");
        form?.closest("details")?.setAttribute("open", "");
        /** @type {HTMLElement | null | undefined} */ (form?.querySelector("[role=textbox]"))?.focus();
      }),
      act("not_now", "recovery-offer-decline", answer)),
  );
}

/** @param {Context} context @returns {App} */
function createApp({ translate, refresh }) {
  return {
    translate,
    announce: (sentence) => tellDone("key-server", sentence),
    sentenceFor: errorText,
    attempt: (button, busyLabel, failure, action) => whileBusy(button, busyLabel, () => {
      failure.textContent = "";
      byId("key-server-done").textContent = "";
      return action();
    }, (error) => { failure.textContent = errorText(error); }),
    // The extension does not keep the mail password, so a new passphrase cannot be compared with the mail password.
    passphraseRule: { check: async () => {} },
    passphraseAdvice,
    roamingKeys: { leave: () => void refresh() },
  };
}

/**
 * @param {App} app @param {Context} context @param {State} state @param {Account} account
 * @param {{id: string, name: string}[]} files
 * @returns {Part[]}
 */
function createParts(app, context, { isOpen, notStored, address, resetReady }, account, files) {
  const { translate } = app;
  const sentence = { user: isolate(account.user), host: isolate(account.host) };
  const name = html("p", { text: translate("key_account_connected", sentence), data: { test: "key-account-state" } });
  const leaving = createDisconnecting(app, context);
  const stop = isOpen ? () => stopReset(app, context) : null;
  const reset = resetReady === null ? [] : [withoutText(createResetNotice(app, resetReady, stop))];
  const storing = notStored && !account.isNew ? [createStoring(app, context, notStored)] : [];
  if (isOpen) return [...reset, withoutText(name), ...storing, createAccountActs(app, createRemote(app, account, context)), leaving];
  const recovery = createRecoveryForm(app, {
    recover: async (code, newPassphrase) => {
      await finish(app, askWithSecrets("account.recover", {}, { code, newPassphrase }));
      await context.refresh();
    },
    onRecovered: () => void announceBrought(app),
  });
  const registering = files.length && account.isNew ? [createRegistering(app, context, { files, account, address })] : [];
  return [...reset, withoutText(name), createLogIn(app, context, account), ...storing, recovery, ...registering, leaving];
}

/** @param {HTMLElement} element @returns {Part} */
function withoutText(element) {
  return { element, clear: () => {} };
}

/** The form with the addresses of the server and of the account. @param {App} app @param {Context} context @param {State} state @returns {Part} */
function createConnecting(app, { refresh }, { bridge, address }) {
  const { translate } = app;
  const server = inputField(translate("key_server_address"), {
    type: "url", autocomplete: "off", spellcheck: "false", dir: "ltr", data: { test: "key-server-address" },
  }, { hint: translate("key_server_address_hint") });
  const user = inputField(translate("key_account_user"), {
    type: "email", autocomplete: "off", spellcheck: "false", dir: "ltr", value: address, data: { test: "key-account-user" },
  }, { hint: translate("key_account_user_hint") });
  const failure = problem("key-server-problem");
  const go = html("button", { type: "submit", text: translate("key_server_connect"), data: { test: "key-server-connect" } });
  const finding = html("button", {
    type: "button", class: "quiet", text: translate("key_server_find", { host: isolate(bridge) }), hidden: !bridge,
    data: { test: "key-server-find" },
  });
  let discovery = { server: "", further: /** @type {string[]} */ ([]) };
  finding.addEventListener("click", () => void app.attempt(finding, translate("working"), failure, async () => {
    discovery = await ask("account.find");
    server.input.value = discovery.server;
    if (!server.input.value) failure.textContent = translate("key_server_not_named");
    server.input.focus();
  }));
  const connect = () => {
    const origin = safeOrigin(server.input.value.trim());
    // The permission is requested in the click itself, because browsers grant sites at no other time.
    const origins = [origin, ...(origin === discovery.server ? discovery.further : [])];
    const granting = origin ? api.permissions.request({ origins: origins.map(directoryPattern) }).catch(() => false) : null;
    return app.attempt(go, translate("working"), failure, async () => {
      await granting;
      await ask("account.connect", { server: server.input.value, user: user.input.value });
      await refresh();
      focusFirst();
    });
  };
  const form = createForm({ class: "stack", data: { test: "key-server-form" } }, connect,
    server.element, html("div", { class: "actions", hidden: !bridge }, finding), user.element, failure,
    html("div", { class: "actions" }, go));
  // The form is folded at first, because most people have no key server, and the section is long.
  const opening = html("summary", { text: translate("key_server_connect"), data: { test: "key-server-open" } });
  return withoutText(html("details", { class: "details" }, opening, form));
}

/** @param {App} app @param {Context} context @param {Account} account */
function createLogIn(app, { refresh }, account) {
  return createAct(app, {
    isOpen: !account.isNew,
    test: "key-log-in", title: "key_account_log_in", meaning: "key_account_log_in_meaning", submit: "key_account_log_in_now",
    act: async (passphrase) => {
      await finish(app, askWithSecrets("account.log-in", {}, { passphrase }));
      await refresh();
      await announceBrought(app);
    },
  });
}

/**
 * Says that the keys are in this browser and unlocked. Says nothing if a setting of the account has locked them,
 * because the state of the keys shows this.
 * @param {App} app
 */
async function announceBrought(app) {
  if ((await ask("account.read")).isOpen) app.announce(app.translate("key_account_brought"));
}

/**
 * The form that makes the account. The key server accepts the account with a ticket from the bridge, so the person must be
 * signed in at the bridge.
 * @param {App} app @param {Context} context
 * @param {{files: {id: string, name: string}[], account: Account, address: string}} what
 */
function createRegistering(app, { refresh }, { files, account, address }) {
  const { translate } = app;
  const which = html("select", { data: { test: "key-register-which" } },
    ...files.map(({ id, name }) => html("option", { value: id, text: name })));
  const isSignedIn = address === account.user;
  const note = html("p", { class: "warning", text: translate("key_account_sign_in_first", { user: isolate(account.user) }), data: { test: "key-sign-in-first" } });
  const further = html("div", { class: "stack" },
    files.length > 1 ? field(translate("key_account_which"), which) : null, isSignedIn ? null : note);
  return createAct(app, {
    test: "key-register", title: "key_account_register", meaning: "key_account_register_meaning", submit: "key_account_register_now",
    further: withoutText(further),
    act: async (passphrase) => {
      await finish(app, askWithSecrets("account.register", { keyFile: which.value }, { passphrase }));
      await refresh();
      app.announce(translate("key_account_stored"));
    },
  });
}

/** @param {App} app @param {Context} context @param {number} count */
function createStoring(app, { refresh }, count) {
  const part = createAct(app, {
    test: "key-store", title: "key_account_store", meaning: "key_account_store_meaning", submit: "key_account_store_now",
    act: async (passphrase) => {
      await finish(app, askWithSecrets("account.store", {}, { passphrase }));
      await refresh();
      app.announce(app.translate("key_account_stored"));
    },
  });
  const note = html("p", { class: "warning", role: "status", text: app.translate("key_account_not_stored", { count }), data: { test: "key-not-stored" } });
  return { ...part, element: html("div", { class: "stack" }, note, part.element) };
}

/** @param {App} app @param {Context} context @returns {Part} */
function createDisconnecting(app, { refresh }) {
  const { translate } = app;
  const failure = problem("key-disconnect-problem");
  const button = html("button", { type: "button", text: translate("key_account_disconnect"), data: { test: "key-disconnect" } });
  button.addEventListener("click", () => void app.attempt(button, translate("working"), failure, async () => {
    await ask("account.disconnect");
    await refresh();
    app.announce(translate("key_account_disconnected"));
    focusFirst();
  }));
  return withoutText(html("div", { class: "stack" }, html("div", { class: "actions" }, button),
    html("p", { class: "field-hint", text: translate("key_account_disconnect_meaning") }), failure));
}

/** @param {App} app @param {Context} context */
async function stopReset(app, { refresh }) {
  await finish(app, ask("account.stop-reset"));
  await refresh();
}

/**
 * The functions for the account. They send requests to the background.
 * @param {App} app @param {Account} account @param {Context} context
 */
function createRemote(app, { host, hasCode }, { refresh }) {
  return {
    host, hasCode,
    devices: async () => {
      try {
        return (await finish(app, ask("account.devices"))).devices;
      } catch (error) {
        // If the session at the server has ended, the page asks for the passphrase.
        void refresh();
        throw error;
      }
    },
    revoke: async (/** @type {string} */ device, /** @type {Secret} */ passphrase) => {
      await finish(app, askWithSecrets("account.revoke", { device }, { passphrase }));
    },
    changePassphrase: async (/** @type {Secret} */ passphrase, /** @type {Secret} */ newPassphrase) => {
      await finish(app, askWithSecrets("account.passphrase", {}, { passphrase, newPassphrase }));
      await refresh();
    },
    makeCode: async (/** @type {Secret} */ passphrase) => {
      const keys = await generateKeys();
      const { code } = await finish(app, askWithSecrets("account.code", { replyKey: keys.publicKey }, { passphrase }));
      await refresh();
      return openWith(keys, "recovery code", code);
    },
    remove: async (/** @type {Secret} */ passphrase) => {
      await finish(app, askWithSecrets("account.delete", {}, { passphrase }));
    },
  };
}

/**
 * Waits for the result of a step with the account. If the login of the step needs a code, asks the person for it.
 * @template T
 * @param {App} app
 * @param {Promise<Progress<T>>} begun
 * @returns {Promise<T>}
 */
async function finish(app, begun) {
  let progress = await begun;
  while (progress.demand) progress = /** @type {Progress<T>} */ (await prove(app, progress.demand));
  return progress.value;
}

/**
 * Asks for the second factor. A security key works only on the site of the bridge's pages, so it cannot be used here.
 * @param {App} app @param {import("../../wasm_build/vault/types/account.js").FactorDemand} demand
 */
async function prove(app, demand) {
  const stopHeartbeat = startHeartbeat();
  try {
    return await askFactor(app, demand, ({ code }) => ask("account.prove", { code }), "factor_key_in_pages");
  } catch (error) {
    await ask("account.cancel");
    throw error;
  } finally {
    stopHeartbeat();
  }
}

/** Puts the focus on the first field, since the focused element was removed. */
function focusFirst() {
  /** @type {HTMLElement | null} */ (byId("key-server").querySelector("[role=textbox], input, summary"))?.focus();
}
