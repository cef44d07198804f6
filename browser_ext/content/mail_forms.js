/**
 * Forms for mail in webmails that have no adaptor. Text in such a form is sent as mail. It must not be encrypted as the
 * text of an ordinary field, because the recipients of the mail could not open it.
 *
 * A form for mail is a recipient field, a subject field and the editor nearest to both, inside a `form` element or not.
 * The module searches only when the person asks for encryption.
 */
import { addressKey } from "../../wasm_build/ui/formats.js";
import { attributeOf, bodyOf, closest, findBelow, hasFocus, outwardsFrom, textOf, topElementOf } from "./dom_tree.js";
import { wholeEditorIn } from "./editors.js";
import { findCms, isField } from "./field_text.js";
import { mailFieldOf } from "./mail_words.js";
import { labelledPeople, mayNamePeople, peopleBelow } from "./people_texts.js";
import { findFocused, rootsBelow } from "./shadow_roots.js";

const FIELDS = "input, textarea, select, [contenteditable], [role=textbox], [role=combobox], [role=searchbox], [role=listbox], "
  + "[role=group], [role=list], iframe";
/** The number of fields that are examined on each side of the focused field, in the order of the page. */
const MAX_NEIGHBOURS = 300;
/** The number of fields of one kind that are examined. A page with more fields shows a list and not a form for mail. */
const MAX_FIELDS = 20;
/** The characters between the addresses in a recipient field. The apostrophe is not one, because it can be in an address. */
const AROUND_ADDRESS = /[\s<>()[\]:;,"]+/u;
/** The number of texts that are read from a form to find its recipients. */
const MAX_TEXTS = 200;
/** The least height of an editor, in pixels. A lower element is a one-line field, for example for recipients. */
const MIN_EDITOR_HEIGHT = 40;
/** The number of elements around a recipient field that are searched for recipients already entered. */
const MAX_CHIP_LEVELS = 3;

/**
 * A field of a form. With `isText` it is an element that only shows people.
 * @typedef {{kind: string, element: HTMLElement, isText?: boolean}} Found
 */
/** A form for mail. `files` is the file input that the person has shown the extension. @typedef {{place: Element, editor: HTMLElement, subject: HTMLElement, found: Found[], files?: HTMLInputElement}} MailForm */
/** @typedef {import("./webmail_tools.js").Letter} Letter */

/** @param {Element} place @param {Element} element */
function holds(place, element) {
  return outwardsFrom(element).includes(place);
}

/** @param {Element} element */
function isShown(element) {
  return element.checkVisibility({ visibilityProperty: true });
}

/** @param {Element} element */
function isHigh(element) {
  return isShown(element) && element.getBoundingClientRect().height >= MIN_EDITOR_HEIGHT;
}

/**
 * The form for mail to which a field belongs; null for none.
 * @param {HTMLElement} element
 * @returns {MailForm | null}
 */
function mailFormOf(element) {
  const fields = fieldsAround(element);
  const mailFields = mailFieldsAmong(fields);
  const named = new Set(mailFields.map((field) => field.element));
  const editors = fields.filter((field) => !named.has(field) && (field === element ? isManyLines(field) : isEditor(field) && isHigh(field)));
  const form = formAmong(mailFields, editors, element);
  return mailtoForm(element) ?? (form ? asShownNow(form) : formAmong([...mailFields, ...labelledPeople()], editors, element));
}

/**
 * A form for mail with the fields that its page shows now. For example, the page may have added a field for Bcc.
 * @param {MailForm} form @returns {MailForm}
 */
export function asShownNow(form) {
  const known = new Set([form.editor, form.subject, ...form.found.map(({ element }) => element)]);
  const fields = fieldsAround(form.editor).filter((field) => !known.has(field) && isOfPlace(form, field));
  const people = labelledPeople().filter(({ element }) => !known.has(element) && isOfPlace(form, element));
  return { ...form, found: [...form.found, ...people, ...mailFieldsAmong(fields)] };
}

/** The fields that have a part of a mail, with this part. @param {HTMLElement[]} fields @returns {Found[]} */
function mailFieldsAmong(fields) {
  return fields.flatMap((element) => {
    const kind = element instanceof HTMLIFrameElement ? null : mailFieldOf(element);
    return kind && isUsable(kind, element) ? [{ kind, element }] : [];
  });
}

/** Whether an element is in the form, but not in one of its fields. @param {MailForm} form @param {Element} element */
function isOfPlace({ place, editor, subject, found: mailFields }, element) {
  const whole = closest(place, "form") ?? place;
  return holds(whole, element) && ![editor, subject, ...mailFields.map((field) => field.element)].some((part) => holds(part, element) || holds(element, part));
}

/** A field with the fields before and after it, in the order of the page. @param {HTMLElement} element */
function fieldsAround(element) {
  const all = rootsBelow(document).flatMap((root) => [.../** @type {NodeListOf<HTMLElement>} */ (findBelow(root, FIELDS))]);
  const place = all.indexOf(element);
  return all.slice(Math.max(0, place - MAX_NEIGHBOURS), place + MAX_NEIGHBOURS);
}

/** @param {string} kind @param {HTMLElement} field */
function isUsable(kind, field) {
  const isHidden = field instanceof HTMLInputElement && field.type === "hidden";
  if (kind === "subject") return isHidden || isShown(field);
  return (!isHidden && !(field instanceof HTMLSelectElement) && isShown(field)) || textsIn(field).length > 0;
}

/** @param {HTMLElement} element */
function isEditor(element) {
  return element instanceof HTMLIFrameElement ? editableIn(element) !== null : isManyLines(element);
}

/** @param {HTMLElement} element */
function isManyLines(element) {
  return !(element instanceof HTMLInputElement || element instanceof HTMLSelectElement)
    && (element instanceof HTMLIFrameElement || isField(element) || element.ariaMultiLine === "true");
}

/** The editable element in a frame of the page's own origin; null for none. @param {HTMLElement} frame */
export function editableIn(frame) {
  const { contentDocument = null } = /** @type {HTMLIFrameElement} */ (frame);
  if (!contentDocument || !bodyOf(contentDocument)) return null;
  const [part = null] = findBelow(contentDocument, "[contenteditable]:not([contenteditable=false]), textarea");
  return wholeEditorIn(/** @type {HTMLIFrameElement} */ (frame)) ?? /** @type {HTMLElement | null} */ (part);
}

/** @param {Found[]} mailFields @param {HTMLElement[]} editors @param {HTMLElement} element @returns {MailForm | null} */
function formAmong(mailFields, editors, element) {
  const of = (/** @type {string[]} */ ...kinds) => mailFields.filter(({ kind }) => kinds.includes(kind)).map((field) => field.element).slice(0, MAX_FIELDS);
  const recipients = of("to", "cc", "bcc");
  const withEditor = new Set(editors.flatMap(outwardsFrom));
  for (const subject of of("subject")) {
    // `head` is the index of the innermost element around the subject and a recipient; `place` is the innermost element
    // around these and an editor.
    const outwards = outwardsFrom(subject);
    const places = new Set(recipients.map((recipient) => commonOf(outwards, recipient)));
    const head = outwards.findIndex((outward) => places.has(outward));
    const place = head < 0 ? null : outwards.slice(head).find((outward) => withEditor.has(outward));
    if (!place || !holds(place, element) || !isOfForm({ place, subject, element, isPart: editors.concat(of("to", "cc", "bcc", "subject")).includes(element) })) continue;
    const editor = editors.find((candidate) => candidate === element) ?? editors.find((candidate) => holds(place, candidate));
    if (editor) return { place, editor, subject, found: mailFields.filter((field) => holds(place, field.element)) };
  }
  return null;
}

/**
 * Whether a field inside `place` belongs to the form for mail. If the field and the subject are both in a `form`
 * element, it must be the same element. If `place` is the whole page, the field must itself be a recipient field, a
 * subject field or an editor.
 * @param {{place: Element, subject: HTMLElement, element: HTMLElement, isPart: boolean}} field
 */
function isOfForm({ place, subject, element, isPart }) {
  const [own, other] = [element, subject].map((field) => closest(field, "form"));
  if (own && other) return own === other;
  const isWholePage = place === bodyOf(document) || place === topElementOf(document);
  // No script can find out whether a frame of another origin is an editor.
  const isUnknown = element instanceof HTMLIFrameElement && editableIn(element) === null;
  return !isWholePage || (isPart && !isUnknown);
}

/** @param {Element[]} outwards @param {Element} other */
function commonOf(outwards, other) {
  const places = new Set(outwards);
  return outwardsFrom(other).find((place) => places.has(place)) ?? null;
}

/**
 * The form around an element, if its action is a `mailto:` address.
 * @param {HTMLElement} element @returns {MailForm | null}
 */
function mailtoForm(element) {
  const form = /** @type {HTMLFormElement | null} */ (closest(element, "form"));
  if (!form || !/^\s*mailto:/i.test(attributeOf(form, "action") ?? "")) return null;
  return { place: form, editor: element, subject: element, found: [] };
}

/** The texts with people in the `mailto:` action of a form; none for another action. @param {Element} place */
function textsOfAction(place) {
  const action = attributeOf(place, "action")?.trim() ?? "";
  if (!/^mailto:/i.test(action) || !URL.canParse(action)) return [];
  try {
    return [decodeURIComponent(new URL(action).pathname)];
  } catch {
    return [];
  }
}

/** The texts in a recipient field that may name people. @param {HTMLElement} field @returns {string[]} */
function textsIn(field) {
  if (field instanceof HTMLSelectElement) return mayNamePeople([...field.selectedOptions].flatMap(({ value, text }) => [value, text]));
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) return mayNamePeople([field.value]);
  return peopleBelow(field);
}

