/**
 * The view of the mail: the folders, the messages of one folder, and the open message. A wide page shows all three, a
 * narrow page the list or the message.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { ApiError } from "../api.js";
import { folderTitle } from "../../../wasm_build/ui/formats.js";
import { problem } from "../../../wasm_build/ui/parts.js";
import { messagePath } from "../routes.js";
import { MessageList } from "./message_list.js";
import { Reading } from "./reading.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../api.js").Folder} Folder */
export class MailView {
  #app;
  #folder = "";
  /** @type {number | null} */
  #uid = null;
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

  /** @param {App} app */
  constructor(app) {
    const { translate } = app;
    this.#app = app;
    this.title = translate("nav_mail");
    this.heading = html("h1", { class: "list-title", tabindex: -1, dir: "auto" });
    this.#list = new MessageList(app);
    this.#reading = new Reading(app, {
      onSeen: (uid) => void this.#markSeen(uid),
      onSubject: (uid, subject) => this.#list.showSubject(uid, subject),
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
      ),
      html("section", { class: "list-pane" }, head, this.#list.element),
      this.#reading.element,
    );
    app.keys.addEventListener("change", this.#onKeys);
    app.trust.addEventListener("decided", this.#onDecided);
  }

  dispose() {
    this.#app.keys.removeEventListener("change", this.#onKeys);
    this.#app.trust.removeEventListener("decided", this.#onDecided);
    this.#reading.clear();
  }

  /** The path of the shown folder and message. */
  path() {
    return messagePath(this.#folder || "INBOX", this.#uid);
  }

  /**
   * @param {string} folder
   * @param {number | null} uid
   */
  go(folder, uid) {
    const sameFolder = folder === this.#folder;
    const wasReading = this.#uid;
    this.#folder = folder;
    this.#uid = uid;
    this.element.dataset.pane = uid === null ? "list" : "message";
    this.#drawFolders();
    if (this.#folders.length === 0) void this.#loadAll();
    else if (!sameFolder) void this.#loadList();
    this.#list.setCurrent(uid);
    if (uid !== null) return void this.#reading.open(folder, uid);
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
    if (this.#uid !== null && this.element.isConnected) void this.#reading.open(this.#folder, this.#uid);
  }

  async #loadAll() {
    // Answers to older requests for the list are dropped now, and not only when the folders are loaded.
    this.#list.expect();
    const load = ++this.#loads;
    await this.#loadFolders();
    if (load === this.#loads) await this.#loadList();
  }

  async #loadFolders() {
    this.#foldersFailure.textContent = "";
    try {
      this.#folders = await this.#app.api.folders();
    } catch (error) {
      this.#foldersFailure.textContent = this.#app.sentenceFor(error);
    }
    this.#drawFolders();
  }

  #loadList() {
    const role = this.#folders.find(({ name }) => name === this.#folder)?.role;
    return this.#list.load(this.#folder, { outgoing: role === "sent" || role === "drafts" });
  }

  #drawFolders() {
    const current = this.#folders.find(({ name }) => name === this.#folder) ?? { name: this.#folder, role: null };
    this.heading.textContent = folderTitle(current, this.#app.translate);
    const links = this.#folders.map((each) => folderLink(this.#app, each, each.name === this.#folder));
    this.#folderList.replaceChildren(...links);
  }

  /**
   * Marks a message as seen. A failure is not reported: its only effect is that the message is shown as new later.
   * @param {number} uid
   */
  async #markSeen(uid) {
    if (!this.#list.markSeen(uid)) return;
    try {
      await this.#app.api.markSeen(this.#folder, uid);
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
      class: "folder", href: `#${messagePath(folder.name, null)}`, "aria-current": isCurrent ? "page" : null,
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
