/**
 * Signed forms: a form with `data-smime="sign"` is signed before it is submitted, after the extension's window has
 * shown all entries. The extension then submits a form of its own, in a closed shadow root, with exactly the signed
 * entries. No handler of the page runs between the last comparison and the submission.
 *
 * A form's controls can shadow its properties (`<input name=action>`), so this module reads forms with `dom_tree.js`.
 */
import { ask } from "./background_link.js";
import { attributeOf, baseOf, controlsOf, createElement, parentOf, stop, textsBelow, topElementOf } from "./dom_tree.js";
import { isSameFile } from "./files.js";
import { noteErrorFor, noteFor } from "./notes.js";
import { problem } from "./problems.js";
import { receivers } from "./receivers.js";
import { asksFor } from "./smime_attributes.js";
import { world } from "./world.js";
import { translate } from "../texts/texts.js";

const SIGNATURE = "smime_signature";
const MAX_LABEL_CHARACTERS = 200;
/** The limit for one file, because a file is read whole into the memory of the page's process to be hashed. */
const MAX_FILE_BYTES = 256 * 2 ** 20;
const MIN_VISIBLE_PIXELS = 2;
const ENCTYPES = ["application/x-www-form-urlencoded", "multipart/form-data"];

/** @typedef {{name: string, value: string, label: string, hidden: boolean, size?: number, sha256?: string}} Entry */
/** @typedef {{name: string, value: FormDataEntryValue}} Pair */
/** @typedef {HTMLElement & Partial<Pick<HTMLInputElement, "value" | "checked" | "multiple" | "labels">>} Control */

const submitForm = HTMLFormElement.prototype.submit;
/** If the page is left within this time after a script has read the form, the form was probably sent unsigned. */
const LEAVING_MILLISECONDS = 3000;
/** Forms for which the extension's window asks for a signature. @type {WeakSet<HTMLFormElement>} */
const waiting = new WeakSet();
/** True while this script reads a form. It is false when the page reads a form. */
let isReading = false;
/**
 * The form that scripts of the page have read last, if they did so after a click or key of the person.
 * @type {{action: string, at: number} | null}
 */
let lastScriptRead = null;

/** Starts the watch over the forms of this document. */
export function guardForms() {
  world.guard.listen("submit", intercept);
  world.guard.listen("formdata", noteScriptRead);
  world.guard.listen("pagehide", tellUnsigned);
}

/** @param {Event} event */
function intercept(event) {
  // For a form inside a shadow root, `event.target` is the root's host. The first element of the path is always the
  // form.
  const [form] = event.composedPath();
  if (!(form instanceof HTMLFormElement) || !asksFor(form, "sign")) return;
  stop(event);
  // requestSubmit() causes the same event as a click of the person. The window opens only after a real click or key.
  if (waiting.has(form) || !event.isTrusted || navigator.userActivation?.isActive === false) return;
  void sign(form, /** @type {SubmitEvent} */ (event).submitter);
}

/**
 * Records that a script of the page submits the form, or reads the form to send the data itself. The browser reports
 * these two actions only with the event `formdata`.
 * @param {Event} event
 */
function noteScriptRead(event) {
  const [form] = event.composedPath();
  if (isReading || !(form instanceof HTMLFormElement) || !asksFor(form, "sign")) return;
  lastScriptRead = navigator.userActivation?.isActive ? { action: addressOf(form, null), at: Date.now() } : null;
  noteFor(form, translate("form_taken"));
}

