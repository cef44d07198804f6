/**
 * The fields whose text was replaced, by armored text or by the sentence of a form for mail. This module fills the
 * fields. Until the text has been sent, it checks that the old text does not come back.
 */
import { ask } from "./background_link.js";
import { boxes } from "./boxes.js";
import { findBelow, formOf, isVisible, matches, stop } from "./dom_tree.js";
import { listenEverywhere, meetDocuments } from "./everywhere.js";
import { ARMOR_BEGIN, findCms, findSuccessor, hasPieces, isField, textOf, writeArmor } from "./field_text.js";
import { isWriting } from "./keys.js";
import { noteErrorFor, noteFor, warnFor } from "./notes.js";
import { OldText, settled } from "./old_text.js";
import { contentOf, replaceText } from "./page_text.js";
import { reachableDocuments, reachableRoots } from "./reachable_documents.js";
import { receivers } from "./receivers.js";
import { world } from "./world.js";
import { translate } from "../texts/texts.js";

const LOOK_MILLISECONDS = 500;
const FIELDS = "textarea, input, [contenteditable]";
/** The events of a press (a click or key). If one of them is stopped, the person gets a report. */
const PRESSES = ["click", "auxclick", "contextmenu", "keydown"];
/** The other events of a press. A page can send a text in these too. */
const PARTS_OF_PRESSES = ["pointerdown", "mousedown", "touchstart", "pointerup", "mouseup", "touchend", "keyup", "change"];
/** The events of movements during a press. */
const MOVES = ["pointermove", "mousemove", "touchmove", "dragstart"];

/**
 * The text `put` that replaced the text of a field, and the old text. In a form for mail `put` is a sentence and `armored` is "".
 * `name`: the field's name at that time. `left`: the page's text that the person agreed to send instead; null if there is none.
 * `host` shows the field while text is put into it, and is called when the page has replaced that text. `read`: the field's
 * content at the last check, and the flaw of that content. `isPressed`: since then the person has pressed something in the page.
 * `isSent`: after this press the page has emptied or removed the field. `others` are the other fields that already had the old
 * text.
 * @typedef {{whileShown<T>(act: () => Promise<T>): Promise<T>, tellReplaced(): void, tellPressed(): void}} Host
 * @typedef {{put: string, armored: string, name: string, old: OldText, left: string | null, host: Host, others: WeakSet<HTMLElement>, isPressed?: boolean, isSent?: boolean, read?: {content: string, flaw: Flaw}}} Filled
 * @typedef {"altered_returned" | "altered_damaged" | ""} Flaw
 */
/** The fields whose text has not been sent yet. @type {Map<HTMLElement, Filled>} */
const filled = new Map();
/** The timer that checks whether a field has its old text again; 0 if there are no filled fields. */
let timer = 0;
/** Whether the beginning of the current press was stopped. */
let isHeld = false;
/** The host for a text that was not written in a frame of the extension. @type {Host} */
const NO_HOST = { whileShown: (act) => act(), tellReplaced() {}, tellPressed() {} };

/** Starts the watch that stops forms in which the page has altered a filled field. */
export function watchFilledFields() {
  world.guard.listen("submit", stopAltered);
  for (const type of PRESSES) listenEverywhere(type, (event) => stopReturned(event, { isTold: true }));
  for (const type of PARTS_OF_PRESSES) listenEverywhere(type, (event) => stopReturned(event, { isTold: false }));
  for (const type of MOVES) listenEverywhere(type, stopMove);
}

/**
 * Puts the armored text into the page's field, and checks that the field has kept it.
 * @param {HTMLElement} field
 * @param {string} armored
 * @param {Host} host
 * @returns {Promise<string>} the code of a problem, or ""
 */
export async function fill(field, armored, host) {
  const element = placeOf(field);
  if (!element) return "field-gone";
  const known = filled.get(field) ?? filled.get(element);
  const old = known && (findCms(element) || element !== field) ? known.old : new OldText(contentOf(element));
  const refused = await host.whileShown(() => writeArmor(element, armored));
  if (refused) return refused;
  if (element !== field) filled.delete(field);
  watch(element, { put: armored, armored, name: element.getAttribute("name") ?? "", old, left: null, host, others: fieldsWith(old, element) });
  return "";
}

/**
 * Watches the text of a form for mail, which was replaced by a sentence.
 * @param {HTMLElement} element @param {string} text the replaced text @param {string} sentence
 */
