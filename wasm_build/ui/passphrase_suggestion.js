/**
 * The button that suggests five words for a new passphrase, and the words. They are shown to be noted until the person types
 * into the field, sends the form or leaves it. The words are text in the document, because a screen reader cannot read a picture.
 */

import { overwrite } from "../vault/memory/cleanup.js";
import { html } from "./dom.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */

export class PassphraseSuggestion {
  #suggest;
  #onWords;
  #meaning;
  #list = html("ol", { class: "suggested-words", dir: "ltr", translate: "no", hidden: true, data: { test: "suggested-words" } });
  #note = html("p", { class: "field-hint", role: "status", data: { test: "suggested-note" } });

  /**
   * @param {Catalogue} translate
   * @param {() => Promise<ArrayBuffer>} suggest draws words
   * @param {(text: string) => void} onWords fills the field
   */
  constructor(translate, suggest, onWords) {
    this.#suggest = suggest;
    this.#onWords = onWords;
    this.#meaning = { shown: translate("suggest_words_note"), failed: translate("suggest_words_failed") };
    const button = html("button", {
      type: "button", class: "quiet", text: translate("suggest_words"), data: { test: "suggest-words" }, on: { click: () => void this.#draw() },
    });
    this.element = html("div", { class: "stack suggestion" }, html("div", { class: "actions" }, button), this.#list, this.#note);
  }

  /** Removes the words from the document. */
  clear() {
    this.#list.replaceChildren();
    this.#list.hidden = true;
    this.#note.textContent = "";
  }

  async #draw() {
    try {
      const buffer = await this.#suggest();
      const text = new TextDecoder().decode(buffer);
      overwrite(buffer);
      // A change of the field removes earlier words.
      this.#onWords(text);
      this.#list.replaceChildren(...text.split(" ").map((word) => html("li", { text: word })));
      this.#list.hidden = false;
      this.#note.textContent = this.#meaning.shown;
    } catch {
      this.#note.textContent = this.#meaning.failed;
    }
  }
}
