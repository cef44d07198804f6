/**
 * A passphrase field whose text never stands in the DOM and never becomes the `value` of an input.
 *
 * Browsers keep the value of a password input in memory until the tab closes, and hand it to the password manager when
 * its form goes. Here `beforeinput` is prevented and its characters go into UTF-16 units in one buffer of their own; the
 * page shows a bullet for each. Composition (input methods, dead keys) cannot be prevented: its text is taken from the
 * DOM when it ends and replaced by bullets at once.
 */

import { html, uniqueId } from "./dom.js";

/** @typedef {{buffer: ArrayBuffer, length: number}} Secret UTF-8 bytes at the start of a 4,096-byte buffer */

/** A buffer this size lives outside the JavaScript heap, so that overwriting it leaves no copy behind. */
export const SECRET_BUFFER_BYTES = 4096;
/** Three UTF-8 bytes a unit at most, so that every text fits the buffer. */
const MAX_UNITS = Math.floor(SECRET_BUFFER_BYTES / 3);
const BULLET = "\u2022";

export class SecretField {
  /** The whole component: label, editor, hint. @type {HTMLElement} */
  element;
  /** What takes the focus. @type {HTMLElement} */
  editor;
  /** UTF-16 units, because Firefox splits characters beyond the first plane into two events. */
  #units = new Uint16Array(new ArrayBuffer(SECRET_BUFFER_BYTES));
  #length = 0;
  #composing = false;
  /** @type {(() => void) | undefined} */
  #onSubmit;
  /** @type {(() => void) | undefined} */
  #onInput;
  #error = html("p", {
    class: "field-error", id: uniqueId("secret-error"), role: "alert", data: { test: "passphrase-error" },
  });

  /**
   * @param {{label: string, hint: string, onSubmit?: () => void, onInput?: () => void}} options
   *   `onSubmit` is called on Enter, `onInput` whenever the length changes.
   */
  constructor({ label, hint, onSubmit, onInput }) {
    this.#onSubmit = onSubmit;
    this.#onInput = onInput;
    const labelElement = html("div", { class: "field-label", id: uniqueId("secret-label"), text: label });
    const hintElement = html("p", { class: "field-hint", id: uniqueId("secret-hint"), text: hint });
    this.editor = this.#createEditor(labelElement.id, hintElement.id);
    labelElement.addEventListener("click", () => this.editor.focus());
    this.element = html("div", { class: "field secret-field" }, labelElement, this.editor, hintElement, this.#error);
  }

  get length() {
    return this.#length;
  }

  focus() {
    this.editor.focus();
    this.#placeCaret(this.#countPoints());
  }

  /** Overwrites what was typed. */
  clear() {
    this.#units.fill(0);
    this.#length = 0;
    this.#show(0);
  }

  /**
   * Shows an error under the field and keeps the focus in it; an empty text takes the error away.
   * @param {string} text
   */
  setError(text) {
    this.#error.textContent = text;
    this.editor.setAttribute("aria-invalid", String(text !== ""));
    if (text) this.focus();
  }

  /**
   * What was typed, as UTF-8. The caller transfers the buffer to the vault or overwrites it.
   * @returns {Secret}
   */
  copy() {
    const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
    const length = encodeUtf8(this.#units.subarray(0, this.#length), new Uint8Array(buffer));
    return { buffer, length };
  }

  /**
   * As `copy`, and forgets it here.
   * @returns {Secret}
   */
  take() {
    const secret = this.copy();
    this.clear();
    return secret;
  }

  /**
   * @param {string} labelId
   * @param {string} hintId
   */
  #createEditor(labelId, hintId) {
    const editor = html("div", {
      class: "secret-editor",
      role: "textbox",
      contenteditable: "true",
      tabindex: 0,
      spellcheck: "false",
      translate: "no",
      autocapitalize: "off",
      autocorrect: "off",
      inputmode: "text",
      enterkeyhint: "go",
      "aria-labelledby": labelId,
      "aria-describedby": `${hintId} ${this.#error.id}`,
      "aria-multiline": "false",
      "aria-required": "true",
      // Password managers would write into the DOM what must not stand there.
      "data-1p-ignore": "",
      "data-lpignore": "true",
      "data-bwignore": "",
      data: { test: "passphrase" },
    });
    editor.addEventListener("beforeinput", (event) => this.#beforeInput(event));
    editor.addEventListener("input", (event) => {
      if (!(/** @type {InputEvent} */ (event).isComposing)) this.#collect();
    });
    editor.addEventListener("compositionstart", () => { this.#composing = true; });
    editor.addEventListener("compositionend", () => { this.#composing = false; this.#collect(); });
    for (const type of ["copy", "cut", "drop", "dragstart"]) {
      editor.addEventListener(type, (event) => event.preventDefault());
    }
    return editor;
  }

  /** @param {InputEvent} event */
  #beforeInput(event) {
    // A composition cannot be prevented: its text is collected when it ends.
    if (!event.cancelable) return;
    event.preventDefault();
    if (this.#composing) {
      // A plain key or a paste during a composition: keep what was composed so far.
      this.#composing = false;
      this.#collect();
    }
    const [start, end] = this.#editedRange(event);
    if (event.inputType === "insertParagraph" || event.inputType === "insertLineBreak") this.#onSubmit?.();
    else if (event.inputType.startsWith("insert")) this.#replace(start, end, insertedText(event));
    else if (event.inputType.startsWith("delete")) this.#replace(start, end, "");
  }

  /**
   * The characters that the browser would replace, as positions among the bullets.
   * @param {InputEvent} event
   * @returns {[number, number]}
   */
  #editedRange(event) {
    const count = this.#countPoints();
    const range = event.getTargetRanges()[0];
    if (!range) return event.inputType === "deleteContentBackward" ? [Math.max(0, count - 1), count] : [count, count];
    const position = (/** @type {Node} */ node, /** @type {number} */ offset) =>
      node.nodeType === Node.TEXT_NODE ? Math.min(offset, count) : offset === 0 ? 0 : count;
    return [position(range.startContainer, range.startOffset), position(range.endContainer, range.endOffset)];
  }

  /**
   * Replaces the characters from `start` to `end`, counted as people count them: one bullet each.
   * @param {number} start
   * @param {number} end
   * @param {string} text
   */
  #replace(start, end, text) {
    const from = this.#unitIndex(start);
    const to = this.#unitIndex(end);
    const length = this.#length - (to - from) + text.length;
    // A passphrase must not be cut off in silence: what does not fit is not taken at all.
    if (length > MAX_UNITS) return this.#show(end);
    const pointsAfter = countPoints(this.#units.subarray(to, this.#length));
    this.#units.copyWithin(from + text.length, to, this.#length);
    for (let index = 0; index < text.length; index += 1) this.#units[from + index] = text.charCodeAt(index);
    this.#length = length;
    this.#units.fill(0, length);
    this.#show(this.#countPoints() - pointsAfter);
    this.#onInput?.();
  }

  /** Takes what a composition (or a browser that cannot be prevented) wrote into the DOM, and puts bullets there. */
  #collect() {
    const shown = this.editor.textContent ?? "";
    const count = this.#countPoints();
    if (shown === BULLET.repeat(count)) return;
    let before = 0;
    while (before < count && shown[before] === BULLET) before += 1;
    let after = 0;
    while (before + after < Math.min(count, shown.length) && shown[shown.length - 1 - after] === BULLET) after += 1;
    const composed = shown.slice(before, shown.length - after).replaceAll("\u00a0", " ");
    this.#replace(before, count - after, withoutLineBreaks(composed));
  }

  /**
   * Draws the bullets with the caret after `position` of them.
   * @param {number} position
   */
  #show(position) {
    this.editor.replaceChildren(BULLET.repeat(this.#countPoints()));
    if (document.activeElement === this.editor) this.#placeCaret(position);
  }

  /** @param {number} position */
  #placeCaret(position) {
    const text = this.editor.firstChild;
    const selection = getSelection();
    if (text) selection?.collapse(text, Math.min(position, text.textContent?.length ?? 0));
    else selection?.collapse(this.editor, 0);
  }

  #countPoints() {
    return countPoints(this.#units.subarray(0, this.#length));
  }

  /**
   * Where the character at `position` begins among the units.
   * @param {number} position
   */
  #unitIndex(position) {
    let index = 0;
    for (let seen = 0; index < this.#length; index += 1) {
      if (isLowSurrogate(this.#units[index] ?? 0)) continue;
      if (seen === position) break;
      seen += 1;
    }
    return index;
  }
}

/** @param {InputEvent} event */
function insertedText(event) {
  return withoutLineBreaks(event.data ?? event.dataTransfer?.getData("text/plain") ?? "");
}

/** @param {string} text */
function withoutLineBreaks(text) {
  return text.replace(/[\r\n]+/g, "");
}

/** @param {number} unit */
function isLowSurrogate(unit) {
  return (unit & 0xfc00) === 0xdc00;
}

/** @param {Uint16Array} units */
function countPoints(units) {
  let count = 0;
  for (const unit of units) if (!isLowSurrogate(unit)) count += 1;
  return count;
}

/**
 * Writes UTF-16 units as UTF-8 without a string in between (TextEncoder takes only strings).
 * @param {Uint16Array} units
 * @param {Uint8Array} target
 * @returns {number} how many bytes
 */
function encodeUtf8(units, target) {
  let length = 0;
  for (let index = 0; index < units.length; index += 1) {
    let point = units[index] ?? 0;
    const next = units[index + 1] ?? 0;
    if ((point & 0xfc00) === 0xd800 && isLowSurrogate(next)) {
      point = 0x10000 + ((point & 0x3ff) << 10) + (next & 0x3ff);
      index += 1;
    }
    const continuations = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    const lead = [0, 0xc0, 0xe0, 0xf0][continuations] ?? 0;
    target[length++] = lead | (point >> (6 * continuations));
    for (let shift = 6 * (continuations - 1); shift >= 0; shift -= 6) {
      target[length++] = 0x80 | ((point >> shift) & 0x3f);
    }
  }
  return length;
}
