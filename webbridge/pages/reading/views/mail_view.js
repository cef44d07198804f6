/**
 * The view of the mail: the messages of one folder, and the open message. A wide page shows both, a narrow page one of them.
 * The folders stand in a pane beside every view.
 */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { folderTitle } from "../../../../wasm_build/ui/formats.js";
import { FoldersHere } from "../../mail/folders_here.js";
import { Housekeeping } from "../../mail/housekeeping.js";
import { hasThreads } from "../../mail/list_choices.js";
import { folderPath, INBOX, messagePath } from "../../app/routes.js";
import { SeenMarks } from "../../mail/seen_marks.js";
import { UndoNotice } from "../../mail/undo_notice.js";
import { FolderList, openFolderMaking } from "../../mail/views/folder_list.js";
import { MailActs } from "../../mail/views/mail_acts.js";
import { createFolderPane, createListPane, createSettingsButton } from "../../mail/views/mail_panes.js";
import { MessageList } from "../../mail/views/message_list.js";
import { ThreadsButton } from "../../mail/views/threads_button.js";
import { createOutboxLink } from "../../writing/views/outbox_view.js";
import { createPaneWidth } from "../../app/views/pane_width.js";
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
/** @typedef {import("../../drafts/unfinished_drafts.js").UnfinishedDrafts} UnfinishedDrafts */
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
 *   trust: TrustKeeper, events: MailEvents, away: Away, parcels: ParcelLimits | null, unfinishedDrafts: UnfinishedDrafts,
 *   arrival: Arrival, sentenceFor: SentenceFor, api: BridgeApi, announceHere: Announce, kept: KeptTrust,
 * } & MessageListServices & MailActServices & FolderServices & ReadingServices & HousekeepingServices} MailServices
 */
/** @typedef {import("../../mail/folder_answers.js").Folder} Folder */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */

export class MailView {
  titleKey = "mail";
  heading = html("h1", { class: "list-title", tabindex: -1, dir: "auto" });
  #services;
  /** The id of the shown folder, or the folder's word in the page's address until the folders are loaded. */
  #folder = "";
  /** @type {MessageAddress | null} */
  #message = null;
  #folders;
  /** The number of started loads of the folders and the list. Only the latest load continues with the list. */
  #loads = 0;
  /** Whether the latest load is waiting for the folders. */
  #isLoading = false;
  #folderList;
  #folderPane;
  #foldersFailure = problem("folders-error");
  #list;
  #reading;
  #acts;
  #search;
  #outboxLink;
  #notice;
  #seen;
  /** Whether the open message is being closed for a search. */
  #isToSearch = false;
  #threads;
  /** The list's search, and whether it shows threads. @type {import("../../mail/list_source.js").Listing} */
  #listing = { isThreaded: hasThreads() };
  /** The number of messages, or of threads, in the list of the folder. */
  #total = 0;
  #closing = new AbortController();

