/**
 * The pane of the open message. The message is fetched as bytes, opened in the vault, and shown with its state on top.
 *
 * Errors are shown in this pane only, so that a bad message never blocks the list.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { headerReader } from "../../../wasm_build/ui/formats.js";
import { overwrite } from "../../../wasm_build/vault/cleanup.js";
import { isClosed } from "../report.js";
import { problem } from "../../../wasm_build/ui/parts.js";
import { folderPath } from "../routes.js";
import { createMessage } from "./shown_message.js";
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
 * The link back to the list, for narrow pages.
 * @param {App} app
 * @param {string} folder
 */
function backLink(app, folder) {
  return html("a", {
    class: "back", href: `#${folderPath(folder)}`, text: app.translate("back_to_list"), data: { test: "back" },
  });
}