export function watchHandedOver(element, text, sentence) {
  const old = new OldText(text);
  watch(element, { put: sentence, armored: "", name: "", old, left: null, host: NO_HOST, others: fieldsWith(old, element) });
}

/** @param {HTMLElement} element @param {Filled} own */
function watch(element, own) {
  filled.set(element, own);
  noteFor(element, "");
  meetDocuments(reachableRoots());
  timer ||= setInterval(lookForFlaws, LOOK_MILLISECONDS);
}

/** The field itself, or the field with which the page has replaced it. @param {HTMLElement} field */
function placeOf(field) {
  return field.isConnected ? field : findSuccessor(field, isField);
}

/** Warns at each field that has its old text again (through Undo or the page), or whose encrypted text is damaged. */
function lookForFlaws() {
  // The page may have added a frame meanwhile.
  meetDocuments(reachableDocuments());
  noteSent();
  for (const [element, own] of filled) {
    // A field that the page has removed is still remembered, because the page can put it back and send it.
    const place = document.hidden ? null : placeOf(element);
    const flaw = place && flawOf(place, own);
    if (flaw) warnFor(shownPlaceOf(place), translate(flaw));
    if (place && (flaw || isReplaced(place, own))) own.host.tellReplaced();
  }
  if (filled.size > 0) return;
  clearInterval(timer);
  timer = 0;
}

/** Records which fields the page has emptied or removed after a press. The person may then write the same text elsewhere. */
function noteSent() {
  for (const [element, own] of filled) {
    const place = placeOf(element);
    if (own.isPressed) own.isSent ||= !place || settled(contentOf(place)) === "";
  }
}

/** The element below which a sentence about a field is visible: the field, or its frame. @param {HTMLElement} place */
function shownPlaceOf(place) {
  return (place.ownerDocument === document ? null : place.ownerDocument.defaultView?.frameElement) ?? place;
}

/**
 * The flaw of a field's text: the field has the old text (alone or beside the extension's text), or the encrypted text
 * is damaged. A field that the page has emptied has no flaw.
 * @param {HTMLElement} place @param {Filled} own @returns {Flaw}
 */
function flawOf(place, own) {
  if (own.left !== null) return "";
  const content = contentOf(place);
  if (own.read?.content !== content) own.read = { content, flaw: judge(content, own) };
  return own.read.flaw;
}

/**
 * Whether a page has replaced an encrypted text by another text. An empty field does not count.
 * @param {HTMLElement} place @param {Filled} own
 */
function isReplaced(place, { armored }) {
  const content = contentOf(place);
  return armored !== "" && !content.includes(ARMOR_BEGIN) && settled(content) !== "";
}

/** @param {string} content @param {Filled} own @returns {Flaw} */
function judge(content, { put, armored, old }) {
  if (old.isBeside(content, put)) return "altered_returned";
  return armored && hasPieces(content, armored) ? "altered_damaged" : "";
}

/**
 * The filled field (`element`) whose old text is back or whose text is damaged, and the field that has this text now
 * (`place`). `place` is the same field, the field that has replaced it, or, for an old text, another visible field.
 * @returns {{element: HTMLElement, place: HTMLElement} | null}
 */
function findReturned() {
  for (const [element, own] of filled) {
    const place = placeOf(element);
    if (place && flawOf(place, own)) return { element, place };
  }
  const long = [...filled].filter(([, { old, left, isSent }]) => left === null && old.isLong && !isSent);
  if (long.length === 0) return null;
  for (const place of shownFields()) {
    const [element] = long.find(([, { old, others }]) => !others.has(place) && old.isIn(contentOf(place))) ?? [];
    if (element) return { element, place };
  }
  return null;
}

/** The fields that a person sees and can change, in all documents of the site. */
function shownFields() {
  const fields = reachableRoots().flatMap((root) => [.../** @type {NodeListOf<HTMLElement>} */ (findBelow(root, FIELDS))]);
  return fields.filter((field) => isVisible(field) && !matches(field, ":read-only"));
}

/**
 * The other fields that already have the text, as in a quotation.
 * @param {OldText} old @param {HTMLElement} element its own field
 */
function fieldsWith(old, element) {
  return new WeakSet(old.isLong ? shownFields().filter((field) => field !== element && old.isIn(contentOf(field))) : []);
}

/**
 * Stops a press that may send a field with its old text or a damaged text. A page that sends by script may have no form
 * to stop.
 * @param {Event} event @param {{isTold: boolean}} options
 */
