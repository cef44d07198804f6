/** Unlocking the keys that are kept on this device, while the key server cannot be reached. */

import { html } from "../../../wasm_build/ui/dom.js";
import { createForm, problem, whileBusy } from "../../../wasm_build/ui/parts.js";
import { SecretField } from "../../../wasm_build/ui/secret_field.js";

/** @typedef {import("../app.js").App} App */

/**
 * The form to unlock what is kept on this device.
 * @param {App} app
 * @param {{onUnlocked: () => void}} options
 */
export function createKeptUnlock(app, { onUnlocked }) {
  const { translate } = app;
  const field = new SecretField({
    translate, label: translate("kept_passphrase"), hint: translate("kept_passphrase_hint"), onSubmit: () => form.requestSubmit(),
  });
  const failure = problem("kept-unlock-error");
  const button = html("button", { class: "primary", type: "submit", text: translate("unlock"), data: { test: "kept-unlock-submit" } });
  const submit = () => {
    if (field.length === 0) return field.setError(translate("passphrase_missing"));
    failure.textContent = "";
    field.setError("");
    return whileBusy(button, translate("unlocking"), async () => {
      await app.away.enter(field.copy());
      field.clear();
      onUnlocked();
    }, (error) => {
      const code = error instanceof Error && "code" in error ? error.code : "";
      field.clear();
      if (code === "wrong-passphrase") field.setError(translate("kept_passphrase_wrong"));
      else failure.textContent = app.sentenceFor(error);
    });
  };
  const form = createForm(
    { class: "stack", data: { test: "kept-unlock-form" } }, submit,
    field.element, failure, html("div", { class: "actions" }, button),
  );
  return { element: form, focus: () => field.focus(), clear: () => field.clear() };
}

/**
 * The view of a start without a connection.
 * @param {App} app
 * @returns {import("../app.js").View}
 */
export function createAwayView(app) {
  const { translate } = app;
  const heading = html("h1", { tabindex: -1, text: translate("away_title") });
  const unlock = createKeptUnlock(app, { onUnlocked: () => app.navigate(app.mailPath()) });
  const again = html("button", {
    type: "button", class: "quiet", text: translate("try_again"), data: { test: "away-again" }, on: { click: () => location.reload() },
  });
  const element = html(
    "div", { class: "narrow stack", data: { test: "away-view" } },
    heading, html("p", { class: "lede", text: translate("away_meaning") }), unlock.element, html("div", { class: "actions" }, again),
  );
  return { element, heading, title: translate("away_title"), focus: unlock.focus, close: unlock.clear };
}
