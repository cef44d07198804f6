/** The lines To, Cc and Bcc of a letter. Cc and Bcc are folded behind a button until they are used. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { RecipientsField } from "../../../../wasm_build/ui/recipients_field.js";
import { showRecipient } from "../../trust/certificate_dialog.js";

/** @typedef {import("../../../../wasm_build/ui/recipient_line.js").RecipientLine} RecipientLine */
/** @typedef {import("../../../../wasm_build/ui/recipient_line.js").Person} Person */
/**
 * @typedef {{
 *   translate: import("../../../../wasm_build/ui/catalogue.js").Catalogue,
 *   mailVault: import("../../keys/mail_vault.js").MailVault,
 * }} RecipientServices
 */

export class RecipientLines {
  #composition;
  /** Whether the person has unfolded Cc and Bcc. */
  #isUnfolded = false;
  #unfold;
  #bccPart;

  /** @param {RecipientServices} services @param {import("../composition.js").Composition} composition */
  constructor(services, composition) {
    const { translate, mailVault } = services;
    this.#composition = composition;
    /** @type {Promise<import("../../../../wasm_build/ui/formats.js").Mailbox[]> | null} */
    let people = null;
    const known = () => (people ??= mailVault.contacts().catch(() => []));
    const field = (/** @type {RecipientLine} */ line, /** @type {string} */ label, /** @type {string} */ test) =>
      new RecipientsField(translate, line, {
        label, test, known, onDetails: (address, check) => void showRecipient(services, address, check),
      });
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

  /** Removes people for the writer, who goes on in the line of the last one. @param {Person[]} people */
  remove(people) {
    for (const person of people) {
      const field = [this.to, this.cc, this.bcc].find((one) => one.people.includes(person)) ?? this.to;
      field.remove(person);
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
