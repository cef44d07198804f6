/** The lines To, Cc and Bcc of a letter. Cc and Bcc are folded behind a button until they are used. */

import { html } from "../ui/dom.js";
import { RecipientsField } from "../ui/recipients_field.js";

/** @typedef {import("../ui/recipient_line.js").RecipientLine} RecipientLine */
/** @typedef {import("../ui/recipient_line.js").Person} Person */
/** @typedef {import("../ui/recipient_words.js").RecipientCheck} RecipientCheck */
/**
 * `known` gives the people to suggest, and is called when a line is first used; `onDetails` shows a certificate.
 * @typedef {{
 *   known: () => Promise<import("../ui/formats.js").Mailbox[]>, onDetails: (address: string, check: RecipientCheck) => void,
 * }} RecipientsHost
 */

export class RecipientLines {
  #composition;
  /** Whether the person has unfolded Cc and Bcc. */
  #isUnfolded = false;
  #unfold;
  #bccPart;

  /**
   * @param {import("../ui/catalogue.js").Catalogue} translate @param {import("./composition.js").Composition} composition
   * @param {RecipientsHost} host
   */
  constructor(translate, composition, { known, onDetails }) {
    this.#composition = composition;
    /** @type {Promise<import("../ui/formats.js").Mailbox[]> | null} */
    let people = null;
    const knownOnce = () => (people ??= known().catch(() => []));
    const field = (/** @type {RecipientLine} */ line, /** @type {string} */ label, /** @type {string} */ test) =>
      new RecipientsField(translate, line, { label, test, known: knownOnce, onDetails });
    this.to = field(composition.to, translate("to"), "compose-to");
    this.cc = field(composition.cc, translate("cc"), "compose-cc");
    this.bcc = field(composition.bcc, translate("bcc"), "compose-bcc");
    this.#unfold = html("button", {
      type: "button", class: "quiet unfold-lines", text: translate("unfold_cc_bcc"), "aria-expanded": "false",
      data: { test: "unfold-cc-bcc" }, on: { click: () => this.#unfoldAll() },
    });
    this.#bccPart = html(
      "div", { class: "bcc-line" }, this.bcc.element,
      html("p", { class: "field-hint", text: translate("bcc_hint"), data: { test: "bcc-hint" } }),
    );
    this.element = html(
      "div", { class: "recipient-lines" }, this.to.element, this.#unfold, this.cc.element, this.#bccPart,
    );
    composition.addEventListener("change", () => this.#show());
    this.#show();
  }

  /** Removes people at the writer's request. The line of the last person gets the focus. @param {Person[]} people */
  remove(people) {
    for (const person of people) {
      ([this.to, this.cc, this.bcc].find((line) => line.people.includes(person)) ?? this.to).remove(person);
    }
  }

  /** Shows the lines that are in use. */
  #show() {
    const { cc, bcc } = this.#composition;
    const isShown = (/** @type {RecipientLine} */ line) => this.#isUnfolded || !line.isEmpty;
    this.cc.element.hidden = !isShown(cc);
    this.#bccPart.hidden = !isShown(bcc);
    this.#unfold.hidden = isShown(cc) && isShown(bcc);
  }

  #unfoldAll() {
    this.#isUnfolded = true;
    this.#show();
    (this.#composition.cc.isEmpty ? this.cc : this.bcc).focus();
  }
}
