/**
 * The rarer options of a letter in the pages, under "More": a signed receipt, the timestamp and the security label that the
 * bridge offers for signatures, and the copy in Sent.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { MoreOptions } from "../../../../wasm_build/ui/more_options.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {{timestampHost: string, labelPolicy: import("../../../../wasm_build/ui/more_options.js").LabelPolicy | null}} SignatureOffers */
/**
 * The statements in the signature of a letter. Letters of earlier versions in the outbox have no `receipt`.
 * @typedef {{receipt?: boolean, lasting: boolean, label: {policy: string, classification: number} | null}} Statements
 */

/** The codes of errors of the timestamp service. Nothing of the message was sent then. */
const UNSTAMPED = new Set(["timestamp-failed", "timestamp-refused"]);

export class LetterOptions {
  #policy;

  /**
   * @param {Catalogue} translate
   * @param {SignatureOffers} offers
   * @param {{copy: HTMLElement, isOwnComputer: boolean, onChange: () => void, onUnstamped: () => void}} options `onUnstamped`
   *   sends the letter again without a timestamp
   */
  constructor(translate, { timestampHost, labelPolicy }, { copy, isOwnComputer, onChange, onUnstamped }) {
    this.#policy = labelPolicy;
    const receiptHint = translate(isOwnComputer ? "ask_receipt_hint" : "ask_receipt_hint_here");
    this.more = new MoreOptions(translate, { timestampHost, labelPolicy, onChange, receiptHint, further: [copy] });
    /** The remedy after an error of the timestamp service. */
    this.unstamped = html("button", {
      type: "button", hidden: true, text: translate("send_without_timestamp"), data: { test: "send-unstamped" },
      on: { click: () => { this.more.lastingOff(); onUnstamped(); } },
    });
  }

  get element() {
    return this.more.element;
  }

  /** @returns {Statements} */
  get statements() {
    const { receipt, lasting, label } = this.more.chosen;
    return { receipt, lasting, label: label && this.#policy ? { policy: this.#policy.policy, classification: Number(label) } : null };
  }

  /** Whether the person has chosen a statement. */
  get hasStatements() {
    const { receipt, lasting, label } = this.statements;
    return Boolean(receipt || lasting || label);
  }

  /** Chooses the statements of a letter that was kept. @param {Statements} statements */
  set({ receipt = false, lasting, label }) {
    this.more.set({ receipt, lasting, label: label?.policy === this.#policy?.policy ? String(label?.classification ?? "") : "" });
  }

  /** Offers to send without a timestamp if the service has failed. @param {unknown} error null for none */
  offerUnstamped(error) {
    this.unstamped.hidden = !(error && typeof error === "object" && "code" in error && UNSTAMPED.has(String(error.code)));
  }
}
