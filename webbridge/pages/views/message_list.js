/** The list of one folder, newest first, with a small shape for what is signed or sealed. */

import { html } from "../runtime/ui/dom.js";
import { protectionMark } from "../runtime/ui/state_mark.js";
import { PAGE_OF_MESSAGES } from "../api.js";
import { readMailbox, shortDate } from "../runtime/ui/formats.js";
import { problem, whileBusy } from "../runtime/ui/parts.js";
import { messagePath } from "../routes.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../api.js").MessageSummary} MessageSummary */

const OBSCURED_SUBJECT = "[...]";

export class MessageList {
  #app;
  #folder = "";
  #isOutgoing = false;
  /** @type {number | null} */
  #current = null;
  /** @type {MessageSummary[]} */
  #messages = [];
  /** Subjects that were hidden outside, of messages opened since the keys changed. @type {Map<number, string>} */
  #subjects = new Map();
  /** @type {AbortController | null} */
  #loading = null;
  #rows = html("ul", { class: "rows", data: { test: "messages" } });
  #failure = problem("list-error");
  #empty;
  #older;

  /** @param {App} app */
  constructor(app) {
    const { translate } = app;
    this.#app = app;
    this.#empty = html("p", { class: "empty", text: translate("folder_empty"), hidden: true });
    const older = html("button", { type: "button", text: translate("older"), hidden: true, data: { test: "older" } });
    older.addEventListener("click", () => whileBusy(older, translate("loading"), () => this.#loadOlder()));
    this.#older = older;
    const foot = html("div", { class: "actions list-foot" }, older);
    this.element = html("div", { class: "list" }, this.#failure, this.#rows, this.#empty, foot);
  }

  /**
   * @param {string} folder
   * @param {{outgoing: boolean}} options `outgoing`: the person wrote these, so that the rows say to whom
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
    await this.#fetchPage(undefined);
  }

  /** Whoever calls this loads the list soon: whatever is on its way does not count any more. */
  expect() {
    this.#loading?.abort();
    this.#rows.setAttribute("aria-busy", "true");
  }

  /** @param {number | null} uid */
  setCurrent(uid) {
    this.#current = uid;
    for (const row of this.#rows.querySelectorAll("a")) {
      if (row.dataset.uid === String(uid)) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  /**
   * Whether this changed anything.
   * @param {number} uid
   */
  markSeen(uid) {
    const message = this.#messages.find((each) => each.uid === uid);
    if (!message || message.seen) return false;
    message.seen = true;
    this.#redraw(message);
    return true;
  }

  /**
   * The subject as it stood inside the message, in place of the one that hides it.
   * @param {number} uid
   * @param {string} subject
   */
  showSubject(uid, subject) {
    const message = this.#messages.find((each) => each.uid === uid);
    if (!message || !hidesSubject(message)) return;
    this.#subjects.set(uid, subject);
    this.#redraw(message);
  }

  /** What the keys opened goes with them. */
  forgetSubjects() {
    this.#subjects.clear();
    this.#draw();
  }

  /** @param {number} uid */
  focusRow(uid) {
    this.#link(uid)?.focus();
  }

  async #loadOlder() {
    const known = this.#messages.length;
    await this.#fetchPage(this.#messages.at(-1)?.uid);
    const firstNew = this.#messages[known];
    if (firstNew) this.focusRow(firstNew.uid);
  }

  /** @param {number | undefined} before */
  async #fetchPage(before) {
    this.expect();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#failure.textContent = "";
    try {
      const page = await this.#app.api.messages(this.#folder, { before, signal });
      if (signal.aborted) return;
      this.#messages = before === undefined ? page : [...this.#messages, ...page];
      this.#older.hidden = page.length < PAGE_OF_MESSAGES;
      this.#empty.hidden = this.#messages.length > 0;
      this.#draw();
    } catch (error) {
      // A newer request took this one's place: it says what there is to say.
      if (signal.aborted) return;
      this.#failure.textContent = this.#app.sentenceFor(error);
    }
    this.#rows.setAttribute("aria-busy", "false");
  }

  #draw() {
    this.#rows.replaceChildren(...this.#messages.map((message) => this.#createRow(message)));
  }

  /** @param {MessageSummary} message */
  #createRow(message) {
    const isCurrent = message.uid === this.#current;
    const { translate } = this.#app;
    const outside = hidesSubject(message) ? translate("subject_sealed") : message.subject;
    const subject = this.#subjects.get(message.uid) || outside || translate("no_subject");
    return createRow(this.#app, message, { folder: this.#folder, isOutgoing: this.#isOutgoing, isCurrent, subject });
  }

  /** @param {MessageSummary} message */
  #redraw(message) {
    this.#link(message.uid)?.parentElement?.replaceWith(this.#createRow(message));
  }

  /**
   * @param {number} uid
   * @returns {HTMLElement | null}
   */
  #link(uid) {
    return this.#rows.querySelector(`[data-uid="${uid}"]`);
  }
}

/**
 * Whether the subject outside only stands for one that is sealed (RFC 9788 section 3.2.1).
 * @param {MessageSummary} message
 */
function hidesSubject({ protection, subject }) {
  return protection === "sealed" && subject === OBSCURED_SUBJECT;
}

/** @param {NonNullable<MessageSummary["problem"]>} problem */
function problemKey(problem) {
  return problem === "header-too-long" ? "header_too_long" : "header_unreadable";
}

/**
 * @param {App} app
 * @param {MessageSummary} message
 * @param {{folder: string, isOutgoing: boolean, isCurrent: boolean, subject: string}} options
 */
function createRow(app, message, { folder, isOutgoing, isCurrent, subject }) {
  const { translate } = app;
  const sender = readMailbox(message.from);
  const from = sender.name || sender.address || translate("no_sender");
  const who = isOutgoing ? translate("row_to", { to: message.to }) : from;
  const link = html(
    "a",
    {
      class: message.seen ? "row" : "row row-unseen", href: `#${messagePath(folder, message.uid)}`,
      "aria-current": isCurrent ? "true" : null,
      data: { test: "message-row", uid: String(message.uid), protection: message.protection ?? "none" },
    },
    protectionMark(message.protection, translate),
    html("span", { class: "row-from", dir: "auto", text: who }),
    html("time", { class: "row-date", datetime: message.date, text: shortDate(message.date) }),
    html("span", { class: "row-subject", dir: "auto", text: subject }),
    message.problem ? html("span", { class: "row-problem", text: translate(problemKey(message.problem)), data: { test: "row-problem" } }) : null,
    message.seen ? null : html("span", { class: "visually-hidden", text: translate("unread") }),
  );
  return html("li", {}, link);
}
