/**
 * The text of a letter in the writing view, as plain text, or with formatting if the person has switched it on.
 *
 * A letter in which nothing is formatted is plain text, also while the switch is on.
 */

import { createTextArea, html, switchField, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { growWithText } from "../../../../wasm_build/ui/growing_text.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { hasFormatting, markupOf, withBreaks, withChangedText } from "../../../../wasm_build/ui/text_markup.js";
import { parseMarkup } from "../../../../wasm_build/ui/trusted_markup.js";
import { reduceInBlocks } from "../../../../wasm_build/ui/written_markup.js";
import { FormattedText } from "./formatted_text.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../../../wasm_build/writing/composition.js").Text} Text */

export class LetterText {
  #translate;
  #composition;
  #area;
  #grow;
  /** @type {FormattedText | null} */
  #formatted = null;
  #switch;
  #label;
  #sheet = html("div", { class: "sheet" });
  #bar = html("div", {});
  #closing = new AbortController();

  /** @param {Catalogue} translate @param {import("../../../../wasm_build/writing/composition.js").Composition} composition */
  constructor(translate, composition) {
    const { text, html: markup } = composition.values;
    this.#translate = translate;
    this.#composition = composition;
    this.#area = createTextArea(text, () => composition.set(this.#written));
    this.#grow = growWithText(this.#area);
    const id = uniqueId("letter");
    this.#label = html("label", { id, for: this.#area.id, text: translate("letter"), on: { click: () => this.#formatted?.focus() } });
    this.#switch = switchField(translate("formatting"), "switch-formatting", (isOn) => this.#switched(isOn));
    this.element = html(
      "div", { class: "field" }, html("div", { class: "letter-head" }, this.#label, this.#switch.element), this.#bar, this.#sheet,
    );
    if (markup) this.#format(withChangedText(reduceInBlocks(parseMarkup(markup).body), text));
    this.uncover();
    // The plain and the formatted field write some line ends and elements differently.
    composition.rewrite(this.#written);
    composition.addEventListener("change", () => { if (composition.isCleared) this.#clear(); });
  }

  focus() {
    (this.#formatted ?? this.#area).focus();
  }

  /** @param {number} at the number of characters before the caret */
  placeCaret(at) {
    if (this.#formatted) this.#formatted.placeCaret(this.#written.text.slice(0, at));
    else this.#area.setSelectionRange(at, at);
  }

  /** Shows the encrypted block instead of the text. @param {HTMLElement} block */
  cover(block) {
    this.#bar.hidden = true;
    this.#sheet.replaceChildren(block);
  }

  /** Shows the text again. */
  uncover() {
    this.#bar.hidden = false;
    this.#bar.replaceChildren(...(this.#formatted ? [this.#formatted.toolbar] : []));
    this.#sheet.replaceChildren(this.#formatted?.area ?? this.#area);
    if (!this.#formatted) this.#grow();
  }

  dispose() {
    this.#closing.abort();
  }

  /** The words in the field. @returns {Text} */
  get #written() {
    if (!this.#formatted) return { text: this.#area.value, html: "" };
    const { written } = this.#formatted;
    return { text: written.text, html: written.text.trim() && hasFormatting(written) ? withBreaks(written.markup) : "" };
  }

  /** @param {boolean} isOn */
  #switched(isOn) {
    if (isOn) return this.#turn(() => this.#format(markupOf(this.#area.value)));
    if (!this.#written.html) return this.#turn(() => this.#unformat());
    // The formatting stays until the person agrees.
    this.#switch.input.checked = true;
    ask({
      title: this.#translate("formatting_off_question"), meaning: this.#translate("formatting_off_meaning"),
      keep: this.#translate("formatting_keep"), go: this.#translate("formatting_drop"), test: "formatting-off-confirm",
      onGo: () => this.#turn(() => this.#unformat()),
    });
  }

  /** Replaces the field. This does not count as a change of the letter by the person. @param {() => void} change */
  #turn(change) {
    const caret = this.#formatted ? 0 : this.#area.selectionStart;
    change();
    this.uncover();
    this.placeCaret(caret);
    this.focus();
    this.#composition.rewrite(this.#written);
  }

  /** @param {string} markup */
  #format(markup) {
    this.#formatted ??= new FormattedText(this.#translate, {
      labelId: this.#label.id, signal: this.#closing.signal, onInput: () => this.#composition.set(this.#written),
    });
    this.#formatted.fill(markup);
    this.#area.value = "";
    this.#switch.input.checked = true;
    this.#label.removeAttribute("for");
  }

  #unformat() {
    this.#area.value = this.#written.text;
    this.#formatted = null;
    this.#switch.input.checked = false;
    this.#label.setAttribute("for", this.#area.id);
  }

  /** Empties the field, including its undo history. */
  #clear() {
    this.#formatted?.area.replaceChildren();
    this.#area.value = "";
    this.#sheet.replaceChildren();
  }
}
