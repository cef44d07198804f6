/**
 * The view of the mail: the folders, the messages of one folder, and the open message. A wide page shows all three, a
 * narrow page the list or the message.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { ApiError } from "../../app/api.js";
import { folderTitle } from "../../../../wasm_build/ui/formats.js";
import { problem } from "../../../../wasm_build/ui/parts.js";
import { Housekeeping } from "../../mail/housekeeping.js";
import { chooseThreads, hasThreads } from "../../mail/list_choices.js";
import { folderPath, followAgain, INBOX, messagePath } from "../../app/routes.js";
import { UndoNotice } from "../../mail/undo_notice.js";
import { FolderList, openFolderMaking, openFolderSettings } from "../../mail/views/folder_list.js";
import { MailActs } from "../../mail/views/mail_acts.js";
import { MessageList } from "../../mail/views/message_list.js";
import { createOutboxLink } from "../../writing/views/outbox_view.js";
import { Reading } from "./reading.js";
import { SearchBox } from "../../mail/views/search_box.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../trust/learnt_rows.js").LearntRows} LearntRows */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("../../mail/mail_index.js").MailIndex} MailIndex */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../trust/trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("../../app/events.js").MailEvents} MailEvents */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {import("../../parcels/parcel_requests.js").ParcelLimits} ParcelLimits */
/** @typedef {import("../../drafts/draft_desk.js").DraftDesk} DraftDesk */
/** @typedef {import("../../mail/arrival.js").Arrival} Arrival */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../../mail/views/message_list.js").MessageListServices} MessageListServices */
/** @typedef {import("../../mail/views/mail_acts.js").MailActServices} MailActServices */
/** @typedef {import("../../mail/views/folder_list.js").FolderServices} FolderServices */
/** @typedef {import("./reading.js").ReadingServices} ReadingServices */
/** @typedef {import("../../mail/housekeeping.js").HousekeepingServices} HousekeepingServices */
/**
 * @typedef {{
 *   translate: Catalogue, learnt: LearntRows, navigate: Navigate, index: MailIndex, keys: KeyRing,
 *   trust: TrustKeeper, events: MailEvents, away: Away, parcels: ParcelLimits | null, draftDesk: DraftDesk,
 *   arrival: Arrival, sentenceFor: SentenceFor, api: BridgeApi, announceHere: Announce, kept: KeptTrust,
 * } & MessageListServices & MailActServices & FolderServices & ReadingServices & HousekeepingServices} MailServices
 */
/** @typedef {import("../../app/api.js").Folder} Folder */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */

export class MailView {
  #services;
  /** The id of the shown folder, or the word of the page's address for it until the folders are loaded. */
  #folder = "";
  /** @type {MessageAddress | null} */
  #message = null;
  /** @type {Folder[]} */
  #folders = [];
  /** The number of loads of folders and list that were started. Only the latest load continues with the list. */
  #loads = 0;
  /** Whether the latest load is waiting for the folders. */
  #isLoading = false;
  #folderList;
  #foldersFailure = problem("folders-error");
  #list;
  #reading;
  #acts;
  #search;
  #outboxLink;
  #notice;
  /** Whether the open message is being closed for a search. */
  #isToSearch = false;
  #threads;
  /** The search and the threads of the list. @type {import("../../mail/list_source.js").Listing} */
  #listing = {};
  /** The number of messages, or of threads, in the list of the folder. */
  #total = 0;
  #onKeys = () => this.#keysChanged();
  #onDecided = () => this.#judgeAgain();
  #onIndex = () => this.#search.update();
  /** The opened messages whose mark the network lost. @type {MessageAddress[]} */
  #unmarked = [];
  #onBack = () => {
    void this.#markLater().then(() => this.#makeUp());
    if (this.#reading.hasMissed) this.#openAgain();
  };
  #onMail = (/** @type {Event} */ event) => void this.#refresh(/** @type {CustomEvent<string>} */ (event).detail);

