/** The list of one folder, newest first, with a small shape for what is signed or sealed. */

import { html } from "../runtime/ui/dom.js";
import { protectionMark } from "../runtime/ui/state_mark.js";
import { PAGE_OF_MESSAGES } from "../api.js";
import { readMailbox, shortDate } from "../formats.js";
import { problem, whileBusy } from "../parts.js";
import { messagePath } from "../routes.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../api.js").MessageSummary} MessageSummary */

/** @param {App} app */
export function createMessageList(app) {
  const { translate } = app;
  let folder = "";
  let isOutgoing = false;
  /** @type {number | null} */
  let current = null;
  /** @type {MessageSummary[]} */
  let messages = [];
  /** @type {AbortController | null} */
  let loading = null;

  const rows = html("ul", { class: "rows", data: { test: "messages" } });
  const failure = problem("list-error");
  const empty = html("p", { class: "empty", text: translate("folder_empty"), hidden: true });
  const older = html("button", { type: "button", text: translate("older"), hidden: true, data: { test: "older" } });
  older.addEventListener("click", () => whileBusy(older, translate("loading"), () => loadOlder()));

  /**
   * @param {string} name
   * @param {{outgoing: boolean}} options `outgoing`: the person wrote these, so that the rows say to whom
   */
  async function load(name, { outgoing }) {
    if (name !== folder) {
      messages = [];
      older.hidden = true;
      draw();
    }
    folder = name;
    isOutgoing = outgoing;
    empty.hidden = true;
    await fetchPage(undefined);
  }

  async function loadOlder() {
    const known = messages.length;
    await fetchPage(messages.at(-1)?.uid);
    const firstNew = messages[known];
    if (firstNew) focusRow(firstNew.uid);
  }

  /** @param {number | undefined} before */
  async function fetchPage(before) {
    loading?.abort();
    loading = new AbortController();
    const { signal } = loading;
    failure.textContent = "";
    rows.setAttribute("aria-busy", "true");
    try {
      const page = await app.api.messages(folder, { before, signal });
      messages = before === undefined ? page : [...messages, ...page];
      older.hidden = page.length < PAGE_OF_MESSAGES;
      empty.hidden = messages.length > 0;
      draw();
    } catch (error) {
      // A newer request took this one's place: it says what there is to say.
      if (signal.aborted) return;
      failure.textContent = app.sentenceFor(error);
    }
    rows.setAttribute("aria-busy", "false");
  }

  function draw() {
    rows.replaceChildren(...messages.map((message) => row(message, message.uid === current)));
  }

  /**
   * @param {MessageSummary} message
   * @param {boolean} isCurrent
   */
  function row(message, isCurrent) {
    return createRow(app, message, { folder, isOutgoing, isCurrent });
  }

  /** @param {number} uid */
  function focusRow(uid) {
    /** @type {HTMLElement | null} */ (rows.querySelector(`[data-uid="${uid}"]`))?.focus();
  }

  return {
    element: html("div", { class: "list" }, failure, rows, empty, html("div", { class: "actions list-foot" }, older)),
    load,
    focusRow,
    /** @param {number | null} uid */
    setCurrent(uid) {
      current = uid;
      for (const row of rows.querySelectorAll("a")) {
        if (row.dataset.uid === String(uid)) row.setAttribute("aria-current", "true");
        else row.removeAttribute("aria-current");
      }
    },
    /**
     * Whether this changed anything.
     * @param {number} uid
     */
    markSeen(uid) {
      const message = messages.find((each) => each.uid === uid);
      if (!message || message.seen) return false;
      message.seen = true;
      rows.querySelector(`[data-uid="${uid}"]`)?.parentElement?.replaceWith(row(message, true));
      return true;
    },
  };
}

/**
 * @param {App} app
 * @param {MessageSummary} message
 * @param {{folder: string, isOutgoing: boolean, isCurrent: boolean}} options
 */
function createRow(app, message, { folder, isOutgoing, isCurrent }) {
  const { translate } = app;
  const sender = readMailbox(message.from);
  const from = sender.name || sender.address || translate("no_sender");
  const who = isOutgoing ? translate("row_to", { to: message.to }) : from;
  const subject = message.subject || translate("no_subject");
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
    message.seen ? null : html("span", { class: "visually-hidden", text: translate("unread") }),
  );
  return html("li", {}, link);
}
