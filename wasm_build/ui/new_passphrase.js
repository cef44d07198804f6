/** The two fields for a new passphrase, which the person types twice. Every form for a new passphrase uses them. */

import { overwrite } from "../vault/memory/cleanup.js";
import { html } from "./dom.js";
import { SecretField } from "./secret_field.js";

/** @typedef {import("./secret_field.js").Secret} Secret */
/** @typedef {{label: string, hint: string, onSubmit?: () => void}} FieldWords `onSubmit` is called on Enter */

/** The smallest number of code points of a new passphrase. `sealwax/cli/options/passphrases.py` has the same number. */
export const MIN_CHARACTERS = 10;

export class NewPassphrase {
  #first;
  #again;
  #words;
  #tooShort;

  /**
   * @param {import("./catalogue.js").Catalogue} translate
   * @param {{first: FieldWords, again: FieldWords, missing: string, differ: string}} words
   */
  constructor(translate, words) {
    const least = String(MIN_CHARACTERS);
    this.#tooShort = translate("new_passphrase_too_short", { least });
    const hint = `${translate("new_passphrase_least", { least })} ${words.first.hint}`.trim();
    this.#first = new SecretField({ translate, ...words.first, hint });
    this.#again = new SecretField({ translate, ...words.again });
    this.#words = words;
    this.element = html("div", { class: "stack", data: { test: "new-passphrase" } }, this.#first.element, this.#again.element);
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
