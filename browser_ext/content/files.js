/**
 * File controls that ask for encrypted files. The browser's own picker never opens. The person chooses the file in the
 * extension's window. The control gets the encrypted file. The file's name does not reveal the original name.
 */
import { ask } from "./background_link.js";
import { findBelow, stop } from "./dom_tree.js";
import { findSuccessor } from "./field_text.js";
import { nextStepAt } from "./next_step.js";
import { noteErrorFor, noteFor } from "./notes.js";
import { receivers } from "./receivers.js";
import { asksFor, proposedBy } from "./smime_attributes.js";
import { world } from "./world.js";
import { translate } from "../texts/texts.js";

/** The encrypted files that the extension has put into each control. @type {WeakMap<HTMLInputElement, File[]>} */
const given = new WeakMap();
/**
 * Controls that were emptied at `input`; their `change` event must not reach the page either.
 * @type {WeakSet<HTMLInputElement>}
 */
const emptied = new WeakSet();
/** Controls for which the extension's window is open. @type {WeakSet<HTMLInputElement>} */
const waiting = new WeakSet();

/** Starts the watch over the file controls of this document. */
export function guardFiles() {
  world.guard.listen("click", intercept);
  world.guard.listen("drop", refuseDropped);
  for (const type of ["input", "change"]) world.guard.listen(type, refuseForeign);
  // A control may have got a file before this script was loaded.
  for (const input of findBelow(document, "input[type=file][data-smime]")) {
    if (isControl(input) && input.files?.length) takeOut(input);
  }
}

/** @param {Event} event @returns {HTMLInputElement | null} the control that asks for encrypted files */
function controlOf(event) {
  const [target] = event.composedPath();
  return isControl(target) ? target : null;
}

/** @param {unknown} element @returns {element is HTMLInputElement} */
function isControl(element) {
  return element instanceof HTMLInputElement && element.type === "file" && asksFor(element, "sign", "encrypt");
}

/** @param {Event} event */
function intercept(event) {
  const input = controlOf(event);
  if (!input) return;
  stop(event);
  // A button of the page may call input.click(). The window opens only if the person has just clicked or typed.
  if (event.isTrusted || navigator.userActivation?.isActive) void request(input);
}

/** @param {Event} event */
function refuseDropped(event) {
  const input = controlOf(event);
  if (!input) return;
  intercept(event);
  // The person is warned, because a page can read any file that is dropped on it.
  noteFor(input, translate("file_dropped"));
}

/**
 * Removes files that the extension did not put in, because a page can open the browser's picker without a click event.
 * @param {Event} event
 */
function refuseForeign(event) {
  const input = controlOf(event);
  const files = Array.from(input?.files ?? []);
  if (!input || (!files.length && !emptied.delete(input))) return;
  if (files.length && files.every((file) => given.get(input)?.some((own) => isSameFile(own, file)))) return;
  event.stopImmediatePropagation();
  if (!files.length) return;
  // The `change` event for the same files will follow.
  if (event.type === "input") emptied.add(input);
  takeOut(input);
}

/** @param {HTMLInputElement} input */
function takeOut(input) {
  input.value = "";
  noteFor(input, translate("file_foreign"));
}

/** @param {File} one @param {File} other */
export function isSameFile(one, other) {
  return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
}

/** @param {HTMLInputElement} input */
async function request(input) {
  if (waiting.has(input)) return;
  waiting.add(input);
  try {
    const { job } = await ask("files.request", {
      smime: input.dataset.smime ?? "", proposed: proposedBy(input), multiple: input.multiple,
    });
    receivers.set(job, { receive: (message) => receive(input, job, message) });
  } catch (error) {
    waiting.delete(input);
    noteErrorFor(input, error);
  }
}

/**
 * @param {HTMLInputElement} asking
 * @param {string} job
 * @param {import("./receivers.js").BackgroundMessage} message
 */
async function receive(asking, job, { type, files = [] }) {
  receivers.delete(job);
  waiting.delete(asking);
  const input = asking.isConnected ? asking : /** @type {HTMLInputElement | null} */ (findSuccessor(asking, isControl));
  if (type !== "files.encrypted" || !input) return "gone";
  const encrypted = await Promise.all(files.map(({ name, size }, index) => fetchFile(job, index, name, size)));
  const carrier = new DataTransfer();
  for (const file of encrypted) carrier.items.add(file);
  given.set(input, encrypted);
  input.files = carrier.files;
  noteFor(input, `${translate("file_encrypted", { count: String(encrypted.length) })} ${nextStepAt(input)}`);
  for (const event of ["input", "change"]) input.dispatchEvent(new Event(event, { bubbles: true, composed: true }));
  return "taken";
}

/** @param {string} job @param {number} index @param {string} name @param {number} size in bytes */
async function fetchFile(job, index, name, size) {
  const parts = [];
  for (let offset = 0; offset < size;) {
    const part = await ask("files.take", { job, index, offset });
    parts.push(part);
    offset += part.byteLength;
  }
  return new File(parts, name, { type: "application/octet-stream" });
}
