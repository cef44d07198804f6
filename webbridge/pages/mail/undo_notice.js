/**
 * The notice after an act. It says what was done, and has a button that undoes the act or shows more. The notice stays for
 * about ten seconds, and longer while it has the focus or the pointer.
 */

import { html } from "../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Translate} Translate */

const SHOWN_MILLISECONDS = 10_000;

export class UndoNotice {
  #text = html("span", { data: { test: "act-notice-text" } });
  #button;
  /** The button that shows more; null if the notice has none. @type {HTMLButtonElement | null} */
  #more = null;
  /** @type {(() => Promise<void>) | null} */
  #undo = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Translate} translate */
  constructor(translate) {
    this.#button = html("button", {
      type: "button", class: "quiet", hidden: true, text: translate("undo"), data: { test: "undo" },
      on: { click: () => void this.undo() },
    });
    this.element = html(
      "div", { class: "act-notice", data: { test: "act-notice", shown: "no" } },
      html("div", { role: "status", class: "act-notice-words" }, this.#text), this.#button,
    );
    for (const type of ["pointerenter", "focusin"]) this.element.addEventListener(type, () => clearTimeout(this.#timer));
    for (const type of ["pointerleave", "focusout"]) this.element.addEventListener(type, () => this.#wait());
  }

  /** @param {string} text @param {(() => Promise<void>) | null} [undo] null if the act cannot be undone */
  show(text, undo = null) {
    this.#text.textContent = text;
    this.#undo = undo;
    this.#button.hidden = undo === null;
    this.#more?.remove();
    this.#more = null;
    this.element.dataset.shown = "yes";
    this.#wait();
  }

  /**
   * Shows a text with a button of its own.
   * @param {string} text
   * @param {{label: string, test: string, onPress: () => void}} button
   */
  showWith(text, { label, test, onPress }) {
    this.show(text);
    this.#more = html("button", { type: "button", class: "quiet", text: label, data: { test }, on: { click: onPress } });
    this.element.append(this.#more);
  }

  #hide() {
    this.show("");
    clearTimeout(this.#timer);
    this.element.dataset.shown = "no";
  }

  /** Undoes the last act, if this is still possible. */
  async undo() {
    const undo = this.#undo;
    if (!undo) return;
    // If the person presses twice, the act is undone only once.
    this.#undo = null;
    this.#button.hidden = true;
    await undo();
  }

  #wait() {
    clearTimeout(this.#timer);
    if (this.element.dataset.shown === "yes") this.#timer = setTimeout(() => this.#hide(), SHOWN_MILLISECONDS);
  }
}
