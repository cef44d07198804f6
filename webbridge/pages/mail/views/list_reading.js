/** The reading of a list: the first page, further pages as the person scrolls, and later changes. */

import { nextTask } from "../../../../wasm_build/vault/values/next_task.js";
import { ApiError } from "../../app/api.js";
import { ListPages } from "../list_pages.js";

/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("../list_pages.js").PageSources} PageSources */
/** @typedef {import("../list_source.js").ListedPage} ListedPage */
/** @typedef {import("../list_source.js").Listing} Listing */
/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {PageSources & {sentenceFor: SentenceFor}} ListReadingServices */
/**
 * @typedef {{
 *   messages: import("../shown_messages.js").ShownMessages, subjects: import("./row_subjects.js").RowSubjects,
 *   rows: import("./message_rows.js").MessageRows, notes: import("./list_notes.js").ListNotes,
 * }} ListParts
 */

/** The number of rows of a later page that are drawn in one task. */
const ROWS_AT_ONCE = 10;

export class ListReading {
  #services;
  #parts;
  #messages;
  #pages;
  #onListed;
  /** @type {AbortController | null} */
  #loading = null;
  /** @type {AbortController | null} */
  #refreshing = null;
  /** Whether something has changed while the list was being loaded. */
  #isStale = false;

  /**
   * @param {ListReadingServices} services
   * @param {ListParts} parts
   * @param {(page: ListedPage) => void} onListed called when a list has come
   */
  constructor(services, parts, onListed) {
    this.#services = services;
    this.#parts = parts;
    this.#messages = parts.messages;
    this.#pages = new ListPages(services, parts.messages);
    this.#onListed = onListed;
  }

  /** Aborted when the list is loaded anew. */
  get signal() {
    return (this.#loading ?? new AbortController()).signal;
  }

  /**
   * Shows the first page.
   * @param {string} folder
   * @param {Listing} listing
   */
  async load(folder, listing) {
    const { rows, subjects, notes } = this.#parts;
    notes.showEmpty(false);
    if (!this.#pages.areOf(folder, listing)) {
      rows.selection.clear();
      this.#pages.begin(folder, listing);
      notes.begin({ isSearch: Boolean(listing.words) });
      subjects.forget();
      rows.draw();
    }
    await this.#fetchPage();
  }

  /**
   * Shows what has changed in the folder. Unchanged rows stay in the page, with the focus and under the pointer. A failure
   * is not reported, because the list only stays as it was.
   */
  async refresh() {
    // A list that is still loading may have been read before the change.
    if (this.#parts.rows.areBusy) return void (this.#isStale = true);
    this.#refreshing?.abort();
    this.#refreshing = new AbortController();
    const { signal } = this.#refreshing;
    try {
      const changes = await this.#pages.fetchChanges(signal);
      if (signal.aborted) return;
      if (changes) return this.#showChanges(changes);
      const page = await this.#pages.fetchAsMany(signal);
      if (signal.aborted) return;
      if (page.uidValidity !== this.#messages.uidValidity) return await this.#fetchPage();
      const changed = this.#messages.update(page.messages);
      this.#pages.adoptFirst(page);
      this.#tell(page);
      this.#parts.rows.arrange(changed);
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
  }

  /** Drops the answers to earlier requests, because the list will soon be loaded. */
  expect() {
    this.#loading?.abort();
    this.#refreshing?.abort();
    this.#parts.subjects.stop();
    this.#parts.rows.setBusy(true);
  }

  /** Says that the list cannot be loaded. @param {unknown} error */
  fail(error) {
    this.#parts.notes.showFailure(this.#services.sentenceFor(error));
    this.#parts.rows.setBusy(false);
  }

  /** Loads the next page when the person has scrolled near the end. Resolves with true if more rows came. */
  async reachEnd() {
    const { notes, rows } = this.#parts;
    if (!notes.hasMore || notes.hasFailed || rows.areBusy) return false;
    const before = this.#messages.all.length;
    await this.#fetchPage(this.#messages.cursor);
    return this.#messages.all.length > before;
  }

  /** Loads the next page. Its first row gets the focus. */
  async loadOlder() {
    const known = this.#messages.all.length;
    await this.#fetchPage(this.#messages.cursor);
    const firstNew = this.#messages.all[known];
    if (firstNew) this.#parts.rows.link(firstNew.uid)?.focus();
  }

  /** @param {import("../mail_changes.js").ListChanges} changes */
  #showChanges(changes) {
    const changed = this.#pages.adoptChanges(changes);
    this.#parts.notes.showEmpty(this.#messages.all.length === 0);
    this.#parts.rows.arrange(changed);
  }

  /**
   * @param {MessageAddress} [before] the shown message that arrived first, for the page after the shown pages
   * @returns {Promise<void>}
   */
  async #fetchPage(before) {
    this.expect();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#parts.notes.showFailure("");
    try {
      const page = await this.#pages.fetchPage(before, signal);
      if (signal.aborted) return;
      if (page.uidValidity !== this.#messages.uidValidity) this.#renumber(page.uidValidity);
      if (before) await this.#showFurther(page, signal);
      else this.#showFirst(page);
      if (signal.aborted) return;
      void this.#parts.subjects.read();
    } catch (error) {
      // A newer request has replaced this one and reports its own errors.
      if (signal.aborted) return;
      if (before && error instanceof ApiError && error.code === "folder-changed") return this.#fetchPage();
      this.#parts.notes.showFailure(this.#services.sentenceFor(error));
    }
    this.#parts.rows.setBusy(false);
    if (this.#isStale) {
      this.#isStale = false;
      void this.refresh();
    }
  }

  /** Forgets everything that is stored under the old UIDs, because the messages have new UIDs. @param {number} uidValidity */
  #renumber(uidValidity) {
    this.#messages.renumber(uidValidity);
    this.#parts.subjects.forget();
    this.#parts.rows.selection.clear();
  }

  /** @param {ListedPage} page */
  #showFirst(page) {
    this.#messages.replace(page.messages);
    this.#pages.adoptFirst(page);
    this.#tell(page);
    this.#parts.rows.draw();
  }

  /** @param {ListedPage} page @param {AbortSignal} signal */
  async #showFurther(page, signal) {
    const fresh = this.#messages.unknown(page.messages);
    this.#pages.adoptFurther(page);
    this.#tell(page);
    await this.#append(fresh, signal);
  }

  /**
   * Adds rows below the shown rows. The browser gets its turn after every few rows, so that scrolling stays smooth.
   * @param {ListedMessage[]} fresh
   * @param {AbortSignal} signal
   */
  async #append(fresh, signal) {
    for (let at = 0; at < fresh.length; at += ROWS_AT_ONCE) {
      if (at > 0) await nextTask();
      if (signal.aborted) return;
      this.#parts.rows.append(this.#messages.append(fresh.slice(at, at + ROWS_AT_ONCE)));
    }
  }

  /** Updates the notes beside the list from a page. @param {ListedPage} page */
  #tell(page) {
    const { notes } = this.#parts;
    notes.showLeftOut(this.#pages.leftOut);
    notes.showMore(!page.isAll);
    notes.showEmpty(this.#messages.all.length === 0);
    this.#onListed(page);
  }
}
