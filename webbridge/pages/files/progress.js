/** The progress of a file that is added or saved: a bar, a sentence, an error, and a button to cancel. */

import { html } from "../../../wasm_build/ui/dom.js";

export class Progress {
  /** @param {import("./my_files.js").Given} given @param {{name: string, bytes: number, onCancel: () => void, cancelLabel: string}} options */
  constructor({ services: { translate }, parts }, { name, bytes, onCancel, cancelLabel }) {
    this.bar = html("progress", { max: String(Math.max(1, bytes)), value: "0", "aria-label": translate("parcel_progress", { name }) });
    this.said = html("p", { class: "kept-said", role: "status", data: { test: "file-progress" } });
    this.failure = parts.problem("file-error");
    this.cancel = html("button", {
      type: "button", text: translate("cancel"), "aria-label": cancelLabel, data: { test: "file-cancel" }, on: { click: onCancel },
    });
    this.element = html("div", { class: "kept-progress" }, this.bar, this.said, this.failure, this.cancel);
  }

  /** Replaces the progress with the outcome. @param {string} text @param {string} [failure] */
  end(text, failure = "") {
    this.bar.remove();
    this.cancel.remove();
    this.said.textContent = text;
    this.failure.textContent = failure;
  }
}
