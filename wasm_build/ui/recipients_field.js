/**
 * The field for a line of recipients. A chip shows each recipient, with a mark that shows whether mail can be encrypted
 * for them.
 */

import { html, uniqueId } from "./dom.js";
import { recipientState, sourceWords } from "./recipient_words.js";
import { RecipientSuggestions } from "./recipient_suggestions.js";
import { cleanAddress, nameBeside } from "./shown_names.js";
import { readinessMark } from "./state_mark.js";
import { afterPress } from "./press.js";
import { dayOnly, sameAddress } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./formats.js").Mailbox} Mailbox */
/** @typedef {import("./recipient_words.js").RecipientCheck} RecipientCheck */
/** @typedef {import("./recipient_line.js").RecipientLine} RecipientLine */
/** @typedef {import("./recipient_line.js").Finding} Finding */
/** @typedef {import("./recipient_line.js").Person} Person */
/** @typedef {(address: string, check: RecipientCheck) => void} ShowDetails */

export class RecipientsField {
  #translate;
  #line;
  #onDetails;
  #chips = html("ul", { class: "chips" });
  #input;
  /** @type {RecipientSuggestions | null} */
  #suggestions = null;

  /**
   * @param {Catalogue} translate
   * @param {RecipientLine} line
   * @param {{label: string, test: string, onDetails: ShowDetails, known?: () => Promise<Mailbox[]>}} options `known` gives the
   *   people with whom the typed text can be completed
   */
  constructor(translate, line, { label, test, onDetails, known }) {
    this.#translate = translate;
    this.#line = line;
    this.#onDetails = onDetails;
    const id = uniqueId("recipients");
    this.#input = html("input", {
      id, type: "text", inputmode: "email", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr",
      enterkeyhint: "next", data: { test },
      on: {
        keydown: (event) => this.#keyDown(event),
        input: () => this.#typed(),
        blur: () => {
          this.#suggestions?.close();
          afterPress(() => this.#commit());
        },
      },
    });
    this.#chips.setAttribute("aria-label", label);
    if (known) this.#suggestions = this.#createSuggestions(known);
    this.element = html(
      "div",
      { class: "field recipients" },
      html("label", { for: id, text: label }),
      html("div", { class: "chips-box" }, this.#chips, this.#input, this.#suggestions?.element ?? null),
    );
    line.addEventListener("people", () => this.#drawChips());
    line.addEventListener("change", () => this.#showTyped());
    this.#drawChips();
    this.#showTyped();
  }

  get people() {
    return this.#line.people;
  }

  focus() {
    this.#input.focus();
  }

  /** @param {Mailbox} mailbox */
  add(mailbox) {
    this.#line.add(mailbox);
  }

  /** Removes a person at the writer's request. The input of this line gets the focus. @param {Person} person */
  remove(person) {
    this.#line.drop(person);
    this.#input.focus();
  }

  /** @param {() => Promise<Mailbox[]>} known */
  #createSuggestions(known) {
    const translate = this.#translate;
    return new RecipientSuggestions(this.#input, {
      label: translate("people_you_know"), known, groups: () => this.#line.groups,
      onTake: ({ people, ...mailbox }) => {
        this.#line.type("");
        if (people) this.#line.addGroup(mailbox.name);
        else this.#line.add(mailbox);
      },
      groupWords: (count) => translate("suggestion_group", { count }),
      isTaken: (address) => this.people.some((person) => sameAddress(person.address, address)),
    });
  }

  #commit() {
    this.#suggestions?.close();
    this.#line.commit();
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    if (event.isComposing || this.#suggestions?.takeKey(event)) return;
    if (event.key === "Enter") {
      // Enter ends an address. It must not send the letter.
      event.preventDefault();
      this.#commit();
    }
    const last = this.people.at(-1);
    if (event.key === "Backspace" && this.#input.value === "" && last) this.remove(last);
  }

  #typed() {
    this.#line.type(this.#input.value);
    void this.#suggestions?.update();
  }

  /** Shows the line's typed text. It changes when it becomes recipients, or when a program sets it. */
  #showTyped() {
    if (this.#input.value === this.#line.typed) return;
    this.#suggestions?.close();
    this.#input.value = this.#line.typed;
  }

  #drawChips() {
    // A look-up may end while a button of a chip has the focus. The same button then gets the focus again.
    const focused = [...this.#chips.querySelectorAll("button")].findIndex((each) => each === document.activeElement);
    this.#chips.replaceChildren(...this.people.map((person) => this.#createChip(person)));
    if (focused >= 0) this.#chips.querySelectorAll("button")[focused]?.focus();
  }

  /** @param {Person} person */
  #createChip(person) {
    const translate = this.#translate;
    const { kind, word, source } = readinessOf(translate, person);
    const remove = html("button", {
      type: "button", class: "chip-remove", "aria-label": translate("remove_named", { name: person.address }),
      text: "\u00d7", on: { click: () => this.remove(person) },
    });
    const words = html(
      "span",
      { class: "chip-words" },
      person.name ? html("bdi", { text: nameBeside(person.name) }) : null,
      html("bdi", { class: "chip-address", text: cleanAddress(person.address) }),
      html("span", { class: "chip-source", dir: "auto", text: source ? `${word} · ${source}` : word }),
    );
    return html(
      "li",
      { class: `chip chip-${kind}`, data: { test: "recipient", address: person.address, readiness: kind } },
      readinessMark(kind, ""),
      words,
      createDetailsButton(translate, person, this.#onDetails),
      remove,
    );
  }
}

/**
 * The button that shows a person's certificate; null without a certificate.
 * @param {Catalogue} translate
 * @param {Person} person
 * @param {ShowDetails} onDetails
 */
function createDetailsButton(translate, { address, finding }, onDetails) {
  if (!finding || !("check" in finding)) return null;
  const { check } = finding;
  return html("button", {
    type: "button", class: "chip-details", text: "i", "aria-label": translate("certificate_of", { address }),
    data: { test: "recipient-details" }, on: { click: () => onDetails(address, check) },
  });
}

/**
 * @param {Catalogue} translate
 * @param {Person} person
 * @returns {{kind: "ready" | "soon" | "asking" | "cannot", word: string, source: string}}
 */
function readinessOf(translate, { valid, finding }) {
  if (!valid) return { kind: "cannot", word: translate("not_an_address"), source: "" };
  if (!finding) return { kind: "asking", word: translate("looking_up"), source: "" };
  if ("check" in finding) {
    return { ...recipientState(translate, finding.check, dayOnly), source: sourceWords(translate, finding.check) };
  }
  if (finding.readiness === "password") return { kind: "soon", word: translate("by_password"), source: "" };
  const word = {
    none: () => translate("no_certificate"),
    failed: () => translate("look_up_failed"),
    "bad-file": () => translate("file_without_certificate"),
  }[finding.readiness]();
  return { kind: "cannot", word, source: "" };
}
