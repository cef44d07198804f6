/** The people of the view "People and trust": their cards, the acts on several people, and the dialogs. */

import { createFacts } from "../../../../wasm_build/ui/facts.js";
import { createForm, html, inputField, openDialog, problem, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { addressKey, dayOnly, isAddress, isolate } from "../../../../wasm_build/ui/formats.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { sourceWords } from "../../../../wasm_build/ui/recipient_words.js";
import { cleanAddress, shortName } from "../../../../wasm_build/ui/shown_names.js";
import { certificateFacts } from "../certificate_facts.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("../../app/services.js").Write} Write */
/** @typedef {{translate: Catalogue, mailVault: MailVault, trust: TrustKeeper, write: Write}} PeopleCardServices */
/** @typedef {import("../../keys/mail_vault.js").Person} Person */
/** @typedef {import("./people_view.js").Change} Change */

/** A new message without recipients. */
const BLANK = { to: [], subject: "", text: "", inReplyTo: null, references: [], hidden: [], answersEncrypted: false };

export class PeopleCards {
  #services;
  #change;
  #onGroup;
  /** The keys of the chosen addresses. @type {Set<string>} */
  #chosen = new Set();
  #bar = html("div", { class: "people-bar", role: "group", hidden: true, data: { test: "people-bar" } });
  #count = html("span", { role: "status", data: { test: "people-chosen" } });
  /** @type {Person[]} */
  #people = [];

  /** @param {PeopleCardServices} services @param {{change: Change, onGroup: (addresses: string[], onSaved: () => void) => void}} actions */
  constructor(services, { change, onGroup }) {
    const { translate } = services;
    this.#services = services;
    this.#change = change;
    this.#onGroup = onGroup;
    const act = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ click) =>
      html("button", { type: "button", text: translate(key), data: { test }, on: { click } });
    this.#bar.setAttribute("aria-label", translate("people_acts"));
    this.#bar.append(
      this.#count,
      act("person_write", "people-write", () => writeTo(services, { to: this.#addresses.map((address) => ({ name: "", address })) })),
      act("people_make_group", "people-make-group", () => this.#onGroup(this.#addresses, () => this.#chosen.clear())),
      act("remove", "people-remove", () => this.#remove(this.#addresses)),
    );
  }

  /** @param {Person[]} people @returns {HTMLElement} */
  draw(people) {
    const { translate } = this.#services;
    this.#people = people;
    const keys = new Set(people.map(({ address }) => addressKey(address)));
    for (const key of this.#chosen) if (!keys.has(key)) this.#chosen.delete(key);
    this.#showChosen();
    return html(
      "section",
      { class: "stack", data: { test: "people" } },
      html("h2", { text: translate("people_you_know") }),
      html("p", { class: "field-hint", text: translate("people_known_meaning") }),
      html("div", { class: "actions" }, html("button", {
        type: "button", text: translate("person_add"), data: { test: "person-add" }, on: { click: () => this.#openAdding() },
      })),
      this.#bar,
      people.length > 0
        ? html("ul", { class: "cards" }, ...people.map((person) => this.#card(person)))
        : html("p", { class: "empty", text: translate("people_none") }),
    );
  }

  get #addresses() {
    return this.#people.map(({ address }) => address).filter((address) => this.#chosen.has(addressKey(address)));
  }

  #showChosen() {
    this.#bar.hidden = this.#chosen.size === 0;
    this.#count.textContent = this.#services.translate("people_chosen", { count: this.#chosen.size });
  }

  /** @param {Person} person */
  #card(person) {
    const { translate } = this.#services;
    const { address, certificates } = person;
    const [first] = certificates;
    const title = shortName(person);
    const line = first
      ? translate("people_since", { date: dayOnly(first.firstSeen), source: sourceWords(translate, { source: first.source, detail: "" }) })
      : translate("person_no_certificate");
    const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ click) => html("button", {
      type: "button", text: translate(key), "aria-label": translate(`${key}_named`, { name: title }), data: { test }, on: { click },
    });
    return html(
      "li",
      { class: "card", data: { test: "person", address } },
      html("div", { class: "person-head" }, this.#choice(person, title), html("h3", { class: "card-title", dir: "auto", text: title })),
      title === address ? null : html("p", {}, html("bdi", { class: "person-address", text: cleanAddress(address) })),
      html("p", { text: line }),
      first ? html(
        "details", {}, html("summary", { text: translate("details") }),
        ...certificates.map((certificate) => createFacts(certificateFacts(translate, certificate))),
      ) : null,
      html(
        "div", { class: "actions" },
        button("person_write", "person-write", () => writeTo(this.#services, { to: [{ name: "", address }] })),
        button("person_rename", "person-rename", () => this.#openNaming(person)),
        button("remove", "person-remove", () => this.#remove([address])),
      ),
    );
  }

  /** @param {Person} person @param {string} title */
  #choice({ address }, title) {
    const key = addressKey(address);
    const box = html("input", {
      type: "checkbox", "aria-label": this.#services.translate("person_choose", { name: title }), data: { test: "person-choose" }, on: {
        change: () => {
          if (box.checked) this.#chosen.add(key);
          else this.#chosen.delete(key);
          this.#showChosen();
        },
      },
    });
    box.checked = this.#chosen.has(key);
    return html("label", { class: "person-choice" }, box);
  }

  /** @param {string[]} addresses */
  #remove(addresses) {
    const { translate, mailVault } = this.#services;
    const remove = () => this.#change(
      () => mailVault.forgetPeople(addresses),
      addresses.length === 1 ? translate("contact_removed", { name: addresses[0] }) : translate("people_removed", { count: addresses.length }),
    );
    if (addresses.length === 1) return void remove();
    ask({
      title: translate("people_remove_title", { count: addresses.length }), meaning: translate("people_remove_meaning"),
      keep: translate("keep"), go: translate("remove"), test: "people-remove-go", onGo: () => void remove(),
    });
  }

  #openAdding() {
    const { translate, trust } = this.#services;
    const address = inputField(translate("person_address"), {
      type: "text", inputmode: "email", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr", maxlength: 320,
      data: { test: "person-address" },
    });
    const { name, failure } = this.#openDialog(translate("person_add"), "person-add-dialog", [address.element], (typed) => {
      const value = address.input.value.trim();
      if (!isAddress(value)) return void (failure.textContent = translate("person_address_wrong"));
      return this.#change(async () => trust.book.keepPerson({ address: value, name: typed }), translate("person_added", { name: isolate(typed || value) }));
    });
    name.focus();
  }

  /** @param {Person} person */
  #openNaming({ address, name: before }) {
    const { translate, trust } = this.#services;
    const { name } = this.#openDialog(translate("person_name_of", { address: isolate(address) }), "person-name-dialog", [], (typed) =>
      this.#change(async () => trust.book.keepPerson({ address, name: typed }), translate("person_named")));
    name.value = before;
    name.select();
  }

  /**
   * @param {string} title @param {string} test @param {HTMLElement[]} fields
   * @param {(name: string) => Promise<void> | void} onName gets the typed name; without a promise the dialog stays
   */
  #openDialog(title, test, fields, onName) {
    const { translate } = this.#services;
    const titleId = uniqueId("person");
    const failure = problem("person-error");
    const name = inputField(translate("person_name"), { type: "text", autocomplete: "off", dir: "auto", maxlength: 100, data: { test: "person-name" } });
    const send = () => {
      failure.textContent = "";
      if (onName(name.input.value.trim())) dialog.close();
    };
    const dialog = openDialog(
      { titleId, test, isWide: false },
      html("h2", { id: titleId, text: title }),
      createForm(
        { class: "stack" }, send, name.element, ...fields, failure,
        html(
          "div", { class: "actions" },
          html("button", { type: "button", text: translate("cancel"), on: { click: () => dialog.close() } }),
          html("button", { class: "primary", type: "submit", text: translate("save"), data: { test: "person-save" } }),
        ),
      ),
    );
    return { name: name.input, failure };
  }
}

/**
 * Begins a message.
 * @param {{write: Write}} services
 * @param {{to?: import("../../../../wasm_build/ui/formats.js").Mailbox[], groups?: string[]}} recipients
 */
export function writeTo(services, recipients) {
  services.write({ ...BLANK, ...recipients });
}
