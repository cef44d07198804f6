/**
 * The person's choices for people without a certificate: unencrypted, as a parcel, or never unencrypted; and the
 * people to whom encrypted mail was sent. They are kept in the address book of this device, encrypted and signed
 * with the contacts. They do not roam, because each choice for unencrypted mail weakens the device that takes it.
 */

import { addressKey } from "../../../wasm_build/ui/formats.js";
import { readClearPolicy, readClearWay, wayName } from "../../../wasm_build/ui/leaving_clear.js";

/** @typedef {import("../../../wasm_build/ui/leaving_clear.js").ClearWay} ClearWay */
/** @typedef {Pick<import("./address_book.js").AddressBook, "textsOf" | "textOf" | "keepTexts">} Book */

const WAY = "clear";
const ENCRYPTED = "encrypted";
/** The largest number of people to whom encrypted mail was sent, and of choices. The latest stay. */
export const MOST_KEPT = 1_000;

export class ClearChoices {
  #book;
  /** The operator's policy. It forbids unencrypted mail until the bridge has answered. */
  #policy = readClearPolicy({ mode: "never" });

  /** @param {Book} book */
  constructor(book) {
    this.#book = book;
  }

  get policy() {
    return this.#policy;
  }

  /** @param {unknown} policy of the bridge; absent at a bridge of an earlier version */
  adopt(policy) {
    this.#policy = readClearPolicy(policy);
  }

  /** The remembered ways by name. A name is an address, or "@" and a domain. @returns {{name: string, way: ClearWay}[]} */
  get list() {
    return this.#book.textsOf(WAY).flatMap(([name, text]) => {
      const way = readClearWay(text);
      return way ? [{ name, way }] : [];
    });
  }

  /** The remembered way for a name; null for none. */
  ways = (/** @type {string} */ name) => readClearWay(this.#book.textOf(WAY, name));

  /** Whether encrypted mail was sent to an address before. */
  hasEncrypted = (/** @type {string} */ address) => this.#book.textOf(ENCRYPTED, addressKey(address)) !== null;

  /**
   * Remembers a way for people, or for everyone at their domains.
   * @param {string[]} names addresses, or "@" and domains @param {ClearWay} way
   */
  remember(names, way) {
    this.#keep(WAY, names.map(wayName).filter(Boolean).map((name) => [name, way]));
  }

  /** Forgets a remembered way. @param {string} name */
  forget(name) {
    this.#keep(WAY, [[name, null]]);
  }

  /** Notes that an encrypted message was sent to people. @param {string[]} addresses */
  noteEncrypted(addresses) {
    this.#keep(ENCRYPTED, addresses.map((address) => [addressKey(address), ""]));
  }

  /** @param {string} kind @param {[string, string | null][]} texts */
  #keep(kind, texts) {
    this.#book.keepTexts(kind, texts, { most: MOST_KEPT });
  }
}
