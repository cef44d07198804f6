/** The two fields for a new passphrase, which the person types twice. Every form for a new passphrase uses them. */

import { overwrite } from "../vault/memory/cleanup.js";
import { html } from "./dom.js";
import { PassphraseMeter } from "./passphrase_meter.js";
import { PassphraseSuggestion } from "./passphrase_suggestion.js";
import { SecretField } from "./secret_field.js";

/** @typedef {import("./secret_field.js").Secret} Secret */
/** @typedef {{label: string, hint: string, onSubmit?: () => void}} FieldWords `onSubmit` is called on Enter */
/** `suggest` draws words, as UTF-8. @typedef {{measure: import("./passphrase_meter.js").Measure, suggest: () => Promise<ArrayBuffer>}} PassphraseAdvice */
/** @typedef {{translate: import("./catalogue.js").Catalogue, passphraseAdvice: PassphraseAdvice}} Services */

/** The smallest number of code points of a new passphrase. `sealwax/cli/options/passphrases.py` has the same number. */
export const MIN_CHARACTERS = 10;

export class NewPassphrase {
  #first;
  #again;
  #words;
  #tooShort;
  #meter;
  #suggestion;

  /**
   * @param {Services} services
   * @param {{first: FieldWords, again: FieldWords, missing: string, differ: string}} words
   */
  constructor({ translate, passphraseAdvice }, words) {
    const least = String(MIN_CHARACTERS);
    this.#tooShort = translate("new_passphrase_too_short", { least });
    const hint = `${translate("new_passphrase_least", { least })} ${words.first.hint}`.trim();
    this.#meter = new PassphraseMeter(translate, passphraseAdvice.measure);
    this.#first = new SecretField({ translate, ...words.first, hint, onInput: () => this.#changed() });
    this.#again = new SecretField({ translate, ...words.again });
    this.#suggestion = new PassphraseSuggestion(translate, passphraseAdvice.suggest, (text) => this.#fill(text));
    this.#words = words;
    this.element = html(
      "div", { class: "stack", data: { test: "new-passphrase" } },
      html("div", {}, this.#first.element, this.#meter.element), this.#suggestion.element, this.#again.element,
    );
  }

  /** Puts suggested words into the first field. The person types them into the second, from a note. @param {string} text */
  #fill(text) {
    this.#first.fill(text);
    this.#again.clear();
    this.#again.focus();
  }

  /** Measures the text. A text that is too short anyway is not measured. Words that were suggested may be others now. */
  #changed() {
    this.#meter.clear();
    this.#suggestion.clear();
    if (this.#first.length >= MIN_CHARACTERS) this.#meter.changed(() => this.#first.copyAtRest());
  }

  /**
   * The passphrase in a new buffer, which the caller overwrites. Null if the passphrase is missing or too short, or if the two
   * fields differ. In these cases a field shows the problem.
   * @returns {Secret | null}
   */
  read() {
    for (const field of [this.#first, this.#again]) field.setError("");
    const [first, again] = [this.#first.copy(), this.#again.copy()];
    const isSame = areSame(first, again);
    overwrite(again.buffer);
    const isLongEnough = this.#first.length >= MIN_CHARACTERS;
    if (isLongEnough && isSame) return first;
    overwrite(first.buffer);
    if (isLongEnough) this.#again.setError(this.#words.differ);
    else this.#first.setError(first.length === 0 ? this.#words.missing : this.#tooShort);
    return null;
  }

  /** Overwrites the typed text. */
  clear() {
    this.#first.clear();
    this.#again.clear();
    this.#meter.clear();
    this.#suggestion.clear();
  }
}

/**
 * @param {Secret} one
 * @param {Secret} other
 */
function areSame(one, other) {
  const [left, right] = [one, other].map(({ buffer, length }) => new Uint8Array(buffer, 0, length));
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
