/**
 * The progress while a letter is made and given to the webmail, in bytes. The bar is indeterminate while the total is
 * unknown.
 */
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";

/** @typedef {import("../shared/progress.js").Stage} Stage */
/** @typedef {import("../shared/progress.js").Progress} Progress */

/** @type {Stage[]} */
const STAGES = ["make", "deliver"];
const WORDS = { make: "compose_working", deliver: "compose_handing_over" };

export class LetterProgress {
  #words = html("p", { class: "muted", id: uniqueId("stage"), role: "status" });
  #bar = html("progress", { max: 1, "aria-labelledby": this.#words.id, data: { test: "progress" } });
  element = html("div", { class: "letter-progress", hidden: true }, this.#words, this.#bar);
  /** @type {Stage | null} */
  #stage = null;

  /** @param {Progress} progress a late report, of an earlier stage or of less progress, is not shown */
  show({ stage, done, total }) {
    if (this.#stage && STAGES.indexOf(stage) < STAGES.indexOf(this.#stage)) return;
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#words.textContent = translate(WORDS[stage]);
      this.#bar.removeAttribute("value");
    }
    this.element.hidden = false;
    if (total) this.#bar.value = Math.max(this.#bar.value, Math.min(done / total, 1));
  }

  end() {
    this.#stage = null;
    this.element.hidden = true;
  }
}