/**
 * The texts in a recipient field, and the texts of recipients shown around it.
 * @param {HTMLElement} field @param {MailForm} form
 */
function recipientsAt(field, form) {
  const others = [form.editor, ...form.found.map(({ element }) => element)].filter((part) => part !== field);
  const isOwn = (/** @type {Element} */ place) => place !== bodyOf(document) && !others.some((other) => holds(place, other));
  const chips = outwardsFrom(field).slice(1, 1 + MAX_CHIP_LEVELS).findLast(isOwn);
  return [...(chips ? peopleBelow(chips) : []), ...textsIn(field)];
}

/** The text in an editor. @param {HTMLElement} editor */
export function writtenIn(editor) {
  const element = editor instanceof HTMLIFrameElement ? editableIn(editor) : editor;
  if (element instanceof HTMLInputElement) return "";
  const { value } = /** @type {Partial<HTMLTextAreaElement>} */ (element ?? {});
  return (value ?? element?.innerText ?? "").trimEnd();
}

/** Whether a field is empty. @param {HTMLElement} field */
function isEmpty(field) {
  return ((/** @type {Partial<HTMLInputElement>} */ (field)).value ?? textOf(field) ?? "").trim() === "";
}

/** The values of a form, for the extension's window for writing. The people are unparsed texts of the page. @param {MailForm} form */
export function fieldsOf(form) {
  const people = (/** @type {string} */ role) => {
    const texts = form.found.filter(({ kind }) => kind === role).flatMap(({ element, isText }) =>
      (isText ? peopleBelow(element) : recipientsAt(element, form)));
    return [...new Set(role === "to" ? [...textsOfAction(form.place), ...texts] : texts)].slice(0, MAX_TEXTS);
  };
  const from = form.found.find(({ kind }) => kind === "from")?.element;
  const { subject, editor } = form;
  const title = subject === editor ? "" : /** @type {HTMLInputElement} */ (subject).value ?? textOf(subject) ?? "";
  return {
    kind: "new", from: (from && textsIn(from)[0]) ?? "", to: people("to"), cc: people("cc"), bcc: people("bcc"),
    subject: title, text: writtenIn(editor),
  };
}