function tellUnsigned() {
  if (!lastScriptRead || Date.now() - lastScriptRead.at > LEAVING_MILLISECONDS) return;
  void ask("form.unsigned", { action: lastScriptRead.action }).catch(() => {});
  lastScriptRead = null;
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
async function sign(form, submitter) {
  waiting.add(form);
  noteFor(form, "");
  try {
    const pairs = readPairs(form, submitter);
    const target = describeTarget(form, submitter);
    const entries = await describeEntries(form, pairs, target.enctype);
    const pressed = submitter && attributeOf(submitter, "name");
    const { job } = await ask("form.request", {
      ...target, entries, nonce: attributeOf(form, "data-smime-nonce") ?? "",
      submitter: pressed ? [pressed, attributeOf(submitter, "value") ?? ""] : [],
    });
    receivers.set(job, {
      receive({ type, signature }) {
        receivers.delete(job);
        waiting.delete(form);
        if (type !== "form.signed" || typeof signature !== "string") {
          return noteFor(form, translate("form_not_signed"));
        }
        if (isChanged(form, submitter, pairs, target)) return "changed";
        submit(form, pairs, target, signature);
        return "submitted";
      },
    });
  } catch (error) {
    waiting.delete(form);
    noteErrorFor(form, error);
  }
}

/** The entries as the browser would submit them. @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
function readPairs(form, submitter) {
  isReading = true;
  try {
    /** @type {Pair[]} */
    const pairs = [];
    new FormData(form, submitter).forEach((value, name) => {
      if (name !== SIGNATURE) pairs.push({ name, value });
    });
    return pairs;
  } finally {
    isReading = false;
  }
}

/**
 * The address, method, encoding and target of the submission. Throws for a form whose sent bytes could differ from the
 * signed ones.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 */
function describeTarget(form, submitter) {
  const read = (/** @type {string} */ name) =>
    (submitter && attributeOf(submitter, `form${name}`)) ?? attributeOf(form, name) ?? "";
  const method = read("method").toLowerCase();
  const enctype = read("enctype").toLowerCase() || ENCTYPES[0];
  const charset = (attributeOf(form, "accept-charset") || document.characterSet).toLowerCase();
  // With GET the signed values would be in the address, and so in logs and histories.
  if (method !== "post") throw problem("form-not-post");
  if (!ENCTYPES.includes(enctype) || charset !== "utf-8") throw problem("form-encoding");
  return { action: addressOf(form, submitter), method, enctype, target: read("target") };
}

/**
 * @param {HTMLFormElement} form @param {HTMLElement | null} submitter @returns {string} the address that gets the form
 */
function addressOf(form, submitter) {
  const named = (submitter && attributeOf(submitter, "formaction")) ?? attributeOf(form, "action");
  const action = new URL(named || location.href, baseOf(document));
  action.hash = "";
  return action.href;
}

/**
 * @param {HTMLFormElement} form
 * @param {Pair[]} pairs
 * @param {string} enctype
 * @returns {Promise<Entry[]>}
 */
async function describeEntries(form, pairs, enctype) {
  const findControl = controlFinder(form);
  return Promise.all(pairs.map(async ({ name, value }) => {
    const control = findControl(name, value);
    const shown = { label: control ? labelOf(control) : "", hidden: !control || isHidden(control) };
    if (!(value instanceof File)) return { name, value, ...shown };
    // In an encoding other than multipart, the browser sends only the name of a file.
    if (enctype === ENCTYPES[0]) return { name, value: value.name, ...shown };
    return { name, value: value.name, ...shown, size: value.size, sha256: await hash(value) };
  }));
}

/**
 * Returns a function that finds the control of an entry: the next control with the entry's name and value, or else with
 * its name. Each control is found once.
 * @param {HTMLFormElement} form
 */
function controlFinder(form) {
  /** @type {Map<string, Control[]>} */
  const byName = new Map();
  for (const control of /** @type {Control[]} */ (Array.from(controlsOf(form)))) {
    const name = control.getAttribute("name") ?? "";
    byName.set(name, [...(byName.get(name) ?? []), control]);
  }
  return (/** @type {string} */ name, /** @type {FormDataEntryValue} */ value) => {
    const controls = byName.get(name) ?? [];
    const index = Math.max(controls.findIndex((control) => control.value === value && (control.checked ?? true)), 0);
    const control = controls[index] ?? null;
    // A control with several values (select, files) belongs to several entries, so it stays in the list of controls.
    if (control && !control.multiple) controls.splice(index, 1);
    return control;
  };
}

/** The name that the page shows for a control. This name may be false. @param {Control} control */
function labelOf(control) {
  const named = [...(control.labels ?? [])].map(wordsOf).join(" ");
  const text = named || control.getAttribute("aria-label") || control.getAttribute("placeholder") || "";
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_LABEL_CHARACTERS);
}

