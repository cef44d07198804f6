/**
 * The pane of the open message. The message is fetched as bytes, opened in the vault, and shown as text with its state
 * on top.
 *
 * Errors are shown in this pane only, so that a bad message never blocks the list.
 */

import { answerTo } from "../../../wasm_build/ui/answer.js";
import { html, sentenceNodes } from "../../../wasm_build/ui/dom.js";
import { createChange } from "../../../wasm_build/ui/changed_certificate.js";
import { dayOnly, headerReader, longDate, readMailbox, technical, writeMailbox } from "../../../wasm_build/ui/formats.js";
import { createAttachmentList } from "../../../wasm_build/ui/attachments.js";
import { overwrite } from "../../../wasm_build/vault/cleanup.js";
import { createHeaderNotes } from "../header_notes.js";
import { isClosed, isEncrypted, provedSender } from "../report.js";
import { createPartVerdicts, createState } from "../report_details.js";
import { problem } from "../../../wasm_build/ui/parts.js";
import { folderPath } from "../routes.js";
import { createSourceView } from "./source_view.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("../routes.js").MessageAddress} MessageAddress */

export class Reading {
  #app;
  #onSeen;
  #onSubject;
  /** @type {AbortController | null} */
  #opening = null;
  /**
   * The shown message, whose verdict may still change; null if none.
   * @type {ReturnType<typeof createMessage> | null}
   */
  #shown = null;
  /** The attachments of the shown message. @type {import("../mail_vault.js").Attachment[]} */
  #held = [];

  /**
   * @param {App} app
   * @param {{
   *   onSeen: (address: MessageAddress) => void, onSubject: (address: MessageAddress, subject: string) => void,
   * }} options
   */
  constructor(app, { onSeen, onSubject }) {
    this.#app = app;
    this.#onSeen = onSeen;
    this.#onSubject = onSubject;
    const label = app.translate("reading_label");
    this.element = html("section", { class: "reading", "aria-label": label, data: { test: "reading" } });
    this.clear();
  }

