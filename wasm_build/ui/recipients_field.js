/** A line of recipients. A chip shows each recipient, with a mark that tells whether mail can be encrypted for them. */

import { html, uniqueId } from "./dom.js";
import { recipientState, sourceWords } from "./recipient_words.js";
import { RecipientSuggestions } from "./recipient_suggestions.js";
import { cleanAddress, nameBeside } from "./shown_names.js";
import { readinessMark } from "./state_mark.js";
import { afterPress } from "./press.js";
import { addressKey, dayOnly, isAddress, quoteMailbox, sameAddress } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./formats.js").Mailbox} Mailbox */
/** @typedef {import("./recipient_words.js").RecipientCheck} RecipientCheck */
/**
 * @typedef {{readiness: "ready", check: RecipientCheck} | {readiness: "unusable", check: RecipientCheck}
 *   | {readiness: "none"} | {readiness: "failed"} | {readiness: "bad-file"} | {readiness: "password"}
 * } Finding `check` judges the best certificate that was found; "password" means encryption with a password instead
 */
/**
 * The search for certificates, and the reading of addresses. `find` and `takeFile` reject only because of a fault in this
 * program. `readAddresses` gives the mailboxes of a text by the parser of the core.
 * @typedef {{
 *   find: (address: string) => Promise<Finding>, takeFile: (address: string, file: File) => Promise<Finding>,
 *   readAddresses: (text: string) => Promise<Mailbox[]>,
 * }} Directory
 */
/** @typedef {(address: string, check: RecipientCheck) => void} ShowDetails */
/**
 * @typedef {{name: string, address: string, valid: boolean, finding: Finding | null, group?: string}} Person
 *   `finding` is null during the look-up; `group` is the name of the group by which the person came into the line.
 */

export class RecipientsField {
  /** @type {Person[]} */
  people = [];
  #translate;
  #directory;
  #onDetails;
  #onChange;
  #groups;
  #chips = html("ul", { class: "chips" });
  /** @type {Set<Promise<Finding>>} */
  #lookUps = new Set();
  /** The texts that are being read. @type {Set<Promise<void>>} */
  #readings = new Set();
  #input;
  /** @type {RecipientSuggestions | null} */
  #suggestions = null;

