/**
 * The message that is being written, as one object that views observe. It has the recipients, subject, text, files,
 * sender, protection and options. It also keeps the proposal with which it began, and with it the answered message and
 * the continued draft.
 *
 * - Views enter the person's changes, and show the message again at each `change`. This module calls no view and no
 *   service.
 * - The plan (`letter_plan.js`), the sending and the draft (`draft_content.js`) read this object, and not the fields of
 *   a form.
 * - `clear` empties the message for good. After a lock, or when the message was sent or discarded, no typed text stays in the page.
 */

import { MessageFiles } from "../ui/message_files.js";
import { NO_OPTIONS, offeredOptions } from "../ui/signature_options.js";
import { RecipientLine } from "../ui/recipient_line.js";
import { addressKey } from "../ui/formats.js";

/** @typedef {import("../ui/answer.js").AnswerMailbox} AnswerMailbox */
/** @typedef {import("../ui/attachments.js").Attachment} Attachment */
/** @typedef {import("../ui/formats.js").Mailbox} Mailbox */
/** @typedef {import("../ui/recipient_line.js").Person} Person */
/** @typedef {import("../ui/signature_options.js").Options} Options */
/** @typedef {import("./draft_content.js").DraftContent} DraftContent */
/** The copy in Sent: kept, not kept, or deleted after so many days. @typedef {boolean | number} CopyWish */
/** The header fields that make a message part of a thread. @typedef {import("./draft_content.js").Thread} Thread */
/**
 * The beginning of a message.
 * @typedef {Thread & {
 *   to: Mailbox[], cc?: Mailbox[], bcc?: Mailbox[], subject: string, text: string, answersEncrypted: boolean,
 *   doubtful?: {to: Mailbox[], cc: Mailbox[]}, senders?: Mailbox[], attachments?: Attachment[],
 *   groups?: string[], outboxId?: string, sign?: boolean, encrypt?: boolean, options?: Options, copy?: CopyWish | null,
 *   draft?: {content: DraftContent}, replyTo?: Mailbox[], html?: string, sharedFrom?: string,
 *   addressed?: AnswerMailbox[], service?: "parcel-reply" | "notice", parcelLine?: string, sendAt?: number,
 * }} Proposal `draft` is the draft that the message continues; `service` and `parcelLine` are those of `noteService`;
 * `sharedFrom` and `addressed` are those of `FromChoice`; `outboxId` is the id of the letter in the outbox that is
 * changed, and `sendAt` the time for which it waited; `html` is its formatted text, empty for none
 */
/**
 * The text, and the same text as markup of few tags; `html` is empty if nothing is formatted.
 * @typedef {{text: string, html: string}} Text
 */
/**
 * The values besides the recipients and the files. `options` are kept while the message is not signed; `copy` is null
 * if the person's choice for all messages applies; `sharedFrom` is the shared address in From, or "" for the person's
 * own.
 * @typedef {Text & {
 *   subject: string, sign: boolean, encrypt: boolean, options: Options, copy: CopyWish | null, sharedFrom: string,
 * }} Values
 */
/**
 * @typedef {{
 *   directory: import("../ui/recipient_line.js").Directory,
 *   groups?: () => import("../ui/recipient_suggestions.js").KnownGroup[], mostBytes?: () => number,
 *   offers: import("../ui/signature_options.js").SignatureOffers,
 * }} Surroundings `mostBytes` is the size of a file above which it is not read
 */

/**
 * The parts of the answered or forwarded message that the letter takes. `leaving` are the people who are removed before
 * `to` and `cc` are added, `quote` is the text to append, `attachments` are the files of a forwarded message.
 * @typedef {Thread & {
 *   to: Mailbox[], cc: Mailbox[], leaving: Mailbox[], subject: string, answersEncrypted: boolean, quote: string,
 *   attachments: Attachment[], doubtful?: {to: Mailbox[], cc: Mailbox[]},
 * }} Joined
 */

/** @type {Proposal} */
export const BLANK = {
  to: [], subject: "", text: "", inReplyTo: null, references: [], hidden: [], answersEncrypted: false,
};

/** Dispatches `change`. */
export class Composition extends EventTarget {
  #proposal;
  #values;
  #offers;
  /** The question to which the person has agreed (`leaving_clear.js`), or "". */
  #agreedClear = "";
  /** The text as it was before any change by the person. */
  #first;
  #isCleared = false;
  /** Whether several changes are being made, which observers must see as one change. */
  #isChanging = false;

