/**
 * The part for a forgotten passphrase without a recovery code: it starts a reset of the account at the key server by the mail
 * login, shows when it can be finished, and finishes it.
 */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { openDialog } from "../../../../wasm_build/ui/dialog.js";
import { longDate } from "../../../../wasm_build/ui/formats.js";
import { NewPassphrase } from "../../../../wasm_build/ui/new_passphrase.js";
import { createForm, inputField, problem } from "../../../../wasm_build/ui/parts.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";
import { overwrite } from "../../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../../app/api.js";
import { forgetReset, isResetBegun, noteReset } from "../begun_reset.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../../../../wasm_build/vault/account/key_server.js").Reset} Reset */
/** @typedef {import("../../../../wasm_build/ui/key_account_view.js").Part} Part */
/** @typedef {{goOn: (reset: Reset) => Promise<void>, ended: () => Promise<void>, onUnlocked: () => void}} Steps `ended`: none goes on */

const MILLISECONDS = 1_000;

/**
 * @param {App} app
 * @param {{onUnlocked: () => void}} options
 * @returns {Part}
 */
export function createResetForms(app, { onUnlocked }) {
  const { translate } = app;
  const failure = problem("reset-error");
  const place = html("div", { class: "stack", "aria-live": "polite", data: { test: "reset-state" } });
  /** @type {Part | null} */
  let shown = null;
  const clear = () => shown?.clear();

  /** @param {Reset | null} found */
  const show = (found) => {
    clear();
    shown = createState(app, found, { goOn, ended, onUnlocked });
    place.replaceChildren(shown.element);
  };
  /** @param {Reset} reset */
  const goOn = async (reset) => {
    await noteReset(app.address ?? "", app.kept.keeping !== "off");
    show(reset);
  };
  async function ended() {
    if (await isResetBegun(app.address ?? "")) failure.textContent = translate("error_reset_stopped");
    forgetReset();
    show(null);
  }
  const load = async () => {
    failure.textContent = "";
    clear();
    shown = null;
    place.replaceChildren(html("p", { text: translate("reset_asking") }));
    try {
      const found = await findReset(app);
      if (found) await goOn(found);
      else await ended();
    } catch (error) {
      failure.textContent = app.sentenceFor(error);
      place.replaceChildren();
    }
  };

  const summary = html("summary", { text: translate("reset_summary") });
  const element = html("details", { class: "details", data: { test: "reset" } }, summary, html("div", { class: "stack" }, failure, place));
  element.addEventListener("toggle", () => { if (element.open) void load(); });
  void isResetBegun(app.address ?? "").then((isBegun) => { if (isBegun) element.open = true; });
  return { element, clear };
}

/** @param {App} app @returns {Promise<Reset | null>} */
async function findReset(app) {
  return app.keyServer.findReset(app.address ?? "", await app.api.resetTicket());
}

/** @param {App} app @param {Reset | null} found @param {Steps} steps @returns {Part} */
function createState(app, found, steps) {
  if (!found) return createStart(app, steps);
  return found.ready * MILLISECONDS > Date.now() ? createWait(app, found) : createFinish(app, found, steps);
}

/** The explanation, and the button that starts a reset. @param {App} app @param {Steps} steps @returns {Part} */
function createStart(app, { goOn }) {
  const { translate } = app;
  const failure = problem("reset-start-error");
  const start = html("button", { type: "button", text: translate("reset_start"), data: { test: "reset-start" } });
  start.addEventListener("click", () => app.attempt(start, translate("working"), failure, async () => {
    await goOn(await app.keyServer.startReset(app.address ?? "", await app.api.resetTicket()));
  }));
  const meaning = ["reset_means_new", "reset_means_lost", "reset_means_file", "reset_means_wait", "reset_means_back"];
  return withoutText(html(
    "div", { class: "stack" },
    html("p", { text: translate("reset_meaning") }),
    html("ul", {}, ...meaning.map((key) => html("li", { text: translate(key) }))),
    failure, html("div", { class: "actions" }, start),
  ));
}

/** @param {App} app @param {Reset} reset @returns {Part} */
function createWait(app, reset) {
  return withoutText(html(
    "div", { class: "stack" },
    createTimes(app, "reset_waits", reset),
    html("p", { text: app.translate("reset_waits_meaning") }),
  ));
}

