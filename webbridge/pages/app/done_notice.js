/** The notice about an action that was done in an earlier view. It stays until the person closes it or signs out. */

import { html } from "../../../wasm_build/ui/dom.js";

export class DoneNotice extends EventTarget {
  #translate;
  #text = "";

  /** @param {import("../../../wasm_build/ui/catalogue.js").Translate} translate */
  constructor(translate) {
    super();
    this.#translate = translate;
  }

  /** @param {string} text an empty text removes the notice */
  say(text) {
    if (text === this.#text) return;
    this.#text = text;
    this.dispatchEvent(new Event("change"));
  }

  /** @returns {HTMLElement[]} */
  notices() {
    if (!this.#text) return [];
    const close = html("button", {
      type: "button", class: "quiet", text: this.#translate("close"), data: { test: "done-close" }, on: { click: () => this.say("") },
    });
    return [html("div", { class: "notice", data: { test: "done-notice" } }, html("p", { class: "done", text: this.#text }), close)];
  }
}
