/** The requests for the messages of a list: a page, the newest messages, and the changes since the list was read. */

import { fromServer } from "./listed_messages.js";
import { fetchPage } from "./list_source.js";

/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("./list_source.js").ListedPage} ListedPage */
/** @typedef {import("./list_source.js").Listing} Listing */
/** @typedef {import("./mail_changes.js").ListChanges} ListChanges */
/** @typedef {import("./row_texts.js").ListedMessage} ListedMessage */
/** @typedef {Parameters<typeof fetchPage>[0]} PageSources */

export class ListPages {
  #sources;
  #messages;
  /** @type {Listing} */
  #listing = {};
  /**
   * The state of the folder when the shown messages were read, for requests of later changes.
   * @type {string | null}
   */
  #token = null;
  #isByDate = false;
  #leftOut = 0;

  /** @param {PageSources} sources @param {import("./shown_messages.js").ShownMessages} messages the messages of the list */
  constructor(sources, messages) {
    this.#sources = sources;
    this.#messages = messages;
  }

  /** The number of rows of the shown pages that cannot be read. */
  get leftOut() {
    return this.#leftOut;
  }

  /** Whether the pages belong to this folder and listing. @param {string} folder @param {Listing} listing */
  areOf(folder, listing) {
    return folder === this.#messages.folder && JSON.stringify(listing) === JSON.stringify(this.#listing);
  }

  /** Begins with another list. @param {string} folder @param {Listing} listing */
  begin(folder, listing) {
    this.#messages.begin(folder);
    this.#listing = listing;
  }

  /**
   * The first page, or the page after the shown messages.
   * @param {MessageAddress | undefined} before the shown message that arrived first
   * @param {AbortSignal} signal
   */
  fetchPage(before, signal) {
    const offset = before ? fromServer(this.#messages.all).length + this.#leftOut : 0;
    return this.#fetch({ offset, before, signal });
  }

  /**
   * The newest messages, at least as many as are shown.
   * @param {AbortSignal} signal
   * @returns {Promise<ListedPage>}
   */
  async fetchAsMany(signal) {
    const count = this.#messages.all.length;
    let page = await this.#fetch({ offset: 0, signal });
    const { uidValidity } = page;
    const messages = [...page.messages];
    let leftOut = page.leftOut ?? 0;
    while (messages.length < count && !page.isAll) {
      const listed = fromServer(messages);
      const before = { uidValidity, uid: listed.reduce((least, { uid }) => Math.min(least, uid), 2 ** 32) };
      page = await this.#fetch({ offset: listed.length + leftOut, before, signal });
      const known = new Set(messages.map(({ uid }) => uid));
      const further = page.messages.filter(({ uid }) => !known.has(uid));
      // Otherwise this loop would not end if a server always gave the same page.
      if (further.length === 0) break;
      messages.push(...further);
      leftOut += page.leftOut ?? 0;
    }
    return { ...page, messages, leftOut };
  }

  /**
   * The changes that the bridge reports since the list was read.
   * @param {AbortSignal} signal
   * @returns {Promise<ListChanges | null>} null if the list has to be loaded
   */
  async fetchChanges(signal) {
    const token = this.#token;
    if (token === null || this.#listing.words || this.#listing.isThreaded) return null;
    const { all, folder, uidValidity } = this.#messages;
    const from = all.reduce((least, { uid }) => Math.min(least, uid), 2 ** 32 - 1);
    const changes = await this.#sources.api.changes.since(folder, { uidValidity, token, from, signal });
    return changes.whole && changes.uidValidity === this.#messages.uidValidity ? changes : null;
  }

  /** Notes the state of the folder at the first page. @param {ListedPage} page */
  adoptFirst(page) {
    this.#leftOut = 0;
    this.adoptFurther(page);
  }

  /** Notes the state of the folder at a further page. @param {ListedPage} page */
  adoptFurther({ leftOut = 0, token, isByDate }) {
    this.#leftOut += leftOut;
    this.#token = token;
    this.#isByDate = isByDate;
  }

  /**
   * Shows the changes, and notes the state after them.
   * @param {ListChanges} changes
   * @returns {ListedMessage[]} the messages with other flags
   */
  adoptChanges(changes) {
    this.#token = changes.token;
    return this.#messages.change(changes, { isByDate: this.#isByDate });
  }

  /** @param {Parameters<typeof fetchPage>[3]} shown */
  #fetch(shown) {
    return fetchPage(this.#sources, this.#messages.folder, this.#listing, shown);
  }
}