  clear() {
    this.#release();
    this.element.replaceChildren(html("p", { class: "empty", text: this.#app.translate("nothing_open") }));
  }

  /** @param {MessageAddress} address */
  async open(address) {
    const signal = this.#begin(address);
    const { api, mailVault } = this.#app;
    try {
      const message = await api.rawMessage(address, { signal });
      for await (const opened of mailVault.open(message, signal)) {
        if (signal.aborted) return;
        if (isClosed(opened.report)) this.#showLocked(address);
        else if (this.#shown) this.#settle(opened);
        else this.#show(address, opened);
      }
      this.#onSeen(address);
    } catch (error) {
      if (signal.aborted) return;
      this.#showFailure(address, error);
    }
    this.element.setAttribute("aria-busy", "false");
  }

  /** @param {MessageAddress} address */
  #begin({ folder }) {
    this.#release();
    this.#opening = new AbortController();
    const heading = html("h2", { tabindex: -1, text: this.#app.translate("opening") });
    this.element.replaceChildren(backLink(this.#app, folder), heading);
    this.element.setAttribute("aria-busy", "true");
    // The state of the message is at the top, so the pane scrolls there, or on a narrow page the whole page.
    this.element.scrollTop = 0;
    if (this.element.isConnected) scrollTo(0, 0);
    return this.#opening.signal;
  }

  /**
   * Overwrites the decrypted attachments. The text cannot be overwritten. It is in memory until the browser frees it.
   */
  #release() {
    this.#opening?.abort();
    for (const { data } of this.#held) overwrite(data);
    this.#held = [];
    this.#shown = null;
  }

  /**
   * @param {MessageAddress} address
   * @param {OpenedMessage} opened
   */
  #show(address, opened) {
    this.#held = opened.attachments;
    const message = createMessage(this.#app, opened);
    this.#onSubject(address, headerReader(opened.headers)("subject"));
    this.#shown = message;
    const source = createSourceView(this.#app, address);
    this.element.replaceChildren(backLink(this.#app, address.folder), ...message.parts, source);
    message.heading.focus({ preventScroll: true });
    this.#announce(message.spoken);
  }

  /**
   * Replaces the first verdict by the verdict after the authorities' answers. The text is not drawn again.
   * @param {OpenedMessage} opened
   */
  #settle(opened) {
    for (const { data } of opened.attachments) overwrite(data);
    this.#announce(this.#shown?.settle(opened) ?? "");
  }

  /** Announces a verdict, unless the person has left the message. @param {string} spoken */
  #announce(spoken) {
    if (this.element.isConnected) this.#app.announceHere(spoken);
  }

  /** @param {MessageAddress} address */
  #showLocked(address) {
    const { translate } = this.#app;
    const unlock = html("a", {
      class: "button primary", href: "#/keys", text: translate("unlock_keys"), data: { test: "unlock-to-read" },
    });
    const sentence = html("p", {
      class: "note", text: translate("encrypted_and_locked"), data: { test: "reading-locked" },
    });
    this.#showInstead(address, translate("encrypted_and_locked_title"), sentence, unlock);
  }

  /**
   * @param {MessageAddress} address
   * @param {unknown} error
   */
  #showFailure(address, error) {
    const { translate } = this.#app;
    const again = html("button", {
      type: "button", text: translate("try_again"), on: { click: () => void this.open(address) },
    });
    const sentence = problem("reading-error");
    this.#showInstead(address, translate("cannot_open_title"), sentence, again);
    sentence.textContent = this.#app.sentenceFor(error);
  }

  /**
   * Shows a notice instead of a message.
   * @param {MessageAddress} address
   * @param {string} title
   * @param {HTMLElement} sentence
   * @param {HTMLElement} action
   */
  #showInstead(address, title, sentence, action) {
    const heading = html("h2", { tabindex: -1, text: title });
    const actions = html("div", { class: "actions" }, action);
    const source = createSourceView(this.#app, address);
    this.element.replaceChildren(backLink(this.#app, address.folder), heading, sentence, actions, source);
    heading.focus({ preventScroll: true });
  }
}

/**
 * @param {App} app
 * @param {OpenedMessage} opened
 */
function createMessage(app, opened) {
  const { translate } = app;
  const site = opened.report.fieldOrigin;
  const heading = site ? createFieldHeading(app, site) : createSubject(app, opened);
  // The text of the message is never markup, is not translated, and has its own direction of writing.
  const body = html("div", { class: "body", dir: "auto", translate: "no", text: opened.text, data: { test: "body" } });
  const reply = html("button", {
    type: "button", class: "primary", text: translate("reply"), data: { test: "reply" },
    on: { click: () => answer(app, opened) },
  });
  let verdict = createVerdict(app, opened);
  const attachments = opened.attachments.length > 0 ? createAttachmentList(app.translate, opened.attachments) : null;
  // Nobody has sent the text of a field, so nobody can be answered.
  const actions = site ? null : html("div", { class: "actions" }, reply);
  const parts = [
    verdict.state, heading, verdict.headers, ...createHeaderNotes(app, opened.report), body, verdict.parts, attachments,
    actions,
  ];
  /** @param {OpenedMessage} settled */
  const settle = (settled) => {
    const next = createVerdict(app, settled);
    keepOpen(verdict.state, next.state);
    verdict.state.replaceWith(next.state);
    verdict.headers.replaceWith(next.headers);
    verdict.parts.replaceWith(next.parts);
    verdict = next;
    return next.spoken;
  };
  return { heading, settle, spoken: verdict.spoken, parts: parts.filter((part) => part !== null) };
}

/** @param {App} app @param {OpenedMessage} opened */
function createSubject({ translate }, { headers }) {
  const subject = headerReader(headers)("subject");
  return html("h2", {
    class: "subject", tabindex: -1, dir: "auto", text: subject || translate("no_subject"), data: { test: "subject" },
  });
}

/** The heading of a field's text, which has no header fields. @param {App} app @param {string} site */
function createFieldHeading({ translate }, site) {
  const sentence = sentenceNodes(translate("field_text", { site: technical(site) }));
  return html("h2", { class: "subject", tabindex: -1, data: { test: "field-text" } }, ...sentence);
}

/**
 * The parts of the shown message that depend on the verdict.
 * @param {App} app
 * @param {OpenedMessage} opened
 */
function createVerdict(app, opened) {
  const header = headerReader(opened.headers);
  const { element, spoken } = createState(app, opened, header("from"));
  const state = html("div", { class: "stack" }, element, ...rememberSender(app, opened));
  const parts = html("div", { class: "stack" }, createPartVerdicts(app, opened));
  return { state, spoken, headers: createHeaders(app, opened, header), parts };
}

/**
 * Keeps the sender's certificate in the contacts. If the person must agree first, returns the notices that ask for it.
 * @param {App} app
 * @param {OpenedMessage} opened
 */
function rememberSender(app, { harvest }) {
  if (!harvest) return [];
  if (!harvest.asks) {
    app.trust.keepContacts(harvest.contacts, harvest.basis);
    return [];
  }
  return harvest.changes.filter(({ isRenewal }) => !isRenewal).map((change) => {
    const onRemember = () => {
      app.trust.keepContacts(harvest.contacts, harvest.basis);
      element.replaceWith(html("p", { class: "note", role: "status", text: app.translate("changed_remembered", { address: change.address }) }));
    };
    const element = createChange(app.translate, change, { day: dayOnly, onRemember });
    return element;
  });
}

/**
 * Opens the same `<details>` in the new element that the person has opened in the old one.
 * @param {HTMLElement} before
 * @param {HTMLElement} after
 */
function keepOpen(before, after) {
  const opened = [...before.querySelectorAll("details")].map(({ open }) => open);
  after.querySelectorAll("details").forEach((details, index) => { details.open = opened[index] ?? false; });
}

/**
 * The list of sender, recipients and date. A sender that is not proved is marked as claimed.
 * @param {App} app
 * @param {OpenedMessage} opened
 * @param {(name: string) => string} header
 */
function createHeaders(app, opened, header) {
  const { translate } = app;
  const proved = provedSender(opened.report);
  const from = opened.report.fieldOrigin ? "" : proved ?? writeMailbox(readMailbox(header("from")));
  const pairs = [
    [translate(proved ? "from" : "from_claimed"), from, "from"],
    [translate("to"), header("to"), "to"],
    [translate("cc"), header("cc"), "cc"],
    [translate("date"), longDate(header("date")) || header("date"), "date"],
  ];
  return html(
    "dl",
    { class: "headers", data: { encrypted: String(isEncrypted(opened.report)) } },
    ...pairs.filter(([, value]) => value).flatMap(([term, value, test]) => [
      html("dt", { text: term }),
      html("dd", { dir: "auto", text: value, data: { test: `header-${test}` } }),
    ]),
  );
}

/**
 * The link back to the list, for narrow pages.
 * @param {App} app
 * @param {string} folder
 */
function backLink(app, folder) {
  return html("a", {
    class: "back", href: `#${folderPath(folder)}`, text: app.translate("back_to_list"), data: { test: "back" },
  });
}

/** @param {App} app @param {OpenedMessage} opened */
function answer(app, opened) {
  const own = [app.address ?? "", ...app.keys.identities.flatMap(({ addresses }) => addresses)];
  const { quote, doubtful, ...proposal } = answerTo(app.translate, opened, { own });
  // An attacker could have added the doubtful addresses to the message, so they are not filled in. The person can enter
  // them.
  app.write({ ...proposal, to: proposal.to.filter((address) => !doubtful.includes(address)), text: quote });
}
