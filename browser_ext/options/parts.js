/** Parts that the sections of the page share: fields, problems, removal in two clicks, names of files, dialogs. */
import { disturb } from "../../wasm_build/ui/calm.js";
import { byId, createForm, html, openDialog, openReading, problem, uniqueId, whileBusy } from "../../wasm_build/ui/dom.js";
import { NewPassphrase } from "../../wasm_build/ui/new_passphrase.js";
import { createCertificateRows } from "../../wasm_build/ui/certificate_rows.js";
import { errorText, translate } from "../texts/texts.js";
import { generateKeys, openWith, SUGGESTION } from "../shared/channel.js";
import { ask, askWithSecrets } from "../shared/request.js";

/** @typedef {Extract<MessageType, `${string}.remove`> | "request.drop" | "list.stop"} Removal */

export { byId };

/** @param {string} id */
export function inputById(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}

/** Calls `act` instead of sending a form. @param {string} id of the form @param {() => unknown} act */
export function whenSubmitted(id, act) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    void act();
  });
}

/** @param {string} id @param {unknown} error null removes the problem */
export function showProblem(id, error) {
  byId(id).textContent = error ? errorText(error) : "";
}

/**
 * Waits until changed settings are stored. Then says in their section that they are stored, or why not.
 * @param {"settings" | "writing"} section
 * @param {Promise<unknown>} changed
 * @param {() => Promise<void>} refresh
 */
export async function tellChange(section, changed, refresh) {
  showProblem(`${section}-problem`, null);
  byId(`${section}-done`).textContent = "";
  try {
    await changed;
    byId(`${section}-done`).textContent = translate("settings_kept");
  } catch (error) {
    showProblem(`${section}-problem`, error);
  }
  await refresh();
}

/**
 * Says in a section what was done there, and brings it into view. An empty sentence removes the earlier sentence.
 * @param {"identities" | "key-server" | "backup"} section
 * @param {string} sentence
 */
export function tellDone(section, sentence) {
  const place = byId(`${section}-done`);
  place.textContent = sentence;
  if (sentence) place.scrollIntoView({ block: "nearest" });
}

/**
 * A labelled control.
 * @template {HTMLElement} C
 * @param {string} label
 * @param {C} control
 * @param {string} [hint]
 */
export function field(label, control, hint = "") {
  control.id ||= uniqueId("field");
  const hintId = `${control.id}-hint`;
  if (hint) control.setAttribute("aria-describedby", hintId);
  return html("div", { class: "field" }, html("label", { for: control.id, text: label }), control,
    hint ? html("p", { class: "field-hint", id: hintId, text: hint }) : null);
}

/** @param {string} label @param {Record<string, unknown>} [properties] */
export function button(label, properties = {}) {
  return html("button", { type: "button", text: label, ...properties });
}

/**
 * Opens a dialog with a form. The dialog closes after `onSubmit`, but stays open if `onSubmit` rejects, or resolves to
 * false for an incomplete form.
 * @param {{title: string, content: (Node | null)[], verb: string, test: string, onSubmit: () => Promise<unknown>, onClose?: () => void}} options
 */
export function openForm({ title, content, verb, test, onSubmit, onClose }) {
  const id = uniqueId("dialog");
  const failure = problem(`${test}-problem`);
  const go = html("button", { type: "submit", class: "primary", text: verb, data: { agrees: "", test: `${test}-go` } });
  const cancel = button(translate("cancel"), { data: { test: `${test}-cancel` }, on: { click: () => dialog.close() } });
  const submit = () => whileBusy(go, translate("working"), async () => {
    failure.textContent = "";
    if ((await onSubmit()) !== false) dialog.close();
  }, (error) => { failure.textContent = errorText(error); });
  const form = createForm({ class: "stack" }, submit, html("h2", { id, text: title, dir: "auto" }), ...content, failure,
    html("div", { class: "actions" }, go, cancel));
  const dialog = openDialog({ titleId: id, test, onClose }, form);
  disturb();
  return { dialog, submit };
}

/** The full description of a certificate, in a dialog. @param {CertificateInfo} info */
export async function showCertificate(info) {
  const page = await ask("keys.page", { certificate: info.certificate.slice(0) });
  openReading(translate, translate("certificate_title", { name: page.title }), [createCertificateRows(translate, page)]);
}

/** A file name without characters that file systems forbid, made from any name. @param {string} name */
export function fileNameOf(name) {
  return name.replace(/[^\p{L}\p{N}@._-]+/gu, "-").replace(/^[-.]+/u, "") || "sealwax";
}

/** Advice about new passphrases, from the vault. @type {import("../../wasm_build/ui/new_passphrase.js").PassphraseAdvice} */
export const passphraseAdvice = {
  measure: (measured) => askWithSecrets("passphrase.measure", {}, { measured }),
  suggest: async () => {
    const keys = await generateKeys();
    const { words } = await ask("passphrase.suggest", { language: document.documentElement.lang || "en", replyKey: keys.publicKey });
    return openWith(keys, SUGGESTION, words);
  },
};

/**
 * The two fields for a new passphrase, which is typed twice.
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {{label: string, hint: string}} first
 */
export function createNewPassphrase(translate, first) {
  return new NewPassphrase({ translate, passphraseAdvice }, {
    first,
    again: { label: translate("passphrase_again"), hint: translate("keys_passphrase_again_hint") },
    missing: translate("keys_passphrase_missing"),
    differ: translate("keys_passphrases_differ"),
  });
}

/** The removal that waits for its second click. The page may be drawn again between the two clicks. */
let askedRemoval = "";

/**
 * The button that removes an entry. The first click asks for confirmation, and the second click removes the entry.
 * @param {Removal} type @param {string} id @param {string} name
 * @param {() => Promise<void>} onRemoved
 */
export function removeButton(type, id, name, onRemoved) {
  const removal = `${type} ${id}`;
  const pressed = html("button", { type: "button", class: "quiet", data: { removal, name } });
  pressed.addEventListener("click", async () => {
    if (askedRemoval !== removal) {
      askedRemoval = removal;
      removeButtons().forEach(labelRemoval);
      return;
    }
    await ask(type, { id });
    await onRemoved();
  });
  labelRemoval(pressed);
  return pressed;
}

/** Gives the focus back to a removal button after the page was drawn again. @param {string | undefined} focused */
export function settleRemovals(focused) {
  removeButtons().find((element) => element.dataset.removal === focused)?.focus();
  if (!removeButtons().some((element) => element.dataset.removal === askedRemoval)) askedRemoval = "";
}

function removeButtons() {
  return /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-removal]")]);
}

/** @param {HTMLElement} pressed */
function labelRemoval(pressed) {
  const { removal, name = "" } = pressed.dataset;
  const isAsked = removal === askedRemoval;
  pressed.dataset.asked = isAsked ? "yes" : "no";
  // The first click asks for confirmation, and the second click confirms.
  pressed.toggleAttribute("data-agrees", isAsked);
  pressed.textContent = translate(isAsked ? "verb_remove_sure" : "remove");
  pressed.setAttribute("aria-label", translate(isAsked ? "remove_named_sure" : "remove_named", { name }));
}
