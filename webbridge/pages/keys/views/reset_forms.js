/**
 * The part for a forgotten passphrase without a recovery code. It starts a reset of the account at the key server with the
 * mail login, shows when the reset can be finished, and finishes the reset.
 */

import { createForm, html, inputField, openDialog, problem, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { longDate } from "../../../../wasm_build/ui/formats.js";
import { NewPassphrase } from "../../../../wasm_build/ui/new_passphrase.js";
import { createCodeKeeping } from "../../../../wasm_build/ui/recovery_code.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";
import { overwrite } from "../../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../../app/api.js";
import { forgetReset, isResetBegun, noteReset } from "../begun_reset.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../../../wasm_build/vault/account/key_server.js").KeyServer} KeyServer */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../keys.js").KeyRing} KeyRing */
/** @typedef {import("../roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {import("../passphrase_rule.js").PassphraseRule} PassphraseRule */
/** @typedef {import("../../../../wasm_build/ui/new_passphrase.js").PassphraseAdvice} PassphraseAdvice */
/** @typedef {import("../../app/done_notice.js").DoneNotice} DoneNotice */
/**
 * @typedef {{
 *   translate: Catalogue, address: string | null, kept: KeptTrust, sentenceFor: SentenceFor, keyServer: KeyServer,
 *   api: BridgeApi, attempt: Attempt, keys: KeyRing, roamingKeys: RoamingKeys, passphraseRule: PassphraseRule,
 *   passphraseAdvice: PassphraseAdvice, done: DoneNotice,
 * }} ResetServices
 */
/** @typedef {import("../../../../wasm_build/vault/account/key_server.js").Reset} Reset */
/** @typedef {import("../../../../wasm_build/ui/key_account_view.js").Part} Part */
/** @typedef {{goOn: (reset: Reset) => Promise<void>, ended: () => Promise<void>, onUnlocked: () => void}} Steps `ended`: no reset runs */

const MILLISECONDS = 1_000;

/**
 * @param {ResetServices} services
 * @param {{onUnlocked: () => void}} options
 * @returns {Part}
 */
export function createResetForms(services, { onUnlocked }) {
  const { translate } = services;
  const failure = problem("reset-error");
  const place = html("div", { class: "stack", "aria-live": "polite", data: { test: "reset-state" } });
  /** @type {Part | null} */
  let shown = null;
  const clear = () => shown?.clear();

  /** @param {Reset | null} reset */
  const show = (reset) => {
    clear();
    shown = createState(services, reset, { goOn, ended, onUnlocked });
    place.replaceChildren(shown.element);
  };
  /** @param {Reset} reset */
  const goOn = async (reset) => {
    await noteReset(services.address ?? "", services.kept.keeping !== "off");
    show(reset);
  };
  async function ended() {
    if (await isResetBegun(services.address ?? "")) failure.textContent = translate("error_reset_stopped");
    forgetReset();
    show(null);
  }
  const load = async () => {
    failure.textContent = "";
    clear();
    shown = null;
    place.replaceChildren(html("p", { text: translate("reset_asking") }));
    try {
      const reset = await findReset(services);
      if (reset) await goOn(reset);
      else await ended();
    } catch (error) {
      failure.textContent = services.sentenceFor(error);
      place.replaceChildren();
    }
  };

  const element = html(
    "details", { class: "details", data: { test: "reset" }, on: { toggle: () => { if (element.open) void load(); } } },
    html("summary", { text: translate("reset_summary") }), html("div", { class: "stack" }, failure, place),
  );
  void isResetBegun(services.address ?? "").then((isBegun) => { if (isBegun) element.open = true; });
  return { element, clear };
}

/** @param {ResetServices} services @returns {Promise<Reset | null>} */
async function findReset(services) {
  return services.keyServer.findReset(services.address ?? "", await services.api.resetTicket());
}

/** @param {ResetServices} services @param {Reset | null} reset @param {Steps} steps @returns {Part} */
function createState(services, reset, steps) {
  if (!reset) return createStart(services, steps);
  return reset.ready * MILLISECONDS > Date.now() ? createWait(services.translate, reset) : createFinish(services, reset, steps);
}

/** The explanation, and the button that starts a reset. @param {ResetServices} services @param {Steps} steps @returns {Part} */
function createStart(services, { goOn }) {
  const { translate } = services;
  const failure = problem("reset-start-error");
  const start = html("button", {
    type: "button", text: translate("reset_start"), data: { test: "reset-start" },
    on: {
      click: () => void services.attempt(start, translate("working"), failure, async () =>
        goOn(await services.keyServer.startReset(services.address ?? "", await services.api.resetTicket()))),
    },
  });
  const meaning = ["reset_means_new", "reset_means_lost", "reset_means_file", "reset_means_wait", "reset_means_back"];
  return withoutText(html(
    "div", { class: "stack" },
    html("p", { text: translate("reset_meaning") }),
    html("ul", {}, ...meaning.map((key) => html("li", { text: translate(key) }))),
    failure, html("div", { class: "actions" }, start),
  ));
}

/** @param {Catalogue} translate @param {Reset} reset @returns {Part} */
function createWait(translate, reset) {
  return withoutText(html(
    "div", { class: "stack" },
    createTimes(translate, "reset_waits", reset),
    html("p", { text: translate("reset_waits_meaning") }),
  ));
}

