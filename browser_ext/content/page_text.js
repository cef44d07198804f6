/**
 * Replaces the text of a page's field as a person does, and reads back the text that the field then has.
 *
 * An editor keeps its text in a model, sends the model, and draws its elements from the model. A text that a script
 * puts only into the elements is shown, but never sent. So this module uses the events and commands with which a
 * browser enters a person's text, and tries several ways to enter the text. After each try the module waits, and then
 * checks the text that the editor provides for copying, which comes from its model. If the editor provides none, the
 * module checks the elements.
 */
import { bodyOf, commentsBelow, documentOf, findBelow, formOf, isVisible, textOf } from "./dom_tree.js";
import { OldText, settled } from "./old_text.js";
import { reachableRoots } from "./reachable_documents.js";
import { shadowRootOf } from "./shadow_roots.js";

/** The time in which an editor notices a selection, and the time in which it finishes a change. */
const SELECTION_MILLISECONDS = 120;
const TURN_MILLISECONDS = 200;
/** The longest wait for two frames. A tab in the background draws no frames. */
const FRAMES_MILLISECONDS = 300;
/** The number of times that an editor is asked for its text. */
const MAX_TRIES = 3;
/** The elements, besides the visible field, in which a page can keep a text. */
const HELD_APART = "textarea, input[type=hidden], input[type=text], [contenteditable]";
const COMMON = { bubbles: true, cancelable: true, composed: true };

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Control */

/**
 * The functions that enter text into an editor. All text in the editor is selected before each call.
 * @type {((field: HTMLElement, text: string) => void)[]}
 */
const EDITOR_WRITERS = [paste, replaceByEvent, typeByCommand];

/**
 * Replaces all text of a field. Any document of this site may hold the field.
 * @param {HTMLElement} field @param {string} text
 * @returns {Promise<boolean>} false if the page did not accept the text; then the field is empty, or `contentOf` returns the text
 * that the field has kept
 */
export async function replaceText(field, text) {
  const before = new OldText(contentOf(field));
  const writers = isControl(field) ? [setValue] : EDITOR_WRITERS;
  for (const write of writers) {
    await selectAll(field);
    write(field, text);
    await turn();
    if (await holdsOnly(field, text) && !isHeldApart(field, before)) return true;
  }
  await empty(field);
  return false;
}

/** The text in a field of a page. The layout of the page does not affect it. @param {HTMLElement} field */
export function contentOf(field) {
  return (isControl(field) ? field.value : field.textContent) ?? "";
}

/** @param {Element} field of any document @returns {field is Control} */
export function isControl(field) {
  return field.localName === "textarea" || field.localName === "input";
}

/** Whether the page has exactly this text, after the editor has handled it. @param {HTMLElement} field @param {string} text */
async function holdsOnly(field, text) {
  if (isControl(field)) return settled(field.value) === settled(text);
  /** @type {string | null} */
  let copied = "";
  // An editor that gives nothing has not noticed the selection yet. Select again with the browser's own command, which
  // sets other end points.
  for (let tries = 0; tries < MAX_TRIES && copied === ""; tries += 1) {
    await selectAll(field, { isAgain: tries > 0 });
    copied = copyFrom(field);
  }
  // An editor that handles the event and gives nothing has lost its selection. Its elements then do not show its model.
  return settled(copied ?? contentOf(field)) === settled(text);
}

/** The selected text as the editor copies it; null if the editor leaves copying to the browser. @param {HTMLElement} field */
function copyFrom(field) {
  const data = new DataTransfer();
  const event = new ClipboardEvent("copy", { ...COMMON, clipboardData: data });
  return field.dispatchEvent(event) ? null : (event.clipboardData ?? data).getData("text/plain");
}

/**
 * Whether the page keeps the old text, or its beginning, where nobody sees it. The text can be in a control under an
 * editor, in the second of two editors, or in any document that the page can reach. It can also be in the editor's
 * markup, which the page sends.
 * @param {HTMLElement} field @param {OldText} before
 */
function isHeldApart(field, before) {
  if (before.isEmpty) return false;
  const others = reachableRoots().flatMap((root) => [.../** @type {NodeListOf<HTMLElement>} */ (findBelow(root, HELD_APART))]);
  return others.some((other) => other !== field && !isShown(other) && isCopy(contentOf(other), before) && (before.isLong || isBeside(other, field)))
    || (!isControl(field) && unseenTextsBelow(field).some((text) => before.isBegunIn(text)));
}

/**
 * Whether a text is the old text or its beginning. A beginning that the page shows, such as the title of a topic, does
 * not count.
 * @param {string} text @param {OldText} before
 */
