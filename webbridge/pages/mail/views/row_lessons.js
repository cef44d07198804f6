/** The lessons of a list: the verdicts and texts of opened messages. A lesson is valid while the message's row stays the same. */

import { ownKeyAddresses } from "../../account/own_addresses.js";
import { lessonOf } from "../../trust/views/learnt_marks.js";
import { isOnOtherDay, shorten } from "../row_texts.js";
import { identityOf } from "./message_row.js";

/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("../../drafts/views/draft_rows.js").Hidden} Hidden */
/** @typedef {import("../../trust/learnt_rows.js").LearntRows} LearntRows */
/** @typedef {Parameters<typeof ownKeyAddresses>[0]} RowLessonServices */

/** The longest subject of a message that is kept. */
const MAX_KEPT_SUBJECT = 300;

export class RowLessons {
  #services;
  #learnt;
  #messages;

  /**
   * @param {RowLessonServices} services
   * @param {Pick<LearntRows, "find" | "learn" | "load">} learnt
   * @param {import("../shown_messages.js").ShownMessages} messages the messages of the list
   */
  constructor(services, learnt, messages) {
    this.#services = services;
    this.#learnt = learnt;
    this.#messages = messages;
  }

  /** The lesson on a message; null if nothing was learnt. @param {ListedMessage} message */
  on(message) {
    return this.#learnt.find(this.#messages.addressOf(message), identityOf(message));
  }

  /** Whether the opened message is of another day than the mail server says. @param {ListedMessage} message */
  isOnOtherDay(message) {
    return isOnOtherDay(message, this.on(message));
  }

  /** Reads the lessons that are kept of the folder. */
  async load() {
    await this.#learnt.load(this.#messages.folder);
  }

  /**
   * Learns the texts that a row hides while the keys are locked.
   * @param {ListedMessage} message
   * @param {string} digest of the message's bytes
   * @param {Hidden & {subject: string}} hidden
   */
  learnHidden(message, digest, { subject, ...more }) {
    const shortSubject = shorten(subject, MAX_KEPT_SUBJECT);
    this.#learn(message, digest, { state: null, sender: "", subject: shortSubject, date: null, isEncrypted: true, ...more });
  }

  /**
   * Learns the lesson that an opened message teaches about its row.
   * @param {ListedMessage} message
   * @param {string} digest of the message's bytes
   * @param {OpenedMessage} opened
   */
  learnOpened(message, digest, opened) {
    const { isOutgoing } = this.#messages;
    const own = isOutgoing ? ownKeyAddresses(this.#services) : [];
    this.#learn(message, digest, lessonOf(opened, message, { isOutgoing, own }));
  }

  /**
   * @param {ListedMessage} message
   * @param {string} digest of the message's bytes
   * @param {import("../../trust/learnt_rows.js").Lesson} lesson
   */
  #learn(message, digest, lesson) {
    this.#learnt.learn(this.#messages.addressOf(message), identityOf(message), digest, lesson);
  }
}
