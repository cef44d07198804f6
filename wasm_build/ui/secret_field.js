/**
 * A passphrase field. Its text never becomes the `value` of an input, and is in the DOM only while an input method
 * composes it.
 *
 * Browsers keep the value of a password input in memory until the tab closes, and pass it to the password manager when
 * the form is removed. Here `beforeinput` is prevented; the typed characters go into one buffer, and the field shows a
 * bullet for each. Composition (input methods, dead keys, most phone keyboards) cannot be prevented. When it ends, its
 * text is taken from the DOM and replaced with bullets at once. docs/vault.md says which text becomes a string, and for
 * how long.
 */

import { html, svg, uniqueId } from "./dom.js";
import { createSecretPicture } from "./secret_picture.js";
import { SecretText } from "./secret_text.js";

/** @typedef {import("./secret_text.js").Secret} Secret */
/** @typedef {import("./catalogue.js").Translate} Translate */

const BULLET = "\u2022";
/** A screen reader reads the count after this pause, so that it does not interrupt the typing. */
const COUNT_DELAY_MILLISECONDS = 800;

export class SecretField {
  /** The element to put into the page, with label, editor and hint. @type {HTMLElement} */
  element;
  /** The element in which the person types. @type {HTMLElement} */
  editor;
  #text = new SecretText();
  #composing = false;
  #translate;
  /** @type {(() => void) | undefined} */
  #onSubmit;
  /** @type {(() => void) | undefined} */
  #onInput;
  #picture;
  #showButton;
  #remark = html("p", { class: "field-remark", role: "status", data: { test: "passphrase-remark" } });
  #count = html("p", { class: "visually-hidden", role: "status", data: { test: "passphrase-count" } });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #countTimer;
  #error = html("p", {
    class: "field-error", id: uniqueId("secret-error"), role: "alert", data: { test: "passphrase-error" },
  });

  /**
   * @param {{
   *   translate: Translate, label: string, hint: string, onSubmit?: () => void, onInput?: () => void, isRequired?: boolean,
   * }} options `translate` has the shared catalogue; `onSubmit` is called on Enter, `onInput` when the text has changed
   */
  constructor({ translate, label, hint, onSubmit, onInput, isRequired = true }) {
    this.#translate = translate;
    this.#onSubmit = onSubmit;
    this.#onInput = onInput;
    const labelElement = html("div", {
      class: "field-label", id: uniqueId("secret-label"), text: label, on: { click: () => this.editor.focus() },
    });
    const hintElement = html("p", { class: "field-hint", id: uniqueId("secret-hint"), text: hint });
    this.editor = this.#createEditor(labelElement.id, hintElement.id);
    this.editor.setAttribute("aria-required", String(isRequired));
    this.#picture = createSecretPicture(translate("secret_picture"));
    this.#showButton = this.#createShowButton();
    const line = html("div", { class: "secret-line" }, this.editor, this.#showButton);
    this.element = html(
      "div", {
        class: "field secret-field",
        // The picture of the text is hidden when the focus leaves the field.
        on: { focusout: ({ relatedTarget }) => { if (!this.element.contains(relatedTarget)) this.#hidePicture(); } },
      },
      labelElement, line, this.#picture.element, hintElement, this.#remark, this.#error, this.#count,
    );
  }

  /** The number of characters; 0 while the field is empty. */
  get length() {
    return this.#composing ? (this.editor.textContent ?? "").length : this.#text.count;
  }

  focus() {
    this.editor.focus();
    this.#placeCaret(this.#text.count);
  }

  /** Overwrites the typed text and empties the field. */
  clear() {
    this.#composing = false;
    this.#text.wipe();
    this.#hidePicture();
    this.#show(0);
  }

  /**
   * Shows an error under the field and puts the focus into it. An empty text removes the error.
   * @param {string} text
   */
  setError(text) {
    this.#error.textContent = text;
    this.editor.setAttribute("aria-invalid", String(text !== ""));
    if (text) this.focus();
  }

  /**
   * The typed text as UTF-8. The caller transfers the buffer to the vault or overwrites it.
   * @returns {Secret}
   */
  copy() {
    if (this.#composing) {
      // The person may press the button while a word is still being composed. Losing the focus ends the composition.
      this.editor.blur();
      this.#collect();
    }
    return this.#text.encode();
  }

  /** Replaces the text. @param {string} text */
  fill(text) {
    this.#replace(0, this.#text.count, text);
  }

  /** The typed text as `copy` returns it. Null while a word is being composed, because a copy would end the composition. */
  copyAtRest() {
    return this.#composing ? null : this.#text.encode();
  }

  /**
   * Returns the text as `copy` does, and clears the field.
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
    const watchCapsLock = (/** @type {KeyboardEvent} */ event) => this.#watchCapsLock(event);
    const prevent = (/** @type {Event} */ event) => event.preventDefault();
    return html("div", {
      class: "secret-editor",
      role: "textbox",
      contenteditable: "true",
      tabindex: 0,
      spellcheck: "false",
      translate: "no",
      autocapitalize: "off",
      autocorrect: "off",
      autocomplete: "off",
      writingsuggestions: "false",
      inputmode: "text",
      enterkeyhint: "go",
      "aria-labelledby": labelId,
      "aria-describedby": `${hintId} ${this.#error.id}`,
      "aria-multiline": "false",
      // Password managers would write the passphrase into the DOM. These attributes keep them away.
      "data-1p-ignore": "",
      "data-lpignore": "true",
      "data-bwignore": "",
      data: { test: "passphrase" },
      on: {
        beforeinput: (event) => this.#beforeInput(event),
        input: ({ isComposing }) => { if (!isComposing) this.#collect(); },
        compositionstart: () => { this.#composing = true; },
        compositionend: () => this.#collect(),
        drop: (event) => this.#drop(event),
        keydown: watchCapsLock, keyup: watchCapsLock,
        copy: prevent, cut: prevent, dragstart: prevent,
      },
    });
  }

  #createShowButton() {
    const button = html("button", {
      type: "button", class: "quiet secret-show", "aria-pressed": "false", "aria-label": this.#translate("secret_show"),
      title: this.#translate("secret_show"), data: { test: "passphrase-show" },
    }, eye());
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-pressed") === "true") return this.#hidePicture();
      button.setAttribute("aria-pressed", "true");
      this.#picture.draw(this.#text);
    });
    return button;
  }

  /** @param {InputEvent} event */
  #beforeInput(event) {
    // A composition cannot be prevented. Its text is collected when it ends.
    if (!event.cancelable) return;
    event.preventDefault();
    const wasComposing = this.#composing;
    // A plain key or a paste interrupts a composition. The text composed so far is kept.
    if (wasComposing) this.#collect();
    // After a composition the event's ranges point into replaced text, so the selection is used instead.
    const [start, end] = this.#positions(wasComposing ? selectedRange() : event.getTargetRanges()[0]);
    const { inputType } = event;
    if (inputType === "insertParagraph" || inputType === "insertLineBreak") this.#onSubmit?.();
    else if (inputType === "insertTranspose") return;
    else if (inputType.startsWith("insert")) this.#replace(start, end, insertedText(event));
    else if (inputType.startsWith("delete")) this.#replace(start, end, "");
    // Undo does nothing, because deleted text is not kept.
  }

  /** @param {DragEvent} event */
  #drop(event) {
    event.preventDefault();
    const count = this.#text.count;
    this.editor.focus();
    this.#replace(count, count, withoutLineBreaks(event.dataTransfer?.getData("text/plain") ?? ""));
  }

  /**
   * The positions among the bullets at which a range of the document starts and ends.
   * @param {AbstractRange | undefined} range without a range both positions are after the last bullet
   * @returns {[number, number]}
   */
  #positions(range) {
    const count = this.#text.count;
    if (!range) return [count, count];
    const position = (/** @type {Node} */ node, /** @type {number} */ offset) =>
      node.nodeType === Node.TEXT_NODE ? Math.min(offset, count) : offset === 0 ? 0 : count;
    return [position(range.startContainer, range.startOffset), position(range.endContainer, range.endOffset)];
  }

  /**
   * Replaces the characters from `start` to `end`, which are positions among the bullets.
   * @param {number} start
   * @param {number} end
   * @param {string} text
   */
  #replace(start, end, text) {
    const behind = this.#text.count - end;
    const fits = this.#text.replace(start, end, text);
    this.#show(fits ? this.#text.count - behind : end);
    this.#remark.textContent = fits ? "" : this.#translate("secret_too_long");
    if (!fits) return;
    if (this.#isPictureShown) this.#picture.draw(this.#text);
    clearTimeout(this.#countTimer);
    this.#countTimer = setTimeout(() => this.#sayCount(), COUNT_DELAY_MILLISECONDS);
    this.#onInput?.();
  }

  /** Takes the text that a composition or the browser wrote into the DOM, and puts bullets in its place. */
  #collect() {
    this.#composing = false;
    const shown = this.editor.textContent ?? "";
    const count = this.#text.count;
    if (shown === BULLET.repeat(count) && this.editor.childNodes.length <= 1) return;
    const after = Math.min(count, this.#bulletsAfterCaret(shown));
    const before = Math.min(count - after, countBullets(shown.slice(0, shown.length - after)));
    this.#replace(before, count - after, withoutLineBreaks(shown.slice(before, shown.length - after)));
  }

  /**
   * The number of bullets after the composed text, which ends at the caret.
   * @param {string} shown
   */
  #bulletsAfterCaret(shown) {
    const range = selectedRange();
    if (range && this.editor.contains(range.endContainer)) {
      const behind = document.createRange();
      behind.setStart(range.endContainer, range.endOffset);
      behind.setEnd(this.editor, this.editor.childNodes.length);
      const length = behind.toString().length;
      if (countBullets(shown.slice(shown.length - length)) === length) return length;
    }
    let after = 0;
    while (after < shown.length && shown[shown.length - 1 - after] === BULLET) after += 1;
    return after;
  }

  /**
   * Draws the bullets, with the caret after the first `position` bullets.
   * @param {number} position
   */
  #show(position) {
    this.editor.replaceChildren(BULLET.repeat(this.#text.count));
    if (document.activeElement === this.editor) this.#placeCaret(position);
  }

  /** @param {number} position */
  #placeCaret(position) {
    const text = this.editor.firstChild;
    const selection = getSelection();
    if (text) selection?.collapse(text, Math.min(position, text.textContent?.length ?? 0));
    else selection?.collapse(this.editor, 0);
    if (selection?.rangeCount) this.#bringIntoView(selection.getRangeAt(0).getBoundingClientRect());
  }

  /** Scrolls to the caret. Browsers do this only for input that was not prevented. @param {DOMRect} caret */
  #bringIntoView(caret) {
    const seen = this.editor.getBoundingClientRect();
    const { paddingLeft, paddingRight } = getComputedStyle(this.editor);
    const over = Math.max(0, caret.right - (seen.right - parseFloat(paddingRight)));
    const under = Math.max(0, seen.left + parseFloat(paddingLeft) - caret.left);
    this.editor.scrollLeft += over - under;
  }

  get #isPictureShown() {
    return this.#showButton.getAttribute("aria-pressed") === "true";
  }

  #hidePicture() {
    this.#showButton.setAttribute("aria-pressed", "false");
    this.#picture.hide();
  }

  #sayCount() {
    this.#count.textContent = this.#translate("secret_count", { count: this.#text.count });
  }

  /** @param {KeyboardEvent} event */
  #watchCapsLock(event) {
    const isOn = event.getModifierState("CapsLock");
    const warning = this.#translate("secret_caps_lock");
    if (isOn) this.#remark.textContent = warning;
    else if (this.#remark.textContent === warning) this.#remark.textContent = "";
  }
}

/** @returns {Range | undefined} */
function selectedRange() {
  const selection = getSelection();
  return selection?.rangeCount ? selection.getRangeAt(0) : undefined;
}

/** @param {InputEvent} event */
function insertedText(event) {
  return withoutLineBreaks(event.data ?? event.dataTransfer?.getData("text/plain") ?? "");
}

/** Removes line breaks, as a browser does in an input of one line. @param {string} text */
function withoutLineBreaks(text) {
  return text.replace(/[\r\n]+/g, "");
}

/** The number of bullets at the start of a text. @param {string} text */
function countBullets(text) {
  let count = 0;
  while (text[count] === BULLET) count += 1;
  return count;
}

function eye() {
  return svg(
    "svg", { viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true" },
    svg("path", { class: "mark-line", d: "M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12z" }),
    svg("circle", { class: "mark-line", cx: 12, cy: 12, r: 3 }),
  );
}
