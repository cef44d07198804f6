/**
 * The message that a letter answers or forwards. It is read if the person agrees, and the letter takes over parts of
 * it. While the keys are locked, these parts are covered (`lock_cover.js`). If the original was encrypted, the letter
 * leaves unencrypted only after the person agrees (`protection.js`).
 */
import { answerTo, forwardOf } from "../../wasm_build/ui/answer.js";
import { html } from "../../wasm_build/ui/dom.js";
import { addressKey, isolate, sameAddress } from "../../wasm_build/ui/formats.js";
import { replyToQuestion } from "../../wasm_build/ui/reply_to_note.js";
import { serviceNote } from "../../wasm_build/ui/service_note.js";
import { stateMark, wordKey } from "../../wasm_build/ui/state_mark.js";
import { shownState } from "../../wasm_build/ui/verdict_words.js";
import { isClosed } from "../shared/closed_report.js";
import { errorText, translate } from "../texts/texts.js";
import { createForwardChoice } from "./forward_choice.js";

/** @typedef {import("../../wasm_build/ui/answer.js").Answer} Answer */
/** @typedef {import("../../wasm_build/ui/attachments.js").Attachment} Attachment */
/**
 * How the original is forwarded. `isWhole` is whether the person chose to forward it as one file. `whole` is that file,
 * or null before it was made. `attachments` are the original's attachments.
 * @typedef {{mail: string, quote: string, answersEncrypted: boolean, isWhole: boolean}} Forward
 * @typedef {Forward & {attachments: Attachment[], whole: Attachment | null}} Forwarding
 */
/**
 * @typedef {{
 *   recipients: import("./recipients.js").Recipients, subject: {input: HTMLInputElement}, text: HTMLTextAreaElement,
 *   protection: import("./protection.js").Protection, sender: import("./sender_choice.js").SenderChoice,
 *   attached: import("../../wasm_build/ui/message_files.js").MessageFiles, written: () => void, update: () => void,
 *   note: (kind: string, ...content: HTMLElement[]) => void, attempt: (act: () => Promise<unknown>) => Promise<boolean>,
 * }} Sheet the window in which the letter is written
 */

