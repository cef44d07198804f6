/**
 * The line under the field for a new passphrase. It says how hard the passphrase is to guess. The vault measures a copy of the
 * bytes after a pause in typing. The line only advises, and refuses no passphrase.
 */

import { overwrite } from "../vault/memory/cleanup.js";
import { html } from "./dom.js";

/** @typedef {import("./secret_field.js").Secret} Secret */
/** A strength from 0 (too weak) to 4 (strong), and the code of a warning, or "". @typedef {{score: number, warning: string}} Strength */
/** Measures a passphrase, which may be overwritten. @typedef {(passphrase: Secret) => Promise<Strength>} Measure */

const PAUSE_MILLISECONDS = 400;
/** The bar is empty for a score of -1. */
const BAR = { min: -1, max: 4, low: 1.5, high: 2.5, optimum: 4 };

export class PassphraseMeter {
  #translate;
  #measure;
  #bar = html("meter", { class: "strength-bar", ...BAR, hidden: true, "aria-hidden": "true" });
  #words = html("p", { class: "strength-words", role: "status", "aria-live": "polite", data: { test: "passphrase-strength" } });
  /** The line to put under the field. */
  element = html("div", { class: "strength" }, this.#bar, this.#words);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The number of changes of the text. A measure of an earlier text is not shown. */
  #turn = 0;

  /** @param {import("./catalogue.js").Catalogue} translate @param {Measure} measure */
  constructor(translate, measure) {
    this.#translate = translate;
    this.#measure = measure;
  }

  /**
   * Called when the text has changed.
   * @param {() => Secret | null} copy a copy of the text; null if there is nothing to measure
   */
  changed(copy) {
    this.clear();
    this.#timer = setTimeout(() => void this.#ask(copy()), PAUSE_MILLISECONDS);
  }

  /** Forgets the shown strength, and a measure that has not come yet. */
  clear() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.#bar.hidden = true;
    this.#words.textContent = "";
  }

  /** @param {Secret | null} passphrase */
  async #ask(passphrase) {
    if (!passphrase) return;
    const turn = this.#turn;
    try {
      const strength = await this.#measure(passphrase);
      if (turn === this.#turn) this.#show(strength);
    } catch {
      // Without a measure the form works all the same.
    } finally {
      overwrite(passphrase.buffer);
    }
  }

  /** @param {Strength} strength */
  #show({ score, warning }) {
    this.#bar.hidden = false;
    this.#bar.value = score;
    const reason = warning ? this.#translate(`strength_because_${warning.replaceAll("-", "_")}`) : "";
    this.#words.textContent = `${this.#translate(`strength_${score}`)} ${reason}`.trim();
  }
}