/** The recipient fields of a form that name nobody. @param {MailForm} form */
export function emptyPeople(form, known = fieldsOf(form)) {
  const fieldOf = (/** @type {"to" | "cc"} */ kind) =>
    // A field with a name but no address is not empty.
    (known[kind].length > 0 ? undefined : form.found.find((field) => field.kind === kind && isEmpty(field.element))?.element);
  return { to: fieldOf("to"), cc: fieldOf("cc") };
}

/**
 * The addresses in which a form and a message differ. Names without an address do not count. Empty fields do not count
 * either, because the extension fills them.
 * @param {MailForm} form @param {Record<"to" | "cc" | "bcc", string[]>} envelope
 */
export function otherPeople(form, { to, cc, bcc }) {
  const known = fieldsOf(form);
  const shown = [...known.to, ...known.cc, ...known.bcc].flatMap((text) => text.split(AROUND_ADDRESS)).filter((address) => address.includes("@")).map(addressKey);
  const own = [...to, ...cc, ...bcc].map(addressKey);
  const empty = emptyPeople(form, known);
  const expected = [...(empty.to ? [] : to), ...(empty.cc ? [] : cc)].map(addressKey);
  return shown.length === 0 ? [] : [...shown.filter((address) => !own.includes(address)), ...expected.filter((address) => !shown.includes(address))];
}

/**
 * The file input of a form: the input that the person has shown the extension, or else the only input that takes files of
 * every type; null for none.
 * @param {MailForm} form @returns {HTMLInputElement | null}
 */
export function fileFieldOf({ place, subject, editor, files }) {
  if (files) return files;
  const whole = closest(place, "form") ?? place;
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (findBelow(whole, "input[type=file]:enabled:not([accept], [webkitdirectory])"));
  return subject !== editor && fields.length === 1 ? fields[0] : null;
}

/**
 * Whether the focused field of this document belongs to a form for mail.
 * @returns {"field" | "frame" | ""} "frame" if the focus is in a frame of the form, "" for no form
 */
export function findMailForm() {
  // A document keeps its active element when the focus goes to another frame of the page.
  const focused = window === window.top || hasFocus(document) ? findFocused() : null;
  if (!focused || !formOf(focused)) return "";
  return focused instanceof HTMLIFrameElement ? "frame" : "field";
}

/** @param {HTMLElement} element */
function formOf(element) {
  const isText = element instanceof HTMLIFrameElement || (element instanceof HTMLInputElement && element.type === "email") || isField(element);
  return isText && !findCms(element) ? mailFormOf(element) : null;
}

/** The form for mail with the focus. @returns {MailForm | null} */
export function focusedMailForm() {
  const focused = findFocused();
  return focused && formOf(focused);
}

/** The innermost element that contains all these elements. @param {Element} first @param {...Element} others */
export function placeAround(first, ...others) {
  return outwardsFrom(first).find((place) => others.every((other) => holds(place, other))) ?? first;
}
