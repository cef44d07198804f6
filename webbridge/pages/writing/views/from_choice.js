/**
 * The choice of the address that a letter is from: the person's own, or one that several people share, such as that of a
 * ward. It is there only if the bridge lets accounts send from shared addresses and the person has the key of one.
 */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { isolate, quoteMailbox, sameAddress, writeMailbox } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../../../../wasm_build/ui/answer.js").AnswerMailbox} AnswerMailbox */

export class FromChoice {
  #app;
  /** The shared address that was chosen; "" for the person's own. */
  #shared;
  #addressed;
  /** Whether the address of an answer is still to be found. */
  #isOpen;
  #select;
  #note;

  /**
   * @param {App} app
   * @param {{sharedFrom?: string, addressed?: AnswerMailbox[]}} proposal `addressed` are those to whom an answered message was
   *   sent: the answer comes from the shared address among them, if it is sure. A note says so
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
      this.#note.hidden = true;
      onChange();
    } } });
    this.#note = html("p", { class: "warning", role: "status", hidden: true, data: { test: "from-note" } });
    this.element = html(
      "div", { class: "field", hidden: true }, html("label", { for: id, text: app.translate("from") }), this.#select, this.#note,
    );
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
      this.#choose(usable);
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

  /** Answers for the shared address to which the message was surely sent. @param {string[]} usable */
  #choose(usable) {
    const named = this.#addressed.flatMap(({ address, isSure }) => {
      const shared = usable.find((one) => sameAddress(one, address));
      return shared ? [{ shared, isSure }] : [];
    });
    const found = named.find(({ isSure }) => isSure) ?? named[0];
    if (!found) return;
    if (found.isSure) this.#shared = found.shared;
    const key = found.isSure ? "from_addressed" : "from_addressed_unsure";
    this.#note.textContent = this.#app.translate(key, { address: isolate(found.shared) });
    this.#note.hidden = false;
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
