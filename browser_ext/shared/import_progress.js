/**
 * The progress of opening a key file. A line and a bar explain the wait. During the wait, the button ignores further
 * clicks.
 */
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";

/** After this time the line explains why opening takes so long. */
const LONG_MILLISECONDS = 2_000;

export class ImportProgress {
  #words = html("p", { id: uniqueId("import"), role: "status", class: "muted", data: { test: "import-words" } });
  #bar = html("progress", { "aria-labelledby": this.#words.id, hidden: true, data: { test: "import-progress" } });

  element = html("div", { class: "import-progress" }, this.#words, this.#bar);

  /**
   * @param {HTMLElement} button @param {() => Promise<void>} action rejects with the error
   */
  async during(button, action) {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    this.#words.textContent = translate("unlocking_keys");
    this.#bar.hidden = false;
    const timer = setTimeout(() => { this.#words.textContent = translate("import_starting"); }, LONG_MILLISECONDS);
    try {
      await action();
    } finally {
      clearTimeout(timer);
      this.#words.textContent = "";
      this.#bar.hidden = true;
      button.removeAttribute("aria-disabled");
    }
  }
}
