/** The two fields for a new passphrase, which the person types twice. */

import { overwrite } from "../vault/cleanup.js";
import { html } from "./dom.js";
import { SecretField } from "./secret_field.js";

/** @typedef {import("./secret_field.js").Secret} Secret */
/** @typedef {{label: string, hint: string, onSubmit?: () => void}} FieldWords `onSubmit` is called on Enter */

export class NewPassphrase {
  #first;
  #again;
  #words;

  /**
   * @param {import("./catalogue.js").Catalogue} translate
   * @param {{first: FieldWords, again: FieldWords, missing: string, differ: string}} words
   */
  constructor(translate, words) {
    this.#first = new SecretField({ translate, ...words.first });
    this.#again = new SecretField({ translate, ...words.again });
    this.#words = words;
    this.element = html("div", { class: "stack", data: { test: "new-passphrase" } }, this.#first.element, this.#again.element);
  }

  /**
   * The passphrase in a new buffer, which the caller overwrites. Null if it is missing or the two fields differ; then a
   * field shows the problem.
   * @returns {Secret | null}
   */
  read() {
    for (const one of [this.#first, this.#again]) one.setError("");
    const [first, again] = [this.#first.copy(), this.#again.copy()];
    const same = areSame(first, again);
    overwrite(again.buffer);
    if (first.length > 0 && same) return first;
    overwrite(first.buffer);
    if (first.length === 0) this.#first.setError(this.#words.missing);
    else this.#again.setError(this.#words.differ);
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