/** The form with the new keys and the new passphrase. @param {ResetServices} services @param {Reset} reset @param {Steps} steps @returns {Part} */
function createFinish(services, reset, { ended, onUnlocked }) {
  const { translate } = services;
  const file = inputField(translate("reset_file"), {
    type: "file", accept: ".p12,.pfx,.pem,.epf,application/x-pkcs12", data: { test: "reset-file" },
  }, { hint: translate("reset_file_hint") });
  const field = new SecretField({ translate, label: translate("file_passphrase"), hint: translate("file_passphrase_hint") });
  const next = new NewPassphrase(services, {
    first: { label: translate("new_passphrase"), hint: translate("key_passphrase_hint") },
    again: { label: translate("passphrase_again"), hint: translate("request_passphrase_again_hint") },
    missing: translate("error_passphrase_missing"),
    differ: translate("request_passphrases_differ"),
  });
  const failure = problem("reset-finish-error");
  const button = html("button", { type: "submit", text: translate("reset_finish"), data: { test: "reset-finish-submit" } });
  const clear = () => {
    field.clear();
    next.clear();
  };
  const submit = () => services.attempt(button, translate("working"), failure, async () => {
    field.setError("");
    const chosen = file.input.files?.[0];
    if (!chosen) throw new ApiError("no-file", "");
    const passphrase = next.read();
    if (!passphrase) return;
    await services.passphraseRule.check(passphrase);
    try {
      const code = await finish(services, await chosen.arrayBuffer(), field.copy(), passphrase);
      clear();
      await afterwards(services, code, onUnlocked);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code === "reset-stopped") return ended();
      if (code === "malformed-message") throw new ApiError("file-damaged", "the file has no whole keys");
      if (code !== "wrong-passphrase") throw error;
      field.clear();
      field.setError(translate("error_wrong_passphrase"));
    }
  });
  return {
    element: createForm(
      { class: "stack", data: { test: "reset-finish" } }, submit,
      createTimes(translate, "reset_ready", reset), html("p", { text: translate("reset_ready_meaning") }),
      file.element, field.element, next.element, failure, html("div", { class: "actions" }, button),
    ),
    clear,
  };
}

/**
 * @param {ResetServices} services
 * @param {ArrayBuffer} p12
 * @param {import("../../../../wasm_build/ui/secret_field.js").Secret} p12Passphrase
 * @param {import("../../../../wasm_build/ui/secret_field.js").Secret} passphrase
 * @returns {Promise<ArrayBuffer | null>} the recovery code
 */
async function finish(services, p12, p12Passphrase, passphrase) {
  const { code } = await services.roamingKeys.openBy([p12Passphrase, passphrase], async (account) => {
    const ticket = await services.api.resetTicket();
    const reset = await services.keyServer.findReset(services.address ?? "", ticket);
    if (!reset) throw new ApiError("reset-stopped", "no reset of this account goes on");
    return account.enter("roaming.reset", { ticket, version: reset.version, p12, p12Passphrase, passphrase });
  });
  forgetReset();
  return code;
}

/** Shows the recovery code, and then the mail. @param {ResetServices} services @param {ArrayBuffer | null} code @param {() => void} onUnlocked */
async function afterwards(services, code, onUnlocked) {
  services.done.say([services.translate("passphrase_changed"), code ? "" : services.translate("reset_without_code")].join(" ").trim());
  if (!code) return;
  await showCode(services, code);
  if (services.keys.unlocked) onUnlocked();
}

/**
 * @param {ResetServices} services @param {ArrayBuffer} code
 * @returns {Promise<void>} resolves when the person has closed the dialog, or at a lock
 */
function showCode({ translate, keys, roamingKeys }, code) {
  return new Promise((resolve) => {
    const titleId = uniqueId("reset-code");
    const close = () => dialog.close();
    const keeping = createCodeKeeping(translate, { host: roamingKeys.account?.host ?? "", onKept: () => {} });
    keeping.show(new TextDecoder().decode(code));
    overwrite(code);
    const dialog = openDialog(
      {
        titleId, test: "reset-code-dialog", isWide: false,
        onClose: () => {
          keeping.clear();
          keys.removeEventListener("locked", close);
          resolve();
        },
      },
      html("h2", { id: titleId, text: translate("reset_code_title") }),
      html("p", { text: translate("reset_code_meaning") }),
      keeping.element,
      html("div", { class: "actions" }, html("button", {
        class: "primary", type: "button", text: translate("reset_code_written"), on: { click: close }, data: { test: "reset-code-written" },
      })),
    );
    keys.addEventListener("locked", close);
  });
}

/** @param {Catalogue} translate @param {string} key @param {Reset} reset */
function createTimes(translate, key, { ready, ends }) {
  const [from, until] = [ready, ends].map((seconds) => longDate(new Date(seconds * MILLISECONDS).toISOString()));
  return html("p", { text: translate(key, { from, until }), data: { test: "reset-times" } });
}

/** @param {HTMLElement} element @returns {Part} */
function withoutText(element) {
  return { element, clear() {} };
}
