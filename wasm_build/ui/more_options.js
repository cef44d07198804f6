/**
 * The rarer options of a letter, under "More": a receipt, a timestamp, a security label. All these options become statements in
 * the signature, so they appear only if the letter is signed. Extension and pages share them.
 */
import { html, switchField, uniqueId } from "./dom.js";
import { isolate } from "./formats.js";
import { NO_OPTIONS, offeredOptions, optionSentences } from "./signature_options.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./signature_options.js").Options} Options */
/** @typedef {import("./signature_options.js").LabelPolicy} LabelPolicy */

export class MoreOptions {
  #translate;
  #onChange;
  #receipt;
  #lasting;
  #label = html("select", { id: uniqueId("label"), data: { test: "label" } });
  #problem = html("p", { class: "problem", role: "alert", data: { test: "lasting-problem" } });
  #signed;
  #offers;
  #allowService;
  #further;

  /**
   * @param {Catalogue} translate
   * @param {{
   *   timestampHost: string, labelPolicy: LabelPolicy | null, onChange: () => void, receiptHint?: string,
   *   allowService?: () => Promise<string>, further?: HTMLElement[],
   * }} options without a timestamp service or a label policy, its option is absent. `allowService` is called in the click that
   * asks for a timestamp; it resolves with the reason why the service must not be asked, or "". `further` are options that need
   * no signature.
   */
  constructor(translate, {
    timestampHost, labelPolicy, onChange, receiptHint = translate("ask_receipt_hint"), allowService = async () => "", further = [],
  }) {
    this.#translate = translate;
    this.#onChange = onChange;
    this.#offers = { timestampHost, labelPolicy };
    this.#allowService = allowService;
    this.#further = further;
    this.#receipt = switchField(translate("ask_receipt"), "switch-receipt", onChange);
    this.#lasting = switchField(translate("sign_lasting"), "switch-lasting", (checked) => void this.#lastingSwitched(checked));
    this.#signed = html("div", {},
      this.#receipt.element, html("p", { class: "field-hint", text: receiptHint }),
      ...(timestampHost ? this.#createLasting() : []), ...(labelPolicy ? [this.#createLabels(labelPolicy)] : []));
    this.element = html("details", { class: "more-options", data: { test: "more" } },
      html("summary", { text: translate("more_options") }), this.#signed, ...further);
  }

  /** The chosen options; none if the letter is not signed. @returns {Options} */
  get chosen() {
    if (this.#signed.hidden) return NO_OPTIONS;
    return { receipt: this.#receipt.input.checked, lasting: this.#lasting.input.checked, label: this.#label.value };
  }

  /** The sentences about these options in the plan for sending. */
  get sentences() {
    return optionSentences(this.chosen, this.#offers, this.#translate);
  }

  /** @param {Options} wanted the options from a draft; an absent option stays off */
  set(wanted) {
    const { receipt, lasting, label } = offeredOptions(wanted, this.#offers);
    this.#receipt.input.checked = receipt;
    this.#lasting.input.checked = lasting;
    this.#label.value = label;
    this.element.open = this.sentences.length > 0;
  }

  /** @param {{sign: boolean}} letter */
  show({ sign }) {
    this.#signed.hidden = !sign;
    this.element.hidden = !sign && this.#further.length === 0;
  }

  lastingOff() {
    this.#lasting.input.checked = false;
    this.#onChange();
  }

  #createLasting() {
    const hint = this.#translate("sign_lasting_hint", { host: isolate(this.#offers.timestampHost) });
    return [this.#lasting.element, html("p", { class: "field-hint", text: hint }), this.#problem];
  }

  /** @param {LabelPolicy} policy */
  #createLabels({ name, classifications }) {
    this.#label.append(html("option", { value: "", text: this.#translate("no_security_label") }),
      ...classifications.map((classification) => html("option", { value: String(classification.value), text: classification.name, dir: "auto" })));
    this.#label.addEventListener("change", this.#onChange);
    const words = this.#translate("security_label", { name: isolate(name) });
    return html("div", { class: "field" }, html("label", { for: this.#label.id, text: words }), this.#label);
  }

  /** @param {boolean} checked */
  async #lastingSwitched(checked) {
    this.#problem.textContent = "";
    const refusal = checked ? await this.#allowService() : "";
    if (refusal) this.#lasting.input.checked = false;
    this.#problem.textContent = refusal;
    this.#onChange();
  }
}
