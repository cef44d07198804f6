/**
 * Covers a letter with decrypted text (a quoted message or a continued draft) while the keys are locked. The letter is
 * removed from the document, so it is not shown, and is put back when the person unlocks the keys. No text is lost.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";
import { whenLocked } from "../shared/request.js";

/** @typedef {import("./letter_window.js").LetterWindow} LetterWindow */

export class LockCover {
  #window;
  #asked;
  /** Marks where the passphrase field belongs in the letter, while the cover shows that field. */
  #passphraseMarker = document.createComment("");
  /** @type {Node[]} */
  #letter = [];
  #heading = html("h1", { tabindex: -1 });
  #element = html("div", { class: "stack", data: { test: "lock-cover" } }, this.#heading);

  /**
   * @param {LetterWindow} letterWindow
   * @param {{hasOpenedWords: () => boolean, onCovered: () => void}} asked
   */
  constructor(letterWindow, asked) {
    this.#window = letterWindow;
    this.#asked = asked;
    this.#heading.textContent = translate("compose_covered_title");
    this.#element.append(html("p", { role: "status", text: translate("compose_covered") }));
    whenLocked(() => this.#show());
  }

  /** Puts the letter back, if it is covered. */
  lift() {
    // Do nothing if the letter is not covered, or if the view of the sent letter has replaced the cover.
    if (!this.#element.isConnected) return;
    const { element, sender, text: field } = this.#window;
    this.#passphraseMarker.replaceWith(sender.unlockPlace);
    element.replaceChildren(...this.#letter);
    this.#letter = [];
    field.focus();
  }

  #show() {
    const { element, sender, sending } = this.#window;
    if (this.#element.isConnected || sending.isDone || !this.#asked.hasOpenedWords()) return;
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    sender.unlockPlace.replaceWith(this.#passphraseMarker);
    this.#letter = [...element.childNodes];
    this.#element.append(sender.unlockPlace);
    element.replaceChildren(this.#element);
    this.#heading.focus();
    this.#asked.onCovered();
  }
}
