/**
 * After a text was encrypted, removes the old text from all parts of a form's request: the entries, their names and the address.
 * The page can have the text from any source, such as a hidden control, an option, a button or a handler of `formdata`.
 */
import { attributeOf, baseOf, controlsOf, documentOf, isVisible, setAttributeOf, stop } from "./dom_tree.js";
import { listenEverywhere } from "./everywhere.js";
import { hasFilledFields, tellAltered, watchedTexts } from "./filled_fields.js";
import { isCopy } from "./page_text.js";

/** @typedef {import("./filled_fields.js").Filled} Filled */
/** @typedef {[name: string, value: FormDataEntryValue]} Entry */

/** Starts the watch over the forms in all documents of the site. */
export function watchForms() {
  // In other documents, handlers of the page may run after this listener.
  listenEverywhere("formdata", (event) => {
    const form = watchedForm(event);
    if (form && documentOf(form) !== document) leaveOutOld(form, /** @type {FormDataEvent} */ (event).formData);
  });
  // Addresses are shortened at this event, because Chromium reads a form's address before the event `formdata`.
  listenEverywhere("submit", (event) => {
    const form = watchedForm(event);
    if (form) tellOf((own) => shortenAddresses(form, own));
  }, { capture: false });
}

/** The form of an event; null if no text is watched. @param {Event} event @returns {HTMLFormElement | null} */
function watchedForm(event) {
  return event.isTrusted && hasFilledFields() ? /** @type {HTMLFormElement} */ (event.composedPath()[0]) : null;
}

/** Stops a navigation to an address with an old text that the document's address did not have. @param {NavigateEvent} event */
export function stopAddress(event) {
  const { destination, cancelable } = event;
  const [element] = cancelable && hasFilledFields()
    ? watchedTexts().find(([, own]) => isAdded(new URL(destination.url), own)) ?? [] : [];
  if (!element) return;
  stop(event);
  void tellAltered(element, destination.url, false);
}

/** Reports each filled field whose old text `find` finds, once. @param {(own: Filled) => string[]} find */
function tellOf(find) {
  for (const [element, own] of watchedTexts()) {
    const [oldText] = find(own);
    if (oldText !== undefined) void tellAltered(element, oldText, true);
  }
}

/**
 * Replaces the old texts in a form's request, and reports each text once.
 * @param {HTMLFormElement} form @param {FormData} formData
 */
export function leaveOutOld(form, formData) {
  tellOf((own) => [...replaceValues(form, formData, own), ...removeNames(formData, own), ...shortenAddresses(form, own)]);
}

/** @param {FormData} formData @returns {Entry[]} */
function entriesOf(formData) {
  /** @type {Entry[]} */
  const entries = [];
  // Firefox gives content scripts no iterator of a page's object.
  formData.forEach((value, name) => entries.push([name, value]));
  return entries;
}

/** @param {HTMLFormElement} form @param {FormData} formData @param {Filled} own @returns {string[]} the values that were replaced */
function replaceValues(form, formData, { old, put }) {
  const texts = /** @type {[string, string][]} */ (entriesOf(formData).filter(([, value]) => typeof value === "string"));
  const unseen = texts.filter(([name, value]) => !isShown(form, name, value)).map(([, value]) => value);
  const parts = new Set([...old.piecesAmong(unseen), ...unseen.filter((value) => isCopy(value, old))]);
  // If a person has also typed a short text into another visible field, such as a subject, that field may be sent.
  const entries = texts.filter(([name, value]) => parts.has(value) || (old.isIn(value) && (old.isLong || !isShown(form, name, value))));
  const replaced = new Set(entries.map(([, value]) => value));
  const isReplaced = (/** @type {FormDataEntryValue} */ value) => typeof value === "string" && replaced.has(value);
  for (const name of new Set(entries.map(([field]) => field))) {
    putBack(formData, name, formData.getAll(name).map((value) => (isReplaced(value) ? put : value)));
  }
  return [...replaced];
}

/**
 * Whether a person sees the value of an entry, such as a subject that begins like the text.
 * @param {HTMLFormElement} form @param {string} name @param {string} value
 */
function isShown(form, name, value) {
  const controls = /** @type {HTMLInputElement[]} */ ([...controlsOf(form)]);
  return controls.some((control) => attributeOf(control, "name") === name && control.value === value && isVisible(control));
}

/** @param {FormData} formData @param {Filled} own @returns {string[]} the names that were left out with their values */
function removeNames(formData, { old }) {
  // Only long texts are looked for, because many controls have a short text as their name.
  const names = new Set(old.isLong ? entriesOf(formData).map(([name]) => name).filter((name) => old.isBegunIn(name)) : []);
  for (const name of names) formData.delete(name);
  return [...names];
}

/**
 * Shortens the addresses to which a form may go. At this point nothing can stop the request.
 * @param {HTMLFormElement} form @param {Filled} own @returns {string[]} the addresses that were shortened
 */
function shortenAddresses(form, own) {
  const base = baseOf(form);
  const buttons = Array.from(controlsOf(form), (control) => /** @type {const} */ ([control, "formaction"]));
  return [/** @type {const} */ ([form, "action"]), ...buttons].flatMap(([element, name]) => {
    const address = attributeOf(element, name);
    if (!address || !URL.canParse(address, base) || !isAdded(new URL(address, base), own)) return [];
    setAttributeOf(element, name, withoutText(new URL(address, base).href, own));
    return [address];
  });
}

/** Whether a long old text is in an address, as a whole or in a part. @param {URL} address @param {Filled} own */
function isIn({ href, pathname, searchParams, hash }, { old }) {
  return old.isLong && [href, ...pathname.split("/"), ...[...searchParams].flat(), hash].some((part) => old.isBegunIn(part));
}

/** Whether an address has an old text that the document's address does not have. @param {URL} address @param {Filled} own */
function isAdded(address, own) {
  return isIn(address, own) && !isIn(new URL(location.href), own);
}

/** An address of the same server, if possible, without the old text. @param {string} href @param {Filled} own */
function withoutText(href, own) {
  const [short] = href.split(/[?#]/u);
  if (!isIn(new URL(short), own)) return short;
  return URL.canParse("/", short) ? new URL("/", short).href : "about:blank";
}

/** Sets all values of an entry. @param {FormData} formData @param {string} name @param {FormDataEntryValue[]} values */
export function putBack(formData, name, [first, ...others]) {
  formData.set(name, /** @type {string} */ (first));
  for (const value of others) formData.append(name, /** @type {string} */ (value));
}
