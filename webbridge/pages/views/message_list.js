/** The list of the messages in one folder, newest first, with a small mark for signed and encrypted messages. */

import { html } from "../../../wasm_build/ui/dom.js";
import { VaultError } from "../../../wasm_build/vault/vault_error.js";
import { ApiError, PAGE_OF_MESSAGES } from "../api.js";
import { headerReader, readMailbox, shortDate } from "../../../wasm_build/ui/formats.js";
import { problem, whileBusy } from "../../../wasm_build/ui/parts.js";
import { digestOf } from "../learnt_rows.js";
import { isSameMessage, messagePath } from "../routes.js";
import { createRowMarks, lessonOf, NOTHING_LEARNT, updateRow, whoOf } from "./learnt_marks.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../api.js").MessageSummary} MessageSummary */
/** @typedef {import("../routes.js").MessageAddress} MessageAddress */

const OBSCURED_SUBJECT = "[...]";
/** Larger messages keep the placeholder until they are opened. */
const MAX_FETCHED_BYTES = 256_000;
/** The longest subject in a row. The bridge has the same limit for the subjects that are not encrypted. */
const MAX_SUBJECT_CHARACTERS = 1000;
/** The number of messages that are decrypted in one operation. */
const SUBJECTS_AT_ONCE = 20;
/** The codes of errors after which the next request would fail too. */
const OF_EVERY_REQUEST = new Set(["unreachable", "session-ended"]);
/** Errors of the vault that a single message can cause. */
const OF_ONE_MESSAGE = new Set(["internal-error", "out-of-memory", "vault-crashed", "vault-timeout"]);

export class MessageList {
  #app;
  #folder = "";
  /** The UIDVALIDITY under which the shown messages have their UIDs. */
  #uidValidity = 0;
  #isOutgoing = false;
  /** @type {MessageAddress | null} */
  #current = null;
  /** @type {MessageSummary[]} */
  #messages = [];
  /**
   * The subjects decrypted since the last change of the keys, by `identityOf`; "" for a message that the keys do not
   * decrypt.
   * @type {Map<string, string>}
   */
  #subjects = new Map();
  /** @type {AbortController | null} */
  #decrypting = null;
  /** @type {AbortController | null} */
  #loading = null;
  /** @type {AbortController | null} */
  #refreshing = null;
  /** Whether something has changed while the list was being loaded. */
  #isStale = false;
  #rows = html("ul", { class: "rows", data: { test: "messages" } });
  #failure = problem("list-error");
  #empty;
  #older;
  #learnt;
  #onLearnt = () => this.#updateRows();

