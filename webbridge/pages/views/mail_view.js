/**
 * The view of the mail: the folders, the messages of one folder, and the open message. A wide page shows all three, a
 * narrow page the list or the message.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { ApiError } from "../api.js";
import { folderTitle } from "../../../wasm_build/ui/formats.js";
import { problem } from "../../../wasm_build/ui/parts.js";
import { folderPath, INBOX, messagePath } from "../routes.js";
import { MessageList } from "./message_list.js";
import { Reading } from "./reading.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../api.js").Folder} Folder */
/** @typedef {import("../routes.js").MessageAddress} MessageAddress */

export class MailView {
  #app;
  /** The id of the shown folder, or the word of the page's address for it until the folders are loaded. */
  #folder = "";
  /** @type {MessageAddress | null} */
  #message = null;
  /** @type {Folder[]} */
  #folders = [];
  /** The number of loads of folders and list that were started. Only the latest load continues with the list. */
  #loads = 0;
  #folderList = html("ul", { class: "folder-list" });
  #foldersFailure = problem("folders-error");
  #list;
  #reading;
  #onKeys = () => this.#keysChanged();
  #onDecided = () => this.#openAgain();
  #onMail = (/** @type {Event} */ event) => void this.#refresh(/** @type {CustomEvent<string>} */ (event).detail);

  /** @param {App} app */
  constructor(app) {
    const { translate } = app;
    this.#app = app;
    this.title = translate("nav_mail");
    this.heading = html("h1", { class: "list-title", tabindex: -1, dir: "auto" });
    this.#list = new MessageList(app, app.learnt);
    this.#reading = new Reading(app, {
      onSeen: (address) => void this.#markSeen(address),
      onOpened: (address, opened, digest) => this.#list.learn(address, opened, digest),
    });
    const refresh = html("button", {
      type: "button", class: "quiet", text: translate("check_for_mail"), data: { test: "refresh" },
      on: { click: () => void this.#loadAll() },
    });
    const head = html("div", { class: "list-head" }, this.heading, refresh);
    const label = translate("folders_label");
    this.element = html(
      "div",
      { class: "mail", data: { pane: "list" } },
      html(
        "nav",
        { class: "folders", "aria-label": label },
        this.#folderList,
        this.#foldersFailure,
        html("a", { class: "folder people-link", href: "#/people", text: translate("people_title"), data: { test: "people-link" } }),
        html("a", { class: "folder", href: "#/account", text: translate("account_title"), data: { test: "account-link" } }),
      ),
      html("section", { class: "list-pane" }, head, this.#list.element),
      this.#reading.element,
    );
    app.keys.addEventListener("change", this.#onKeys);
    app.trust.addEventListener("decided", this.#onDecided);
    app.events.addEventListener("mail", this.#onMail);
  }

  dispose() {
    this.#app.keys.removeEventListener("change", this.#onKeys);
    this.#app.trust.removeEventListener("decided", this.#onDecided);
    this.#app.events.removeEventListener("mail", this.#onMail);
    this.#list.dispose();
    this.#reading.clear();
  }

  /** The path of the shown folder and message. */
  path() {
    return this.#message ? messagePath(this.#message) : folderPath(this.#folder || INBOX);
  }

  /**
   * @param {string} word the id of a folder, or `INBOX`; links of earlier versions have the name
   * @param {MessageAddress | null} message
   */
  go(word, message) {
    const folder = this.#find(word)?.id ?? word;
    const sameFolder = folder === this.#folder;
    const wasReading = this.#message;
    this.#folder = folder;
    this.#message = message;
    this.element.dataset.pane = message === null ? "list" : "message";
    this.#drawFolders();
    if (this.#folders.length === 0) void this.#loadAll();
    else if (!sameFolder) void this.#loadList();
    this.#list.setCurrent(message);
    if (message !== null) return void this.#reading.open(message);
    this.#reading.clear();
    if (!sameFolder) this.heading.focus();
    // When a message is closed, the focus returns to its row.
    else if (wasReading !== null) this.#list.focusRow(wasReading);
  }

  #keysChanged() {
    // A lock must hide the opened message. A hidden view opens the message again when it is shown.
    this.#reading.clear();
    this.#list.forgetSubjects();
    this.#openAgain();
  }

  #openAgain() {
    if (this.#message !== null && this.element.isConnected) void this.#reading.open(this.#message);
  }

  async #loadAll() {
    // Answers to older requests for the list are dropped now, and not only when the folders are loaded.
    this.#list.expect();
    const load = ++this.#loads;
    const failure = await this.#loadFolders();
    if (load !== this.#loads) return;
    if (failure && this.#folders.length === 0) this.#list.fail(failure);
    else await this.#loadList();
  }

  /**
   * Shows what has changed in a folder, without disturbing the person: nothing moves, and a failure is not reported.
   * @param {string} folder
   */
  async #refresh(folder) {
    if (folder === this.#folder) void this.#list.refresh();
    try {
      this.#folders = await this.#app.api.folders();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return;
    }
    this.#drawFolders();
  }

  /** Returns the error, or null. */
  async #loadFolders() {
    this.#foldersFailure.textContent = "";
    let failure = null;
    try {
      this.#folders = await this.#app.api.folders();
      this.#folder = this.#find(this.#folder)?.id ?? this.#folder;
    } catch (error) {
      this.#foldersFailure.textContent = this.#app.sentenceFor(error);
      failure = error;
    }
    this.#drawFolders();
    return failure;
  }

  /** @param {string} word */
  #find(word) {
    return this.#folders.find(({ id, role }) => id === word || (role === INBOX && word === INBOX))
      ?? this.#folders.find(({ name }) => name === word);
  }

  #loadList() {
    const role = this.#find(this.#folder)?.role;
    return this.#list.load(this.#folder, { outgoing: role === "sent" || role === "drafts" });
  }

  #drawFolders() {
    const { translate } = this.#app;
    const current = this.#find(this.#folder);
    // Until the folders are loaded, only the inbox has a name.
    const isInbox = this.#folder === INBOX;
    this.heading.textContent = current || isInbox ? folderTitle(current ?? { name: INBOX, role: null }, translate) : translate("nav_mail");
    const links = this.#folders.map((each) => folderLink(this.#app, each, each === current));
    const focused = this.#folderList.querySelector("a:focus")?.getAttribute("href");
    this.#folderList.replaceChildren(...links);
    // A new link takes the focus of the one that it replaces.
    if (focused) /** @type {HTMLElement | null} */ (this.#folderList.querySelector(`a[href="${focused}"]`))?.focus({ preventScroll: true });
  }

  /**
   * Marks a message as seen. A failure is not reported: its only effect is that the message is shown as new later.
   * @param {MessageAddress} address
   */
  async #markSeen(address) {
    if (!this.#list.markSeen(address)) return;
    try {
      await this.#app.api.markSeen(address);
      await this.#loadFolders();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}

/**
 * @param {App} app
 * @param {Folder} folder
 * @param {boolean} isCurrent
 */
function folderLink(app, folder, isCurrent) {
  const { translate } = app;
  const link = html(
    "a",
    {
      class: "folder", href: `#${folderPath(folder.id)}`, "aria-current": isCurrent ? "page" : null,
      data: { test: "folder", folder: folder.name },
    },
    html("span", { dir: "auto", text: folderTitle(folder, translate) }),
  );
  if (folder.unseen > 0) {
    link.append(
      html("span", { class: "count", "aria-hidden": "true", text: String(folder.unseen) }),
      html("span", { class: "visually-hidden", text: translate("unread_count", { count: folder.unseen }) }),
    );
  }
  return html("li", {}, link);
}
