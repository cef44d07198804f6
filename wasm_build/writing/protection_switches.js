/**
 * The switches that sign and encrypt a letter. Words from an encrypted message are not sent unencrypted before the
 * person agrees.
 */

import { ask } from "../ui/ask.js";
import { html, switchField } from "../ui/dom.js";

/** @typedef {import("../ui/catalogue.js").Catalogue} Catalogue */

export class ProtectionSwitches {
  #translate;
  #composition;
  #sign;
  #encrypt;

  /** @param {Catalogue} translate @param {import("./composition.js").Composition} composition */
  constructor(translate, composition) {
    this.#translate = translate;
    this.#composition = composition;
    this.#sign = switchField(translate("sign"), "switch-sign", (sign) => composition.set({ sign }));
    this.#encrypt = switchField(translate("encrypt"), "switch-encrypt", (isOn) => this.#encryptSwitched(isOn));
    this.element = html(
      "fieldset", { class: "switches" }, html("legend", { text: translate("protection") }),
      this.#sign.element, this.#encrypt.element,
    );
    composition.addEventListener("change", () => this.#show());
    this.#show();
  }

  signOff() {
    this.#composition.set({ sign: false });
    this.#sign.input.focus();
  }

  /** Asks whether the letter is sent unencrypted. */
  askEncryptOff() {
    this.askReadable(() => {
      this.#composition.set({ encrypt: false });
      this.#encrypt.input.focus();
    });
  }

  /** Asks whether the letter may leave unencrypted, so that anybody can read it. @param {() => void} onGo */
  askReadable(onGo) {
    const translate = this.#translate;
    ask({
      title: translate("send_unencrypted_question"),
      meaning: translate(this.#composition.proposal.answersEncrypted ? "answers_encrypted" : "send_unencrypted_meaning"),
      keep: translate("keep_encrypted"), go: translate("switch_encrypt_off"), test: "unencrypted-confirm", isDanger: true,
      onGo: () => {
        this.#composition.agreeReadable();
        onGo();
      },
    });
  }

  /** @param {boolean} isOn */
  #encryptSwitched(isOn) {
    this.#composition.askAgain();
    if (isOn || !this.#composition.proposal.answersEncrypted) return this.#composition.set({ encrypt: isOn });
    // The switch stays on until the person agrees.
    this.#show();
    this.askEncryptOff();
  }

  #show() {
    const { sign, encrypt } = this.#composition.values;
    this.#sign.input.checked = sign;
    this.#encrypt.input.checked = encrypt;
  }
}
