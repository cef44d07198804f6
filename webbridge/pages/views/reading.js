/**
 * The message that is read: fetched as bytes, opened in the vault, and shown as text with its state on top.
 *
 * Whatever goes wrong stands in this pane and nowhere else, so that one bad message never blocks the list.
 */

import { html } from "../runtime/ui/dom.js";
import { headerReader, longDate, readMailbox, writeMailbox } from "../formats.js";
import { createAttachmentList } from "../attachments.js";
import { overwrite } from "../keys.js";
import { createState, isClosed, isSealed, provedSender } from "../report_details.js";
import { replyTo } from "../reply.js";
import { problem } from "../parts.js";
import { messagePath } from "../routes.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../mail_vault.js").OpenedMessage} OpenedMessage */

/**
 * @param {App} app
 * @param {{onSeen: (uid: number) => void}} options
 */
export function createReading(app, { onSeen }) {
  const { translate } = app;
  /** @type {AbortController | null} */
  let opening = null;
  /** The attachments of the message that is shown. @type {import("../mail_vault.js").Attachment[]} */
  let held = [];
  const element = html("section", {
    class: "reading", "aria-label": translate("reading_label"), data: { test: "reading" },
  });

  /** Overwrites what was opened here; the text itself lives in the document until the browser frees it. */
  function release() {
    opening?.abort();
    for (const { data } of held) overwrite(data);
    held = [];
  }

  function clear() {
    release();
    element.replaceChildren(html("p", { class: "empty", text: translate("nothing_open") }));
  }

  /**
   * @param {string} folder
   * @param {number} uid
   */
  async function open(folder, uid) {
    release();
    opening = new AbortController();
    const { signal } = opening;
    const heading = html("h2", { tabindex: -1, text: translate("opening") });
    element.replaceChildren(backLink(app, folder), heading);
    element.setAttribute("aria-busy", "true");
    // The state stands above all: the message begins at its top, in its own pane or in the page of a phone.
    element.scrollTop = 0;
    if (element.isConnected) scrollTo(0, 0);
    try {
      const raw = await app.api.rawMessage(folder, uid, signal);
      const opened = await app.mailVault.open(raw, signal);
      if (signal.aborted) return;
      if (isClosed(opened.report)) showLocked(folder);
      else show(folder, opened);
      onSeen(uid);
    } catch (error) {
      if (signal.aborted) return;
      showFailure(folder, uid, error);
    }
    element.setAttribute("aria-busy", "false");
  }

  /**
   * @param {string} folder
   * @param {OpenedMessage} opened
   */
  function show(folder, opened) {
    held = opened.attachments;
    const message = createMessage(app, opened);
    element.replaceChildren(backLink(app, folder), ...message.parts);
    message.heading.focus({ preventScroll: true });
    app.announce(message.spoken);
  }

  /** @param {string} folder */
  function showLocked(folder) {
    const unlock = html("a", {
      class: "button primary", href: "#/keys", text: translate("unlock_keys"), data: { test: "unlock-to-read" },
    });
    const sentence = html("p", {
      class: "note", text: translate("sealed_and_locked"), data: { test: "reading-locked" },
    });
    showInstead(folder, translate("sealed_and_locked_title"), sentence, unlock);
  }

  /**
   * @param {string} folder
   * @param {number} uid
   * @param {unknown} error
   */
  function showFailure(folder, uid, error) {
    const again = html("button", {
      type: "button", text: translate("try_again"), on: { click: () => void open(folder, uid) },
    });
    const sentence = problem("reading-error");
    showInstead(folder, translate("cannot_open_title"), sentence, again);
    sentence.textContent = app.sentenceFor(error);
  }

  /**
   * What stands in the place of a message that is not shown.
   * @param {string} folder
   * @param {string} title
   * @param {HTMLElement} sentence
   * @param {HTMLElement} action
   */
  function showInstead(folder, title, sentence, action) {
    const heading = html("h2", { tabindex: -1, text: title });
    element.replaceChildren(backLink(app, folder), heading, sentence, html("div", { class: "actions" }, action));
    heading.focus({ preventScroll: true });
  }

  clear();
  return { element, open, clear };
}

/**
 * @param {App} app
 * @param {OpenedMessage} opened
 */
function createMessage(app, opened) {
  const { translate } = app;
  const header = headerReader(opened.headers);
  const heading = html("h2", {
    class: "subject", tabindex: -1, dir: "auto", text: header("subject") || translate("no_subject"),
    data: { test: "subject" },
  });
  const state = createState(app, opened.report, header("from"));
  // The text of strangers: shown as it is, kept apart from the page's own direction, and never as markup.
  const body = html("div", { class: "body", dir: "auto", translate: "no", text: opened.text, data: { test: "body" } });
  const reply = html("button", {
    type: "button", class: "primary", text: translate("reply"), data: { test: "reply" },
    on: { click: () => app.write(replyTo(app, opened)) },
  });
  const actions = html("div", { class: "actions" }, reply);
  /** @type {HTMLElement[]} */
  const parts = [state.element, heading, createHeaders(app, opened, header), body];
  if (opened.attachments.length > 0) parts.push(createAttachmentList(app, opened.attachments));
  return { heading, spoken: state.spoken, parts: [...parts, actions] };
}

/**
 * From as proved where it is proved, else as claimed and said so; To and the date.
 * @param {App} app
 * @param {OpenedMessage} opened
 * @param {(name: string) => string} header
 */
function createHeaders(app, opened, header) {
  const { translate } = app;
  const proved = provedSender(opened.report);
  const from = proved ?? writeMailbox(readMailbox(header("from")));
  const pairs = [
    [translate(proved ? "from" : "from_claimed"), from, "from"],
    [translate("to"), header("to"), "to"],
    [translate("cc"), header("cc"), "cc"],
    [translate("date"), longDate(header("date")) || header("date"), "date"],
  ];
  return html(
    "dl",
    { class: "headers", data: { sealed: String(isSealed(opened.report)) } },
    ...pairs.filter(([, value]) => value).flatMap(([term, value, test]) => [
      html("dt", { text: term }),
      html("dd", { dir: "auto", text: value, data: { test: `header-${test}` } }),
    ]),
  );
}

/**
 * On narrow pages the way back to the list.
 * @param {App} app
 * @param {string} folder
 */
function backLink(app, folder) {
  return html("a", {
    class: "back", href: `#${messagePath(folder, null)}`, text: app.translate("back_to_list"), data: { test: "back" },
  });
}
