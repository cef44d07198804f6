/** The sender of a message: the person's own address, or one that several people share, such as a ward's address. */

import { quoteMailbox, writeMailbox } from "../../../wasm_build/ui/formats.js";

/**
 * @typedef {{readonly address: string | null, keys: Pick<import("../keys/keys.js").KeyRing, "nameFor">}} SenderServices
 */

export class Sender {
  #services;
  #values;

  /** @param {SenderServices} services @param {() => Pick<import("../../../wasm_build/writing/composition.js").Values, "sharedFrom">} values */
  constructor(services, values) {
    this.#services = services;
    this.#values = values;
  }

  /** The person's own address. */
  get own() {
    return this.#services.address ?? "";
  }

  /** The address that the message is from. */
  get address() {
    return this.#values().sharedFrom || this.own;
  }

  /** The header fields that say who the message is from. @returns {{from: string, sentBy: string}} */
  get fields() {
    return { from: this.#mailbox(this.address), sentBy: this.#values().sharedFrom === "" ? "" : this.#mailbox(this.own) };
  }

  /** The address with its name, for the person. @param {string} address */
  shown(address) {
    return writeMailbox({ name: this.#services.keys.nameFor(address), address });
  }

  /** @param {string} address */
  #mailbox(address) {
    return quoteMailbox({ name: this.#services.keys.nameFor(address), address });
  }
}