  /**
   * @param {App} app
   * @param {Pick<import("../learnt_rows.js").LearntRows, "find" | "learn" | "load" | "addEventListener" | "removeEventListener">} [learnt]
   *   what was learnt of the messages by opening them
   */
  constructor(app, learnt = NOTHING_LEARNT) {
    const { translate } = app;
    this.#app = app;
    this.#learnt = learnt;
    learnt.addEventListener("change", this.#onLearnt);
    this.#empty = html("p", { class: "empty", text: translate("folder_empty"), hidden: true });
    const older = html("button", { type: "button", text: translate("older"), hidden: true, data: { test: "older" } });
    older.addEventListener("click", () => whileBusy(older, translate("loading"), () => this.#loadOlder()));
    this.#older = older;
    const foot = html("div", { class: "actions list-foot" }, older);
    this.element = html("div", { class: "list" }, this.#failure, this.#rows, this.#empty, foot);
  }

  dispose() {
    this.#learnt.removeEventListener("change", this.#onLearnt);
  }

  /**
   * @param {string} folder
   * @param {{outgoing: boolean}} options if `outgoing`, the person wrote the messages, and rows show recipients
   */
  async load(folder, { outgoing }) {
    this.#isOutgoing = outgoing;
    this.#empty.hidden = true;
    if (folder !== this.#folder) {
      this.#folder = folder;
      this.#messages = [];
      this.#subjects.clear();
      this.#older.hidden = true;
      this.#draw();
    }
    await this.#fetchPage();
  }

  /**
   * Shows what has changed in the folder. Rows that stay the same stay in the page, with the focus and under the pointer. A
   * failure is not reported: its only effect is that the list stays as it was.
   */
  async refresh() {
    // A list that is being loaded may have been read before the change.
    if (this.#rows.getAttribute("aria-busy") === "true") {
      this.#isStale = true;
      return;
    }
    this.#refreshing?.abort();
    this.#refreshing = new AbortController();
    const { signal } = this.#refreshing;
    try {
      const { uidValidity, messages, isAll } = await this.#fetchAsMany(this.#messages.length, signal);
      if (signal.aborted) return;
      if (uidValidity !== this.#uidValidity) return await this.#fetchPage();
      const before = new Map(this.#messages.map((message) => [message.uid, JSON.stringify(message)]));
      this.#messages = messages;
      this.#older.hidden = isAll;
      this.#empty.hidden = messages.length > 0;
      this.#drawChanges(before);
      void this.#readSubjects();
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
  }

  /** Says that the list cannot be loaded. @param {unknown} error */
  fail(error) {
    this.#failure.textContent = this.#app.sentenceFor(error);
    this.#rows.setAttribute("aria-busy", "false");
  }

  /** Drops the answers to earlier requests, because the caller will load the list soon. */
  expect() {
    this.#loading?.abort();
    this.#refreshing?.abort();
    this.#decrypting?.abort();
    this.#rows.setAttribute("aria-busy", "true");
  }

  /** @param {MessageAddress | null} address */
  setCurrent(address) {
    this.#current = address;
    for (const row of this.#rows.querySelectorAll("a")) {
      if (isSameMessage(address, this.#addressOf({ uid: Number(row.dataset.uid) }))) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  /**
   * Marks a message as seen. Returns true if it was new.
   * @param {MessageAddress} address
   */
  markSeen(address) {
    const message = this.#find(address);
    if (!message || message.seen) return false;
    message.seen = true;
    const link = this.#link(message);
    link?.classList.remove("row-unseen");
    link?.querySelector(".row-state")?.remove();
    return true;
  }

  /**
   * Shows the encrypted subject of a message instead of the placeholder.
   * @param {MessageAddress} address
   * @param {string} digest of the message's bytes
   * @param {string | null} subject null if the keys do not decrypt the message
   */
  #showSubject(address, digest, subject) {
    const message = this.#find(address);
    if (!message || !hidesSubject(message)) return;
    this.#subjects.set(identityOf(message), shorten(subject ?? ""));
    const lesson = { state: null, sender: null, subject, isEncrypted: true };
    if (subject) this.#learnt.learn(address, identityOf(message), digest, lesson);
    this.#updateRow(message);
  }

  /**
   * Shows in its row what the opened message has taught.
   * @param {MessageAddress} address
   * @param {import("../mail_vault.js").OpenedMessage} opened
   * @param {string} digest of the message's bytes
   */
  learn(address, opened, digest) {
    const message = this.#find(address);
    if (!message) return;
    const subject = hidesSubject(message) ? shorten(headerReader(opened.headers)("subject")) : null;
    if (subject !== null) this.#subjects.set(identityOf(message), subject);
    this.#learnt.learn(address, identityOf(message), digest, lessonOf(opened, message, subject));
    this.#updateRow(message);
  }

  #updateRows() {
    for (const message of this.#messages) this.#updateRow(message);
  }

  /**
   * Changes the parts of a row. The row itself stays: a press of the pointer on a row that is drawn anew before the release
   * opens nothing.
   * @param {MessageSummary} message
   */
  #updateRow(message) {
    const link = this.#link(message);
    const lesson = this.#lessonOn(message);
    const who = whoOf(this.#app.translate, message, { isOutgoing: this.#isOutgoing, lesson });
    if (link) updateRow(this.#app.translate, link, { message, lesson, who, subject: this.#subjectOf(message) });
  }

  /** @param {MessageSummary} message */
  #lessonOn(message) {
    return this.#learnt.find(this.#addressOf(message), identityOf(message));
  }

  /** Hides the decrypted subjects. If the keys are unlocked, reads them again. */
  forgetSubjects() {
    this.#subjects.clear();
    this.#draw();
    void this.#readSubjects();
  }

  /** @param {MessageAddress} address */
  focusRow(address) {
    const message = this.#find(address);
    if (message) this.#link(message)?.focus();
  }

  async #loadOlder() {
    const known = this.#messages.length;
    const last = this.#messages.at(-1);
    await this.#fetchPage(last && this.#addressOf(last));
    const firstNew = this.#messages[known];
    if (firstNew) this.#link(firstNew)?.focus();
  }

  /**
   * @param {MessageAddress} [before] the last message that is shown, for the page after it
   * @returns {Promise<void>}
   */
  async #fetchPage(before) {
    this.expect();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#failure.textContent = "";
    try {
      const { uidValidity, messages } = await this.#app.api.messages(this.#folder, { before, signal });
      if (signal.aborted) return;
      // The messages have new UIDs, so nothing that is known of the old ones holds.
      if (uidValidity !== this.#uidValidity) this.#subjects.clear();
      this.#uidValidity = uidValidity;
      this.#messages = before === undefined ? messages : [...this.#messages, ...messages];
      this.#older.hidden = messages.length < PAGE_OF_MESSAGES;
      this.#empty.hidden = this.#messages.length > 0;
      this.#draw();
      void this.#readSubjects();
    } catch (error) {
      // A newer request has replaced this one and reports its own errors.
      if (signal.aborted) return;
      if (before && error instanceof ApiError && error.code === "folder-changed") return this.#fetchPage();
      this.#failure.textContent = this.#app.sentenceFor(error);
    }
    this.#rows.setAttribute("aria-busy", "false");
    if (this.#isStale) {
      this.#isStale = false;
      void this.refresh();
    }
  }

  /**
   * The newest messages, at least as many as are shown.
   * @param {number} count
   * @param {AbortSignal} signal
   */
  async #fetchAsMany(count, signal) {
    let page = await this.#app.api.messages(this.#folder, { signal });
    const { uidValidity } = page;
    const messages = [...page.messages];
    while (messages.length < count && page.messages.length === PAGE_OF_MESSAGES) {
      const before = { uidValidity, uid: messages.at(-1)?.uid ?? 0 };
      page = await this.#app.api.messages(this.#folder, { before, signal });
      messages.push(...page.messages);
    }
    return { uidValidity, messages, isAll: page.messages.length < PAGE_OF_MESSAGES };
  }

  /** Shows the encrypted subjects. A failure is not reported: its only effect is that a row keeps its placeholder. */
  async #readSubjects() {
    this.#decrypting?.abort();
    this.#decrypting = new AbortController();
    const { signal } = this.#decrypting;
    const { keys } = this.#app;
    await this.#learnt.load(this.#folder);
    if (signal.aborted) return;
    const hidden = this.#messages.filter((message) =>
      hidesSubject(message) && message.size <= MAX_FETCHED_BYTES && !this.#subjects.has(identityOf(message)) && !this.#lessonOn(message)?.subject);
    const groups = [];
    while (hidden.length > 0) groups.push(hidden.splice(0, SUBJECTS_AT_ONCE));
    try {
      for (let group = groups.shift(); group && keys.unlocked && !signal.aborted; group = groups.shift()) {
        const rows = await this.#fetchRows(group, signal);
        const subjects = rows.length > 0 ? await this.#decryptSubjects(rows) : [];
        if (signal.aborted) return;
        // One message must not take the subjects of the others with it, so each is read by itself.
        if (!subjects) groups.push(...(rows.length > 1 ? group.map((message) => [message]) : []));
        else rows.forEach(({ address, digest }, index) => this.#showSubject(address, digest, subjects[index] ?? null));
      }
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError || error instanceof VaultError)) throw error;
    }
  }

  /**
   * @param {{bytes: ArrayBuffer}[]} rows
   * @returns {Promise<(string | null)[] | null>} null if one of the messages was too much for the vault
   */
  async #decryptSubjects(rows) {
    try {
      return await this.#app.mailVault.subjects(rows.map(({ bytes }) => bytes));
    } catch (error) {
      if (error instanceof VaultError && OF_ONE_MESSAGE.has(error.code)) return null;
      throw error;
    }
  }

  /**
   * The bytes of those messages that the bridge gives. They are fetched one after the other, so that a message that the
   * person opens does not wait.
   * @param {MessageSummary[]} messages
   * @param {AbortSignal} signal
   */
  async #fetchRows(messages, signal) {
    const rows = [];
    for (const message of messages) {
      const address = this.#addressOf(message);
      // The size in the row is the server's word, so it is checked again.
      const options = { signal, maxBytes: MAX_FETCHED_BYTES };
      const bytes = await this.#app.api.rawMessage(address, options).catch((error) => {
        if (!(error instanceof ApiError) || OF_EVERY_REQUEST.has(error.code)) throw error;
        return null;
      });
      if (bytes) rows.push({ address, bytes, digest: await digestOf(bytes) });
    }
    return rows;
  }

  #draw() {
    this.#rows.replaceChildren(...this.#messages.map((message) => this.#createRow(message)));
  }

  /**
   * Draws the rows that are new or different, and removes those of messages that are gone.
   * @param {Map<number, string>} before the messages that are drawn, by UID
   */
  #drawChanges(before) {
    const drawn = new Map([...this.#rows.querySelectorAll("a")].map((link) => [Number(link.dataset.uid), link]));
    const focused = this.#rows.querySelector("a:focus");
    /** @type {Element[]} */
    const rows = this.#messages.map((message) => {
      const row = before.get(message.uid) === JSON.stringify(message) ? drawn.get(message.uid)?.closest("li") : null;
      return row ?? this.#createRow(message);
    });
    const kept = new Set(rows);
    const old = [...this.#rows.children];
    // Rows are only inserted and removed, because a row that is moved loses the focus.
    const place = focused ? old.indexOf(/** @type {Element} */ (focused.closest("li"))) : -1;
    for (const row of old) if (!kept.has(row)) row.remove();
    rows.forEach((row, index) => {
      if (this.#rows.children[index] !== row) this.#rows.insertBefore(row, this.#rows.children[index] ?? null);
    });
    // The row with the focus was drawn anew, or its message is gone: then the next one takes the focus.
    if (focused && !focused.isConnected) {
      const uid = /** @type {HTMLElement} */ (focused).dataset.uid;
      const next = this.#rows.querySelector(`[data-uid="${uid}"]`) ?? this.#rows.children[Math.min(place, rows.length - 1)]?.querySelector("a");
      /** @type {HTMLElement | null | undefined} */ (next)?.focus({ preventScroll: true });
    }
  }

  /** @param {MessageSummary} message */
  #createRow(message) {
    const address = this.#addressOf(message);
    const isCurrent = isSameMessage(address, this.#current);
    const subject = this.#subjectOf(message);
    const lesson = this.#lessonOn(message);
    return createRow(this.#app, message, { address, isOutgoing: this.#isOutgoing, isCurrent, subject, lesson });
  }

  /** @param {MessageSummary} message */
  #subjectOf(message) {
    const { translate } = this.#app;
    const shown = hidesSubject(message)
      ? this.#subjects.get(identityOf(message)) || this.#lessonOn(message)?.subject || translate("subject_encrypted") : message.subject;
    return shown || translate("no_subject");
  }

  /** @param {{uid: number}} message @returns {MessageAddress} */
  #addressOf({ uid }) {
    return { folder: this.#folder, uidValidity: this.#uidValidity, uid };
  }

  /** @param {MessageAddress} address */
  #find(address) {
    return this.#messages.find((message) => isSameMessage(address, this.#addressOf(message)));
  }

  /**
   * @param {MessageSummary} message
   * @returns {HTMLElement | null}
   */
  #link({ uid }) {
    return this.#rows.querySelector(`[data-uid="${uid}"]`);
  }
}

