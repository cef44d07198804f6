/**
 * The message that is being written, as one value that views observe: its recipients, subject, text, files, sender,
 * protection and options, and the proposal with which it began, so also the message that it answers and the draft that
 * it continues.
 *
 * - Views put into it what the person does, and show it again at each `change`. It knows no view and no service.
 * - The plan (`leaving_plan.js`), the sending (`outgoing_words.js`) and the draft (`drafts/draft_content.js`) read it,
 *   and no field of a form.
 * - `clear` empties it for good: after a lock, and when the message was sent or discarded, no typed text stays in the
 *   page.
 */

import { MessageFiles } from "../../../wasm_build/ui/message_files.js";
import { NO_OPTIONS, offeredOptions } from "../../../wasm_build/ui/signature_options.js";
import { RecipientLine } from "../../../wasm_build/ui/recipient_line.js";
import { optionsOf } from "./statements.js";

/** @typedef {import("../app/service_answers.js").CopyWish} CopyWish */
/** @typedef {import("../keys/mail_vault.js").Attachment} Attachment */
/** @typedef {import("../../../wasm_build/ui/answer.js").AnswerMailbox} AnswerMailbox */
/** @typedef {import("../../../wasm_build/ui/formats.js").Mailbox} Mailbox */
/** @typedef {import("../../../wasm_build/ui/signature_options.js").Options} Options */
/** @typedef {import("../../../wasm_build/ui/recipient_line.js").Person} Person */
/**
 * @typedef {import("../keys/mail_vault.js").ReplyFields & {
 *   to: Mailbox[], cc?: Mailbox[], bcc?: Mailbox[], subject: string, text: string, answersEncrypted: boolean,
 *   doubtful?: {to: Mailbox[], cc: Mailbox[]}, senders?: Mailbox[], attachments?: Attachment[],
 *   groups?: string[], outboxId?: string, sign?: boolean, encrypt?: boolean,
 *   draft?: import("../drafts/draft_store.js").OpenedDraft, replyTo?: Mailbox[], html?: string,
 *   statements?: import("./statements.js").Statements, sharedFrom?: string,
 *   addressed?: AnswerMailbox[], service?: "parcel-reply" | "notice", parcelLine?: string,
 * }} Proposal `service` and `parcelLine` are those of `createServiceNote`; `sharedFrom` and `addressed` are those of
 *   `FromChoice`; `outboxId` is that of the letter in the outbox which is changed; `html` is its formatted text, empty
 *   for none
 */
/**
 * The text, and the same text as markup of few tags; `html` is empty if nothing is formatted.
 * @typedef {{text: string, html: string}} Text
 */
/**
 * The values besides the recipients and the files. `options` are kept while the message is not signed; `copy` is null
 * for the person's choice for all messages; `sharedFrom` is the shared address in From, or "" for the person's own.
 * @typedef {Text & {
 *   subject: string, sign: boolean, encrypt: boolean, options: Options, copy: CopyWish | null, sharedFrom: string,
 * }} Values
 */
/**
 * @typedef {{
 *   directory: import("../../../wasm_build/ui/recipient_line.js").Directory,
 *   groups?: () => import("../../../wasm_build/ui/recipient_suggestions.js").KnownGroup[], mostBytes?: () => number,
 *   offers: import("../../../wasm_build/ui/signature_options.js").SignatureOffers,
 * }} Surroundings `mostBytes` is the size of a file above which it is not read
 */

/** @type {Proposal} */
export const BLANK = {
  to: [], subject: "", text: "", inReplyTo: null, references: [], hidden: [], answersEncrypted: false,
};

/** Dispatches `change`. */
export class Composition extends EventTarget {
  #proposal;
  #values;
  /** The text before the person has changed it. */
  #first;
  #isCleared = false;

