/**
 * The message that a letter answers or forwards. The original is read if the person agrees, and parts of it become
 * parts of the letter. While the keys are locked, the letter is covered (`lock_cover.js`). If the original was
 * encrypted, the letter is sent unencrypted only after the person agrees (`SendingGate`).
 */
import { answerTo, forwardOf } from "../../wasm_build/ui/answer.js";
import { html } from "../../wasm_build/ui/dom.js";
import { serviceNote } from "../../wasm_build/ui/service_note.js";
import { stateMark, wordKey } from "../../wasm_build/ui/state_mark.js";
import { shownState } from "../../wasm_build/ui/verdict_words.js";
import { askDoubtful, askReplyTo } from "../../wasm_build/writing/answer_notes.js";
import { isClosed } from "../shared/closed_report.js";
import { errorText, translate } from "../texts/texts.js";
import { createForwardChoice } from "./forward_choice.js";

/** @typedef {import("../../wasm_build/ui/answer.js").Answer} Answer */
/** @typedef {import("../../wasm_build/ui/attachments.js").Attachment} Attachment */
/** @typedef {import("../../wasm_build/writing/draft_content.js").Forward} Forward */
/**
 * How the original is forwarded. `whole` is the original as one file, or null until this file is made. `attachments`
 * are the original's attachments.
 * @typedef {Forward & {attachments: Attachment[], whole: Attachment | null}} Forwarding
 */
/**
 * @typedef {{
 *   composition: import("../../wasm_build/writing/composition.js").Composition, view: import("../../wasm_build/writing/letter_view.js").LetterView,
 *   sender: import("./sender_choice.js").SenderChoice, text: import("./plain_text.js").PlainText, update: () => void,
 *   attempt: (act: () => Promise<unknown>) => Promise<boolean>,
 * }} Sheet the window in which the letter is written
 */

export class Answering {
  /**
   * Whether the letter already contains parts of the original, or continues a draft. In both cases the original is not
   * inserted again.
   */
  isRead = false;
  /** Whether the original is being read now. */
  isReading = false;
  /** @type {Forwarding | null} */
  #forwarding = null;
  #translate;
  #courier;
  #claim;
  #sheet;

  /**
   * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
   * @param {import("./courier.js").Courier} courier
   * @param {import("./letter_window.js").Claim} claim
   * @param {Sheet} sheet
   */
  constructor(translate, courier, claim, sheet) {
    this.#translate = translate;
    this.#courier = courier;
    this.#claim = claim;
    this.#sheet = sheet;
  }

  /**
   * Reads the original if the keys are unlocked. If the person has not yet allowed the extension to read messages of this site, a
   * button asks for the permission first.
   */
  async begin() {
    if (!this.#isThere || this.#sheet.sender.isLocked) return;
    if (this.#claim.siteKnown) await this.read();
    else this.#offer();
  }

  /** Reads the original after the person has typed the passphrase into this window. */
  async readUnlocked() {
    if (this.#isThere && !this.isRead) await this.read();
  }

  async read() {
    this.#sheet.view.note("original", html("p", { role: "status", text: translate("compose_opening") }));
    this.isReading = true;
    this.#sheet.update();
    try {
      const { fields, attachments } = await this.#courier.original();
      if (this.isRead) return;
      if (isClosed(fields.report)) throw { code: "no-key-open" };
      this.isRead = true;
      this.#showState(shownState(fields.report));
      if (this.#claim.kind === "forward") this.#forward(forwardOf(this.#translate, fields), attachments);
      else this.#reply(fields);
    } catch (error) {
      if (this.isRead) return;
      this.#sheet.view.note("original", html("p", {
        class: "problem", text: translate("compose_original_failed", { first: errorText(error) }), data: { test: "original-problem" },
      }));
    } finally {
      this.isReading = false;
      this.#sheet.update();
    }
  }

  /**
   * Continues a kept draft. In this case the original for which the window was opened is not inserted.
   * @param {import("../../wasm_build/writing/draft_content.js").DraftContent} draft
   */
  goOn({ fields: { forward }, files: { fields, attachments } }) {
    this.isRead = true;
    for (const note of ["original", "quote", "reply-to", "doubtful", "too-many", "service", "whole"]) this.#sheet.view.note(note);
    this.#forwarding = null;
    if (!forward) return;
    const taken = fields.forwarded.map((index) => attachments[index]);
    const [whole = null] = forward.isWhole ? taken : [];
    const aside = attachments.slice(attachments.length - fields.aside);
    this.#offerChoice({ ...forward, whole, attachments: forward.isWhole ? aside : taken });
  }

  /** How the letter forwards the original, for a draft; null if it forwards nothing. @returns {Forward | null} */
  get forward() {
    if (!this.#forwarding) return null;
    const { mail, quote, answersEncrypted, isWhole } = this.#forwarding;
    return { mail, quote, answersEncrypted, isWhole };
  }

  /**
   * The files of a draft. If the original is forwarded as one file, this file contains the original's attachments. They
   * are also stored separately, because the person may switch back to forwarding as text.
   * @param {Attachment[]} attached
   */
  filesOfDraft(attached) {
    const taken = this.#taken();
    const forwarded = attached.flatMap((file, index) => (taken.includes(file) ? [index] : []));
    const aside = this.#forwarding?.isWhole ? this.#forwarding.attachments : [];
    return { fields: { forwarded, aside: aside.length }, attachments: [...attached, ...aside] };
  }

  /** Whether the letter may contain decrypted text, because it answers or forwards a message, or continues a draft. */
  get hasOpenedWords() {
    return this.#isThere || this.isRead;
  }

  get #isThere() {
    return this.#claim.mail !== "" && this.#claim.kind !== "new";
  }

  #offer() {
    const read = html("button", {
      type: "button", text: translate("compose_read_original"), data: { test: "read-original" }, on: { click: () => void this.read() },
    });
    this.#sheet.view.note("original", html("p", { text: translate("compose_original_closed") }), read);
  }

