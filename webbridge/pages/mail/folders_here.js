/** The folders of the mailbox, from the bridge's latest answer. */

import { ApiError } from "../app/api.js";
import { INBOX } from "../app/routes.js";

/** @typedef {import("./folder_answers.js").Folder} Folder */
/** @typedef {{away: import("../offline/away.js").Away, arrival: import("./arrival.js").Arrival}} FoldersServices */

export class FoldersHere {
  /** @type {Folder[]} */
  all = [];
  #services;

  /** @param {FoldersServices} services */
  constructor(services) {
    this.#services = services;
  }

  /** Whether the folders are loaded. */
  get isKnown() {
    return this.all.length > 0;
  }

  /** @param {string} word the id of a folder, or `INBOX`; links of earlier versions have the name */
  find(word) {
    return this.all.find(({ id, role }) => id === word || (role === INBOX && word === INBOX))
      ?? this.all.find(({ name }) => name === word);
  }

  /**
   * Whether a folder may have drafts of Sealwax. Drafts are in the folder for drafts, and deleted drafts are in the
   * trash.
   * @param {string} folder
   */
  mayHaveDrafts(folder) {
    const role = this.find(folder)?.role ?? null;
    return !this.isKnown || role === "drafts" || role === "trash";
  }

  async load() {
    this.all = await this.#services.away.source.folders();
    this.#services.arrival.count(this.all);
  }

  /** Loads the folders after new mail has come. Resolves with false if the bridge gave no folders. */
  async refresh() {
    try {
      this.all = await this.#services.arrival.folders();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return false;
    }
  }
}