  /** @param {Proposal} proposal @param {Surroundings} surroundings */
  constructor(proposal, { directory, groups, mostBytes, offers }) {
    super();
    this.#proposal = proposal;
    this.#values = valuesOf(proposal, offers);
    this.#first = textOf(this.#values);
    this.to = new RecipientLine(directory, { groups });
    this.cc = new RecipientLine(directory, { groups });
    this.bcc = new RecipientLine(directory, { groups });
    this.attached = new MessageFiles({ mostBytes });
    for (const mailbox of proposal.to) this.to.add(mailbox);
    for (const mailbox of proposal.cc ?? []) this.cc.add(mailbox);
    for (const group of proposal.groups ?? []) this.to.addGroup(group);
    for (const mailbox of proposal.bcc ?? []) this.bcc.add(mailbox);
    if (proposal.attachments) this.attached.replace([...proposal.attachments]);
    for (const part of [...this.lines, this.attached]) part.addEventListener("change", () => this.#changed());
    this.attached.addEventListener("progress", () => this.#changed());
  }

  /** The proposal with which the message began. */
  get proposal() {
    return this.#proposal;
  }

  /** @returns {Readonly<Values>} */
  get values() {
    return this.#values;
  }

  /** The options that are statements in the signature; none if the message is not signed. */
  get options() {
    return this.#values.sign ? this.#values.options : NO_OPTIONS;
  }

  get lines() {
    return [this.to, this.cc, this.bcc];
  }

  /** All people of the message. */
  get people() {
    return this.lines.flatMap(({ people }) => people);
  }

  /** The people whom all readers see. */
  get open() {
    return [...this.to.people, ...this.cc.people];
  }

  /** The people whom nobody else sees. */
  get hidden() {
    return this.bcc.people;
  }

  /** Whether a line has text that is no recipient yet. */
  get hasTyped() {
    return this.lines.some(({ written, people }) => written.length > people.length);
  }

  /** Whether the person has changed the text or its formatting. */
  get isTextChanged() {
    return textOf(this.#values) !== this.#first;
  }

  /** Whether the person has entered something besides the signature, which would be lost with the message. */
  get isBegun() {
    const { to, cc = [], bcc = [], attachments = [], subject } = this.#proposal;
    const proposed = [...to, ...cc, ...bcc].map(({ address }) => address);
    const isAddressed = this.people.map(({ address }) => address).join() !== proposed.join();
    const hasFiles = this.attached.files.length !== attachments.length || this.attached.large.length > 0;
    return isAddressed || hasFiles || this.#values.subject !== subject || this.isTextChanged;
  }

  get isCleared() {
    return this.#isCleared;
  }

  /** Takes what the person has entered. @param {Partial<Values>} changes */
  set(changes) {
    if (this.#isCleared) return;
    this.#values = { ...this.#values, ...changes };
    this.#changed();
  }

  /** Takes the text as another field writes it, which is no change by the person. @param {Text} text */
  rewrite({ text, html }) {
    if (!this.isTextChanged) this.#first = textOf({ text, html });
    this.set({ text, html });
  }

  /** Turns the typed text of the lines into people. */
  commit() {
    for (const line of this.lines) line.commit();
  }

  /** Looks up again the people whose look-up got no answer. */
  lookUpFailed() {
    for (const line of this.lines) {
      for (const person of line.people) if (person.finding?.readiness === "failed") void line.lookUp(person);
    }
  }

  /** The line with this person. @param {Person} person */
  lineOf(person) {
    return this.lines.find(({ people }) => people.includes(person)) ?? this.to;
  }

  /** Forgets everything for good. */
  clear() {
    this.#isCleared = true;
    this.#proposal = BLANK;
    this.#values = valuesOf(BLANK, { timestampHost: "", labelPolicy: null });
    this.#first = textOf(this.#values);
    for (const line of this.lines) line.clear();
    this.attached.clear();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Proposal} proposal @param {Surroundings["offers"]} offers @returns {Values} */
function valuesOf(proposal, offers) {
  const { subject, text, html = "", statements, sharedFrom = "", sign = true, encrypt = true, draft } = proposal;
  const kept = draft?.content.fields;
  const wanted = kept?.more ?? (statements ? optionsOf(statements, offers.labelPolicy) : NO_OPTIONS);
  return {
    // The field of a subject has one line.
    subject: subject.replace(/[\r\n]/gu, ""), text, html, sharedFrom, sign: kept?.sign ?? sign,
    encrypt: kept?.seal ?? encrypt, copy: kept?.copy ?? null, options: offeredOptions(wanted, offers),
  };
}

/** @param {Text} text */
function textOf({ text, html }) {
  return JSON.stringify([text, html]);
}
