/** The part of the account's view about reading without a connection: the switch, and how much is kept. */

import { createForm, html, problem, switchField } from "../../../../wasm_build/ui/dom.js";
import { NewPassphrase } from "../../../../wasm_build/ui/new_passphrase.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../../../wasm_build/ui/new_passphrase.js").PassphraseAdvice} PassphraseAdvice */
/** @typedef {import("../../account/accounts_here.js").AccountsHere} AccountsHere */
/**
 * @typedef {{
 *   translate: Catalogue, away: Away, keys: KeyRing, sentenceFor: SentenceFor, attempt: Attempt,
 *   accounts: AccountsHere, address: string | null, passphraseAdvice: PassphraseAdvice,
 * }} OfflineServices
 */

/**
 * @param {OfflineServices} services
 * @returns {{element: HTMLElement, close: () => void}}
 */
export function createOfflineSection(services) {
  const { translate, away: { mail: keptMail, files: appFiles } } = services;
  const failure = problem("offline-error");
  const note = html("p", { class: "note", data: { test: "offline-note" } });
  const choice = switchField(translate("offline_switch"), "offline-switch", (isOn) => void choose(isOn));
  const { form, passphrase, done } = createBeginning(services, failure, () => update());

  const update = async () => {
    const isOn = keptMail.state !== "none";
    choice.input.disabled = !keptMail.isAllowed || (!services.keys.unlocked && !isOn);
    choice.input.checked = isOn || !form.hidden;
    const { count, bytes } = await keptMail.count().catch(() => ({ count: 0, bytes: 0 }));
    const sentences = (await isLeftHere(services)) ? [translate("offline_kept_before")] : sentencesAbout(services, count, bytes);
    note.replaceChildren(...sentences.map((text) => html("span", { text: `${text} ` })));
  };
  const choose = async (/** @type {boolean} */ isOn) => {
    failure.textContent = done.textContent = "";
    form.hidden = !isOn;
    if (isOn) return void (/** @type {HTMLElement | null} */ (form.querySelector("[role=textbox], input"))?.focus());
    passphrase.clear();
    await end(services, failure);
    await update();
  };
  const onChange = () => void update();
  for (const source of [keptMail, appFiles, services.keys]) source.addEventListener("change", onChange);
  void keptMail.open().catch((error) => { failure.textContent = services.sentenceFor(error); });
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
      for (const source of [keptMail, appFiles, services.keys]) source.removeEventListener("change", onChange);
    },
  };
}

/**
 * The form that begins the keeping, hidden at first.
 * @param {OfflineServices} services
 * @param {HTMLElement} failure
 * @param {() => Promise<void>} onTried
 */
function createBeginning(services, failure, onTried) {
  const { translate } = services;
  const passphrase = new NewPassphrase(services, {
    first: { label: translate("kept_passphrase"), hint: translate("offline_passphrase_hint") },
    again: { label: translate("passphrase_again"), hint: "" },
    missing: translate("error_passphrase_missing"),
    differ: translate("offline_passphrases_differ"),
  });
  const done = html("p", { class: "done", role: "status", data: { test: "offline-done" } });
  const begin = html("button", { class: "primary", type: "submit", text: translate("offline_begin"), data: { test: "offline-begin" } });
  const submit = () => {
    const secret = passphrase.read();
    if (!secret) return;
    return services.attempt(begin, translate("offline_beginning"), failure, async () => {
      await services.away.keepMail(secret);
      passphrase.clear();
      form.hidden = true;
      done.textContent = translate("offline_begun");
    }).then(onTried);
  };
  const form = createForm({ class: "stack", data: { test: "offline-form" } }, submit, passphrase.element, html("div", { class: "actions" }, begin));
  form.hidden = true;
  return { form, passphrase, done };
}

/**
 * Ends the keeping.
 * @param {OfflineServices} services
 * @param {HTMLElement} failure
 */
async function end(services, failure) {
  try {
    await services.away.mail.end();
    await services.away.files.remove();
  } catch (error) {
    failure.textContent = services.sentenceFor(error);
  }
}

/**
 * Whether this browser still keeps mail of the account, from before the person said that this is not their computer.
 * @param {OfflineServices} services
 */
async function isLeftHere({ away, accounts, address }) {
  return !away.mail.isAllowed && address !== null && accounts.keepsMailOf(address).catch(() => false);
}

/**
 * The sentences that say how much is kept.
 * @param {OfflineServices} services
 * @param {number} count
 * @param {number} bytes
 */
function sentencesAbout({ translate, away, keys }, count, bytes) {
  if (!away.mail.isAllowed) return [translate("index_not_here")];
  if (away.mail.state === "none") return keys.unlocked ? [] : [translate("index_unlock_to_choose")];
  return [
    away.mail.state === "open" ? translate("offline_count", { count, megabytes: Math.ceil(bytes / 1_000_000) }) : "",
    away.mail.trouble ? translate(away.mail.trouble === "storage-full" ? "offline_full" : "offline_refused") : "",
    ["checked", "unsupported", "failed"].includes(away.files.state) ? translate(`offline_files_${away.files.state}`) : "",
  ].filter(Boolean);
}
