/** The keys with which a person writes or moves about, and no others: any other key can be one with which a page sends a text. */
import { documentOf, modeOf } from "./dom_tree.js";

const MOVING = /^(?:Tab|Shift|Control|Alt|AltGraph|Meta|CapsLock|Arrow\w+|Page\w+|Home|End|Unidentified)$/u;
const COMMANDS = /^(?:Enter|Escape|ContextMenu|F\d+)$/u;
/** The keys that with Control or Command only edit a text. */
const EDITING = /^[acvxyz]$/iu;
/** The types of input that take no text: keys press or choose there. */
const PRESSED = /^(?:button|checkbox|color|file|image|radio|range|reset|submit)$/u;

/** Whether an event is that of a key that only writes or moves. @param {Event} event */
export function isWriting(event) {
  if (!isOfKey(event)) return false;
  if (MOVING.test(event.key)) return true;
  const [target] = event.composedPath();
  return takesText(target) && !COMMANDS.test(event.key) && !isCommand(event);
}

/** Whether an event, also one of another document, is that of a key. @param {Event} event @returns {event is KeyboardEvent} */
function isOfKey(event) {
  return event.type.startsWith("key");
}

/** Whether a key is pressed with one that makes it a command. @param {KeyboardEvent} event */
function isCommand(event) {
  // The third level of a keyboard has Control and Alt on Windows.
  if (event.key.length > 1 || event.getModifierState("AltGraph")) return false;
  if (event.altKey && !event.ctrlKey) return /^[a-z\d]$/iu.test(event.key);
  return (event.ctrlKey || event.metaKey) && !EDITING.test(event.key);
}

/** Whether a person writes in an element, also one of another document. @param {EventTarget} target */
function takesText(target) {
  const { localName, type = "", isContentEditable } = /** @type {Partial<HTMLInputElement>} */ (target);
  if (localName === undefined) return false;
  if (localName === "textarea" || isContentEditable) return true;
  return localName === "input" ? !PRESSED.test(type) : modeOf(documentOf(/** @type {Node} */ (target))) === "on";
}
