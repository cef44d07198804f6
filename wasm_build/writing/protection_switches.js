/**
 * The switches that sign and encrypt a letter, and the red question before a message leaves unencrypted that somebody
 * could read encrypted, or that has words from an encrypted message.
 */

import { ask } from "../ui/ask.js";
import { html, switchField } from "../ui/dom.js";
import { questionWords } from "./clear_words.js";

/** @typedef {import("../ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../ui/leaving_clear.js").Leaving} Leaving */

export class ProtectionSwitches {
  #translate;
  #composition;
  #plan;
  #sign;
  #encrypt;

  /**
   * @param {Catalogue} translate @param {import("./composition.js").Composition} composition
   * @param {Pick<import("./letter_plan.js").LetterPlan, "leavingIf" | "isUndecided">} plan
   */
  constructor(translate, composition, plan) {
    this.#translate = translate;
    this.#composition = composition;
    this.#plan = plan;
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

  /**
   * The person pressed "Send unencrypted". While the keys are locked nobody's contacts are known, so it asks first, and
   * then switches encryption off.
   * @param {() => void} onGo sends
   */
  sendUnencrypted(onGo) {
    const translate = this.#translate;
    if (!this.#plan.isUndecided) return onGo();
    ask({
      title: translate("send_unencrypted_question"), meaning: translate("send_unencrypted_meaning"),
      keep: translate("keep_encrypted"), go: translate("switch_encrypt_off"), test: "unencrypted-confirm", isDanger: true,
      onGo: () => {
        this.#composition.set({ encrypt: false });
        onGo();
      },
    });
  }

  /**
   * Asks in red whether the message may leave unencrypted.
   * @param {Extract<Leaving, {kind: "ask"}>} question @param {() => void} onGo
   */
  askClear(question, onGo) {
    const translate = this.#translate;
    ask({
      title: translate("send_unencrypted_question"), meaning: questionWords(question, this.#composition.people, translate),
      keep: translate("keep_encrypted"), go: translate("switch_encrypt_off"), test: "unencrypted-confirm", isDanger: true,
      onGo: () => {
        this.#composition.agreeClear(question.key);
        onGo();
      },
    });
  }

  /** @param {boolean} isOn */
  #encryptSwitched(isOn) {
    const composition = this.#composition;
    composition.askAgain();
    const leaving = this.#plan.leavingIf({ encrypt: isOn });
    if (isOn || leaving.kind !== "ask") return composition.set({ encrypt: isOn });
    // The switch stays on until the person agrees.
    this.#show();
    this.askClear(leaving, () => {
      composition.set({ encrypt: false });
      this.#encrypt.input.focus();
    });
  }

  #show() {
    const { sign, encrypt } = this.#composition.values;
    this.#sign.input.checked = sign;
    this.#encrypt.input.checked = encrypt;
  }
}