  /** @param {import("../../wasm_build/ui/state_mark.js").State} state */
  #showState(state) {
    const translate = this.#translate;
    const mark = stateMark(state, translate);
    mark.setAttribute("aria-hidden", "true");
    const words = translate(this.#claim.kind === "forward" ? "compose_forwards" : "compose_answers", { first: translate(wordKey(state)) });
    this.#sheet.view.note("original",
      html("p", { class: "with-mark", data: { test: "original-state", state } }, mark, html("span", { text: words })));
  }

  /** @param {import("./courier.js").Original} fields of the original */
  #reply(fields) {
    const { sender, view } = this.#sheet;
    const answer = answerTo(this.#translate, fields, { toAll: this.#claim.kind === "replyAll", own: sender.ownAddresses });
    const { to, cc, senders, replyTo, doubtful, tooMany } = answer;
    const isQuoted = !answer.answersEncrypted || fields.report.state === "verified";
    // The recipients come from the message itself, and replace those that the page proposed. If there are too many, the fields
    // stay empty, since the answer would leave some people out.
    const leaving = [...this.#claim.to, ...this.#claim.cc, ...to, ...cc, ...senders, ...replyTo, ...doubtful.to, ...doubtful.cc];
    const people = tooMany ? { to: [], cc: [] } : { to, cc, doubtful };
    this.#join(answer, { ...people, leaving, quote: isQuoted ? answer.quote : "", attachments: [] });
    askReplyTo(this.#translate, view, answer);
    askDoubtful(this.#translate, view, this.#sheet.composition);
    if (tooMany) view.note("too-many", html("p", { class: "problem", text: this.#translate("answer_too_many", { count: tooMany }), data: { test: "answer-too-many" } }));
    if (answer.service && to.length === 0) view.note("service", serviceNote(this.#translate, answer.service));
    if (!isQuoted) this.#askToQuote(answer.quote);
  }

  /** @param {Answer} answer @param {Attachment[]} attachments */
  #forward(answer, attachments) {
    // Change the line ends as a text field does, so that `#forwardAs` can find the quotation in the field.
    const quote = answer.quote.replace(/\r\n?/gu, "\n");
    this.#join(answer, { to: [], cc: [], leaving: [], quote, attachments });
    this.#offerChoice({
      mail: this.#claim.mail, quote, answersEncrypted: answer.answersEncrypted, isWhole: false, attachments, whole: null,
    });
  }

  /**
   * @param {Answer} answer
   * @param {Pick<import("../../wasm_build/writing/composition.js").Joined, "to" | "cc" | "leaving" | "quote" | "attachments" | "doubtful">} taken
   */
  #join({ inReplyTo, references, hidden, subject, answersEncrypted }, taken) {
    this.#sheet.composition.join({ inReplyTo, references, hidden, subject, answersEncrypted, ...taken });
  }

  /**
   * An encrypted message without a verified sender may be a stolen letter that a thief sends again under another name.
   * A quotation in the answer would reveal its words to the thief. So the message is quoted only if the person asks for
   * the quotation.
   * @param {string} quote
   */
  #askToQuote(quote) {
    const { view, text } = this.#sheet;
    const go = html("button", {
      type: "button", text: translate("compose_quote_go"), data: { test: "quote" }, on: { click: () => {
        view.note("quote");
        this.#append(quote);
        text.focus();
      } },
    });
    view.note("quote", html("p", { class: "warning", text: translate("compose_quote_ask") }), html("div", { class: "actions" }, go));
  }

  /** @param {string} quote */
  #append(quote) {
    const { composition } = this.#sheet;
    composition.set({ text: `${composition.values.text}${quote}` });
  }

  /** @param {Forwarding} forwarding */
  #offerChoice(forwarding) {
    this.#forwarding = forwarding;
    this.#sheet.view.note("whole", createForwardChoice(forwarding.isWhole, (isWhole) =>
      this.#sheet.attempt(() => this.#forwardAs(isWhole, forwarding))));
  }

  /** @param {boolean} isWhole @param {Forwarding} forwarding */
  async #forwardAs(isWhole, forwarding) {
    const { composition } = this.#sheet;
    const { attached } = composition;
    if (isWhole) forwarding.whole ??= await this.#courier.whole(forwarding.mail, forwarding.answersEncrypted);
    const before = this.#taken();
    const others = attached.files.filter((file) => !before.includes(file));
    forwarding.isWhole = isWhole;
    // If the person has agreed to send the letter unencrypted, they agreed to the letter's former content.
    composition.askAgain();
    if (isWhole) composition.set({ text: composition.values.text.replace(forwarding.quote, "") });
    else this.#append(forwarding.quote);
    attached.replace([...others, ...this.#taken()]);
  }

  /** The attached files that come from the original. @returns {Attachment[]} */
  #taken() {
    if (!this.#forwarding) return [];
    const { isWhole, whole, attachments } = this.#forwarding;
    return isWhole ? [whole].filter((file) => file !== null) : attachments;
  }
}
