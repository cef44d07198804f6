/**
 * The draft of the message that is being written: its content, the line about it, and the ways to send or to discard
 * it.
 */

import { DraftKeeper } from "../draft_keeper.js";
import { DraftChanged } from "../draft_store.js";
import { draftContentOf } from "../../../../wasm_build/writing/draft_content.js";
import { DraftWatch } from "../../../../wasm_build/writing/draft_watch.js";
import { ApiError } from "../../app/api.js";
import { createDraftLine } from "./draft_line.js";

/** @typedef {import("../../../../wasm_build/writing/composition.js").Composition} Composition */
/**
 * @typedef {{
 *   translate: import("../../../../wasm_build/ui/catalogue.js").Catalogue, readonly address: string | null,
 *   keys: import("../../keys/keys.js").KeyRing, drafts: import("../draft_store.js").DraftStore,
 *   unfinishedDrafts: Pick<import("../unfinished_drafts.js").UnfinishedDrafts, "discarded">,
 * }} LetterDraftServices
 */

export class LetterDraft {
  #services;
  #composition;
  #keeper;
  #line;
  #watch;
  #closing = new AbortController();

  /** @param {LetterDraftServices} services @param {Composition} composition */
  constructor(services, composition) {
    this.#services = services;
    this.#composition = composition;
    this.#line = createDraftLine(services.translate);
    const draft = /** @type {import("../draft_store.js").OpenedDraft | null} */ (composition.proposal.draft ?? null);
    this.#keeper = new DraftKeeper(services.drafts, () => this.#content(), this.#line.show, draft);
    if (draft?.mayBeSent) this.#line.show(this.#keeper.news);
    this.#watch = new DraftWatch(composition, {
      read: () => draftContentOf(composition, services.address ?? ""), isDraftBegun: () => this.#keeper.isBegun,
      onDue: () => this.#keeper.changed(),
    });
    const { signal } = this.#closing;
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
    this.#watch.dispose();
  }

  /**
   * Prepares the sending. Rejects with `draft-elsewhere` if the letter was perhaps sent from another tab or device.
   * @param {import("../draft_store.js").SendingOptions} options
   */
  async prepareSending(options) {
    await this.#keeper.prepareSending(options).catch((error) => {
      throw error instanceof DraftChanged ? new ApiError("draft-elsewhere", "the draft was changed since") : error;
    });
  }

  /**
   * Deletes the draft. The person can undo this.
   * @returns {boolean} false if the deletion could not be undone; then nothing is deleted, and the person has to be asked
   */
  discard() {
    if (!this.#services.keys.unlocked) return false;
    this.#services.unfinishedDrafts.discarded(this.#keeper.discard());
    return true;
  }

  /** @returns {import("../../../../wasm_build/writing/draft_content.js").DraftContent} */
  #content() {
    // When the message was cleared, a keeping that still runs must not replace the draft with an empty one.
    if (this.#composition.isCleared) throw new ApiError("locked", "the message was cleared from the page");
    return draftContentOf(this.#composition, this.#services.address ?? "");
  }
}
