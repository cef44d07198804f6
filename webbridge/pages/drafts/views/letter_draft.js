/** The draft of the letter in the writing view: its content, the line about it, and the ways to send or to discard it. */

import { DraftKeeper } from "../draft_keeper.js";
import { DraftChanged } from "../draft_store.js";
import { filesOf } from "../draft_content.js";
import { endOfWords } from "../../writing/letter_signature.js";
import { ApiError } from "../../app/api.js";
import { createDraftLine } from "./draft_line.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../../writing/views/writing_view.js").Proposal} Proposal */
/**
 * The parts of the writing view that a draft is made of.
 * @typedef {{
 *   recipients: import("../../writing/views/recipient_lines.js").RecipientLines, subject: {input: HTMLInputElement},
 *   text: import("../../writing/views/letter_text.js").LetterText,
 *   attached: import("../../../../wasm_build/ui/attached_files.js").AttachedFiles, sign: {input: HTMLInputElement},
 *   encrypt: {input: HTMLInputElement}, copy: ReturnType<typeof import("../../writing/copy_choice.js").createCopyField>,
 *   options: import("../../writing/views/letter_options.js").LetterOptions, from: import("../../writing/views/from_choice.js").FromChoice,
 *   element: HTMLElement, isBegun: () => boolean,
 * }} Letter
 */

export class LetterDraft {
  #app;
  #proposal;
  #letter;
  #keeper;
  #line;
  /** The letter as it was when a draft was last due; null until it is watched. @type {string | null} */
  #noted = null;
  #onKeys = () => { if (this.#app.keys.unlocked) this.#keeper.retry(); };

  /** @param {App} app @param {Proposal} proposal @param {Letter} letter */
  constructor(app, proposal, letter) {
    this.#app = app;
    this.#proposal = proposal;
    this.#letter = letter;
    this.#line = createDraftLine(app.translate);
    const { draft = null } = proposal;
    this.#keeper = new DraftKeeper(app.drafts, () => this.#content(), this.#line.show, draft);
    if (draft?.mayBeSent) this.#line.show(this.#keeper.news);
  }

  get element() {
    return this.#line.element;
  }

  get keeper() {
    return this.#keeper;
  }

  /** Puts the choices of a continued draft into the view, and keeps the changes of the letter from now on. */
  watch() {
    const { sign, encrypt, copy, options, text, element } = this.#letter;
    const fields = this.#proposal.draft?.content.fields;
    if (fields) {
      // The text of an answer begins above the quoted one.
      const end = endOfWords(text.value, this.#app.trust.book.signature);
      if (this.#proposal.inReplyTo === null) text.placeCaret(end);
      sign.input.checked = fields.sign;
      encrypt.input.checked = fields.seal;
      if (fields.more) options.more.set(fields.more);
      if (fields.copy !== undefined && fields.copy !== null) copy.wish = fields.copy;
    }
    this.#noted = this.#written();
    // The recipients and files report their changes themselves.
    for (const type of ["input", "change"]) element.addEventListener(type, () => this.note());
    this.#app.keys.addEventListener("change", this.#onKeys);
  }

  dispose() {
    this.#app.keys.removeEventListener("change", this.#onKeys);
    this.#keeper.dispose();
  }

  /** Lets a draft be kept if something has changed since one was last due. */
  note() {
    if (this.#noted === null) return;
    const written = this.#written();
    if (written === this.#noted) return;
    this.#noted = written;
    if (this.#keeper.isBegun || this.#letter.isBegun() || this.#hasTyped()) this.#keeper.changed();
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
    if (!this.#app.keys.unlocked) return false;
    const back = this.#keeper.discard();
    this.#app.draftDesk.discarded(back);
    return true;
  }

  #hasTyped() {
    return this.#letter.recipients.lines.some(({ written, people }) => written.length > people.length);
  }

  #fields() {
    const { from, recipients, subject, text, sign, encrypt, copy, options } = this.#letter;
    const { inReplyTo, references, hidden, answersEncrypted, doubtful, draft } = this.#proposal;
    const { forward = null, secret } = draft?.content.fields ?? {};
    return {
      from: this.#app.address ?? "", to: recipients.to.written, cc: recipients.cc.written, bcc: recipients.bcc.written,
      subject: subject.input.value, thread: { inReplyTo, references, hidden }, forward, answersSealed: answersEncrypted,
      sign: sign.input.checked, seal: encrypt.input.checked, more: options.more.chosen, secret, copy: copy.wish,
      doubtful: [...doubtful?.to ?? [], ...doubtful?.cc ?? []].map(({ address }) => address),
      sharedFrom: from.shared, html: text.html,
    };
  }

  /** A text that changes with everything that a draft keeps. */
  #written() {
    const files = this.#letter.attached.files.map(({ name, type, data }) => [name, type, data.byteLength]);
    return JSON.stringify([this.#fields(), this.#letter.text.value, files]);
  }

  /** @returns {import("../draft_content.js").DraftContent} */
  #content() {
    const earlier = this.#proposal.draft?.content ?? null;
    return { fields: this.#fields(), text: this.#letter.text.value, files: filesOf(this.#letter.attached.files, earlier) };
  }
}
