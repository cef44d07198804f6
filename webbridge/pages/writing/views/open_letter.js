/** The letter that is being written. The letter stays when the view, the lock or the mail session changes. */

import { createWritingView } from "./writing_view.js";

/** @typedef {import("../../../../wasm_build/writing/composition.js").Proposal} Proposal */
/** @typedef {import("./writing_view.js").WritingView} WritingView */

export class OpenLetter {
  #services;
  /** @type {WritingView | null} */
  #view = null;

  /** @param {import("./writing_view.js").WritingServices} services */
  constructor(services) {
    this.#services = services;
  }

  /** The view of the letter; null if none is written. */
  get view() {
    return this.#view;
  }

  /** Whether the person has entered something that would be lost with the view. */
  get isBegun() {
    return this.#view?.isBegun() ?? false;
  }

  /**
   * Opens a letter with a proposal. If the person has begun a letter that is kept nowhere else, that letter stays.
   * @param {Proposal} [proposal]
   */
  open(proposal) {
    const isKept = this.#view?.drafts.isBegun && this.#view.drafts.isKept;
    if (!this.#view?.isBegun() || (proposal && isKept)) this.drop();
    else if (proposal) this.#view.remind();
    this.#view ??= createWritingView(this.#services, proposal);
  }

  /** The view of the letter, or of a new letter if none is written. */
  show() {
    if (this.#view?.isDone()) this.drop();
    this.#view ??= createWritingView(this.#services);
    return this.#view;
  }

  /** Clears the letter from the page. */
  drop() {
    this.#view?.dispose();
    this.#view = null;
  }
}
