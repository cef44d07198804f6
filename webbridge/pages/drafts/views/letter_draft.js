/**
 * The draft of the message that is being written: its content, the line about it, and the ways to send or to discard
 * it.
 */

import { DraftKeeper } from "../draft_keeper.js";
import { DraftChanged } from "../draft_store.js";
import { draftContentOf } from "../draft_content.js";
import { ApiError } from "../../app/api.js";
import { createDraftLine } from "./draft_line.js";

/** @typedef {import("../../writing/composition.js").Composition} Composition */
/**
 * @typedef {{
 *   translate: import("../../../../wasm_build/ui/catalogue.js").Catalogue, readonly address: string | null,
 *   keys: import("../../keys/keys.js").KeyRing, drafts: import("../draft_store.js").DraftStore,
 *   draftDesk: Pick<import("../draft_desk.js").DraftDesk, "discarded">,
 * }} LetterDraftServices
 */

export class LetterDraft {
  #services;
  #composition;
  #keeper;
  #line;
  /** The message as it was when a draft was last due. */
  #noted;
  #closing = new AbortController();

  /** @param {LetterDraftServices} services @param {Composition} composition */
  constructor(services, composition) {
    this.#services = services;
    this.#composition = composition;
    this.#line = createDraftLine(services.translate);
    const { draft = null } = composition.proposal;
    this.#keeper = new DraftKeeper(services.drafts, () => this.#content(), this.#line.show, draft);
    if (draft?.mayBeSent) this.#line.show(this.#keeper.news);
    this.#noted = this.#written();
    const { signal } = this.#closing;
    composition.addEventListener("change", () => this.#note(), { signal });
    services.keys.addEventListener("change", () => { if (services.keys.unlocked) this.#keeper.retry(); }, { signal });
  }

  get element() {
    return this.#line.element;
  }

  get keeper() {
    return this.#keeper;
  }

  dispose() {
    this.#closing.abort();
    this.#keeper.dispose();
    this.#noted = "";
  }

  /**
   * Prepares the sending. Rejects with `draft-elsewhere` if the letter was perhaps sent from another tab or device.
   * @param {import("../draft_store.js").TakingBack} options
   */
  async takeBack(options) {
    await this.#keeper.takeBack(options).catch((error) => {
      throw error instanceof DraftChanged ? new ApiError("draft-elsewhere", "the draft was changed since") : error;
    });
  }

  /**
   * Leaves the view and deletes the draft, which can be undone.
   * @returns {boolean} false if nothing could bring the text back, so that the person has to be asked
   */
  discard() {
    if (!this.#services.keys.unlocked) return false;
    const back = this.#keeper.discard();
    this.#services.draftDesk.discarded(back);
    return true;
  }

  /** Lets a draft be kept if something has changed since one was last due. */
  #note() {
    const written = this.#written();
    if (written === this.#noted) return;
    this.#noted = written;
    const { isBegun, hasTyped } = this.#composition;
    if (this.#keeper.isBegun || isBegun || hasTyped) this.#keeper.changed();
  }

  /** A text that changes with everything that a draft keeps. */
  #written() {
    const { fields, text } = draftContentOf(this.#composition, this.#services.address ?? "");
    const files = this.#composition.attached.files.map(({ name, type, data }) => [name, type, data.byteLength]);
    return JSON.stringify([fields, text, files]);
  }

  /** @returns {import("../draft_content.js").DraftContent} */
  #content() {
    // An upload that goes on after the view must not replace the draft by an empty one.
    if (this.#composition.isCleared) throw new ApiError("locked", "the message was cleared from the page");
    return draftContentOf(this.#composition, this.#services.address ?? "");
  }
}
