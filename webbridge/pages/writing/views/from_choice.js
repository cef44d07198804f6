/**
 * The choice of the address that a letter is from: the person's own, or one that several people share, such as a ward's
 * address. The choice is shown only if the bridge lets accounts send from shared addresses and the person has the key
 * of such an address.
 */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { isolate, sameAddress } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../../wasm_build/writing/composition.js").Composition} Composition */
/**
 * @typedef {{
 *   translate: import("../../../../wasm_build/ui/catalogue.js").Catalogue, keys: Pick<import("../../keys/keys.js").KeyRing, "hasIdentityFor">,
 * }} FromServices
 */

export class FromChoice {
  #services;
  #composition;
  #sender;
  /** Whether the From address of an answer is still undecided. */
  #isOpen;
  #select;
  #note = html("p", { class: "warning", role: "status", hidden: true, data: { test: "from-note" } });

  /**
   * An answer to a message that was surely sent to a shared address comes from that address. A note says so.
   * @param {FromServices} services @param {Composition} composition @param {import("../sender.js").Sender} sender
   */
  constructor(services, composition, sender) {
    const { sharedFrom = "", addressed = [] } = composition.proposal;
    this.#services = services;
    this.#composition = composition;
    this.#sender = sender;
    this.#isOpen = addressed.length > 0 && !sharedFrom;
    const id = uniqueId("from");
    this.#select = html("select", { id, data: { test: "compose-from" }, on: { change: () => {
      this.#isOpen = false;
      this.#note.hidden = true;
      composition.set({ sharedFrom: this.#select.value });
    } } });
    this.element = html(
      "div", { class: "field", hidden: true }, html("label", { for: id, text: services.translate("from") }), this.#select, this.#note,
    );
  }

  /** Offers the shared addresses whose keys the person has. @param {string[]} shared the shared addresses from the bridge */
  show(shared) {
    const { keys, translate } = this.#services;
    const usable = shared.filter((address) => keys.hasIdentityFor(address));
    if (this.#isOpen && usable.length > 0) {
      this.#isOpen = false;
      this.#choose(usable);
    }
    const { sharedFrom } = this.#composition.values;
    // The keys may be locked meanwhile. The choice stays.
    const offered = [...new Set([...usable, ...sharedFrom ? [sharedFrom] : []])];
    this.element.hidden = offered.length === 0;
    const who = this.#sender.shown(this.#sender.own);
    const options = [["", who], ...offered.map((address) => [address, translate("from_shared", { sender: this.#sender.shown(address), who })])];
    const written = JSON.stringify(options);
    if (this.#select.dataset["written"] !== written) {
      this.#select.replaceChildren(...options.map(([value, text]) => html("option", { value, text })));
      this.#select.dataset["written"] = written;
    }
    this.#select.value = sharedFrom;
  }

  /** Answers for the shared address to which the message was surely sent. @param {string[]} usable */
  #choose(usable) {
    const named = (this.#composition.proposal.addressed ?? []).flatMap(({ address, isSure }) => {
      const shared = usable.find((usableAddress) => sameAddress(usableAddress, address));
      return shared ? [{ shared, isSure }] : [];
    });
    const choice = named.find(({ isSure }) => isSure) ?? named[0];
    if (!choice) return;
    this.#note.textContent = this.#services.translate(choice.isSure ? "from_addressed" : "from_addressed_unsure", {
      address: isolate(choice.shared),
    });
    this.#note.hidden = false;
    if (choice.isSure) this.#composition.set({ sharedFrom: choice.shared });
  }
}
