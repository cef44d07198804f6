/**
 * The list of the messages in one folder, the newest date first. Signed and encrypted messages have a small mark.
 * Further pages come as the person scrolls. This module puts the parts of the list together.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { NOTHING_LEARNT } from "../../trust/views/learnt_marks.js";
import { ShownMessages } from "../shown_messages.js";
import { ListNotes } from "./list_notes.js";
import { ListReading } from "./list_reading.js";
import { MessageRows } from "./message_rows.js";
import { OpenedRows } from "./opened_rows.js";
import { RowFocus } from "./row_focus.js";
import { RowSubjects } from "./row_subjects.js";
import { ShownChanges } from "./shown_changes.js";
import { toggleThread } from "./thread_unfolding.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {import("../../trust/learnt_rows.js").LearntRows} LearntRows */
/** @typedef {import("../list_source.js").ListedPage} ListedPage */
/** @typedef {import("../list_source.js").Listing} Listing */
/** @typedef {import("./list_reading.js").ListReadingServices} ListReadingServices */
/** @typedef {import("./opened_rows.js").OpenedRowServices} OpenedRowServices */
/** @typedef {import("./row_subjects.js").RowSubjectServices} RowSubjectServices */
/**
 * @typedef {{
 *   translate: Catalogue, keys: KeyRing, away: Away,
 * } & ListReadingServices & OpenedRowServices & RowSubjectServices} MessageListServices
 */
/**
 * The verdicts and texts that opened messages show in their rows. Dispatches "change" when more was learnt.
 * @typedef {Pick<LearntRows, "find" | "learn" | "load" | "addEventListener" | "removeEventListener">} Learnt
 */

export class MessageList {
  #services;
  #learnt;
  #openedRows;
  #subjects;
  /** @type {MessageRows} */
  #rows;
  #notes;
  #reading;
  #onLearnt = () => this.#rows.updateAll();

  /**
   * @param {MessageListServices} services
   * @param {Learnt} [learnt]
   * @param {{onListed?: (page: ListedPage) => void, onSelect?: () => void, onTake?: () => void}} [options] called when a
   *   list has come, when another row is selected, and when messages were removed
   */
  constructor(services, learnt = NOTHING_LEARNT, { onListed = () => {}, onSelect = () => {}, onTake = () => {} } = {}) {
    const { translate } = services;
    this.#services = services;
    this.#learnt = learnt;
    learnt.addEventListener("change", this.#onLearnt);
    const messages = new ShownMessages();
    this.#openedRows = new OpenedRows(services, learnt, messages);
    this.#subjects = new RowSubjects(services, {
      messages, openedRows: this.#openedRows, onRead: (message) => this.#rows.update(message),
    });
    this.#rows = new MessageRows(translate, { messages, openedRows: this.#openedRows, subjects: this.#subjects }, {
      onSelect, onUnfold: (message) => toggleThread(services, { ...parts, onFailure }, message, this.#reading.signal),
    });
    this.#notes = new ListNotes(translate, {
      onOlder: () => this.#reading.loadOlder(), onEnd: () => this.#reading.reachEnd(),
    });
    const parts = { messages, subjects: this.#subjects, rows: this.#rows, notes: this.#notes };
    this.#reading = new ListReading(services, parts, onListed);
    const onFailure = (/** @type {unknown} */ error) => this.#notes.showFailure(services.sentenceFor(error));
    this.messages = messages;
    this.changes = new ShownChanges(parts, onTake);
    this.focus = new RowFocus(messages, this.#rows);
    this.selection = this.#rows.selection;
    /** The element with the lists of rows. */
    this.rows = this.#rows.element;
    this.element = html("div", { class: "list" }, ...this.#notes.above, this.rows, ...this.#notes.below);
  }

  dispose() {
    this.#learnt.removeEventListener("change", this.#onLearnt);
  }

  /**
   * @param {string} folder
   * @param {{outgoing: boolean, areDrafts?: boolean, listing?: Listing}} options if `outgoing`, the person wrote the
   *   messages, and rows show recipients
   */
  async load(folder, { outgoing, areDrafts = false, listing = {} }) {
    this.messages.isOutgoing = outgoing;
    this.messages.areDrafts = areDrafts;
    await this.#reading.load(folder, listing);
  }

  /** Shows what has changed in the folder. */
  async refresh() {
    await this.#reading.refresh();
  }

  /** Whether the list could not be loaded. */
  get hasFailed() {
    return this.#notes.hasFailed;
  }

  /** Says that the list cannot be loaded. @param {unknown} error */
  fail(error) {
    this.#reading.fail(error);
  }

  /** Drops the answers to earlier requests, because the caller will load the list soon. */
  expect() {
    this.#reading.expect();
  }

  /** Marks the row of the open message. @param {MessageAddress | null} address */
  setCurrent(address) {
    this.#rows.setCurrent(address);
  }

  /** Marks a message as seen. Returns true if it was new. @param {MessageAddress} address */
  markSeen(address) {
    return this.#rows.markSeen(address);
  }

  /**
   * Shows the verdict and the texts of an opened message in its row.
   * @param {MessageAddress} address
   * @param {OpenedMessage} opened
   * @param {string} digest of the message's bytes
   */
  learn(address, opened, digest) {
    const message = this.messages.find(address);
    if (!message) return;
    this.#subjects.learn(message, opened);
    this.#openedRows.learnOpened(message, digest, opened);
    void this.#services.away?.mail.keepRow(address, message);
    this.#rows.updateOpened(message);
  }

  /** Hides the decrypted subjects. If the keys are unlocked, reads them again. */
  forgetSubjects() {
    this.#subjects.forget();
    // A row that the index has found would reveal that the encrypted message contains the searched words.
    if (!this.#services.keys.unlocked) this.messages.forgetFound();
    this.#rows.draw();
    void this.#subjects.read();
  }
}
