/**
 * The recipients in one line of a message that is being written: people with the certificates found for them, and typed
 * text that is not a recipient yet. The line reports each change by events, and calls no view.
 */

import { addressKey, isAddress, quoteMailbox } from "./formats.js";

/** @typedef {import("./formats.js").Mailbox} Mailbox */
/** @typedef {import("./recipient_suggestions.js").KnownGroup} KnownGroup */
/** @typedef {import("./recipient_words.js").RecipientCheck} RecipientCheck */
/**
 * @typedef {{readiness: "ready", check: RecipientCheck} | {readiness: "unusable", check: RecipientCheck}
 *   | {readiness: "none"} | {readiness: "failed"} | {readiness: "bad-file"} | {readiness: "password"}
 * } Finding `check` judges the best certificate that was found; "password" means encryption with a password instead
 */
/**
 * The search for certificates, and the reading of addresses. `find` and `takeFile` reject only because of a fault in
 * this program. `readAddresses` gives the mailboxes of a text, read by the core's parser.
 * @typedef {{
 *   find: (address: string) => Promise<Finding>, takeFile: (address: string, file: File) => Promise<Finding>,
 *   readAddresses: (text: string) => Promise<Mailbox[]>,
 * }} Directory
 */
/**
 * @typedef {{name: string, address: string, valid: boolean, finding: Finding | null, group?: string}} Person
 *   `finding` is null during the look-up; `group` is the name of the group that brought the person into the line.
 */

/**
 * Dispatches `people` when people or their certificates have changed. Dispatches `change` after each change, also of
 * the typed text.
 */
export class RecipientLine extends EventTarget {
  /** @type {Person[]} */
  people = [];
  #typed = "";
  #directory;
  #groups;
  /** @type {Set<Promise<Finding>>} */
  #lookUps = new Set();
  /** The texts that are being read. @type {Set<Promise<void>>} */
  #readings = new Set();

  /**
   * @param {Directory} directory
   * @param {{groups?: () => KnownGroup[]}} [options] `groups` are the groups that a text may name
   */
  constructor(directory, { groups = () => [] } = {}) {
    super();
    this.#directory = directory;
    this.#groups = groups;
  }

  /** The typed text that is not a recipient yet. */
  get typed() {
    return this.#typed;
  }

  /** The groups that a text may name. */
  get groups() {
    return this.#groups();
  }

  /** @returns {Mailbox[]} */
  get mailboxes() {
    return this.people.map(({ name, address }) => ({ name, address }));
  }

  /** The mailboxes as texts of a header field. */
  get texts() {
    return this.people.map(quoteMailbox);
  }

  /** The mailboxes as texts, and the typed text that is not a recipient yet, for a draft. */
  get written() {
    const typed = this.#typed.trim();
    return typed ? [...this.texts, typed] : this.texts;
  }

  get addresses() {
    return this.people.map(({ address }) => address);
  }

  /** Whether the line is empty: without recipients and without typed text. */
  get isEmpty() {
    return this.people.length === 0 && this.#typed.trim() === "";
  }

  /**
   * Takes the typed text. The text becomes recipients when an address is complete, that is, after a comma, a semicolon,
   * or a line end in a pasted list.
   * @param {string} typed
   */
  type(typed) {
    this.#typed = typed;
    // A comma in a quoted name ends nothing.
    const isQuoting = typed.split('"').length % 2 === 0;
    if (/[,;\n]/u.test(typed) && !isQuoting) this.commit();
    else this.#changed();
  }

  /** Turns the typed text into recipients. */
  commit() {
    const typed = this.#typed;
    if (!typed) return;
    this.#typed = "";
    this.#changed();
    this.addText(typed);
  }

  /** Forgets all recipients and the typed text. */
  clear() {
    this.#typed = "";
    this.people = [];
    this.#peopleChanged();
  }

  /** @param {Mailbox} mailbox */
  add({ name, address }) {
    this.#addAll([{ name, address }]);
  }

  /**
   * Adds the people of a text that the person has typed or chosen. Plain addresses and names of groups are added at
   * once, other texts after they are read. Only such a text may name a group. A header field of a message must not.
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

  /**
   * Looks up a certificate.
   * @param {Person} person @param {(address: string) => Promise<Finding>} [find] replaces the search of the directory
   */
  async lookUp(person, find = (address) => this.#directory.find(address)) {
    const before = person.finding;
    person.finding = null;
    const lookUp = find(person.address);
    this.#lookUps.add(lookUp);
    this.#peopleChanged();
    try {
      person.finding = await lookUp;
    } catch (error) {
      person.finding = before;
      throw error;
    } finally {
      this.#lookUps.delete(lookUp);
      this.#peopleChanged();
    }
  }

  /**
   * Looks a person up again, because a certificate may have been added meanwhile. The view changes only if the result is
   * different. Otherwise a button might be redrawn while the person presses it.
   * @param {Person} person
   */
  async lookUpAgain(person) {
    const before = person.finding;
    const finding = await this.#directory.find(person.address).catch(() => null);
    if (!finding || person.finding !== before || finding.readiness === before?.readiness) return;
    person.finding = finding;
    this.#peopleChanged();
  }

  /** Waits until running look-ups have ended and added texts are read. */
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
    this.#peopleChanged();
  }

  /** Sets the finding that the writer chose, such as a password. @param {Person} person @param {Finding} finding */
  settle(person, finding) {
    person.finding = finding;
    this.#peopleChanged();
  }

  /** @param {Person} person */
  drop(person) {
    this.people = this.people.filter((each) => each !== person);
    this.#peopleChanged();
  }

  /** @param {string} name */
  #findGroup(name) {
    const key = name.trim().toLocaleLowerCase();
    return this.#groups().find((group) => group.name.toLocaleLowerCase() === key);
  }

  /** Adds the mailboxes of a text. Until the text is read, a chip shows the text itself. @param {string} text */
  async #addRead(text) {
    const place = /** @type {Person} */ ({ name: "", address: text, valid: true, finding: null });
    this.people.push(place);
    this.#peopleChanged();
    const read = await this.#directory.readAddresses(text).catch(() => []);
    // The person may have removed the chip meanwhile.
    if (!this.people.includes(place)) return;
    this.people = this.people.filter((person) => person !== place);
    // The text of an unreadable mailbox is shown, so that the person can correct it.
    const mailboxes = read.length > 0 ? read : [{ name: "", address: "" }];
    for (const { name, address } of mailboxes) {
      if (!address && this.addGroup(name)) continue;
      this.#addAll([address ? { name, address } : { name: "", address: mailboxes.length > 1 && name ? name : text }]);
    }
    this.#peopleChanged();
  }

  /** @param {Mailbox[]} mailboxes @param {{group?: string}} [origin] */
  #addAll(mailboxes, origin = {}) {
    const known = new Set(this.people.map(({ address }) => addressKey(address)));
    // `known.add` stores the address, so a second mailbox with the same address does not count as new.
    const isNew = (/** @type {string} */ key) => !known.has(key) && Boolean(known.add(key));
    const added = mailboxes.filter(({ address }) => isNew(addressKey(address)))
      .map((mailbox) => /** @type {Person} */ ({ ...mailbox, ...origin, valid: isAddress(mailbox.address), finding: null }));
    if (added.length === 0) return;
    this.people.push(...added);
    for (const person of added) if (person.valid) void this.lookUp(person);
    this.#peopleChanged();
  }

  #peopleChanged() {
    this.dispatchEvent(new Event("people"));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
