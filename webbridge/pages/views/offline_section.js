/** The part of the account's view about reading without a connection: its switch, and how much is kept. */

import { html } from "../../../wasm_build/ui/dom.js";
import { NewPassphrase } from "../../../wasm_build/ui/new_passphrase.js";
import { createForm, problem, switchField } from "../../../wasm_build/ui/parts.js";

/** @typedef {import("../app.js").App} App */

/**
 * @param {App} app
 * @returns {{element: HTMLElement, close: () => void}}
 */
export function createOfflineSection(app) {
  const { translate, away: { mail: keptMail, files: appFiles } } = app;
  const failure = problem("offline-error");
  const note = html("p", { class: "note", data: { test: "offline-note" } });
  const choice = switchField(translate("offline_switch"), "offline-switch", (isOn) => void choose(isOn));
  const passphrase = new NewPassphrase(translate, {
    first: { label: translate("kept_passphrase"), hint: translate("offline_passphrase_hint") },
    again: { label: translate("offline_passphrase_again"), hint: "" },
    missing: translate("passphrase_missing"),
    differ: translate("offline_passphrases_differ"),
  });
  const done = html("p", { class: "done", role: "status", data: { test: "offline-done" } });
  const begin = html("button", { class: "primary", type: "submit", text: translate("offline_begin"), data: { test: "offline-begin" } });
  const submit = () => {
    const secret = passphrase.read();
    if (!secret) return;
    return app.attempt(begin, translate("offline_beginning"), failure, async () => {
      await app.away.keepMail(secret);
      passphrase.clear();
      form.hidden = true;
      done.textContent = translate("offline_begun");
    }).then(() => update());
  };
  const form = createForm({ class: "stack", data: { test: "offline-form" } }, submit, passphrase.element, html("div", { class: "actions" }, begin));
  form.hidden = true;

  const update = async () => {
    const isOn = keptMail.state !== "none";
    choice.input.disabled = !keptMail.isAllowed || (!app.keys.unlocked && !isOn);
    choice.input.checked = isOn || !form.hidden;
    const { count, bytes } = await keptMail.count().catch(() => ({ count: 0, bytes: 0 }));
    const said = (await isLeftHere()) ? [translate("offline_kept_before")] : sentences(count, bytes);
    note.replaceChildren(...said.map((text) => html("span", { text: `${text} ` })));
  };
  // Whether mail is here that the account kept before the person said that this is not their computer.
  const isLeftHere = async () => !keptMail.isAllowed && app.address !== null && app.accounts.keepsMailOf(app.address).catch(() => false);
  const sentences = (/** @type {number} */ count, /** @type {number} */ bytes) => {
    if (!keptMail.isAllowed) return [translate("index_not_here")];
    if (keptMail.state === "none") return app.keys.unlocked ? [] : [translate("index_unlock_to_choose")];
    const said = [];
    if (keptMail.state === "open") said.push(translate("offline_count", { count, megabytes: Math.ceil(bytes / 1_000_000) }));
    if (keptMail.trouble) said.push(translate(keptMail.trouble === "storage-full" ? "offline_full" : "offline_refused"));
    if (["checked", "unsupported", "failed"].includes(appFiles.state)) said.push(translate(`offline_files_${appFiles.state}`));
    return said;
  };
  const choose = async (/** @type {boolean} */ isOn) => {
    failure.textContent = done.textContent = "";
    form.hidden = !isOn;
    if (isOn) return void (/** @type {HTMLElement | null} */ (form.querySelector("[role=textbox], input"))?.focus());
    passphrase.clear();
    try {
      if (await keptMail.end()) await appFiles.remove();
      else failure.textContent = translate("outbox_first");
    } catch (error) {
      failure.textContent = app.sentenceFor(error);
    }
    await update();
  };
  const onChange = () => void update();
  for (const source of [keptMail, appFiles, app.keys]) source.addEventListener("change", onChange);
  void keptMail.open().catch((error) => { failure.textContent = app.sentenceFor(error); });
  void update();
  return {
    element: html(
      "section",
      { class: "stack", "aria-labelledby": "offline-title", data: { test: "offline-section" } },
      html("h2", { id: "offline-title", text: translate("offline_title") }),
      html("p", { class: "lede", text: translate("offline_meaning") }),
      choice.element, form, failure, done, note,
    ),
    close: () => {
      passphrase.clear();
      for (const source of [keptMail, appFiles, app.keys]) source.removeEventListener("change", onChange);
    },
  };
}
