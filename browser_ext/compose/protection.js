/**
 * How the letter is protected: whether it is signed and sealed, and the password for those who have no certificate. Words
 * that came sealed leave readable only when the person says so of the letter as it stands.
 */
import { html } from "../runtime/ui/dom.js";
import { ask as confirm, switchField } from "../runtime/ui/parts.js";
import { SecretField } from "../runtime/ui/secret_field.js";
import { text } from "../shared/i18n.js";

export class Protection {
  /** What is written answers or forwards a message that was sealed. */
  answersSealed = false;
  /** The person has said, of the letter as it stands, that sealed words may leave readable. */
  #readableAgreed = false;
  #sign;
  #seal;
  #password;
  #onChange;

  /**
   * @param {import("../runtime/ui/catalogue.js").Catalogue} translate
   * @param {{sign: boolean, seal: boolean, onChange: () => void, onPassword: () => void}} options
   */
  constructor(translate, { sign, seal, onChange, onPassword }) {
    this.#onChange = onChange;
    this.#sign = switchField(translate("sign"), "switch-sign", onChange);
    this.#seal = switchField(translate("seal"), "switch-seal", (checked) => this.#sealSwitched(checked));
    this.set({ sign, seal });
    this.#password = new SecretField({
      translate, label: text("composePassword"), hint: text("composePasswordHint"), onInput: onPassword, onSubmit: () => {},
    });
    this.element = html("fieldset", { class: "switches" },
      html("legend", { text: translate("protection") }), this.#sign.element, this.#seal.element);
    this.passwordPlace = html("div", { class: "field", hidden: true, data: { test: "letter-password" } }, this.#password.element);
  }

  get signs() {
    return this.#sign.input.checked;
  }

  get seals() {
    return this.#seal.input.checked;
  }

  get hasPassword() {
    return this.#password.length > 0;
  }

  /** Whether the person has to be asked before the letter leaves as it stands. */
  get isUnagreed() {
    return !this.seals && this.answersSealed && !this.#readableAgreed;
  }

  /** @param {{sign: boolean, seal: boolean}} wanted */
  set({ sign, seal }) {
    this.#sign.input.checked = sign;
    this.#seal.input.checked = seal;
    this.askAgain();
  }

  /** @param {boolean} answersSealed what is taken over from the message that is answered came sealed */
  takeOver(answersSealed) {
    this.answersSealed = answersSealed;
    if (answersSealed) this.#seal.input.checked = true;
    this.askAgain();
  }

  /** The letter is another one than the person has agreed to. */
  askAgain() {
    this.#readableAgreed = false;
  }

  signOff() {
    this.#switchOff(this.#sign.input);
  }

  sealOff() {
    const off = () => this.#switchOff(this.#seal.input);
    if (this.answersSealed) this.askReadable(off);
    else off();
  }

  /** @param {() => void} onGo */
  askReadable(onGo) {
    confirm({
      title: text("composeReadableTitle"), meaning: text("composeReadableMeaning"), keep: text("composeKeepSealed"),
      go: text("composeReadableGo"), test: "readable-confirm",
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

  /** @param {boolean} checked */
  #sealSwitched(checked) {
    this.askAgain();
    if (checked || !this.answersSealed) return this.#onChange();
    this.#seal.input.checked = true;
    this.sealOff();
  }

  /** @param {HTMLInputElement} input */
  #switchOff(input) {
    input.checked = false;
    this.#onChange();
    input.focus();
  }
}
