/** The keys with which a person only writes or moves the cursor. With any other key, a page may send a text. */
import { documentOf, modeOf } from "./dom_tree.js";

const MOVING = /^(?:Tab|Shift|Control|Alt|AltGraph|Meta|CapsLock|Arrow\w+|Page\w+|Home|End|Unidentified)$/u;
const COMMANDS = /^(?:Enter|Escape|ContextMenu|F\d+)$/u;
/** The keys that with Control or Command only edit a text. */
const EDITING = /^[acvxyz]$/iu;
/** The types of input without text. In such an input, keys press a button or choose a value. */
const PRESSED = /^(?:button|checkbox|color|file|image|radio|range|reset|submit)$/u;

/** Whether an event belongs to a key that only writes or moves. @param {Event} event */
export function isWriting(event) {
  if (!isOfKey(event)) return false;
  if (MOVING.test(event.key)) return true;
  const [target] = event.composedPath();
  return takesText(target) && !COMMANDS.test(event.key) && !isCommand(event);
}

/** Whether an event of this or another document is a key event. @param {Event} event @returns {event is KeyboardEvent} */
function isOfKey(event) {
  return event.type.startsWith("key");
}

/** Whether a key is pressed with a modifier that makes it a command. @param {KeyboardEvent} event */
function isCommand(event) {
  // On Windows, a character typed with AltGr reports the modifiers Control and Alt.
  if (event.key.length > 1 || event.getModifierState("AltGraph")) return false;
  if (event.altKey && !event.ctrlKey) return /^[a-z\d]$/iu.test(event.key);
  return (event.ctrlKey || event.metaKey) && !EDITING.test(event.key);
}

/** Whether a person writes in this element of this or another document. @param {EventTarget} target */
function takesText(target) {
  const { localName, type = "", isContentEditable } = /** @type {Partial<HTMLInputElement>} */ (target);
  if (localName === undefined) return false;
  if (localName === "textarea" || isContentEditable) return true;
  return localName === "input" ? !PRESSED.test(type) : modeOf(documentOf(/** @type {Node} */ (target))) === "on";
}