/** The form with the new keys and the new passphrase. @param {App} app @param {Reset} reset @param {Steps} steps @returns {Part} */
function createFinish(app, reset, { ended, onUnlocked }) {
  const { translate } = app;
  const file = inputField(translate("reset_file"), {
    type: "file", accept: ".p12,.pfx,.pem,.epf,application/x-pkcs12", data: { test: "reset-file" },
  }, { hint: translate("reset_file_hint") });
  const field = new SecretField({ translate, label: translate("file_passphrase"), hint: translate("file_passphrase_hint") });
  const next = new NewPassphrase(translate, {
    first: { label: translate("new_passphrase"), hint: translate("key_passphrase_hint") },
    again: { label: translate("request_passphrase_again"), hint: translate("request_passphrase_again_hint") },
    missing: translate("passphrase_missing"),
    differ: translate("request_passphrases_differ"),
  });
  const failure = problem("reset-finish-error");
  const button = html("button", { type: "submit", text: translate("reset_finish"), data: { test: "reset-finish-submit" } });
  const clear = () => {
    field.clear();
    next.clear();
  };
  const submit = () => app.attempt(button, translate("working"), failure, async () => {
    field.setError("");
    const chosen = file.input.files?.[0];
    if (!chosen) throw new ApiError("no-file", "");
    const passphrase = next.read();
    if (!passphrase) return;
    await app.keys.checkPassphrase(passphrase);
    try {
      const code = await finish(app, await chosen.arrayBuffer(), field.copy(), passphrase);
      clear();
      await afterwards(app, code, onUnlocked);
    } catch (error) {
      const found = error instanceof Error && "code" in error ? error.code : "";
      if (found === "reset-stopped") return ended();
      if (found === "malformed-message") throw new ApiError("file-damaged", "the file has no whole keys");
      if (found !== "wrong-passphrase") throw error;
      field.clear();
      field.setError(translate("error_wrong_passphrase"));
    }
  });
  const form = createForm(
    { class: "stack", data: { test: "reset-finish" } }, submit,
    createTimes(app, "reset_ready", reset), html("p", { text: translate("reset_ready_meaning") }),
    file.element, field.element, next.element, failure, html("div", { class: "actions" }, button),
  );
  return { element: form, clear };
}

/**
 * @param {App} app
 * @param {ArrayBuffer} p12
 * @param {import("../../../../wasm_build/ui/secret_field.js").Secret} p12Passphrase
 * @param {import("../../../../wasm_build/ui/secret_field.js").Secret} passphrase
 * @returns {Promise<ArrayBuffer | null>} the recovery code
 */
async function finish(app, p12, p12Passphrase, passphrase) {
  const { code } = await app.keys.openAt(app.keyServer, app.address ?? "", [p12Passphrase, passphrase], async (account) => {
    const ticket = await app.api.resetTicket();
    const found = await app.keyServer.findReset(app.address ?? "", ticket);
    if (!found) throw new ApiError("reset-stopped", "no reset of this account goes on");
    return account.finishReset({ ticket, version: found.version, p12, p12Passphrase, passphrase });
  });
  forgetReset();
  return code;
}

/** Shows the recovery code, and then the mail. @param {App} app @param {ArrayBuffer | null} code @param {() => void} onUnlocked */
async function afterwards(app, code, onUnlocked) {
  app.done.say([app.translate("passphrase_changed"), code ? "" : app.translate("reset_without_code")].join(" ").trim());
  if (!code) return;
  await showCode(app, code);
  if (app.keys.unlocked) onUnlocked();
}

/** @param {App} app @param {ArrayBuffer} code @returns {Promise<void>} resolves when the person has closed the dialog, or at a lock */
function showCode({ translate, keys }, code) {
  return new Promise((resolve) => {
    const titleId = uniqueId("reset-code");
    const output = html("output", {
      class: "code", dir: "ltr", text: new TextDecoder().decode(code), data: { test: "reset-code" },
    });
    overwrite(code);
    const close = () => dialog.close();
    const button = html("button", {
      class: "primary", type: "button", text: translate("reset_code_written"), on: { click: close }, data: { test: "reset-code-written" },
    });
    const dialog = openDialog(
      {
        titleId, test: "reset-code-dialog", isWide: false,
        onClose: () => {
          output.textContent = "";
          keys.removeEventListener("locked", close);
          resolve();
        },
      },
      html("h2", { id: titleId, text: translate("reset_code_title") }),
      html("p", { text: translate("reset_code_meaning") }),
      // A row of its own, because the code wraps on a phone.
      html("div", { class: "stack" }, html("p", { text: translate("recovery_code_made") }), output),
      html("div", { class: "actions" }, button),
    );
    keys.addEventListener("locked", close);
  });
}

/** @param {App} app @param {string} key @param {Reset} reset */
function createTimes({ translate }, key, { ready, ends }) {
  const [from, until] = [ready, ends].map((seconds) => longDate(new Date(seconds * MILLISECONDS).toISOString()));
  return html("p", { text: translate(key, { from, until }), data: { test: "reset-times" } });
}

/** @param {HTMLElement} element @returns {Part} */
function withoutText(element) {
  return { element, clear() {} };
}
