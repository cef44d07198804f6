/**
 * The section with the person's identities, their purposes, expiry and key files. People can export, renew and remove
 * identities, and change passphrases.
 */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { useWords } from "../../wasm_build/ui/certificate_uses.js";
import { html, problem } from "../../wasm_build/ui/dom.js";
import { inDays, isolate } from "../../wasm_build/ui/formats.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { readinessMark } from "../../wasm_build/ui/state_mark.js";
import { holderText, readableName } from "../../wasm_build/ui/shown_names.js";
import { expiryOf } from "../shared/expiry.js";
import { day, translate } from "../texts/texts.js";
import { codeOf } from "../shared/messages.js";
import { pemOf } from "../shared/pem.js";
import { ask, askWithSecrets } from "../shared/request.js";
import { button, createNewPassphrase, field, fileNameOf, openForm, removeButton, showCertificate, tellDone } from "./parts.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{id: string, name: string, identities: CertificateInfo[], locked: boolean, origin: KeyFile["origin"], savedAt: string | null}} ListedKeyFile
 * @typedef {{translate: Catalogue, refresh: () => Promise<void>, renew: (info: CertificateInfo) => void}} Context
 */

/** The formats of an exported key file, each with the key of its text. The first is the default. */
const FORMS = { compatible: "keys_compatible", modern: "keys_modern", legacy: "keys_legacy" };
/** The note on a key file of which no copy was saved, by the origin of the key file. @type {Record<KeyFile["origin"], string>} */
const UNSAVED = { "file": "keys_came_as_file", "request": "keys_never_saved", "key-server": "keys_at_key_server" };
const MARKS = /** @type {const} */ ({ "good": "ready", "soon": "soon", "very-soon": "soon", "not-yet": "soon", "expired": "cannot" });

/** @param {Context} context @param {ListedKeyFile} keyFile */
export function keyFileCard(context, keyFile) {
  const { id, name, identities, locked, origin, savedAt } = keyFile;
  const state = translate(locked ? "key_file_locked" : "key_file_open", { file: isolate(name) });
  const saved = savedAt ? translate("keys_saved_at", { date: day(savedAt) }) : translate(UNSAVED[origin]);
  const facts = html("div", { class: "muted" }, html("div", { text: state }),
    html("div", { class: savedAt || origin !== "request" ? "" : "warning", text: saved, data: { test: "backup-state" } }));
  const actions = html("div", { class: "actions" },
    button(translate("keys_export"), { data: { test: "export-keys" }, on: { click: () => openExport(context, keyFile) } }),
    button(translate("keys_change_passphrase"), {
      data: { test: "change-passphrase" }, on: { click: () => openPassphraseChange(context, keyFile) },
    }),
    removeButton("keys.remove", id, holderText(identities[0]), context.refresh));
  return html("li", { class: "card key-file", data: { test: "key-file" } },
    html("div", { class: "who" }, ...identities.map((info) => describeIdentity(context, info)), facts), actions);
}

/** @param {Context} context @param {CertificateInfo} info */
function describeIdentity(context, info) {
  const { state, days } = expiryOf(info);
  const words = { good: "valid_until", soon: "keys_soon", "very-soon": "keys_very_soon", expired: "keys_expired", "not-yet": "keys_not_yet" };
  const addresses = info.addresses.length ? info.addresses : [holderText(info)];
  return html("div", { class: "identity", data: { test: "identity", expiry: state } },
    ...addresses.map((address) => html("div", { class: "name", text: address, dir: "auto" })),
    html("div", { class: "reader-state" }, readinessMark(MARKS[state], ""),
      html("span", { text: translate(words[state], { date: day(state === "not-yet" ? info.notBefore : info.notAfter), when: inDays(days) }) })),
    html("div", { class: "muted", text: [translate("keys_issued_by", { issuer: isolate(readableName(info.issuer)) }), ...useWords(context.translate, info)].join(" · ") }),
    info.preferred ? html("div", { class: "done", text: translate("keys_preferred"), data: { test: "preferred" } }) : null,
    html("div", { class: "actions" },
      button(translate("details"), { class: "quiet", "aria-label": translate("keys_details_of", { name: holderText(info) }), data: { test: "details" }, on: { click: () => void showCertificate(info) } }),
      button(translate("keys_save_certificate"), {
        class: "quiet", "aria-label": translate("keys_save_certificate_of", { name: holderText(info) }), data: { test: "save-certificate" },
        on: { click: () => saveFile(`${fileNameOf(holderText(info))}.pem`, pemOf([info.certificate])) },
      }),
      button(translate("keys_renew"), { class: "quiet", "aria-label": translate("keys_renew_of", { name: holderText(info) }), data: { test: "renew" }, on: { click: () => context.renew(info) } }),
      !info.preferred && state !== "expired" && info.purposes?.includes("sign")
        ? button(translate("keys_prefer"), { class: "quiet", data: { test: "prefer" }, on: { click: () => void prefer(context, info) } }) : null));
}