/**
 * Whether the outer subject is only the placeholder for an encrypted subject (RFC 9788 section 3.2.1).
 * @param {MessageSummary} message
 */
function hidesSubject({ protection, subject }) {
  return protection === "sealed" && subject === OBSCURED_SUBJECT;
}

/**
 * A text that differs for another message under the same UID. The server can give the UIDs of a folder anew (RFC 3501
 * section 2.3.1.1, UIDVALIDITY).
 * @param {MessageSummary} message
 */
function identityOf({ uid, from, to, date, size }) {
  return JSON.stringify([uid, from, to, date, size]);
}

/** @param {string} subject */
function shorten(subject) {
  if (subject.length <= MAX_SUBJECT_CHARACTERS) return subject;
  // Half of a surrogate pair is no character.
  return `${subject.slice(0, MAX_SUBJECT_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** @param {NonNullable<MessageSummary["problem"]>} problem */
function problemKey(problem) {
  return problem === "header-too-long" ? "header_too_long" : "header_unreadable";
}

/**
 * @param {App} app
 * @param {MessageSummary} message
 * @param {{address: MessageAddress, isOutgoing: boolean, isCurrent: boolean, subject: string,
 *   lesson: import("../learnt_rows.js").Lesson | null}} options
 */
function createRow(app, message, { address, isOutgoing, isCurrent, subject, lesson }) {
  const { translate } = app;
  const who = whoOf(translate, message, { isOutgoing, lesson });
  const link = html(
    "a",
    {
      class: message.seen ? "row" : "row row-unseen", href: `#${messagePath(address)}`,
      "aria-current": isCurrent ? "true" : null,
      data: { test: "message-row", uid: String(message.uid), protection: message.protection ?? "none" },
    },
    createRowMarks(translate, message, lesson),
    html("span", { class: "row-from", dir: "auto", text: who }),
    html("time", { class: "row-date", datetime: message.date, text: shortDate(message.date) }),
    html("span", { class: "row-subject", dir: "auto", text: subject }),
    message.problem ? html("span", { class: "row-problem", text: translate(problemKey(message.problem)), data: { test: "row-problem" } }) : null,
    message.seen ? null : html("span", { class: "row-state visually-hidden", text: translate("unread") }),
  );
  return html("li", {}, link);
}
