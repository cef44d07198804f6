/**
 * The person's identities, with purposes, expiry and key files. Here people export, renew and remove them, or change
 * passphrases.
 */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { useWords } from "../../wasm_build/ui/certificate_uses.js";
import { html } from "../../wasm_build/ui/dom.js";
import { inDays, isolate } from "../../wasm_build/ui/formats.js";
import { problem } from "../../wasm_build/ui/parts.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { readinessMark } from "../../wasm_build/ui/state_mark.js";
import { holderText } from "../../wasm_build/ui/shown_names.js";
import { expiryOf } from "../shared/expiry.js";
import { day, text } from "../shared/i18n.js";
import { codeOf } from "../shared/messages.js";
import { pemOf } from "../shared/pem.js";
import { ask, askWithSecrets } from "../shared/request.js";
import { button, createNewPassphrase, field, fileNameOf, openForm, removeButton, showCertificate, tellDone } from "./parts.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{id: string, name: string, identities: CertificateInfo[], locked: boolean, origin: KeyFile["origin"], savedAt: string | null}} ListedKeyFile
 * @typedef {{translate: Catalogue, refresh: () => Promise<void>, renew: (info: CertificateInfo) => void}} Context
 */

/** The forms of an exported key file, each with its text key. The first is the default. */
const FORMS = { compatible: "keysCompatible", modern: "keysModern", legacy: "keysLegacy" };
/** The note for a key file that was not saved, by its origin. @type {Record<KeyFile["origin"], string>} */
const UNSAVED = { "file": "keysCameAsFile", "request": "keysNeverSaved", "key-server": "keysAtKeyServer" };
const MARKS = /** @type {const} */ ({ "good": "ready", "soon": "soon", "very-soon": "soon", "not-yet": "soon", "expired": "cannot" });

/** @param {Context} context @param {ListedKeyFile} keyFile */
export function keyFileCard(context, keyFile) {
  const { id, name, identities, locked, origin, savedAt } = keyFile;
  const kept = text(locked ? "keyFileLocked" : "keyFileOpen", isolate(name));
  const saved = savedAt ? text("keysSavedAt", day(savedAt)) : text(UNSAVED[origin]);
  const facts = html("div", { class: "muted" }, html("div", { text: kept }),
    html("div", { class: savedAt || origin !== "request" ? "" : "warning", text: saved, data: { test: "backup-state" } }));
  const actions = html("div", { class: "actions" },
    button(text("keysExport"), { data: { test: "export-keys" }, on: { click: () => openExport(context, keyFile) } }),
    button(text("keysChangePassphrase"), {
      data: { test: "change-passphrase" }, on: { click: () => openPassphraseChange(context, keyFile) },
    }),
    removeButton("keys.remove", id, holderText(identities[0]), context.refresh));
  return html("li", { class: "card key-file", data: { test: "key-file" } },
    html("div", { class: "who" }, ...identities.map((info) => describeIdentity(context, info)), facts), actions);
}

/** @param {Context} context @param {CertificateInfo} info */
function describeIdentity(context, info) {
  const { state, days } = expiryOf(info);
  const words = { good: "keysGood", soon: "keysSoon", "very-soon": "keysVerySoon", expired: "keysExpired", "not-yet": "keysNotYet" };
  const addresses = info.addresses.length ? info.addresses : [holderText(info)];
  const mark = readinessMark(MARKS[state], "");
  return html("div", { class: "identity", data: { test: "identity", expiry: state } },
    ...addresses.map((address) => html("div", { class: "name", text: address, dir: "auto" })),
    html("div", { class: "reader-state" }, mark,
      html("span", { text: text(words[state], day(state === "not-yet" ? info.notBefore : info.notAfter), inDays(days)) })),
    html("div", { class: "muted", text: [text("keysIssuedBy", isolate(info.issuer)), ...useWords(context.translate, info)].join(" · ") }),
    info.preferred ? html("div", { class: "done", text: text("keysPreferred"), data: { test: "preferred" } }) : null,
    html("div", { class: "actions" },
      button(text("keysDetails"), { class: "quiet", "aria-label": text("keysDetailsOf", holderText(info)), data: { test: "details" }, on: { click: () => void showCertificate(info) } }),
      button(text("keysSaveCertificate"), {
        class: "quiet", "aria-label": text("keysSaveCertificateOf", holderText(info)), data: { test: "save-certificate" },
        on: { click: () => saveFile(`${fileNameOf(holderText(info))}.pem`, pemOf([info.certificate])) },
      }),
      button(text("keysRenew"), { class: "quiet", "aria-label": text("keysRenewOf", holderText(info)), data: { test: "renew" }, on: { click: () => context.renew(info) } }),
      !info.preferred && state !== "expired" && info.purposes?.includes("sign")
        ? button(text("keysPrefer"), { class: "quiet", data: { test: "prefer" }, on: { click: () => void prefer(context, info) } }) : null));
}

