/**
 * The protection of the letter: signature, encryption, and the password for people without a certificate. Words that
 * came encrypted leave unencrypted only if the person agrees to that.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { ask as confirm, switchField } from "../../wasm_build/ui/parts.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { translate } from "../texts/texts.js";

export class Protection {
  /** Whether the letter answers or forwards an encrypted message. */
  answersEncrypted = false;
  /** Whether the person has agreed that this letter's decrypted words may leave unencrypted. */
  #readableAgreed = false;
  #sign;
  #encrypt;
  #password;
  #onChange;

  /**
   * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
   * @param {{sign: boolean, encrypt: boolean, onChange: () => void, onPassword: () => void}} options
   */
  constructor(translate, { sign, encrypt, onChange, onPassword }) {
    this.#onChange = onChange;
    this.#sign = switchField(translate("sign"), "switch-sign", onChange);
    this.#encrypt = switchField(translate("encrypt"), "switch-encrypt", (checked) => this.#encryptSwitched(checked));
    this.set({ sign, encrypt });
    this.#password = new SecretField({
      translate, label: translate("compose_password"), hint: translate("compose_password_hint"), onInput: onPassword, onSubmit: () => {},
    });
    this.element = html("fieldset", { class: "switches" },
      html("legend", { text: translate("protection") }), this.#sign.element, this.#encrypt.element);
    this.passwordPlace = html("div", { class: "field", hidden: true, data: { test: "letter-password" } }, this.#password.element);
  }

  get signs() {
    return this.#sign.input.checked;
  }

  get encrypts() {
    return this.#encrypt.input.checked;
  }

  get hasPassword() {
    return this.#password.length > 0;
  }

  /** Whether the person must be asked first, since decrypted words would leave unencrypted. */
  get isUnagreed() {
    return !this.encrypts && this.answersEncrypted && !this.#readableAgreed;
  }

  /** @param {{sign: boolean, encrypt: boolean}} wanted */
  set({ sign, encrypt }) {
    this.#sign.input.checked = sign;
    this.#encrypt.input.checked = encrypt;
    this.askAgain();
  }

  /** @param {boolean} answersEncrypted whether the answered or forwarded message came encrypted */
  takeOver(answersEncrypted) {
    this.answersEncrypted = answersEncrypted;
    if (answersEncrypted) this.#encrypt.input.checked = true;
    this.askAgain();
  }

  /** Forgets the person's agreement, since the letter or its protection has changed. */
  askAgain() {
    this.#readableAgreed = false;
  }

  signOff() {
    this.#switchOff(this.#sign.input);
  }

  encryptOff() {
    const off = () => this.#switchOff(this.#encrypt.input);
    if (this.answersEncrypted) this.askReadable(off);
    else off();
  }

  /** @param {() => void} onGo */
  askReadable(onGo) {
    confirm({
      title: translate("send_unencrypted_question"), meaning: translate("compose_readable_meaning"), keep: translate("keep_encrypted"),
      go: translate("switch_encrypt_off"), test: "readable-confirm",
      onGo: () => {
        this.#readableAgreed = true;
        onGo();
      },
    });
  }

  focusPassword() {
    this.#password.focus();
  }

  /** @returns {Secret | null} */
  takePassword() {
    return this.passwordPlace.hidden ? null : this.#password.take();
  }

  /** The password, which stays in its field too. @returns {Secret | null} */
  copyPassword() {
    return this.passwordPlace.hidden ? null : this.#password.copy();
  }

  forgetPassword() {
    this.#password.clear();
  }

  /** @param {boolean} checked */
  #encryptSwitched(checked) {
    this.askAgain();
    if (checked || !this.answersEncrypted) return this.#onChange();
    this.#encrypt.input.checked = true;
    this.encryptOff();
  }

  /** @param {HTMLInputElement} input */
  #switchOff(input) {
    input.checked = false;
    this.#onChange();
    input.focus();
  }
}
