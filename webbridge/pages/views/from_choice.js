/**
 * The choice of the address that a letter is from: the person's own, or one that several people share, such as that of a
 * ward. It is there only if the bridge lets accounts send from shared addresses and the person has the key of one.
 */

import { html, uniqueId } from "../../../wasm_build/ui/dom.js";
import { quoteMailbox, sameAddress, writeMailbox } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../app.js").App} App */

export class FromChoice {
  #app;
  /** The shared address that was chosen; "" for the person's own. */
  #shared;
  #addressed;
  /** Whether the address of an answer is still to be found. */
  #isOpen;
  #select;

  /**
   * @param {App} app
   * @param {{sharedFrom?: string, addressed?: string[]}} proposal `addressed` are the addresses to which an answered message
   *   was sent: the answer comes from the shared one among them
   * @param {() => void} onChange
   */
  constructor(app, { sharedFrom = "", addressed = [] }, onChange) {
    this.#app = app;
    this.#shared = sharedFrom;
    this.#addressed = addressed;
    this.#isOpen = addressed.length > 0 && !sharedFrom;
    const id = uniqueId("from");
    this.#select = html("select", { id, data: { test: "compose-from" }, on: { change: () => {
      this.#shared = this.#select.value;
      this.#isOpen = false;
      onChange();
    } } });
    this.element = html("div", { class: "field", hidden: true }, html("label", { for: id, text: app.translate("from") }), this.#select);
  }

  /** The address that the letter is from. */
  get address() {
    return this.#shared || this.#own;
  }

  /** The chosen shared address; "" for the person's own. */
  get shared() {
    return this.#shared;
  }

  /** The header fields that say who the letter is from. @returns {{from: string, sentBy: string}} */
  get fields() {
    return { from: this.#mailbox(this.address), sentBy: this.#shared ? this.#mailbox(this.#own) : "" };
  }

  /** Offers the shared addresses whose keys the person has. @param {string[]} shared those of the bridge */
  show(shared) {
    const { keys, translate } = this.#app;
    const usable = shared.filter((address) => keys.hasIdentityFor(address));
    if (this.#isOpen && usable.length > 0) {
      this.#shared = usable.find((address) => this.#addressed.some((one) => sameAddress(one, address))) ?? "";
      this.#isOpen = false;
    }
    // The keys may be locked meanwhile. The choice stays.
    const offered = [...new Set([...usable, ...this.#shared ? [this.#shared] : []])];
    this.element.hidden = offered.length === 0;
    const who = this.#shown(this.#own);
    const options = [["", who], ...offered.map((address) => [address, translate("from_shared", { sender: this.#shown(address), who })])];
    const written = JSON.stringify(options);
    if (this.#select.dataset["written"] !== written) {
      this.#select.replaceChildren(...options.map(([value, text]) => html("option", { value, text })));
      this.#select.dataset["written"] = written;
    }
    this.#select.value = this.#shared;
  }

  get #own() {
    return this.#app.address ?? "";
  }

  /** @param {string} address */
  #mailbox(address) {
    return quoteMailbox({ name: this.#app.keys.nameFor(address), address });
  }

  /** @param {string} address */
  #shown(address) {
    return writeMailbox({ name: this.#app.keys.nameFor(address), address });
  }
}
