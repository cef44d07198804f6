/**
 * The list of known people and groups below the input of a line of recipients: a combobox with a list box (WAI-ARIA APG). Arrows
 * choose a suggestion, Enter and Tab accept it, Escape closes the list.
 */

import { html, uniqueId } from "./dom.js";
import { addressKey, isAddress, sameAddress } from "./formats.js";
import { cleanAddress, cleanName, nameBeside } from "./shown_names.js";

/** @typedef {import("./formats.js").Mailbox} Mailbox */
/** A group: one name that adds several people to the line. @typedef {{name: string, people: Mailbox[]}} KnownGroup */
/** @typedef {Mailbox & {people?: Mailbox[]}} Suggestion a person, or a group without an address */

const MAX_SHOWN = 6;

export class RecipientSuggestions {
  #input;
  #options;
  /** @type {Suggestion[]} */
  #shown = [];
  /** The chosen suggestion; -1 for none. */
  #active = -1;
  #id = uniqueId("suggestions");

  /**
   * @param {HTMLInputElement} input
   * @param {{
   *   label: string, known: () => Promise<Mailbox[]>, isTaken: (address: string) => boolean, onTake: (taken: Suggestion) => void,
   *   groups: () => KnownGroup[], groupWords: (count: number) => string,
   * }} options `known` gives the people to choose from; `isTaken` is true for people who are already in the line.
   * `onTake` gets the chosen suggestion, and `groupWords` says how many people a group has
   */
  constructor(input, options) {
    this.#input = input;
    this.#options = options;
    this.element = html("ul", {
      id: this.#id, class: "suggestions", role: "listbox", "aria-label": options.label, hidden: true, data: { test: "suggestions" },
      // The input keeps the focus while a suggestion is pressed.
      on: { pointerdown: (event) => event.preventDefault(), mousedown: (event) => event.preventDefault() },
    });
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", this.#id]]) {
      input.setAttribute(/** @type {string} */ (name), /** @type {string} */ (value));
    }
    this.close();
  }

  /** Shows the people who fit the typed text. */
  async update() {
    const typed = this.#input.value;
    const known = typed.trim() ? await this.#options.known() : [];
    // The person may have typed more meanwhile.
    if (typed !== this.#input.value || document.activeElement !== this.#input) return;
    const groups = typed.trim() ? this.#options.groups().map((group) => ({ ...group, address: "" })).filter((group) => fits(group, typed)) : [];
    this.#shown = [...groups, ...fitting(known, typed).filter(({ address }) => !this.#options.isTaken(address))].slice(0, MAX_SHOWN);
    // A complete address stays as it is typed. Enter must not accept a longer address that begins with it.
    this.#active = this.#shown.length > 0 && !isAddress(typed.trim()) ? 0 : -1;
    this.#draw();
  }

  close() {
    this.#shown = [];
    this.#active = -1;
    this.#draw();
  }

  /** Handles a key. @param {KeyboardEvent} event @returns {boolean} whether the key was for the list */
  takeKey(event) {
    if (this.#shown.length === 0 || event.isComposing) return false;
    const count = this.#shown.length;
    const active = this.#shown[this.#active];
    if (event.key === "ArrowDown") this.#active = (this.#active + 1) % count;
    else if (event.key === "ArrowUp") this.#active = (Math.max(this.#active, 0) + count - 1) % count;
    else if (event.key === "Escape") this.close();
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && active) this.#take(active);
    else return false;
    event.preventDefault();
    this.#draw();
    return true;
  }

  /** @param {Suggestion} taken */
  #take(taken) {
    this.close();
    this.#input.value = "";
    this.#options.onTake(taken);
  }

  #draw() {
    this.element.hidden = this.#shown.length === 0;
    this.element.replaceChildren(...this.#shown.map((suggestion, index) => html(
      "li",
      {
        id: `${this.#id}-${index}`, class: "suggestion", role: "option", "aria-selected": String(index === this.#active),
        data: { test: "suggestion", address: suggestion.address, ...(suggestion.people && { group: suggestion.name }) },
        on: { click: () => this.#take(suggestion) },
      },
      suggestion.name ? html("bdi", { text: suggestion.people ? cleanName(suggestion.name) : nameBeside(suggestion.name) }) : null,
      html("bdi", {
        class: "chip-address", text: suggestion.people ? this.#options.groupWords(suggestion.people.length) : cleanAddress(suggestion.address),
      }),
    )));
    this.#input.setAttribute("aria-expanded", String(this.#shown.length > 0));
    if (this.#active < 0) this.#input.removeAttribute("aria-activedescendant");
    else this.#input.setAttribute("aria-activedescendant", `${this.#id}-${this.#active}`);
  }
}

/**
 * The people whose address, or a word of whose name, begins with the typed text.
 * @param {Mailbox[]} known @param {string} typed
 */
function fitting(known, typed) {
  const matches = known.filter((person) => fits(person, typed));
  return matches.filter((person, index) => matches.findIndex(({ address }) => sameAddress(address, person.address)) === index);
}

/** @param {Mailbox} mailbox @param {string} typed */
function fits({ name, address }, typed) {
  const beginning = typed.trim().toLocaleLowerCase();
  return addressKey(address).startsWith(addressKey(beginning))
    || [name, ...name.split(/[\s.,-]/u)].some((word) => word && word.toLocaleLowerCase().startsWith(beginning));
}
