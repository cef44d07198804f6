/**
 * The rarer options of a letter, under "More": a receipt, a timestamp, a security label. All are statements in the
 * signature, so they are there only if the letter is signed.
 */
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { switchField } from "../../wasm_build/ui/parts.js";
import { api } from "../shared/api.js";
import { directoryPattern } from "../shared/directory_address.js";
import { errorText, text } from "../shared/i18n.js";

/** @typedef {{receipt: boolean, lasting: boolean, label: string}} Options `label` is the number of a classification, or "" */

export class MoreOptions {
  #onChange;
  #receipt;
  #lasting;
  #label = html("select", { id: uniqueId("label"), data: { test: "label" } });
  #problem = html("p", { class: "problem", role: "alert", data: { test: "lasting-problem" } });
  #service;
  #policy;

  /**
   * @param {Pick<import("./letter_window.js").Claim, "timestampService" | "labelPolicy"> & {onChange: () => void}} options
   *   without a service or a policy their options are absent
   */
  constructor({ timestampService, labelPolicy, onChange }) {
    this.#onChange = onChange;
    this.#service = timestampService;
    this.#policy = labelPolicy;
    this.#receipt = switchField(text("composeReceipt"), "switch-receipt", onChange);
    this.#lasting = switchField(text("composeLasting"), "switch-lasting", (checked) => void this.#lastingSwitched(checked));
    this.element = html("details", { class: "more-options", data: { test: "more" } },
      html("summary", { text: text("composeMore") }),
      this.#receipt.element, html("p", { class: "field-hint", text: text("composeReceiptHint") }),
      ...(timestampService ? this.#createLasting() : []), ...(labelPolicy ? [this.#createLabels(labelPolicy)] : []));
  }

  /** The chosen options; none if the letter is not signed. @returns {Options} */
  get chosen() {
    if (this.element.hidden) return { receipt: false, lasting: false, label: "" };
    return { receipt: this.#receipt.input.checked, lasting: this.#lasting.input.checked, label: this.#label.value };
  }

  /** The words about these options in the plan of what will leave. */
  get sentences() {
    const { receipt, lasting, label } = this.chosen;
    const name = this.#policy?.classifications.find(({ value }) => String(value) === label)?.name;
    return [
      ...(receipt ? [text("composeAsksReceipt")] : []),
      ...(lasting ? [text("composeLasts", isolate(this.#host))] : []),
      ...(name === undefined ? [] : [text("composeLabelled", isolate(name))]),
    ];
  }

  /** @param {Options} wanted as a draft has kept it; an option that is absent stays off */
  set({ receipt, lasting, label }) {
    this.#receipt.input.checked = receipt;
    this.#lasting.input.checked = lasting && this.#service !== "";
    this.#label.value = label;
    // A select has no value that is none of its options.
    if (this.#label.selectedIndex < 0) this.#label.selectedIndex = 0;
    this.element.open = this.sentences.length > 0;
  }

  /** @param {{sign: boolean}} letter */
  show({ sign }) {
    this.element.hidden = !sign;
  }

  lastingOff() {
    this.#lasting.input.checked = false;
    this.#onChange();
  }

  #createLasting() {
    return [this.#lasting.element, html("p", { class: "field-hint", text: text("composeLastingHint", isolate(this.#host)) }), this.#problem];
  }

  /** @param {NonNullable<import("./letter_window.js").Claim["labelPolicy"]>} policy */
  #createLabels({ name, classifications }) {
    this.#label.append(html("option", { value: "", text: text("composeNoLabel") }),
      ...classifications.map((one) => html("option", { value: String(one.value), text: one.name, dir: "auto" })));
    this.#label.addEventListener("change", this.#onChange);
    return html("div", { class: "field" }, html("label", { for: this.#label.id, text: text("composeLabel", isolate(name)) }), this.#label);
  }

  get #host() {
    return new URL(this.#service).host;
  }

  /** @param {boolean} checked */
  async #lastingSwitched(checked) {
    this.#problem.textContent = "";
    // The permission is requested in the click itself: browsers grant sites at no other time.
    const isGranted = !checked || (await api.permissions.request({ origins: [directoryPattern(this.#service)] }).catch(() => false));
    if (!isGranted) {
      this.#lasting.input.checked = false;
      this.#problem.textContent = errorText({ code: "timestamp-not-granted" });
    }
    this.#onChange();
  }
}