  /** @param {Proposal} proposal @param {Surroundings} surroundings */
  constructor(proposal, { directory, groups, mostBytes, offers }) {
    super();
    this.#offers = offers;
    this.#proposal = proposal;
    this.#values = valuesOf(proposal, offers);
    this.#first = textOf(this.#values);
    this.to = new RecipientLine(directory, { groups });
    this.cc = new RecipientLine(directory, { groups });
    this.bcc = new RecipientLine(directory, { groups });
    this.attached = new MessageFiles({ mostBytes });
    this.#fill(proposal);
    if (proposal.attachments) this.attached.replace([...proposal.attachments]);
    for (const part of [...this.lines, this.attached]) part.addEventListener("change", () => this.#changed());
    this.attached.addEventListener("progress", () => this.#changed());
  }

  /** The proposal with which the message began, together with the messages that were joined to it since. */
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

  /** The people that all readers see. */
  get open() {
    return [...this.to.people, ...this.cc.people];
  }

  /** The people that nobody else sees. */
  get hidden() {
    return this.bcc.people;
  }

  /** Whether a line has typed text that is not a recipient yet. */
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
    return isAddressed || hasFiles || this.#values.subject !== oneLine(subject) || this.isTextChanged;
  }

  /** The key of the question to which the person has agreed, so that the message may leave unencrypted; "" for none. */
  get agreedClear() {
    return this.#agreedClear;
  }

  get isCleared() {
    return this.#isCleared;
  }

  /** Takes over the values that the person has entered. @param {Partial<Values>} changes */
  set(changes) {
    if (this.#isCleared) return;
    this.#values = { ...this.#values, ...changes };
    this.#changed();
  }

  /** The person has agreed that the message leaves unencrypted. @param {string} key of the question */
  agreeClear(key) {
    this.#agreedClear = key;
    this.#changed();
  }

  /** Forgets the agreement of `agreeClear`, so that the person is asked again. */
  askAgain() {
    this.#agreedClear = "";
  }

  /**
   * Joins the answered or forwarded message, which may be opened when the person is already writing. Its additions do
   * not count as changes by the person.
   * @param {Joined} joined
   */
  join({ to, cc, leaving, attachments, quote, ...original }) {
    const isGoing = new Set(leaving.map(({ address }) => addressKey(address)));
    this.#atOnce(() => {
      for (const line of [this.to, this.cc]) {
        for (const person of [...line.people]) if (isGoing.has(addressKey(person.address))) line.drop(person);
      }
      this.#fill({ to, cc });
      if (attachments.length > 0) this.attached.replace([...this.attached.files, ...attachments]);
      // A file that is attached later is added to the same list, so the proposal needs a copy.
      this.#proposal = {
        ...this.#proposal, ...original, to: this.to.mailboxes, cc: this.cc.mailboxes, attachments: [...this.attached.files],
      };
      this.askAgain();
      this.rewrite({ text: `${this.#values.text}${quote}`, html: this.#values.html });
      this.#values = {
        ...this.#values, subject: oneLine(original.subject), encrypt: this.#values.encrypt || original.answersEncrypted,
      };
    });
  }

  /** The person has decided about the doubtful people, so that nobody asks about them again. */
  settleDoubtful() {
    this.#proposal = { ...this.#proposal, doubtful: undefined };
    this.#changed();
  }

  /** Begins again with another proposal, such as the proposal of a continued draft. @param {Proposal} proposal */
  begin(proposal) {
    this.#atOnce(() => {
      this.askAgain();
      this.#restart(proposal, this.#offers);
      this.#fill(proposal);
      this.attached.replace([...proposal.attachments ?? []]);
    });
  }

  /** Takes over a text that the program has changed. This does not count as a change by the person. @param {Text} text */
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
    for (const person of this.people) if (person.finding?.readiness === "failed") void this.lineOf(person).lookUp(person);
  }

  /** Looks up people without a certificate again, because the contacts can be read now. */
  lookUpUnlocked() {
    for (const person of this.people) {
      if (["failed", "none", "unusable"].includes(person.finding?.readiness ?? "")) void this.lineOf(person).lookUp(person);
    }
  }

  /** Looks up people without a certificate again in the background, because a certificate may have been added meanwhile. */
  lookUpMissing() {
    for (const person of this.people) {
      if (["failed", "none"].includes(person.finding?.readiness ?? "")) void this.lineOf(person).lookUpAgain(person);
    }
  }

  /** The line with this person. @param {Person} person */
  lineOf(person) {
    return this.lines.find(({ people }) => people.includes(person)) ?? this.to;
  }

  /** Forgets everything for good. */
  clear() {
    this.#isCleared = true;
    this.#restart(BLANK, { timestampHost: "", labelPolicy: null });
    this.attached.clear();
    this.#changed();
  }

  /** Takes the values of a proposal, and empties the lines. @param {Proposal} proposal @param {Surroundings["offers"]} offers */
  #restart(proposal, offers) {
    this.#proposal = proposal;
    this.#values = valuesOf(proposal, offers);
    this.#first = textOf(this.#values);
    for (const line of this.lines) line.clear();
  }

  /** Adds the people of a proposal. @param {Pick<Proposal, "to" | "cc" | "bcc" | "groups">} proposal */
  #fill({ to, cc = [], bcc = [], groups = [] }) {
    for (const mailbox of to) this.to.add(mailbox);
    for (const mailbox of cc) this.cc.add(mailbox);
    for (const group of groups) this.to.addGroup(group);
    for (const mailbox of bcc) this.bcc.add(mailbox);
  }

  /** Reports several changes as one. @param {() => void} change */
  #atOnce(change) {
    if (this.#isCleared) return;
    this.#isChanging = true;
    change();
    this.#isChanging = false;
    this.#changed();
  }

  #changed() {
    if (this.#isChanging) return;
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Proposal} proposal @param {Surroundings["offers"]} offers @returns {Values} */
function valuesOf(proposal, offers) {
  const { subject, text, html = "", options = NO_OPTIONS, sharedFrom = "", sign = true, encrypt = true, copy = null } = proposal;
  return { subject: oneLine(subject), text, html, sharedFrom, sign, encrypt, copy, options: offeredOptions(options, offers) };
}

/** The subject field has one line. @param {string} subject */
function oneLine(subject) {
  return subject.replace(/[\r\n]/gu, "");
}

/** @param {Text} text */
function textOf({ text, html }) {
  return JSON.stringify([text, html]);
}
