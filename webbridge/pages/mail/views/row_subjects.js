/**
 * The encrypted subjects in the rows of a list. They are decrypted while the keys are unlocked, a few messages at a
 * time, and forgotten when the keys change.
 */

import { VaultError } from "../../../../wasm_build/vault/errors/vault_error.js";
import { inParts } from "../../../../wasm_build/vault/values/in_parts.js";
import { headerReader } from "../../../../wasm_build/ui/formats.js";
import { ApiError } from "../../app/api.js";
import { readHidden } from "../../drafts/views/draft_rows.js";
import { fetchRows, MAX_FETCHED_BYTES } from "../hidden_subjects.js";
import { shorten } from "../row_texts.js";
import { hidesSubject, identityOf } from "./message_row.js";

/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("../../drafts/views/draft_rows.js").DraftRowServices} DraftRowServices */
/** @typedef {import("../../drafts/views/draft_rows.js").Hidden} Hidden */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("../../trust/learnt_rows.js").OpenedRow} OpenedRow */
/**
 * @typedef {{
 *   api: import("../../app/api.js").BridgeApi, keys: import("../../keys/keys.js").KeyRing,
 * } & DraftRowServices} RowSubjectServices
 */

/** The number of messages that are decrypted in one operation. */
const SUBJECTS_AT_ONCE = 20;

export class RowSubjects {
  #services;
  #list;
  /**
   * The subjects decrypted since the last change of the keys, by `identityOf`; "" for a message that the keys do not
   * decrypt.
   * @type {Map<string, string>}
   */
  #subjects = new Map();
  /** @type {AbortController | null} */
  #decrypting = null;

  /**
   * @param {RowSubjectServices} services
   * @param {{
   *   messages: import("../shown_messages.js").ShownMessages, openedRows: import("./opened_rows.js").OpenedRows,
   *   onRead: (message: ListedMessage) => void,
   * }} list `onRead` is called when the subject of a message was read
   */
  constructor(services, list) {
    this.#services = services;
    this.#list = list;
  }

  /** The subject of a row without a state. @param {ListedMessage} message @param {OpenedRow | null} openedRow */
  of(message, openedRow) {
    if (!hidesSubject(message)) return message.subject;
    const subject = this.#subjects.get(identityOf(message)) || openedRow?.subject || message.found?.subject;
    return subject || this.#services.translate("subject_encrypted");
  }

  /** Stores the subject of a message that was opened. @param {ListedMessage} message @param {OpenedMessage} opened */
  learn(message, { headers }) {
    if (!hidesSubject(message)) return;
    this.#subjects.set(identityOf(message), shorten(headerReader(headers)("subject")));
  }

  forget() {
    this.#subjects.clear();
  }

  /** Drops the answers that are on their way. */
  stop() {
    this.#decrypting?.abort();
  }

  /** Reads the encrypted subjects. A failure is not reported, because a row only keeps its placeholder. */
  async read() {
    this.stop();
    this.#decrypting = new AbortController();
    const { signal } = this.#decrypting;
    await this.#list.openedRows.load();
    if (signal.aborted) return;
    const groups = inParts(this.#list.messages.all.filter((message) => this.#isToRead(message)), SUBJECTS_AT_ONCE);
    try {
      for (let group = groups.shift(); group && this.#mayRead(signal); group = groups.shift()) {
        // If one message was too much for the vault, each message is read by itself, so that the other subjects still
        // come.
        if (!(await this.#readGroup(group, signal))) groups.push(...group.map((message) => [message]));
      }
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError || error instanceof VaultError)) throw error;
    }
  }

  /** @param {AbortSignal} signal */
  #mayRead(signal) {
    return this.#services.keys.unlocked && !signal.aborted;
  }

  /** @param {ListedMessage} message */
  #isToRead(message) {
    return hidesSubject(message) && !message.found && message.size <= MAX_FETCHED_BYTES
      && !this.#subjects.has(identityOf(message)) && !this.#list.openedRows.find(message)?.subject;
  }

  /**
   * @param {ListedMessage[]} group
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} false if one of several messages was too much for the vault
   */
  async #readGroup(group, signal) {
    const addressOf = (/** @type {{uid: number}} */ message) => this.#list.messages.addressOf(message);
    const rows = await fetchRows(this.#services.api, group, { addressOf, signal });
    const { areDrafts } = this.#list.messages;
    const hidden = rows.length > 0 ? await readHidden(this.#services, rows, { areDrafts }) : [];
    if (signal.aborted) return true;
    if (!hidden) return rows.length <= 1;
    rows.forEach(({ address, digest }, index) => this.#take(address, digest, hidden[index] ?? { subject: null }));
    return true;
  }

  /**
   * @param {MessageAddress} address
   * @param {string} digest of the message's bytes
   * @param {Hidden} hidden its subject is null if the keys do not decrypt the message
   */
  #take(address, digest, { subject, ...more }) {
    const message = this.#list.messages.find(address);
    if (!message || !hidesSubject(message)) return;
    this.#subjects.set(identityOf(message), shorten(subject ?? ""));
    if (subject) this.#list.openedRows.learnHidden(message, digest, { subject, ...more });
    this.#list.onRead(message);
  }
}
