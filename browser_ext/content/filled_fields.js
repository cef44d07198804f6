/** The fields into which armored text was put: fills them, and checks the text until the form is submitted. */
import { ask } from "./background_link.js";
import { formOf } from "./dom_tree.js";
import { findCms, findSuccessor, isField, textOf, writeArmor } from "./field_text.js";
import { boxes } from "./frame_host.js";
import { noteErrorFor, noteFor, warnFor } from "./notes.js";
import { contentOf, settled } from "./page_text.js";
import { receivers } from "./receivers.js";
import { api, world } from "./world.js";

const LOOK_MILLISECONDS = 500;

/**
 * The armored text that was put into a field. `name`: the field's name at that time. `before`: the text in its place
 * then, without blanks. `left`: the page's text that the person agreed to send instead; null if there is none.
 * `whileShown` shows the field while it is written.
 * @typedef {<T>(act: () => Promise<T>) => Promise<T>} WhileShown
 * @typedef {{armored: string, name: string, before: string, left: string | null, whileShown: WhileShown}} Filled
 */
/** The fields whose text has not been sent yet. @type {Map<HTMLElement, Filled>} */
const filled = new Map();
/** The timer that looks whether a field has its old text again, while there are filled fields; 0 for none. */
let timer = 0;

/** Starts to stop forms in which the page has altered a filled field. */
export function watchFilledFields() {
  world.guard.listen("submit", stopAltered);
  for (const type of ["click", "keydown"]) world.guard.listen(type, stopReturned);
  // The next document has other fields. A document that comes back by Back has already sent its own.
  world.guard.listen("pagehide", () => filled.clear());
}

/**
 * Puts the armored text into the page's field, and checks that the field has kept it.
 * @param {HTMLElement} field
 * @param {string} armored
 * @param {WhileShown} whileShown
 * @returns {Promise<string>} the code of a problem, or ""
 */
export async function fill(field, armored, whileShown) {
  const element = field.isConnected ? field : findSuccessor(field, isField);
  if (!element) return "field-gone";
  const before = findCms(element) ? filled.get(element)?.before ?? "" : settled(contentOf(element));
  const refused = await whileShown(() => writeArmor(element, armored));
  if (refused) return refused;
  filled.set(element, { armored, name: element.getAttribute("name") ?? "", before, left: null, whileShown });
  noteFor(element, "");
  timer ||= setInterval(lookForReturned, LOOK_MILLISECONDS);
  return "";
}

/** Says below each field that has its old text again, by Undo or by the page, that it is there in clear. */
function lookForReturned() {
  for (const [element, own] of filled) {
    // A field that the page has taken out stays known: the page can put it back and send it.
    if (element.isConnected && !document.hidden && isReturned(element, own)) warnFor(element, api.i18n.getMessage("alteredReturned"));
  }
  if (filled.size > 0) return;
  clearInterval(timer);
  timer = 0;
}

/** Whether a field has its old text again, also beside the armored text. @param {HTMLElement} element @param {Filled} own */
function isReturned(element, { armored, before, left }) {
  if (left !== null || before === "") return false;
  const text = settled(contentOf(element));
  return text.includes(before) && text.replaceAll(settled(armored), "\n").includes(before);
}

/**
 * Stops a press that may send a field that has its old text again. Pages that send by script have no form.
 * @param {Event} event
 */
function stopReturned(event) {
  if (filled.size === 0 || !event.isTrusted || (event instanceof KeyboardEvent && event.key !== "Enter")) return;
  const path = event.composedPath();
  const [returned] = [...filled].find(([element, own]) => isReturned(element, own)) ?? [];
  const isOutside = event instanceof KeyboardEvent || (returned && !path.includes(returned));
  if (!returned || !isOutside || path.some((one) => one instanceof Node && boxes.has(one))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  void tellAltered(returned, textOf(returned), false);
}

/** @param {Event} event */
function stopAltered(event) {
  const [form] = event.composedPath();
  if (!(form instanceof HTMLFormElement)) return;
  const altered = findAltered(form);
  if (!altered) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  void tellAltered(altered, textOf(altered), false);
}

/** @param {HTMLFormElement} form @returns {[HTMLElement, Filled][]} the form's fields with armored text */
export function filledFieldsOf(form) {
  return [...filled].filter(([element]) => element.isConnected && formOf(element) === form);
}

/** @param {HTMLFormElement} form */
function findAltered(form) {
  const fields = filledFieldsOf(form);
  const isAltered = (/** @type {HTMLElement} */ element, /** @type {Filled} */ own) =>
    isReturned(element, own) || (findCms(element) !== own.armored && !isLeft(textOf(element), own));
  return fields.find(([element, own]) => isAltered(element, own))?.[0] ?? null;
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
 * @param {boolean} isSent true if the form may have been sent, with the armored text put back
 */
export async function tellAltered(element, text, isSent) {
  const known = filled.get(element);
  // A script can submit forms at any time. The window opens only if the person has clicked or typed just before.
  if (navigator.userActivation?.isActive === false) {
    // The note is shown later. Now it would run observers of the page before the form is sent.
    return setTimeout(() => noteFor(element, api.i18n.getMessage(isSent ? "alteredSent" : "alteredStopped")));
  }
  try {
    const { job } = await ask("field.altered", { text, isSent });
    receivers.set(job, {
      // If the person closes the window without a choice, the field is checked as before.
      receive({ type }) {
        receivers.delete(job);
        if (type === "field.restore" && known) return fill(element, known.armored, known.whileShown);
        const own = filled.get(element);
        if (type === "field.leave" && own) filled.set(element, { ...own, left: text });
        return "";
      },
    });
  } catch (error) {
    noteErrorFor(element, error);
  }
}
