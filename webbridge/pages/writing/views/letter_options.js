/**
 * The rarer options of a letter in the pages, under "More": a signed receipt, the timestamp and the security label that
 * the bridge offers for signatures, and the copy in Sent.
 */

import { MoreOptions } from "../../../../wasm_build/ui/more_options.js";
import { createCopyField } from "../copy_choice.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../../../wasm_build/ui/signature_options.js").SignatureOffers} SignatureOffers */
/** @typedef {import("../statements.js").Statements} Statements */

export class LetterOptions {
  #more;

  /**
   * @param {Catalogue} translate
   * @param {import("../composition.js").Composition} composition
   * @param {{offers: SignatureOffers, isOwnComputer: boolean}} options
   */
  constructor(translate, composition, { offers, isOwnComputer }) {
    const copy = createCopyField(translate, {
      label: translate("copy_label"), as: translate("copy_as_chosen"), test: "compose-copy",
    });
    if (composition.values.copy !== null) copy.wish = composition.values.copy;
    copy.select.addEventListener("change", () => composition.set({ copy: copy.wish }));
    this.#more = new MoreOptions(translate, {
      ...offers, receiptHint: translate(isOwnComputer ? "ask_receipt_hint" : "ask_receipt_hint_here"),
      further: [copy.element],
      onChange: () => composition.set({ options: this.#more.chosen }),
    });
    this.#more.set(composition.values.options);
    composition.addEventListener("change", () => this.#more.show(composition.values));
    this.#more.show(composition.values);
  }

  get element() {
    return this.#more.element;
  }

  lastingOff() {
    this.#more.lastingOff();
  }
}