/** @param {Context} context @param {CertificateInfo} info */
async function prefer({ refresh }, { fingerprint }) {
  await ask("keys.prefer", { fingerprint });
  await refresh();
}

/** @param {Context} context @param {ListedKeyFile} keyFile */
function openExport({ translate, refresh }, { id, name, identities }) {
  const which = html("select", { data: { test: "export-which" } }, html("option", { value: "", text: translate("keys_export_all") }),
    ...identities.map((info) => html("option", { value: info.fingerprint, text: translate("identity_option", { address: holderText(info), issuer: readableName(info.issuer) }) })));
  const form = new FormChoice();
  const current = new SecretField({ translate, label: translate("keys_current_passphrase"), hint: translate("keys_current_passphrase_hint", { file: name }) });
  const next = createNewPassphrase(translate, { label: translate("keys_export_passphrase"), hint: translate("keys_export_passphrase_hint") });
  openForm({
    title: translate("keys_export_title", { name: holderText(identities[0]) }), test: "export", verb: translate("keys_export_go"),
    content: [
      html("p", { text: translate("keys_export_meaning") }), identities.length > 1 ? field(translate("key_account_which"), which) : null,
      current.element, next.element, form.element,
    ],
    onClose: () => [current, next].forEach((secretField) => secretField.clear()),
    onSubmit: async () => {
      const chosen = form.read();
      const secret = chosen && next.read();
      if (!secret) return false;
      const { p12 } = await withPassphrase(current, (passphrase) => askWithSecrets("keys.export", {
        id, fingerprint: which.value, form: chosen,
      }, { passphrase, newPassphrase: secret }));
      saveFile(`${fileNameOf(holderText(identities[0]))}.p12`, p12);
      await refresh();
      tellDone("identities", translate("keys_exported"));
    },
  });
}

/** The choice of the format of an exported file. The weak format shows its risk and needs a tick. */
class FormChoice {
  #form = html("select", { data: { test: "export-form" }, on: { change: () => this.#show() } },
    ...Object.entries(FORMS).map(([value, name]) => html("option", { value, text: translate(name) })));
  #agrees = html("input", { type: "checkbox", data: { test: "export-legacy-agree" } });
  #problem = problem("export-legacy-problem");
  #risk = html("div", { class: "stack", hidden: true, data: { test: "export-legacy" } },
    html("p", { class: "warning", role: "status", text: translate("keys_legacy_risk") }),
    html("label", { class: "check" }, this.#agrees, html("span", { text: translate("keys_legacy_agree") })), this.#problem);

  element = html("div", { class: "stack" }, field(translate("keys_form"), this.#form, translate("keys_form_hint")), this.#risk);

  /** The chosen format, or "" if the weak format is chosen without its tick. */
  read() {
    const refused = this.#form.value === "legacy" && !this.#agrees.checked;
    this.#problem.textContent = refused ? translate("keys_legacy_tick") : "";
    if (refused) this.#agrees.focus();
    return refused ? "" : this.#form.value;
  }

  #show() {
    this.#risk.hidden = this.#form.value !== "legacy";
    this.#agrees.checked = false;
    this.#problem.textContent = "";
  }
}

/** @param {Context} context @param {ListedKeyFile} keyFile */
function openPassphraseChange({ translate, refresh }, { id, name, identities }) {
  const current = new SecretField({ translate, label: translate("keys_current_passphrase"), hint: translate("keys_current_passphrase_hint", { file: name }) });
  const next = createNewPassphrase(translate, { label: translate("new_passphrase"), hint: translate("keys_new_passphrase_hint") });
  openForm({
    title: translate("keys_change_title", { name: holderText(identities[0]) }), test: "passphrase-change", verb: translate("keys_change_go"),
    content: [html("p", { text: translate("keys_change_meaning") }), current.element, next.element],
    onClose: () => [current, next].forEach((secretField) => secretField.clear()),
    onSubmit: async () => {
      const secret = next.read();
      if (!secret) return false;
      await withPassphrase(current, (passphrase) =>
        askWithSecrets("keys.passphrase", { id }, { passphrase, newPassphrase: secret }));
      await refresh();
      tellDone("identities", translate("keys_passphrase_changed", { name: holderText(identities[0]) }));
    },
  });
}

/**
 * Calls `use` with the passphrase in a field. A wrong passphrase stays in the field for correction, and the field gets
 * the focus.
 * @template T
 * @param {SecretField} secret @param {(passphrase: Secret) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withPassphrase(secret, use) {
  secret.setError("");
  try {
    return await use(secret.copy());
  } catch (error) {
    if (codeOf(error) === "wrong-passphrase") secret.focus();
    throw error;
  }
}