function stopReturned(event, { isTold }) {
  if (filled.size === 0 || !event.isTrusted || isWriting(event)) return;
  const path = event.composedPath();
  if (path.some((node) => boxes.has(/** @type {Node} */ (node)))) return;
  noteSent();
  const returned = findReturned();
  const isStopped = returned !== null && (event.type.startsWith("key") || !path.includes(returned.place));
  isHeld = isStopped && !isTold;
  if (!isStopped) return notePress();
  stop(event);
  if (isTold) void tellAltered(returned.element, textOf(returned.place), false, returned.place);
}

/** After a press was stopped, stops its movements too, because a page can send a text during a movement. @param {Event} event */
function stopMove(event) {
  if (isHeld && /** @type {Partial<MouseEvent>} */ (event).buttons !== 0) stop(event);
}

/** Records a press, after which the page may send its fields. */
function notePress() {
  for (const own of filled.values()) {
    if (own.isPressed) continue;
    own.isPressed = true;
    own.host.tellPressed();
  }
}

/** @param {Event} event */
function stopAltered(event) {
  const [form] = event.composedPath();
  if (!(form instanceof HTMLFormElement)) return;
  const altered = findAltered(form);
  if (!altered) return;
  stop(event);
  void tellAltered(altered.element, textOf(altered.place), false, altered.place);
}

/** The filled fields whose old text must not be sent. @returns {[HTMLElement, Filled][]} */
export function watchedTexts() {
  return [...filled].filter(([, { old, left }]) => left === null && !old.isEmpty);
}

/** Whether this document has filled fields whose text has not been sent yet. */
export function hasFilledFields() {
  return filled.size > 0;
}

/** @param {HTMLFormElement} form @returns {[HTMLElement, Filled][]} the form's fields with armored text */
export function filledFieldsOf(form) {
  return [...filled].filter(([element, { armored }]) => armored && element.isConnected && formOf(element) === form);
}

/** @param {HTMLFormElement} form @returns {{element: HTMLElement, place: HTMLElement} | null} as `findReturned` */
function findAltered(form) {
  const fields = filledFieldsOf(form);
  const isAltered = (/** @type {HTMLElement} */ element, /** @type {Filled} */ own) =>
    flawOf(element, own) !== "" || (findCms(element) !== own.armored && !isLeft(textOf(element), own));
  const [altered] = fields.find(([element, own]) => isAltered(element, own)) ?? [];
  if (altered) return { element: altered, place: altered };
  const returned = findReturned();
  return returned && formOf(returned.place) === form ? returned : null;
}

/**
 * Whether the person agreed to send exactly this text instead of the armored one.
 * @param {string} text @param {Filled} own
 */
export function isLeft(text, { left }) {
  return left !== null && text.replace(/\r\n?/g, "\n") === left.replace(/\r\n?/g, "\n");
}

/**
 * Reports an altered field in the extension's window, which a page cannot fake.
 * @param {HTMLElement} element
 * @param {string} text the page's text that replaced the armored one
 * @param {boolean} isSent true if the form may have been sent after the armored text was put back
 * @param {HTMLElement} [place] the field that has the text now
 */
export async function tellAltered(element, text, isSent, place = element) {
  const known = filled.get(element);
  // A script can submit forms at any time. The window opens only if the person has just clicked or typed.
  if (navigator.userActivation?.isActive === false) {
    // The note is shown later, because showing it now would run observers of the page before the form is sent.
    return setTimeout(() => noteFor(element, translate(isSent ? "altered_sent" : "altered_stopped")));
  }
  try {
    const { job } = await ask("field.altered", { text, isSent });
    receivers.set(job, {
      // If the person closes the window without a choice, the field is checked as before.
      receive({ type }) {
        receivers.delete(job);
        if (type === "field.restore" && known) return restore(element, known, place);
        const own = filled.get(element);
        if (type === "field.leave" && own) filled.set(element, { ...own, left: text });
        return "";
      },
    });
  } catch (error) {
    noteErrorFor(element, error);
  }
}

/**
 * Puts the extension's text back into a field, or into another field that has the old text.
 * @param {HTMLElement} element @param {Filled} own @param {HTMLElement} place @returns {Promise<string>} the code of a problem, or ""
 */
async function restore(element, { put, armored, host }, place) {
  if (place !== element && place !== placeOf(element) && !await replaceText(place, put)) return "field-refused";
  if (armored) return fill(element, armored, host);
  const field = placeOf(element);
  return field && await replaceText(field, put) ? "" : "field-refused";
}
