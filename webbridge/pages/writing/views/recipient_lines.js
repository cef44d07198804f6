/** The lines To, Cc and Bcc of a letter. Cc and Bcc are folded behind a button until they are used. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { RecipientsField } from "../../../../wasm_build/ui/recipients_field.js";
import { showRecipient } from "../../trust/certificate_dialog.js";
import { Directory } from "../../trust/directory.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../../../../wasm_build/ui/recipients_field.js").Person} Person */

export class RecipientLines {
  /** Whether the person has unfolded Cc and Bcc. */
  #isUnfolded = false;
  #unfold;
  #bccPart;

  /**
   * @param {App} app
   * @param {() => void} onChange
   */
  constructor(app, onChange) {
    const { translate } = app;
    /** @type {Promise<import("../../../../wasm_build/ui/formats.js").Mailbox[]> | null} */
    let known = null;
    const directory = new Directory(app.api, app.mailVault, () => app.away.source.noteMissed());
    const line = (/** @type {string} */ label, /** @type {string} */ test) => new RecipientsField(translate, directory, {
      label, test, onChange, known: () => (known ??= app.mailVault.contacts().catch(() => [])), groups: () => app.trust.book.namedGroups,
      onDetails: (address, check) => void showRecipient(app, address, check),
    });
    this.to = line(translate("to"), "compose-to");
    this.cc = line(translate("cc"), "compose-cc");
    this.bcc = line(translate("bcc"), "compose-bcc");
    this.#unfold = html("button", {
      type: "button", class: "quiet unfold-lines", text: translate("unfold_cc_bcc"), "aria-expanded": "false",
      data: { test: "unfold-cc-bcc" }, on: { click: () => this.#unfoldAll() },
    });
    this.#bccPart = html(
      "div", { class: "bcc-line" }, this.bcc.element,
      html("p", { class: "field-hint", text: translate("bcc_hint"), data: { test: "bcc-hint" } }),
    );
    this.element = html("div", { class: "recipient-lines" }, this.to.element, this.#unfold, this.cc.element, this.#bccPart);
    this.show();
  }

  /** Shows the lines that are in use. */
  show() {
    const isShown = (/** @type {RecipientsField} */ line) => this.#isUnfolded || !line.isEmpty;
    this.cc.element.hidden = !isShown(this.cc);
    this.#bccPart.hidden = !isShown(this.bcc);
    this.#unfold.hidden = isShown(this.cc) && isShown(this.bcc);
  }

  get lines() {
    return [this.to, this.cc, this.bcc];
  }

  /** All people of the letter. */
  get people() {
    return this.lines.flatMap(({ people }) => people);
  }

  /** The people whom all readers see. */
  get open() {
    return [...this.to.people, ...this.cc.people];
  }

  /** The people whom nobody else sees. */
  get hidden() {
    return this.bcc.people;
  }

  /** Turns the typed text into people. */
  commit() {
    for (const line of this.lines) line.commit();
  }

  /** Looks up again the people whose look-up got no answer. */
  lookUpFailed() {
    for (const line of this.lines) {
      for (const person of line.people) if (person.finding?.readiness === "failed") void line.lookUp(person);
    }
  }

  /** The line with this person. @param {Person} person */
  lineOf(person) {
    return this.lines.find(({ people }) => people.includes(person)) ?? this.to;
  }

  #unfoldAll() {
    this.#isUnfolded = true;
    this.show();
    (this.cc.isEmpty ? this.cc : this.bcc).focus();
  }
}
