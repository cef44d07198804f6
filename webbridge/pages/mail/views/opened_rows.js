/**
 * The verdicts and texts of opened messages, which their rows in a list show. They are valid while the row stays the same.
 */

import { ownKeyAddresses } from "../../account/own_addresses.js";
import { openedRowOf } from "../../trust/views/learnt_marks.js";
import { isOnOtherDay, shorten } from "../row_texts.js";
import { identityOf } from "./message_row.js";

/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("../../drafts/views/draft_rows.js").Hidden} Hidden */
/** @typedef {import("../../trust/learnt_rows.js").LearntRows} LearntRows */
/** @typedef {Parameters<typeof ownKeyAddresses>[0]} OpenedRowServices */

/** The longest subject of a message that is kept. */
const MAX_KEPT_SUBJECT = 300;

export class OpenedRows {
  #services;
  #learnt;
  #messages;

  /**
   * @param {OpenedRowServices} services
   * @param {Pick<LearntRows, "find" | "learn" | "load">} learnt
   * @param {import("../shown_messages.js").ShownMessages} messages the messages of the list
   */
  constructor(services, learnt, messages) {
    this.#services = services;
    this.#learnt = learnt;
    this.#messages = messages;
  }

  /** The verdict and text that the row of a message shows after opening; null if nothing was learnt. @param {ListedMessage} message */
  find(message) {
    return this.#learnt.find(this.#messages.addressOf(message), identityOf(message));
  }

  /** Whether the opened message is of another day than the mail server says. @param {ListedMessage} message */
  isOnOtherDay(message) {
    return isOnOtherDay(message, this.find(message));
  }

  /** Reads what is kept of the opened messages of the folder. */
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
    this.#learn(message, digest, {
      state: null, sender: "", subject: shorten(subject, MAX_KEPT_SUBJECT), date: null, isEncrypted: true, ...more,
    });
  }

  /**
   * Learns what the row of an opened message shows from now on.
   * @param {ListedMessage} message
   * @param {string} digest of the message's bytes
   * @param {OpenedMessage} opened
   */
  learnOpened(message, digest, opened) {
    const { isOutgoing } = this.#messages;
    const own = isOutgoing ? ownKeyAddresses(this.#services) : [];
    this.#learn(message, digest, openedRowOf(opened, message, { isOutgoing, own }));
  }

  /**
   * @param {ListedMessage} message
   * @param {string} digest of the message's bytes
   * @param {import("../../trust/learnt_rows.js").OpenedRow} openedRow
   */
  #learn(message, digest, openedRow) {
    this.#learnt.learn(this.#messages.addressOf(message), identityOf(message), digest, openedRow);
  }
}