  /**
   * @param {Catalogue} translate
   * @param {Directory} directory
   * @param {{
   *   label: string, test: string, onChange: () => void, onDetails: ShowDetails,
   *   known?: () => Promise<import("./formats.js").Mailbox[]>, groups?: () => import("./recipient_suggestions.js").KnownGroup[],
   * }} options `known` gives the people by whom the typed text can be completed, and `groups` the groups
   */
  constructor(translate, directory, { label, test, onChange, onDetails, known, groups = () => [] }) {
    this.#translate = translate;
    this.#directory = directory;
    this.#onDetails = onDetails;
    this.#onChange = onChange;
    this.#groups = groups;
    const id = uniqueId("recipients");
    this.#input = html("input", {
      id, type: "text", inputmode: "email", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr",
      enterkeyhint: "next", data: { test },
      on: {
        keydown: (event) => this.#keyDown(event),
        input: () => this.#takeCompleted(),
        blur: () => {
          this.#suggestions?.close();
          afterPress(() => this.commit());
        },
      },
    });
    this.#chips.setAttribute("aria-label", label);
    if (known) {
      this.#suggestions = new RecipientSuggestions(this.#input, {
        label: translate("suggestions_label"), known, groups,
        onTake: ({ people, ...mailbox }) => (people ? void this.addGroup(mailbox.name) : this.add(mailbox)),
        groupWords: (count) => translate("suggestion_group", { count }),
        isTaken: (address) => this.people.some((person) => sameAddress(person.address, address)),
      });
    }
    this.element = html(
      "div",
      { class: "field recipients" },
      html("label", { for: id, text: label }),
      html("div", { class: "chips-box" }, this.#chips, this.#input, this.#suggestions?.element ?? null),
    );
  }

  /** @returns {Mailbox[]} */
  get mailboxes() {
    return this.people.map(({ name, address }) => ({ name, address }));
  }

  /** The mailboxes as texts of a header field. */
  get texts() {
    return this.people.map(quoteMailbox);
  }

  /** The mailboxes as texts, and the text that is typed and no recipient yet, for a draft. */
  get written() {
    const typed = this.#input.value.trim();
    return typed ? [...this.texts, typed] : this.texts;
  }

  get addresses() {
    return this.people.map(({ address }) => address);
  }

  /** Whether the line has neither recipients nor typed text. */
  get isEmpty() {
    return this.people.length === 0 && this.#input.value.trim() === "";
  }

  focus() {
    this.#input.focus();
  }

  /** Turns the typed text into recipients. */
  commit() {
    const typed = this.#input.value;
    this.#suggestions?.close();
    this.#input.value = "";
    this.addText(typed);
  }

  /** @param {Mailbox} mailbox */
  add({ name, address }) {
    this.#addAll([{ name, address }]);
  }

  /**
   * Adds the people of a text that the person has typed or chosen. Plain addresses and names of groups are added at once,
   * another text when it is read. Only such a text may name a group: a header field of a message must not.
   * @param {string} text
   */
  addText(text) {
    const pieces = text.split(/[,;\n]/u).map((piece) => piece.trim()).filter(Boolean);
    if (!pieces.every((piece) => isAddress(piece) || this.#findGroup(piece))) {
      const reading = this.#addRead(text.trim());
      this.#readings.add(reading);
      return void reading.finally(() => this.#readings.delete(reading));
    }
    this.#addAll(pieces.filter((piece) => !this.addGroup(piece)).map((address) => ({ name: "", address })));
  }

  /** Waits until all added texts are read. */
  async read() {
    while (this.#readings.size > 0) await Promise.allSettled(this.#readings);
  }

  /** Adds the members of a group. @param {string} name @returns {boolean} whether there is such a group */
  addGroup(name) {
    const group = this.#findGroup(name);
    if (group) this.#addAll(group.people, { group: group.name });
    return group !== undefined;
  }

  /** @param {string} name */
  #findGroup(name) {
    const wanted = name.trim().toLocaleLowerCase();
    return this.#groups().find((one) => one.name.toLocaleLowerCase() === wanted);
  }

  /** Adds the mailboxes of a text. A chip with the text holds their place until they are read. @param {string} text */
  async #addRead(text) {
    const place = /** @type {Person} */ ({ name: "", address: text, valid: true, finding: null });
    this.people.push(place);
    this.#changed();
    const read = await this.#directory.readAddresses(text).catch(() => []);
    // The person may have removed the chip.
    if (!this.people.includes(place)) return;
    this.people = this.people.filter((person) => person !== place);
    // The text of an unreadable mailbox is shown, so that the person can correct it.
    const mailboxes = read.length > 0 ? read : [{ name: "", address: "" }];
    for (const { name, address } of mailboxes) {
      if (!address && this.addGroup(name)) continue;
      this.#addAll([address ? { name, address } : { name: "", address: mailboxes.length > 1 && name ? name : text }]);
    }
    this.#changed();
  }

  /** @param {Mailbox[]} mailboxes @param {{group?: string}} [origin] */
  #addAll(mailboxes, origin = {}) {
    const known = new Set(this.people.map(({ address }) => addressKey(address)));
    // `add` returns the set, so that an address that is new is in it for the next one.
    const isNew = (/** @type {string} */ key) => !known.has(key) && Boolean(known.add(key));
    const added = mailboxes.filter(({ address }) => isNew(addressKey(address)))
      .map((one) => /** @type {Person} */ ({ ...one, ...origin, valid: isAddress(one.address), finding: null }));
    if (added.length === 0) return;
    this.people.push(...added);
    for (const person of added) if (person.valid) void this.lookUp(person);
    this.#changed();
  }

  /**
   * Looks up a certificate.
   * @param {Person} person @param {(address: string) => Promise<Finding>} [find] replaces the search of the directory
   */
  async lookUp(person, find = (address) => this.#directory.find(address)) {
    const before = person.finding;
    person.finding = null;
    const lookUp = find(person.address);
    this.#lookUps.add(lookUp);
    this.#changed();
    try {
      person.finding = await lookUp;
    } catch (error) {
      person.finding = before;
      throw error;
    } finally {
      this.#lookUps.delete(lookUp);
      this.#changed();
    }
  }

  /** Waits for the texts and the look-ups that are under way. */
  async lookedUp() {
    await this.read();
    await Promise.allSettled(this.#lookUps);
  }

  /**
   * @param {Person} person
   * @param {File} file
   */
  async useFile(person, file) {
    person.finding = await this.#directory.takeFile(person.address, file);
    this.#changed();
  }

  /** Sets the finding that the writer chose, such as a password. @param {Person} person @param {Finding} finding */
  settle(person, finding) {
    person.finding = finding;
    this.#changed();
  }

  /** Removes a person for the writer, who goes on in this line. @param {Person} person */
  remove(person) {
    this.drop(person);
    this.#input.focus();
  }

  /** Removes a person while the writer may be elsewhere. @param {Person} person */
  drop(person) {
    this.people = this.people.filter((each) => each !== person);
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    if (event.isComposing || this.#suggestions?.takeKey(event)) return;
    if (event.key === "Enter") {
      // Enter ends an address. It must not send the letter.
      event.preventDefault();
      this.commit();
    }
    const last = this.people.at(-1);
    if (event.key === "Backspace" && this.#input.value === "" && last) this.remove(last);
  }

  /** Commits the text when an address is complete: after a comma, a semicolon, or a line end in a pasted list. */
  #takeCompleted() {
    const { value } = this.#input;
    // A comma in a quoted name ends nothing.
    const isQuoting = value.split('"').length % 2 === 0;
    if (/[,;\n]/u.test(value) && !isQuoting) this.commit();
    void this.#suggestions?.update();
    this.#onChange();
  }

  #changed() {
    // A look-up may end while a button of a chip has the focus. The same button gets the focus again.
    const focused = [...this.#chips.querySelectorAll("button")].findIndex((each) => each === document.activeElement);
    this.#chips.replaceChildren(...this.people.map((person) => this.#createChip(person)));
    if (focused >= 0) this.#chips.querySelectorAll("button")[focused]?.focus();
    this.#onChange();
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
