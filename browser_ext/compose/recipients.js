/** The recipients of the letter: the lines To, Cc and Bcc, and the certificates of the people in them. */
import { RecipientLine } from "../../wasm_build/ui/recipient_line.js";
import { RecipientsField } from "../../wasm_build/ui/recipients_field.js";
import { translate } from "../texts/texts.js";
import { showRecipient } from "./recipient_dialog.js";

/** @typedef {import("../../wasm_build/ui/recipients_field.js").Person} Person */
/** @typedef {import("../../wasm_build/ui/formats.js").Mailbox} Mailbox */
/** @typedef {{to: string[], cc: string[], bcc: string[]}} Addresses */

export class Recipients {
  /**
   * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
   * @param {import("./courier.js").Courier} courier
   * @param {() => void} onChange
   */
  constructor(translate, courier, onChange) {
    const onDetails = (/** @type {string} */ address, /** @type {RecipientCheck} */ check) => showRecipient(translate, address, check);
    this.to = new RecipientLine(courier);
    this.cc = new RecipientLine(courier);
    this.bcc = new RecipientLine(courier);
    for (const line of this.lines) line.addEventListener("change", onChange);
    const field = (/** @type {RecipientLine} */ line, /** @type {string} */ label, /** @type {string} */ test) =>
      new RecipientsField(translate, line, { label, test, onDetails, known: () => courier.people() });
    this.fields = {
      to: field(this.to, translate("to"), "compose-to"), cc: field(this.cc, translate("cc"), "compose-cc"),
      bcc: field(this.bcc, translate("bcc"), "compose-bcc"),
    };
  }

  get people() {
    return this.lines.flatMap(({ people }) => people);
  }

  /** @returns {Addresses} */
  get addresses() {
    return { to: this.to.addresses, cc: this.cc.addresses, bcc: this.bcc.addresses };
  }

  /** The addresses of those who open the letter by a password. */
  get byPassword() {
    return addressesByPassword(this.people);
  }

  /** Those of To and Cc, and those of Bcc. */
  get parted() {
    return { open: [...this.to.people, ...this.cc.people], hidden: this.bcc.people };
  }

  /**
   * The parts of a letter's request that say who gets it. `people` and `hiddenPeople` are the fingerprints of the certificates
   * to encrypt for, in the order of the people; "" for a person without one.
   * @param {(person: Person) => boolean} [isWanted] leaves out the others
   */
  leaving(isWanted = () => true) {
    const [to, cc, bcc] = this.lines.map(({ people }) => people.filter(isWanted));
    return {
      to: addressesOf(to), cc: addressesOf(cc), bcc: addressesOf(bcc), people: fingerprintsOf([...to, ...cc]),
      hiddenPeople: fingerprintsOf(bcc), byPassword: addressesByPassword([...to, ...cc, ...bcc]),
    };
  }

  /** The line with this person. @param {Person} person */
  lineOf(person) {
    return this.lines.find(({ people }) => people.includes(person)) ?? this.to;
  }

  /** @param {{to: Mailbox[], cc: Mailbox[], bcc: Mailbox[]}} people the new recipients */
  replace({ to, cc, bcc }) {
    this.#clear();
    for (const [line, people] of /** @type {[RecipientLine, Mailbox[]][]} */ ([[this.to, to], [this.cc, cc], [this.bcc, bcc]])) {
      for (const mailbox of people) line.add(mailbox);
    }
  }

  /** Puts in the recipients of a draft, which are texts of a header field. @param {Addresses} texts */
  restore({ to, cc, bcc }) {
    this.#clear();
    for (const [line, texts] of /** @type {[RecipientLine, string[]][]} */ ([[this.to, to], [this.cc, cc], [this.bcc, bcc]])) {
      for (const one of texts) line.addText(one);
    }
  }

  #clear() {
    for (const line of this.lines) for (const person of [...line.people]) line.drop(person);
  }

  /** Turns the typed text into people. */
  commit() {
    for (const line of this.lines) line.commit();
  }

  /** Looks for missing certificates again, since they may have been added meanwhile. */
  lookUpMissing() {
    const missing = this.people.filter(({ finding }) => finding?.readiness === "none" || finding?.readiness === "failed");
    for (const person of missing) void this.lineOf(person).lookUp(person);
  }

  get lines() {
    return [this.to, this.cc, this.bcc];
  }
}

/** @param {Person[]} people */
function addressesOf(people) {
  return people.map(({ address }) => address);
}

/** @param {Person[]} people */
function addressesByPassword(people) {
  return addressesOf(people.filter(({ finding }) => finding?.readiness === "password"));
}

/** @param {Person[]} people */
function fingerprintsOf(people) {
  return people.map(({ finding }) => (finding?.readiness === "ready" ? finding.check.fingerprint : ""));
}