export function isCopy(text, before) {
  return before.isIn(text) || (before.isBegunIn(text) && !(bodyOf(document)?.innerText ?? "").includes(text.trim()));
}

/**
 * Whether a control belongs to the same form as a field, or both belong to no form. This matters for a short text,
 * which can be the value of many other controls.
 * @param {HTMLElement} other @param {HTMLElement} field
 */
function isBeside(other, field) {
  return documentOf(other) === documentOf(field) && formOf(other) === formOf(field);
}

/**
 * The texts of an editor's markup that are not its content: in comments, attributes, templates and shadow trees.
 * @param {ParentNode & Node} root @returns {string[]}
 */
function unseenTextsBelow(root) {
  const elements = [...findBelow(root, "*")];
  const templates = /** @type {HTMLTemplateElement[]} */ (elements.filter(({ localName }) => localName === "template"));
  const apart = [...elements.flatMap((element) => shadowRootOf(element) ?? []), ...templates.map(({ content }) => content)];
  return [
    ...Array.from(commentsBelow(root), ({ data }) => data),
    ...elements.flatMap(({ attributes }) => [...attributes].map(({ value }) => value)),
    ...apart.flatMap((element) => [textOf(element) ?? "", ...unseenTextsBelow(element)]),
  ];
}

/** Whether a person sees an element, and the frame that it is in. @param {Element} element */
function isShown(element) {
  const frame = element.ownerDocument.defaultView?.frameElement;
  return isVisible(element) && (!frame || isVisible(frame));
}

/** @param {HTMLElement} field @param {string} text */
function setValue(field, text) {
  /** @type {Control} */ (field).value = text;
  tell(field);
}

/** Tells a page that its field has changed, with the events of a replacement. @param {HTMLElement} field */
function tell(field) {
  field.dispatchEvent(new InputEvent("input", { ...COMMON, cancelable: false, inputType: "insertReplacementText" }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** @param {HTMLElement} field @param {string} text */
function paste(field, text) {
  // Chromium reads `clipboardData`, Firefox `data`.
  const data = { clipboardData: transferOf(text), dataType: "text/plain", data: text };
  field.dispatchEvent(new ClipboardEvent("paste", { ...COMMON, ...data }));
}

/** @param {HTMLElement} field @param {string} text */
function replaceByEvent(field, text) {
  field.dispatchEvent(new InputEvent("beforeinput", { ...COMMON, inputType: "insertFromPaste", dataTransfer: transferOf(text) }));
}

/** @param {string} text */
function transferOf(text) {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  return data;
}

/**
 * Has the browser type the text in one line, because Chromium needs 3 ms and two events for each further line. Older
 * editors notice the text through key events, or through a click.
 * @param {HTMLElement} field @param {string} text
 */
function typeByCommand(field, text) {
  field.dispatchEvent(new KeyboardEvent("keydown", { ...COMMON, key: "Unidentified" }));
  field.ownerDocument.execCommand("insertText", false, text.trim().replaceAll("\n", " "));
  field.dispatchEvent(new KeyboardEvent("keyup", { ...COMMON, key: "Unidentified" }));
  field.dispatchEvent(new MouseEvent("click", COMMON));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Empties a field as far as its page lets it. @param {HTMLElement} field */
async function empty(field) {
  if (isControl(field)) return setValue(field, "");
  await selectAll(field);
  const event = new InputEvent("beforeinput", { ...COMMON, inputType: "deleteContentBackward" });
  if (field.dispatchEvent(event)) field.ownerDocument.execCommand("delete");
  await turn();
}

/**
 * Selects all of a field, and waits until its editor has noticed the selection.
 * @param {HTMLElement} field @param {{isAgain?: boolean}} [options] `isAgain`: the editor has not noticed the selection before
 */
async function selectAll(field, { isAgain = false } = {}) {
  field.focus();
  if (isControl(field)) return;
  const page = field.ownerDocument;
  // The selection is changed first, because the editor reads it again only after a change.
  page.getSelection()?.collapse(field, 0);
  page.getSelection()?.selectAllChildren(field);
  // A selection inside a shadow root is out of reach in some browsers. The browser's command selects the text of the
  // editor that has the focus.
  if (isAgain || field.getRootNode() !== page) page.execCommand("selectAll");
  await pause(SELECTION_MILLISECONDS);
}

/** Waits until an editor has drawn its new text. */
export async function turn() {
  const frames = new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  await Promise.race([frames, pause(FRAMES_MILLISECONDS)]);
  await pause(TURN_MILLISECONDS);
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