  /** @param {MailServices} services */
  constructor(services) {
    const { translate } = services;
    this.#services = services;
    this.#folders = new FoldersHere(services);
    this.#list = new MessageList(services, services.learnt, {
      onListed: (page) => this.#listed(page),
      onSelect: () => this.#acts.update(),
      onTake: () => this.#acts.taken(),
    });
    this.#reading = this.#createReading();
    this.#notice = new UndoNotice(translate);
    this.#seen = new SeenMarks(services.api);
    const housekeeping = this.#createHousekeeping();
    this.#acts = new MailActs(services, {
      housekeeping, list: this.#list, folder: () => this.#folders.find(this.#folder), folders: () => this.#folders.all,
      message: () => this.#message, isShown: () => this.element.isConnected, reading: this.#reading.element,
      search: () => this.showSearch(), leave: () => this.#leave(),
    });
    this.#folderList = new FolderList(translate, () => openFolderMaking(services, housekeeping, (id) => services.navigate(folderPath(id))));
    this.#outboxLink = createOutboxLink(services);
    this.#search = new SearchBox(translate, (words) => void this.#show({ ...this.#listing, words }), () => services.index.state);
    this.#threads = new ThreadsButton(services, (isThreaded) => void this.#show({ ...this.#listing, isThreaded }));
    this.#folderPane = createFolderPane(services, [...this.#folderList.elements, this.#outboxLink.element, this.#foldersFailure]);
    this.element = html(
      "div", { class: "mail", data: { pane: "list" } },
      createListPane(translate, {
        heading: this.heading, onRefresh: () => void this.#loadAll(),
        tools: [this.#acts.selectButton, this.#threads.element, createSettingsButton(services, housekeeping, () => this.#shownFolder())],
        content: [this.#search.element, this.#acts.selectionBar, this.#list.element],
      }),
      createPaneWidth({ label: translate("width_list"), name: "list", least: 260, most: 640, usual: 360 }),
      html("div", { class: "message-pane" }, this.#acts.messageBar, this.#reading.element), this.#notice.element,
    );
    this.#observe();
  }

  #observe() {
    const { keys, trust, events, index, away } = this.#services;
    const { signal } = this.#closing;
    keys.addEventListener("change", () => this.#keysChanged(), { signal });
    trust.addEventListener("decided", () => this.#judgeAgain(), { signal });
    events.addEventListener("mail", (event) => void this.#refresh(/** @type {CustomEvent<string>} */ (event).detail), { signal });
    index.addEventListener("change", () => this.#search.update(), { signal });
    away.source.addEventListener("back", () => {
      void this.#seen.makeUp().then(() => this.#makeUp());
      if (this.#reading.hasMissed) this.#openAgain();
    }, { signal });
  }

  #createReading() {
    return new Reading(this.#services, {
      onSeen: (address) => void this.#markSeen(address),
      onOpened: (address, opened, digest) => this.#list.learn(address, opened, digest),
      flagsOf: (address) => this.#list.messages.flagsOf(address),
      drafts: { areIn: (folder) => this.#folders.mayHaveDrafts(folder), onOpened: (draft) => this.#continueDraft(draft) },
    });
  }

  #createHousekeeping() {
    return new Housekeeping(this.#services, {
      shown: this.#list.changes, refreshList: () => this.#list.refresh(), notice: this.#notice,
      folders: () => this.#folders.all,
      changed: async ({ folders }) => {
        this.#acts.update();
        if (folders) await this.#loadFolders();
      },
      undone: () => this.#list.focus.moveToGap(),
    });
  }

  /** The shown folder. The list is newer than the counts of the folders, because a server may report these late for the open folder. */
  #shownFolder() {
    const folder = this.#folders.find(this.#folder);
    return folder && { ...folder, total: Math.max(folder.total ?? 0, this.#total) };
  }

  /** The pane with the folders, for any view. @param {string} hash of the shown view */
  paneBeside(hash) {
    this.#folderPane.mark(hash);
    if (this.#folders.isKnown) this.#drawFolders();
    else if (!this.element.isConnected && !this.#isLoading) void this.#loadFolders();
    return this.#folderPane.element;
  }

  dispose() {
    this.#closing.abort();
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

  /** Shows that a letter was sent. @param {import("../../writing/views/sent_notice.js").SentNotice} sent */
  tellSent({ text, label = this.#services.translate("view_sent"), view }) {
    this.#notice.showWith(text, { label, test: "sent", onPress: view });
  }

  /** The first draft may have made a folder since the folders were loaded. */
  shown() {
    if (this.#folders.isKnown && !this.#folders.all.some(({ role }) => role === "drafts")) void this.#loadFolders();
  }

  /** Shows what was done. @param {string} text @param {(() => Promise<void>) | null} undo */
  tell(text, undo) {
    this.#notice.show(text, undo);
  }

  /** Opens a draft in the writing view. The Back button leads to the list. @param {import("../../drafts/draft_store.js").OpenedDraft} draft */
  #continueDraft(draft) {
    history.replaceState(null, "", `#${folderPath(this.#folder)}`);
    this.go(this.#folder, null);
    void this.#services.unfinishedDrafts.continue(draft);
  }

  /** Shows the folders on a narrow page, or hides them. */
  toggleMenu() {
    this.element.dataset.menu = this.element.dataset.menu === "open" ? "closed" : "open";
    if (this.element.dataset.menu === "open") /** @type {HTMLElement | null} */ (this.#folderPane.element.querySelector("a"))?.focus();
  }

  /** The path of the shown folder and message. */
  path() {
    return this.#message ? messagePath(this.#message) : folderPath(this.#folder || INBOX);
  }

  /**
   * @param {string} word the id of a folder, or `INBOX`; links of earlier versions have the folder's name
   * @param {MessageAddress | null} message
   */
  go(word, message) {
    const folder = this.#folders.find(word)?.id ?? word;
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
    const isKnown = this.#folders.find(folder) !== undefined;
    if (!isKnown && !(sameFolder && this.#isLoading)) void this.#loadAll();
    else if (isKnown && (!sameFolder || this.#list.hasFailed)) void this.#loadList();
    this.#list.setCurrent(message);
    this.#acts.update();
    if (message !== null) return void this.#reading.open(message);
    this.#reading.clear();
    if (!sameFolder) this.heading.focus();
    else if (this.#isToSearch) this.#search.focus();
    // When a message is closed, the focus returns to its row.
    else if (wasReading !== null) this.#list.focus.moveTo(wasReading);
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
    // Answers to older requests for the list are dropped now, before the folders are loaded.
    this.#list.expect();
    const load = ++this.#loads;
    this.#isLoading = true;
    const failure = await this.#loadFolders();
    if (load !== this.#loads) return;
    this.#isLoading = false;
    if (failure && !this.#folders.isKnown) this.#list.fail(failure);
    else await this.#loadList();
  }

  /** Shows the changes from the time when the bridge did not answer. The focus stays on rows that have not changed. */
  async #makeUp() {
    if (this.#list.hasFailed || !this.#folders.isKnown) return this.#loadAll();
    await Promise.all([this.#list.refresh(), this.#loadFolders()]);
  }

  /**
   * Shows what has changed in a folder without disturbing the person. Nothing moves, and a failure is not reported.
   * @param {string} folder
   */
  async #refresh(folder) {
    if (folder === this.#folder) void this.#list.refresh();
    if (await this.#folders.refresh()) this.#drawFolders();
  }

  /** Loads the folders, and draws them. Returns the error, or null. */
  async #loadFolders() {
    this.#foldersFailure.textContent = "";
    const failure = await this.#folders.load().then(() => null, (error) => error);
    if (!failure) this.#folder = this.#folders.find(this.#folder)?.id ?? this.#folder;
    const { foldersLeftOut: count } = this.#services.api;
    const note = count > 0 ? this.#services.translate("folders_left_out", { count }) : "";
    this.#foldersFailure.textContent = failure ? this.#services.sentenceFor(failure) : note;
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
    if (this.#listing.isThreaded && !isThreaded) this.#threads.showNotOffered();
  }

  /** Leaves the selection, the search, or the open message. @returns {boolean} */
  #leave() {
    if (this.#list.selection.size > 0) this.#list.selection.clear();
    else if (this.#message) this.#services.navigate(folderPath(this.#folder));
    else if (this.#search.isSearching) this.#search.end();
    else return false;
    return true;
  }

  #loadList() {
    const role = this.#folders.find(this.#folder)?.role;
    return this.#list.load(this.#folder, { outgoing: role === "sent" || role === "drafts", areDrafts: role === "drafts", listing: this.#listing });
  }

  #drawFolders() {
    const { translate } = this.#services;
    const current = this.#folders.find(this.#folder);
    const title = shownTitle(this.#folder, current, translate);
    this.heading.textContent = this.#listing.words ? translate("search_title", { folder: title }) : title;
    this.#folderList.draw(this.#folders.all, this.element.isConnected ? current : undefined);
    this.#acts.update();
  }

  /** Marks an opened message as seen. @param {MessageAddress} address */
  async #markSeen(address) {
    const { place = "own", rights = [] } = this.#folders.find(address.folder) ?? {};
    if (place !== "own" && !rights.includes("seen")) return;
    if (!this.#list.markSeen(address)) return;
    this.#acts.update();
    if (await this.#seen.mark(address)) await this.#loadFolders();
  }
}

/** @param {string} word of the shown folder @param {Folder | undefined} folder @param {Catalogue} translate */
function shownTitle(word, folder, translate) {
  // Until the folders are loaded, only the inbox's name is known.
  if (!folder && word !== INBOX) return translate("mail");
  return folderTitle(folder ?? { name: INBOX, role: null }, translate);
}
