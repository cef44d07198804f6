/** The password of a letter for people without a certificate. */
import { html } from "../../wasm_build/ui/dom.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";

export class LetterPassword {
  #field;

  /** @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {() => void} onInput */
  constructor(translate, onInput) {
    this.#field = new SecretField({
      translate, label: translate("compose_password"), hint: translate("compose_password_hint"), onInput, onSubmit: () => {},
    });
    this.element = html("div", { class: "field", hidden: true, data: { test: "letter-password" } }, this.#field.element);
  }

  get isTyped() {
    return this.#field.length > 0;
  }

  /** @param {boolean} isNeeded */
  show(isNeeded) {
    this.element.hidden = !isNeeded;
  }

  focus() {
    this.#field.focus();
  }

  /** @returns {Secret | null} */
  take() {
    return this.element.hidden ? null : this.#field.take();
  }

  /** The password. It also stays in its field. @returns {Secret | null} */
  copy() {
    return this.element.hidden ? null : this.#field.copy();
  }

  forget() {
    this.#field.clear();
  }
}