export class Answering {
  /** The header fields by which the letter joins the thread of the original. */
  thread = { inReplyTo: /** @type {string | null} */ (null), references: /** @type {string[]} */ ([]), hidden: /** @type {import("../../wasm_build/ui/answer.js").HiddenField[]} */ ([]) };
  /** Whether the letter has taken over the original, or continues a draft. Then the original is not taken over again. */
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
    // Until the original is read, it counts as encrypted.
    sheet.protection.answersEncrypted = claim.mail !== "" && claim.kind !== "new";
  }

  /**
   * Reads the original if the keys are unlocked. If the person has not yet allowed that messages of this site are read, a
   * button asks first.
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
    this.#sheet.note("original", html("p", { role: "status", text: translate("compose_opening") }));
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
      this.#sheet.note("original", html("p", {
        class: "problem", text: translate("compose_original_failed", { first: errorText(error) }), data: { test: "original-problem" },
      }));
    } finally {
      this.isReading = false;
      this.#sheet.update();
    }
  }

  /**
   * Continues a kept draft. The message that this window was opened to answer or forward is then not taken over.
   * @param {{thread: Answering["thread"], forward: Forward | null}} kept
   * @param {{attachments: Attachment[], aside: Attachment[], forwarded: number[]}} files of the draft
   */
  goOn({ thread, forward }, { attachments, aside, forwarded }) {
    this.isRead = true;
    this.thread = thread;
    for (const note of ["original", "quote", "reply-to", "doubtful", "too-many", "service", "whole"]) this.#sheet.note(note);
    this.#forwarding = null;
    if (!forward) return;
    const taken = forwarded.map((index) => attachments[index]);
    const [whole = null] = forward.isWhole ? taken : [];
    this.#offerChoice({ ...forward, whole, attachments: forward.isWhole ? aside : taken });
  }

  /** How the letter forwards the original, for a draft; null if it does not. @returns {Forward | null} */
  get forward() {
    if (!this.#forwarding) return null;
    const { mail, quote, answersEncrypted, isWhole } = this.#forwarding;
    return { mail, quote, answersEncrypted, isWhole };
  }

  /**
   * The part that forwarding adds to the files of a draft. `aside` are the attachments of an original that is forwarded
   * as one file: that file has them already, and the person may switch back. `forwarded` are the positions of the
   * attached files that come from the original.
   */
  get keptFiles() {
    const taken = this.#taken();
    const forwarded = this.#sheet.attached.files.flatMap((file, index) => (taken.includes(file) ? [index] : []));
    return { aside: this.#forwarding?.isWhole ? this.#forwarding.attachments : [], forwarded };
  }

  /** Whether the letter may have decrypted words: it answers or forwards a message, or continues a draft. */
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
    this.#sheet.note("original", html("p", { text: translate("compose_original_closed") }), read);
  }

  /** @param {import("../../wasm_build/ui/state_mark.js").State} state */
  #showState(state) {
    const translate = this.#translate;
    const mark = stateMark(state, translate);
    mark.setAttribute("aria-hidden", "true");
    const words = translate(this.#claim.kind === "forward" ? "compose_forwards" : "compose_answers", { first: translate(wordKey(state)) });
    this.#sheet.note("original",
      html("p", { class: "with-mark", data: { test: "original-state", state } }, mark, html("span", { text: words })));
  }

  /** @param {import("./courier.js").Original} fields of the original */
  #reply(fields) {
    const answer = answerTo(this.#translate, fields, { toAll: this.#claim.kind === "replyAll", own: this.#sheet.sender.ownAddresses });
    // The recipients come from the message itself, and replace those that the page proposed.
    this.#replacePeople(answer);
    this.#take(answer);
    if (answer.replyTo.length) this.#askReplyTo(answer);
    if (answer.doubtful.to.length + answer.doubtful.cc.length) this.#askDoubtful(answer);
    if (answer.tooMany) {
      const words = this.#translate("answer_too_many", { count: answer.tooMany });
      this.#sheet.note("too-many", html("p", { class: "problem", text: words, data: { test: "answer-too-many" } }));
    }
    if (answer.service && answer.to.length === 0) this.#sheet.note("service", serviceNote(this.#translate, answer.service));
    this.#quote(answer, fields.report.state);
  }

  /** @param {Answer} answer @param {Attachment[]} attachments */
  #forward(answer, attachments) {
    this.#take(answer);
    this.#append(answer.quote);
    if (attachments.length) this.#sheet.attached.replace([...this.#sheet.attached.files, ...attachments]);
    // The text field changes line ends in the same way, so `#forwardAs` can find the quotation in it.
    const quote = answer.quote.replace(/\r\n?/gu, "\n");
    const { answersEncrypted } = answer;
    this.#offerChoice({ mail: this.#claim.mail, quote, answersEncrypted, isWhole: false, attachments, whole: null });
  }

  /** @param {Answer} answer */
  #take({ inReplyTo, references, hidden, subject, answersEncrypted }) {
    this.thread = { inReplyTo, references, hidden };
    this.#sheet.subject.input.value = subject;
    this.#sheet.protection.takeOver(answersEncrypted);
  }

  /**
   * An encrypted message without a verified sender may be a stolen letter, sent again under another name. The quotation
   * in an answer would then give its words to the thief. So it is quoted only if the person asks for it.
   * @param {Answer} answer @param {string} state
   */
  #quote({ quote, answersEncrypted }, state) {
    if (!answersEncrypted || state === "verified") return this.#append(quote);
    const sheet = this.#sheet;
    const go = html("button", {
      type: "button", text: translate("compose_quote_go"), data: { test: "quote" }, on: { click: () => {
        sheet.note("quote");
        this.#append(quote);
        sheet.written();
        sheet.text.focus();
      } },
    });
    sheet.note("quote", html("p", { class: "warning", text: translate("compose_quote_ask") }), html("div", { class: "actions" }, go));
  }

  /** @param {string} quote */
  #append(quote) {
    const { text: area } = this.#sheet;
    // The person may be writing already, and goes on where they were.
    const { selectionStart, selectionEnd } = area;
    area.value = `${area.value}${quote}`;
    area.setSelectionRange(selectionStart, selectionEnd);
  }

  /** @param {Forwarding} forwarding */
  #offerChoice(forwarding) {
    this.#forwarding = forwarding;
    const choice = createForwardChoice(forwarding.isWhole, (isWhole) => this.#sheet.attempt(() => this.#forwardAs(isWhole, forwarding)));
    this.#sheet.note("whole", choice);
  }

  /** @param {boolean} isWhole @param {Forwarding} forwarding */
  async #forwardAs(isWhole, forwarding) {
    const sheet = this.#sheet;
    if (isWhole) forwarding.whole ??= await this.#courier.whole(forwarding.mail, forwarding.answersEncrypted);
    const before = this.#taken();
    const others = sheet.attached.files.filter((one) => !before.includes(one));
    forwarding.isWhole = isWhole;
    if (isWhole) sheet.text.value = sheet.text.value.replace(forwarding.quote, "");
    else this.#append(forwarding.quote);
    // The person may have agreed to send the letter unencrypted. That was for its former content.
    sheet.protection.askAgain();
    sheet.attached.replace([...others, ...this.#taken()]);
  }

  /** The attached files that come from the original. @returns {Attachment[]} */
  #taken() {
    if (!this.#forwarding) return [];
    const { isWhole, whole, attachments } = this.#forwarding;
    return isWhole ? [whole].filter((one) => one !== null) : attachments;
  }

  /**
   * Replaces the people that the page proposed. An answer to too many people would leave some out, so it goes to nobody.
   * @param {Answer} answer
   */
  #replacePeople({ to, cc, senders, replyTo, doubtful, tooMany }) {
    const proposed = [...this.#claim.to, ...this.#claim.cc, ...to, ...cc, ...senders, ...replyTo, ...doubtful.to, ...doubtful.cc];
    const keys = new Set(proposed.map(({ address }) => addressKey(address)));
    const lines = this.#sheet.recipients;
    for (const field of [lines.to, lines.cc]) {
      for (const person of [...field.people]) if (keys.has(addressKey(person.address))) field.drop(person);
    }
    if (tooMany) return;
    for (const mailbox of to) lines.to.add(mailbox);
    for (const mailbox of cc) lines.cc.add(mailbox);
  }

  /**
   * Asks before it adds doubtful recipients: somebody who could change the message on its way may have added them.
   * @param {Answer} answer
   */
  #askDoubtful({ doubtful: { to, cc }, tooMany }) {
    if (tooMany) return;
    const sheet = this.#sheet;
    const add = html("button", {
      type: "button", text: translate("compose_doubtful_add"), data: { test: "doubtful-add" },
      on: { click: () => {
        for (const mailbox of to) sheet.recipients.to.add(mailbox);
        for (const mailbox of cc) sheet.recipients.cc.add(mailbox);
        sheet.note("doubtful");
      } },
    });
    const leave = html("button", {
      type: "button", text: translate("compose_doubtful_leave"), data: { test: "doubtful-leave" }, on: { click: () => sheet.note("doubtful") },
    });
    const names = [...to, ...cc].map(({ address }) => isolate(address)).join(", ");
    sheet.note("doubtful", html("p", { class: "warning", text: translate("compose_doubtful", { first: names }) }), html("div", { class: "actions" }, leave, add));
  }

  /** @param {Answer} answer */
  #askReplyTo({ senders, replyTo }) {
    const sheet = this.#sheet;
    const isSender = (/** @type {string} */ address) => senders.some((one) => sameAddress(one.address, address));
    const onKeep = () => {
      // A sender who is not proved is in the line only now.
      for (const mailbox of senders) sheet.recipients.to.add(mailbox);
      sheet.note("reply-to");
    };
    const onTake = () => {
      const { to } = sheet.recipients.fields;
      for (const person of to.people.filter(({ address }) => isSender(address))) to.remove(person);
      for (const mailbox of replyTo) sheet.recipients.to.add(mailbox);
      sheet.note("reply-to");
    };
    sheet.note("reply-to", ...replyToQuestion(this.#translate, { senders, replyTo }, { onKeep, onTake }));
  }
}
