/** The rarer options of a letter, under "More". Each is there only if the letter is signed. */
import { html } from "../../wasm_build/ui/dom.js";
import { switchField } from "../../wasm_build/ui/parts.js";
import { text } from "../shared/i18n.js";

export class MoreOptions {
  #receipt;

  /** @param {{onChange: () => void}} options */
  constructor({ onChange }) {
    this.#receipt = switchField(text("composeReceipt"), "switch-receipt", onChange);
    this.element = html("details", { class: "more-options", data: { test: "more" } },
      html("summary", { text: text("composeMore") }),
      this.#receipt.element, html("p", { class: "field-hint", text: text("composeReceiptHint") }));
  }

  /** Whether the letter asks its recipients for signed receipts. */
  get asksReceipt() {
    return !this.element.hidden && this.#receipt.input.checked;
  }

  /** The words about these options in the plan of what will leave. */
  get sentence() {
    return this.asksReceipt ? text("composeAsksReceipt") : "";
  }

  /** @param {{receipt: boolean}} wanted as a draft has kept it */
  set({ receipt }) {
    this.#receipt.input.checked = receipt;
    this.element.open = receipt;
  }

  /** @param {{sign: boolean}} letter */
  show({ sign }) {
    this.element.hidden = !sign;
  }
}
