/** The text of a letter in the extension's window. The window writes only plain text. */
import { createTextArea, html } from "../../wasm_build/ui/dom.js";

export class PlainText {
  #area;
  /** The text of the field, from the composition or from the person. */
  #shown;

  /** @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {import("../../wasm_build/writing/composition.js").Composition} composition */
  constructor(translate, composition) {
    const area = createTextArea(composition.values.text, () => {
      this.#shown = area.value;
      composition.set({ text: area.value });
    });
    this.#area = area;
    this.#shown = area.value;
    this.element = html(
      "div", { class: "field" }, html("label", { for: area.id, text: translate("letter") }), html("div", { class: "sheet" }, area),
    );
    // The field changes some line ends.
    composition.rewrite({ text: area.value, html: composition.values.html });
    composition.addEventListener("change", () => this.#show(composition.values.text));
  }

  focus() {
    this.#area.focus();
  }

  /** Puts the caret above a quotation. */
  placeCaret() {
    this.#area.setSelectionRange(0, 0);
  }

  /** @param {string} text */
  #show(text) {
    if (this.#shown === text) return;
    this.#shown = text;
    // The person may be writing already, so the caret is not moved.
    const { selectionStart, selectionEnd } = this.#area;
    this.#area.value = text;
    this.#area.setSelectionRange(selectionStart, selectionEnd);
  }
}