/** The words of a label, without the words of controls inside it. @param {HTMLElement} label */
function wordsOf(label) {
  const texts = [...textsBelow(label)].filter(({ parentElement }) => !parentElement?.closest("textarea, select, button, script, style"));
  return texts.map(({ data }) => data).join(" ");
}

/**
 * Whether a control was invisible to the person, judged by styles and positions. The window shows hidden entries in a
 * group of their own.
 * @param {HTMLElement} control
 */
function isHidden(control) {
  const options = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true };
  if (control.getAttribute("type") === "hidden" || !control.checkVisibility(options)) return true;
  let { left, top, right, bottom } = control.getBoundingClientRect();
  // A person cannot scroll to the left of the page's edge, or above the page's top.
  [left, top] = [Math.max(left, -scrollX), Math.max(top, -scrollY)];
  for (let around = parentOf(control); around; around = parentOf(around)) {
    if (!/hidden|clip/.test(getComputedStyle(around).overflow)) continue;
    const clip = around.getBoundingClientRect();
    [left, top] = [Math.max(left, clip.left), Math.max(top, clip.top)];
    [right, bottom] = [Math.min(right, clip.right), Math.min(bottom, clip.bottom)];
  }
  return right - left < MIN_VISIBLE_PIXELS || bottom - top < MIN_VISIBLE_PIXELS;
}

/** @param {File} file @returns {Promise<string>} SHA-256 in hexadecimal */
async function hash(file) {
  if (!globalThis.isSecureContext) throw problem("form-insecure");
  if (file.size > MAX_FILE_BYTES) throw problem("form-file-too-large");
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Whether the form would now submit something other than the signed entries.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 * @param {Pair[]} pairs
 * @param {object} target
 */
function isChanged(form, submitter, pairs, target) {
  // A button may be outside its form (`form="…"`), so look at the button's form and not at its parents.
  const now = readPairs(form, /** @type {HTMLButtonElement | null} */ (submitter)?.form === form ? submitter : null);
  if (JSON.stringify(describeTarget(form, submitter)) !== JSON.stringify(target)) return true;
  return now.length !== pairs.length || now.some(({ name, value }, index) => {
    const signed = pairs[index];
    if (name !== signed.name) return true;
    if (value instanceof File && signed.value instanceof File) return !isSameEntry(value, signed.value);
    return value !== signed.value;
  });
}

/** @param {File} file @param {File} other */
function isSameEntry(file, other) {
  // Each reading of an empty input gives a new empty file with a new time, so only the names are compared.
  return file.size === 0 && other.size === 0 ? file.name === other.name : isSameFile(file, other);
}

/**
 * @param {HTMLFormElement} form
 * @param {Pair[]} pairs
 * @param {{action: string, method: string, enctype: string, target: string}} how
 * @param {string} signature
 */
function submit(form, pairs, { action, method, enctype, target }, signature) {
  const own = createElement("form");
  // No new tab is requested. Browsers open one only after a click in this document, and the click was in the
  // extension's window.
  const where = target.toLowerCase() === "_blank" ? "" : target;
  for (const [name, value] of Object.entries({ action, method, enctype, target: where, "accept-charset": "utf-8" })) {
    own.setAttribute(name, value);
  }
  own.append(...[...pairs, { name: SIGNATURE, value: signature }].map(controlFor));
  const box = createElement("div");
  box.attachShadow({ mode: "closed" }).append(own);
  topElementOf(document)?.append(box);
  submitForm.call(own);
  box.remove();
}

/** @param {Pair} pair */
function controlFor({ name, value }) {
  const control = value instanceof File ? fileControl(value) : createElement("textarea");
  // A textarea replaces a hidden input, because a hidden input named `_charset_` sends the name of the encoding, not
  // its value.
  if (!(value instanceof File)) control.value = value;
  control.name = name;
  return control;
}

/** @param {File} file */
function fileControl(file) {
  const control = createElement("input");
  control.type = "file";
  // For an empty file without a name the control stays empty. The browser then submits such a file.
  if (file.size > 0 || file.name) {
    const carrier = new DataTransfer();
    carrier.items.add(file);
    control.files = carrier.files;
  }
  return control;
}
