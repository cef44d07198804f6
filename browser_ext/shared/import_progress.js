/**
 * The progress of opening a key file. A line and a bar explain the wait. During the wait, the button ignores further
 * clicks.
 */
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";
import { askWithSecrets } from "./request.js";

/** After this time the line explains why opening takes so long. */
const LONG_MILLISECONDS = 2_000;

export class ImportProgress {
  #words = html("p", { id: uniqueId("import"), role: "status", class: "muted", data: { test: "import-words" } });
  #bar = html("progress", { "aria-labelledby": this.#words.id, hidden: true, data: { test: "import-progress" } });

  element = html("div", { class: "import-progress" }, this.#words, this.#bar);

  /**
   * Imports a key file. Rejects with the error of the import.
   * @param {HTMLElement} button @param {File} file @param {import("../../wasm_build/ui/secret_field.js").SecretField} passphrase
   */
  async importFile(button, file, passphrase) {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    this.#words.textContent = translate("unlocking_keys");
    this.#bar.hidden = false;
    const timer = setTimeout(() => { this.#words.textContent = translate("import_starting"); }, LONG_MILLISECONDS);
    try {
      const p12 = await file.arrayBuffer();
      await askWithSecrets("keys.import", { name: file.name, p12 }, { passphrase: passphrase.take() });
    } finally {
      clearTimeout(timer);
      this.#words.textContent = "";
      this.#bar.hidden = true;
      button.removeAttribute("aria-disabled");
    }
  }
}