  /** @param {MailServices} services */
  constructor(services) {
    const { translate } = services;
    this.#services = services;
    this.titleKey = "nav_mail";
    this.heading = html("h1", { class: "list-title", tabindex: -1, dir: "auto" });
    this.#list = new MessageList(services, services.learnt, {
      onListed: (page) => this.#listed(page),
      onSelect: () => this.#acts.update(),
      onTake: () => this.#acts.taken(),
    });
    this.#reading = this.#createReading();
    this.#notice = new UndoNotice(translate);
    const housekeeping = this.#createHousekeeping();
    this.#acts = new MailActs(services, {
      housekeeping, list: this.#list, folder: () => this.#find(this.#folder), folders: () => this.#folders,
      message: () => this.#message, isShown: () => this.element.isConnected, reading: this.#reading.element,
      search: () => this.showSearch(), leave: () => this.#leave(),
    });
    this.#folderList = new FolderList(translate, () => openFolderMaking(services, housekeeping, (id) => services.navigate(folderPath(id))));
    this.#outboxLink = createOutboxLink(services);
    this.#search = new SearchBox(translate, (words) => void this.#show({ ...this.#listing, words }), () => services.index.state);
    this.#listing = { isThreaded: hasThreads() };
    this.#threads = this.#createThreadsButton();
    this.element = html(
      "div", { class: "mail", data: { pane: "list" } }, this.#createFolderPane(), this.#createListPane(housekeeping),
      html("div", { class: "message-pane" }, this.#acts.messageBar, this.#reading.element), this.#notice.element,
    );
    services.keys.addEventListener("change", this.#onKeys);
    services.trust.addEventListener("decided", this.#onDecided);
    services.events.addEventListener("mail", this.#onMail);
    services.index.addEventListener("change", this.#onIndex);
    services.away.source.addEventListener("back", this.#onBack);
  }

  #createReading() {
    return new Reading(this.#services, {
      onSeen: (address) => void this.#markSeen(address),
      onOpened: (address, opened, digest) => this.#list.learn(address, opened, digest),
      flagsOf: (address) => this.#list.flagsOf(address),
      drafts: {
        areIn: (folder) => this.#hasDrafts(folder), onOpened: (draft) => this.#continueDraft(draft),
      },
    });
  }

  #createHousekeeping() {
    return new Housekeeping(this.#services, {
      list: this.#list, notice: this.#notice, folders: () => this.#folders,
      changed: async ({ folders }) => {
        this.#acts.update();
        if (folders) await this.#loadFolders();
      },
      undone: () => this.#list.focusGap(),
    });
  }

  #createThreadsButton() {
    return html("button", {
      type: "button", class: "quiet", text: this.#services.translate("threads"), "aria-pressed": String(hasThreads()), data: { test: "threads" },
      on: { click: () => this.#chooseThreads(!this.#listing.isThreaded) },
    });
  }

  #createFolderPane() {
    const services = this.#services;
    const { translate } = services;
    return html(
      "nav",
      // On a phone, a press on the shown folder hides the folders.
      { class: "folders", "aria-label": translate("folders_label"), on: { click: (event) => followAgain(event, (path) => services.navigate(path)) } },
      ...this.#folderList.elements, this.#outboxLink.element,
      this.#foldersFailure,
      html("a", { class: "folder people-link", href: "#/people", text: translate("people_title"), data: { test: "people-link" } }),
      services.parcels && html("a", { class: "folder", href: "#/parcels", text: translate("sent_parcels_title"), data: { test: "parcels-link" } }),
      services.parcels?.maxKeptFiles
        ? html("a", { class: "folder", href: "#/files", text: translate("my_files_title"), data: { test: "files-link" } })
        : null,
      html("a", { class: "folder", href: "#/account", text: translate("account_title"), data: { test: "account-link" } }),
    );
  }

  /** @param {Housekeeping} housekeeping */
  #createListPane(housekeeping) {
    const { translate } = this.#services;
    const refresh = html("button", {
      type: "button", class: "quiet", text: translate("check_for_mail"), data: { test: "refresh" },
      on: { click: () => void this.#loadAll() },
    });
    const tools = html("div", { class: "list-tools" }, this.#acts.selectButton, this.#threads, this.#createSettingsButton(housekeeping));
    const head = html("div", { class: "list-head" }, this.heading, refresh, tools);
    return html("section", { class: "list-pane" }, head, this.#search.element, this.#acts.selectionBar, this.#list.element);
  }

  /** @param {Housekeeping} housekeeping */
  #createSettingsButton(housekeeping) {
    const services = this.#services;
    const { translate } = services;
    return html("button", {
      type: "button", class: "quiet", text: translate("folder_settings_short"), "aria-label": translate("folder_settings"), data: { test: "folder-settings" },
      on: { click: () => {
        const folder = this.#find(this.#folder);
        // The list is newer than the counts of the folders, which a server may give late for the open folder.
        const total = Math.max(folder?.total ?? 0, this.#total);
        if (folder) openFolderSettings(services, housekeeping, { ...folder, total }, (id) => services.navigate(folderPath(id ?? INBOX)));
      } },
    });
  }

  dispose() {
    this.#services.keys.removeEventListener("change", this.#onKeys);
    this.#services.trust.removeEventListener("decided", this.#onDecided);
    this.#services.events.removeEventListener("mail", this.#onMail);
    this.#services.index.removeEventListener("change", this.#onIndex);
    this.#services.away.source.removeEventListener("back", this.#onBack);
    this.#list.dispose();
    this.#acts.dispose();
    this.#outboxLink.dispose();
    this.#reading.clear();
  }

  /** Shows the field for searching, also where the page shows the open message. */
  showSearch() {
    // The open message is closed when the new address has taken effect.
    this.#isToSearch = this.#message !== null;
    if (this.#isToSearch) this.#services.navigate(folderPath(this.#folder));
    this.element.dataset.menu = "closed";
    this.element.dataset.pane = "list";
    this.#search.focus();
  }

  /** Says that a letter was sent. @param {import("../../writing/views/sent_notice.js").SentNotice} sent */
  tellSent({ text, label = this.#services.translate("view_sent"), view }) {
    this.#notice.showWith(text, { label, test: "sent", onPress: view });
  }

  /** The first draft may have made a folder since the folders were loaded. */
  shown() {
    if (this.#folders.length > 0 && !this.#folders.some(({ role }) => role === "drafts")) void this.#loadFolders();
  }

  /** Says what was done. @param {string} text @param {(() => Promise<void>) | null} undo */
  tell(text, undo) {
    this.#notice.show(text, undo);
  }

  /** Whether a folder may have drafts of Sealwax: they are made in one, and deleted into another. @param {string} folder */
  #hasDrafts(folder) {
    const role = this.#find(folder)?.role ?? null;
    return this.#folders.length === 0 || role === "drafts" || role === "trash";
  }

  /** Opens a draft in the writing view, from which the way back leads to the list. @param {import("../../drafts/draft_store.js").OpenedDraft} draft */
  #continueDraft(draft) {
    history.replaceState(null, "", `#${folderPath(this.#folder)}`);
    this.go(this.#folder, null);
    void this.#services.draftDesk.continue(draft);
  }

  /** Shows the folders on a narrow page, or hides them. */
  toggleMenu() {
    this.element.dataset.menu = this.element.dataset.menu === "open" ? "closed" : "open";
    if (this.element.dataset.menu === "open") /** @type {HTMLElement | null} */ (this.element.querySelector(".folders a"))?.focus();
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
    this.element.dataset.menu = "closed";
    if (!sameFolder) {
      this.#total = 0;
      this.#search.reset();
      this.#listing = { isThreaded: this.#listing.isThreaded };
    }
    this.#drawFolders();
    const isKnown = this.#find(folder) !== undefined;
    if (!isKnown && !(sameFolder && this.#isLoading)) void this.#loadAll();
    else if (isKnown && (!sameFolder || this.#list.hasFailed)) void this.#loadList();
    this.#list.setCurrent(message);
    this.#acts.update();
    if (message !== null) return void this.#reading.open(message);
    this.#reading.clear();
    if (!sameFolder) this.heading.focus();
    else if (this.#isToSearch) this.#search.focus();
    // When a message is closed, the focus returns to its row.
    else if (wasReading !== null) this.#list.focusRow(wasReading);
    this.#isToSearch = false;
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

  #judgeAgain() {
    if (this.#message !== null && this.element.isConnected) void this.#reading.judgeAgain(this.#message);
  }

  async #loadAll() {
    // Answers to older requests for the list are dropped now, and not only when the folders are loaded.
    this.#list.expect();
    const load = ++this.#loads;
    this.#isLoading = true;
    const failure = await this.#loadFolders();
    if (load !== this.#loads) return;
    this.#isLoading = false;
    if (failure && this.#folders.length === 0) this.#list.fail(failure);
    else await this.#loadList();
  }

  /** Shows what has changed while the bridge did not answer. Rows that stay the same keep the focus. */
  async #makeUp() {
    if (this.#list.hasFailed || this.#folders.length === 0) return this.#loadAll();
    await Promise.all([this.#list.refresh(), this.#loadFolders()]);
  }

  /**
   * Shows what has changed in a folder, without disturbing the person: nothing moves, and a failure is not reported.
   * @param {string} folder
   */
  async #refresh(folder) {
    if (folder === this.#folder) void this.#list.refresh();
    try {
      this.#folders = await this.#services.arrival.folders();
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
      this.#folders = await this.#services.away.source.folders();
      this.#services.arrival.count(this.#folders);
      this.#folder = this.#find(this.#folder)?.id ?? this.#folder;
    } catch (error) {
      this.#foldersFailure.textContent = this.#services.sentenceFor(error);
      failure = error;
    }
    if (!failure && this.#services.api.foldersLeftOut > 0) {
      this.#foldersFailure.textContent = this.#services.translate("folders_left_out", { count: this.#services.api.foldersLeftOut });
    }
    this.#drawFolders();
    return failure;
  }

  /** Shows another list of the folder. @param {import("../../mail/list_source.js").Listing} listing */
  async #show(listing) {
    this.#listing = listing;
    this.#drawFolders();
    await this.#loadList();
  }

  /** @param {import("../../mail/list_source.js").ListedPage} page */
  #listed({ total, isThreaded }) {
    if (this.#listing.words) return this.#search.tell(total ?? 0);
    this.#total = total ?? 0;
    // Only the answer tells whether the mail server has threads.
    if (!this.#listing.isThreaded || isThreaded) return;
    this.#threads.setAttribute("aria-pressed", "false");
    this.#threads.setAttribute("aria-disabled", "true");
    this.#threads.title = this.#services.translate("threads_not_offered");
  }

  /** @param {boolean} isThreaded */
  #chooseThreads(isThreaded) {
    if (this.#threads.getAttribute("aria-disabled") === "true") return this.#services.announceHere(this.#threads.title);
    this.#threads.setAttribute("aria-pressed", String(isThreaded));
    chooseThreads(isThreaded, this.#services.kept.keeping !== "off");
    void this.#show({ ...this.#listing, isThreaded });
  }

  /** Ends what the person is in: the selection, the search, or the open message. @returns {boolean} */
  #leave() {
    if (this.#list.selection.size > 0) this.#list.selection.clear();
    else if (this.#message) this.#services.navigate(folderPath(this.#folder));
    else if (this.#search.isSearching) this.#search.end();
    else return false;
    return true;
  }

  /** @param {string} word */
  #find(word) {
    return this.#folders.find(({ id, role }) => id === word || (role === INBOX && word === INBOX))
      ?? this.#folders.find(({ name }) => name === word);
  }

  #loadList() {
    const role = this.#find(this.#folder)?.role;
    return this.#list.load(this.#folder, { outgoing: role === "sent" || role === "drafts", areDrafts: role === "drafts", listing: this.#listing });
  }

  #drawFolders() {
    const { translate } = this.#services;
    const current = this.#find(this.#folder);
    // Until the folders are loaded, only the inbox has a name.
    const isInbox = this.#folder === INBOX;
    const title = current || isInbox ? folderTitle(current ?? { name: INBOX, role: null }, translate) : translate("nav_mail");
    this.heading.textContent = this.#listing.words ? translate("search_title", { folder: title }) : title;
    this.#folderList.draw(this.#folders, current);
    this.#acts.update();
  }

  /**
   * Marks a message as seen. A failure is not reported: its only effect is that the message is shown as new later. A mark that
   * the network lost is made again when the bridge answers.
   * @param {MessageAddress} address
   */
  async #markSeen(address) {
    const { place = "own", rights = [] } = this.#find(address.folder) ?? {};
    if (place !== "own" && !rights.includes("seen")) return;
    if (!this.#list.markSeen(address)) return;
    this.#acts.update();
    try {
      await this.#services.api.markSeen(address);
      await this.#loadFolders();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "unreachable") this.#unmarked.push(address);
    }
  }

  async #markLater() {
    for (const address of this.#unmarked.splice(0)) {
      await this.#services.api.markSeen(address).catch((error) => {
        if (!(error instanceof ApiError)) throw error;
        if (error.code === "unreachable") this.#unmarked.push(address);
      });
    }
  }
}
