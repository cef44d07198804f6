/** What the sections of the page share: fields, problems, removal in two clicks, files that are saved, dialogs. */
import { disturb } from "../runtime/ui/calm.js";
import { html, uniqueId } from "../runtime/ui/dom.js";
import { overwrite } from "../runtime/cleanup.js";
import { SecretField } from "../runtime/ui/secret_field.js";
import { createCertificateRows } from "../runtime/ui/certificate_rows.js";
import { errorText, loadSharedText, text } from "../shared/i18n.js";
import { ask } from "../shared/request.js";

/** A link that was clicked has read its address by then. */
const REVOKE_MILLISECONDS = 60_000;

/** @param {string} id */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
export function inputById(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}

/** @param {string} id @param {unknown} error null takes the problem away */
export function showProblem(id, error) {
  byId(id).textContent = error ? errorText(error) : "";
}

/** @param {string} test */
export function problem(test) {
  return html("p", { class: "problem", role: "alert", data: { test } });
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
 * Runs what a button started; meanwhile it takes no second click.
 * @param {HTMLButtonElement} pressed
 * @param {HTMLElement} failure where an error is said
 * @param {() => Promise<unknown>} action
 */
export async function whileBusy(pressed, failure, action) {
  if (pressed.getAttribute("aria-disabled") === "true") return;
  const label = pressed.textContent;
  pressed.setAttribute("aria-disabled", "true");
  pressed.textContent = text("keysWorking");
  failure.textContent = "";
  try {
    await action();
  } catch (error) {
    failure.textContent = errorText(error);
  } finally {
    pressed.removeAttribute("aria-disabled");
    pressed.textContent = label;
  }
}

/**
 * A dialog with a form; `onSubmit` closes it by its end unless it rejects, or gives false where the form says what is missing.
 * @param {{title: string, content: (Node | null)[], verb: string, test: string, onSubmit: () => Promise<unknown>, onClose?: () => void}} options
 */
export function openForm({ title, content, verb, test, onSubmit, onClose }) {
  const id = uniqueId("dialog");
  const failure = problem(`${test}-problem`);
  const go = html("button", { type: "submit", class: "primary", text: verb, data: { agrees: "", test: `${test}-go` } });
  const cancel = button(text("keysCancel"), { data: { test: `${test}-cancel` }, on: { click: () => dialog.close() } });
  const form = html("form", { class: "stack", novalidate: true }, html("h2", { id, text: title, dir: "auto" }), ...content, failure,
    html("div", { class: "actions" }, go, cancel));
  const submit = () => whileBusy(go, failure, async () => {
    if ((await onSubmit()) !== false) dialog.close();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  const dialog = html("dialog", { class: "dialog wide", "aria-labelledby": id, data: { test }, on: { close: () => {
    onClose?.();
    dialog.remove();
  } } }, form);
  document.body.append(dialog);
  dialog.showModal();
  disturb();
  return { dialog, submit };
}

/** All that a certificate says, in a dialog. @param {CertificateInfo} info */
export async function showCertificate(info) {
  const translate = await loadSharedText();
  const page = await ask("keys.page", { certificate: info.certificate.slice(0) });
  const id = uniqueId("dialog");
  const close = button(translate("close"), { autofocus: true, data: { test: "dialog-close" }, on: { click: () => dialog.close() } });
  const dialog = html("dialog", {
    class: "dialog wide", "aria-labelledby": id, data: { test: "certificate-dialog" }, on: { close: () => dialog.remove() },
  }, html("h2", { id, dir: "auto", text: translate("certificate_title", { name: page.title }) }), createCertificateRows(translate, page),
  html("div", { class: "actions" }, close));
  document.body.append(dialog);
  dialog.showModal();
}

/** Hands a file over as a download. @param {string} name @param {ArrayBuffer} octets */
export function saveFile(name, octets) {
  const href = URL.createObjectURL(new Blob([octets], { type: "application/octet-stream" }));
  html("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), REVOKE_MILLISECONDS);
}

/** A name for a file, from a name for people. @param {string} name */
export function fileNameOf(name) {
  return name.replace(/[^\p{L}\p{N}@._-]+/gu, "-").replace(/^[-.]+/u, "") || "sealwax";
}

/** A new passphrase, typed twice. */
export class NewPassphrase {
  #first;
  #second;

  /** @param {import("../runtime/ui/catalogue.js").Catalogue} translate @param {{label: string, hint: string}} words */
  constructor(translate, { label, hint }) {
    this.#first = new SecretField({ translate, label, hint });
    this.#second = new SecretField({ translate, label: text("keysPassphraseAgain"), hint: text("keysPassphraseAgainHint") });
    this.element = html("div", { class: "stack", data: { test: "new-passphrase" } }, this.#first.element, this.#second.element);
  }

  /** The passphrase, or null after saying what is wrong with it. @returns {Secret | null} */
  read() {
    for (const one of [this.#first, this.#second]) one.setError("");
    const [first, second] = [this.#first.copy(), this.#second.copy()];
    const [left, right] = [first, second].map(({ buffer, length }) => new Uint8Array(buffer, 0, length));
    const same = left.length === right.length && left.every((byte, index) => byte === right[index]);
    overwrite(second.buffer);
    if (first.length > 0 && same) return first;
    overwrite(first.buffer);
    if (first.length === 0) this.#first.setError(text("keysPassphraseMissing"));
    else this.#second.setError(text("keysPassphrasesDiffer"));
    return null;
  }

  clear() {
    this.#first.clear();
    this.#second.clear();
  }
}

/** The removal that was asked about and waits for its second click; the page may be drawn anew before that. */
let askedRemoval = "";

/**
 * Removing takes two clicks: the first asks.
 * @param {string} type @param {string} id @param {string} name
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

/** After the page was drawn: the focus goes back to the removal that had it. @param {string | undefined} focused */
export function settleRemovals(focused) {
  removeButtons().find((one) => one.dataset.removal === focused)?.focus();
  if (!removeButtons().some((one) => one.dataset.removal === askedRemoval)) askedRemoval = "";
}

function removeButtons() {
  return /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-removal]")]);
}

/** @param {HTMLElement} pressed */
function labelRemoval(pressed) {
  const { removal, name = "" } = pressed.dataset;
  const isAsked = removal === askedRemoval;
  pressed.dataset.asked = isAsked ? "yes" : "no";
  // The first click asks, the second one agrees.
  pressed.toggleAttribute("data-agrees", isAsked);
  pressed.textContent = text(isAsked ? "verbRemoveSure" : "verbRemove");
  pressed.setAttribute("aria-label", text(isAsked ? "removeNamedSure" : "removeNamed", name));
}
