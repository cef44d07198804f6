/**
 * The drafts outside of the writing view: drafts that are offered after unlocking, the draft that a lock has cleared from
 * the page, and deleted drafts that can be restored.
 */

import { html, problem } from "../../../wasm_build/ui/dom.js";
import { shortMoment } from "../../../wasm_build/ui/formats.js";
import { proposalOf } from "../../../wasm_build/writing/draft_content.js";

/** @typedef {import("./draft_store.js").ListedDraft} ListedDraft */
/** @typedef {import("./draft_store.js").OpenedDraft} OpenedDraft */
/** @typedef {import("../writing/views/writing_view.js").WritingView} WritingView */
/**
 * @typedef {{
 *   translate: import("../../../wasm_build/ui/catalogue.js").Catalogue, keys: import("../keys/keys.js").KeyRing,
 *   drafts: import("./draft_store.js").DraftStore, mailVault: import("../keys/mail_vault.js").MailVault,
 *   kept: Pick<import("../trust/kept_trust.js").KeptTrust, "settled">, attempt: import("../app/services.js").Attempt,
 *   sentenceFor: import("../app/services.js").SentenceFor, announce: import("../app/services.js").Announce,
 *   navigate: import("../app/services.js").Navigate, write: import("../app/services.js").Write, mailPath: () => string,
 * }} UnfinishedDraftServices
 */
/**
 * @typedef {{
 *   writing: () => WritingView | null, changed: () => void,
 *   showNotice: (text: string, undo: (() => Promise<void>) | null) => void,
 * }} Callbacks `showNotice` shows a notice in the view of the mail
 */

/** The longest time for which a lock waits until a draft is kept. */
const LOCK_MILLISECONDS = 4_000;
const MAX_OFFERED = 3;

export class UnfinishedDrafts {
  #services;
  #callbacks;
  /** @type {ListedDraft[]} */
  #offered = [];
  /** The drafts that the person does not want to be offered. @type {Set<string>} */
  #declined = new Set();
  /** The draft that a lock has cleared from the page. @type {string | null} */
  #cleared = null;
  #wasUnlocked = false;

  /** @param {UnfinishedDraftServices} services @param {Callbacks} callbacks */
  constructor(services, callbacks) {
    const { keys } = services;
    this.#services = services;
    this.#callbacks = callbacks;
    keys.addEventListener("change", () => {
      if (keys.unlocked === this.#wasUnlocked) return;
      this.#wasUnlocked = keys.unlocked;
      void this.look();
    });
  }

  /** Whether a lock has cleared a letter from the page. */
  get hasCleared() {
    return this.#cleared !== null;
  }

  /** Whether a letter would be lost if the page closed now. */
  get hasUnkept() {
    const writing = this.#callbacks.writing();
    if (!writing || writing.isDone()) return false;
    return (writing.isBegun() || writing.drafts.isBegun) && !writing.drafts.isKept;
  }

  /** Keeps the letter before a lock. Stops waiting after LOCK_MILLISECONDS. */
  async keepBeforeLock() {
    const late = new Promise((resolve) => setTimeout(resolve, LOCK_MILLISECONDS));
    await Promise.race([this.#callbacks.writing()?.drafts.keepNow(), late]);
  }

  /** Notes that a lock clears the letter from the page. Returns false if the letter must stay, because it is not kept. */
  noteCleared() {
    const writing = this.#callbacks.writing();
    if (!writing || writing.isDone() || writing.drafts.isPaused || !writing.drafts.isBegun || !writing.drafts.isKept) return false;
    this.#cleared = writing.drafts.id;
    return true;
  }

  /** Opens the letter that a lock has cleared. */
  async openCleared() {
    const id = this.#cleared;
    this.#cleared = null;
    try {
      const draft = (await this.#services.drafts.list()).find((entry) => entry.id === id);
      if (draft) return await this.continue(await this.#services.drafts.open(draft));
      this.#services.navigate(this.#services.mailPath());
    } catch (error) {
      this.#cleared = this.#services.keys.unlocked ? null : id;
      this.#services.navigate(this.#services.mailPath());
      this.#callbacks.showNotice(this.#services.sentenceFor(error), null);
    }
  }

  /**
   * Opens a draft in the writing view. A letter that is begun and not kept yet is shown instead.
   * @param {OpenedDraft} draft
   */
  async continue(draft) {
    this.#cleared = null;
    // The signature below the text comes from the state that this browser keeps. It is needed to place the caret.
    await this.#services.kept.settled;
    this.#withdraw(draft.held.id);
    if (this.#callbacks.writing()?.drafts.id === draft.held.id) return this.#services.navigate("/write");
    this.#services.write({ ...await proposalOf(draft.content, (texts) => this.#services.mailVault.readAddresses(texts)), draft });
  }

  /** Reports that a draft was deleted, with a button that restores it. @param {() => Promise<ListedDraft>} back */
  discarded(back) {
    const { translate } = this.#services;
    const undo = async () => {
      try {
        const listed = await back();
        if (this.#services.keys.unlocked) await this.continue(await this.#services.drafts.open(listed));
        else this.#callbacks.showNotice(translate("act_undone"), null);
      } catch (error) {
        this.#callbacks.showNotice(translate("act_undo_failed", { text: this.#services.sentenceFor(error) }), null);
      }
    };
    this.#callbacks.showNotice(translate("draft_deleted"), undo);
    this.#services.announce(translate("draft_deleted"));
  }

  forget() {
    this.#cleared = null;
    this.#offered = [];
    this.#declined.clear();
  }

  /** The notices about letters that were begun in this browser and not sent. */
  createNotices() {
    return this.#offered.map((draft) => this.#createNotice(draft));
  }

  /**
   * Looks for letters that were begun here and not sent. If this fails, no letters are offered. Listing the drafts also
   * removes drafts of letters that were sent while the mailbox could not be reached.
   */
  async look() {
    this.#offered = [];
    if (this.#services.keys.unlocked && this.#cleared === null) {
      const drafts = await this.#services.drafts.list(this.#callbacks.writing()?.drafts.id).catch(() => []);
      // With locked keys, no offered draft could be opened.
      if (!this.#services.keys.unlocked) return;
      const open = this.#callbacks.writing()?.drafts.id;
      const here = drafts.filter(({ id, isHere }) => isHere && id !== open && !this.#declined.has(id));
      // Offered are the newest draft, and drafts that are not in the mailbox. The person finds the others in the folder for
      // drafts.
      this.#offered = here.filter(({ place }, index) => index === 0 || place === null).slice(0, MAX_OFFERED);
    }
    this.#callbacks.changed();
  }

  /** @param {string} id */
  #withdraw(id) {
    this.#offered = this.#offered.filter((draft) => draft.id !== id);
    this.#callbacks.changed();
  }

  /** @param {ListedDraft} draft */
  #createNotice(draft) {
    const { translate } = this.#services;
    const failure = problem("draft-offer-error");
    const go = html("button", {
      type: "button", text: translate("draft_continue"), data: { test: "draft-continue" },
      on: { click: () => void this.#services.attempt(go, translate("opening"), failure, async () => {
        await this.continue(await this.#services.drafts.open(draft));
      }) },
    });
    const decline = () => {
      this.#declined.add(draft.id);
      this.#withdraw(draft.id);
    };
    return html(
      "div", { class: "notice draft-offer", data: { test: "draft-offer" } },
      html("p", { text: translate("draft_offer", { at: shortMoment(draft.at) }) }), go,
      html("button", { type: "button", class: "quiet", text: translate("not_now"), data: { test: "draft-not-now" }, on: { click: decline } }),
      failure,
    );
  }
}