/** @param {Context} context @param {CertificateInfo} info */
async function prefer({ refresh }, { fingerprint }) {
  await ask("keys.prefer", { fingerprint });
  await refresh();
}

/** @param {Context} context @param {ListedKeyFile} keyFile */
function openExport({ translate, refresh }, { id, name, identities }) {
  const which = html("select", { data: { test: "export-which" } }, html("option", { value: "", text: text("keysExportAll") }),
    ...identities.map((info) => html("option", { value: info.fingerprint, text: text("identityOption", holderText(info), info.issuer) })));
  const form = new FormChoice();
  const current = new SecretField({ translate, label: text("keysCurrentPassphrase"), hint: text("keysCurrentPassphraseHint", name) });
  const next = createNewPassphrase(translate, { label: text("keysExportPassphrase"), hint: text("keysExportPassphraseHint") });
  openForm({
    title: text("keysExportTitle", holderText(identities[0])), test: "export", verb: text("keysExportGo"),
    content: [
      html("p", { text: text("keysExportMeaning") }), identities.length > 1 ? field(text("keysExportWhich"), which) : null,
      current.element, next.element, form.element,
    ],
    onClose: () => [current, next].forEach((one) => one.clear()),
    onSubmit: async () => {
      const chosen = form.read();
      const secret = chosen && next.read();
      if (!secret) return false;
      const { p12 } = await withPassphrase(current, (passphrase) => askWithSecrets("keys.export", {
        id, fingerprint: which.value, form: chosen,
      }, { passphrase, newPassphrase: secret }));
      saveFile(`${fileNameOf(holderText(identities[0]))}.p12`, p12);
      await refresh();
      tellDone("identities", text("keysExported"));
      return true;
    },
  });
}

/** The choice of the form of an exported file. The weak form shows its risk and needs a tick. */
class FormChoice {
  #form = html("select", { data: { test: "export-form" }, on: { change: () => this.#show() } },
    ...Object.entries(FORMS).map(([value, name]) => html("option", { value, text: text(name) })));
  #agrees = html("input", { type: "checkbox", data: { test: "export-legacy-agree" } });
  #problem = problem("export-legacy-problem");
  #risk = html("div", { class: "stack", hidden: true, data: { test: "export-legacy" } },
    html("p", { class: "warning", role: "status", text: text("keysLegacyRisk") }),
    html("label", { class: "check" }, this.#agrees, html("span", { text: text("keysLegacyAgree") })), this.#problem);

  element = html("div", { class: "stack" }, field(text("keysForm"), this.#form, text("keysFormHint")), this.#risk);

  /** The chosen form, or "" if the weak form has no tick. */
  read() {
    const refused = this.#form.value === "legacy" && !this.#agrees.checked;
    this.#problem.textContent = refused ? text("keysLegacyTick") : "";
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
  const current = new SecretField({ translate, label: text("keysCurrentPassphrase"), hint: text("keysCurrentPassphraseHint", name) });
  const next = createNewPassphrase(translate, { label: text("keysNewPassphrase"), hint: text("keysNewPassphraseHint") });
  openForm({
    title: text("keysChangeTitle", holderText(identities[0])), test: "passphrase-change", verb: text("keysChangeGo"),
    content: [html("p", { text: text("keysChangeMeaning") }), current.element, next.element],
    onClose: () => [current, next].forEach((one) => one.clear()),
    onSubmit: async () => {
      const secret = next.read();
      if (!secret) return false;
      await withPassphrase(current, (passphrase) =>
        askWithSecrets("keys.passphrase", { id }, { passphrase, newPassphrase: secret }));
      await refresh();
      tellDone("identities", text("keysPassphraseChanged", holderText(identities[0])));
      return true;
    },
  });
}

/**
 * Uses the passphrase in a field. A wrong passphrase stays in the field for correction, and the field gets the focus.
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
