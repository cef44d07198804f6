/**
 * The text of a letter in the writing view: as plain text, or with formatting when the person has switched it on.
 *
 * A letter in which nothing is formatted is a plain text, also while the switch is on.
 */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { growWithText } from "../../../../wasm_build/ui/growing_text.js";
import { ask, createTextArea, switchField } from "../../../../wasm_build/ui/parts.js";
import { hasFormatting, markupOf, withBreaks, withChangedText } from "../../../../wasm_build/ui/text_markup.js";
import { parseMarkup } from "../../../../wasm_build/ui/trusted_markup.js";
import { reduceInBlocks } from "../../../../wasm_build/ui/written_markup.js";
import { FormattedText } from "./formatted_text.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

export class LetterText {
  #translate;
  #onChange;
  #area;
  #grow;
  /** @type {FormattedText | null} */
  #formatted = null;
  #switch;
  #label;
  #sheet = html("div", { class: "sheet" });
  #bar = html("div", {});
  #closing = new AbortController();
  /** The words before the person has changed them. */
  #first;

  /** @param {Catalogue} translate @param {{text: string, html?: string}} words @param {() => void} onChange */
  constructor(translate, { text, html: markup = "" }, onChange) {
    this.#translate = translate;
    this.#onChange = onChange;
    this.#area = createTextArea(text);
    this.#grow = growWithText(this.#area);
    const id = uniqueId("letter");
    this.#label = html("label", { id, for: this.#area.id, text: translate("letter"), on: { click: () => this.#formatted?.focus() } });
    this.#switch = switchField(translate("formatting"), "switch-formatting", (isOn) => this.#switched(isOn));
    this.element = html(
      "div", { class: "field" }, html("div", { class: "letter-head" }, this.#label, this.#switch.element), this.#bar, this.#sheet,
    );
    if (markup) this.#format(withChangedText(reduceInBlocks(parseMarkup(markup).body), text));
    this.uncover();
    this.#first = this.#words;
  }

  /** The words as plain text. */
  get value() {
    return this.#formatted ? this.#formatted.written.text : this.#area.value;
  }

  /** The words as markup of few tags; empty if nothing is formatted. */
  get html() {
    const written = this.#formatted?.written;
    return written?.text.trim() && hasFormatting(written) ? withBreaks(written.markup) : "";
  }

  /** Whether the person has changed the words or their formatting. */
  get isChanged() {
    return this.#words !== this.#first;
  }

  focus() {
    if (this.#formatted) this.#formatted.focus();
    else this.#area.focus();
  }

  /** @param {number} at the number of characters before the caret */
  placeCaret(at) {
    if (this.#formatted) this.#formatted.placeCaret(this.value.slice(0, at));
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

  get #words() {
    return JSON.stringify([this.value, this.html]);
  }

  /** @param {boolean} isOn */
  #switched(isOn) {
    if (isOn) return this.#turn(() => this.#format(markupOf(this.#area.value)));
    if (!this.html) return this.#turn(() => this.#unformat());
    // The formatting stays until the person agrees.
    this.#switch.input.checked = true;
    ask({
      title: this.#translate("formatting_off_question"), meaning: this.#translate("formatting_off_meaning"),
      keep: this.#translate("formatting_keep"), go: this.#translate("formatting_drop"), test: "formatting-off-confirm",
      onGo: () => this.#turn(() => this.#unformat()),
    });
  }

  /** Changes the field of the words, which the person does not count as a change of the letter. @param {() => void} change */
  #turn(change) {
    const { isChanged } = this;
    const caret = this.#formatted ? 0 : this.#area.selectionStart;
    change();
    if (!isChanged) this.#first = this.#words;
    this.uncover();
    this.placeCaret(caret);
    this.focus();
    this.#onChange();
  }

  /** @param {string} markup */
  #format(markup) {
    this.#formatted ??= new FormattedText(this.#translate, { labelId: this.#label.id, signal: this.#closing.signal });
    this.#formatted.fill(markup);
    this.#area.value = "";
    this.#switch.input.checked = true;
    this.#label.removeAttribute("for");
  }

  #unformat() {
    this.#area.value = this.value;
    this.#formatted = null;
    this.#switch.input.checked = false;
    this.#label.setAttribute("for", this.#area.id);
  }
}
