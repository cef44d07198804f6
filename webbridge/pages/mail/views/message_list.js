/**
 * The list of the messages in one folder, the newest date first, with a small mark for signed and encrypted messages. The
 * next page comes as one scrolls.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { nextTask } from "../../../../wasm_build/vault/values/next_task.js";
import { VaultError } from "../../../../wasm_build/vault/errors/vault_error.js";
import { ApiError } from "../../app/api.js";
import { headerReader } from "../../../../wasm_build/ui/formats.js";
import { problem, whileBusy } from "../../../../wasm_build/ui/parts.js";
import { fetchPage, readUidSet } from "../list_source.js";
import { ownKeyAddresses } from "../../account/own_addresses.js";
import { isSameMessage } from "../../app/routes.js";
import { createDays } from "../days.js";
import { readHidden } from "../../drafts/views/draft_rows.js";
import { fetchRows, MAX_FETCHED_BYTES } from "../hidden_subjects.js";
import { lessonOf, NOTHING_LEARNT, updateRow } from "../../trust/views/learnt_marks.js";
import { addListed, asDraftRow, fromServer, hasFlag, setFlags } from "../listed_messages.js";
import { createRow, hidesSubject, identityOf } from "./message_row.js";
import { RowDrawing } from "./row_drawing.js";
import { createFlagMarks, createThreadButton, watchEnd } from "./row_parts.js";
import { RowSelection } from "./row_selection.js";
import { isOnOtherDay, rowTexts, shorten } from "../row_texts.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../../drafts/draft_store.js").DraftStore} DraftStore */
/** @typedef {import("../mail_index.js").MailIndex} MailIndex */
/**
 * @typedef {{
 *   translate: Catalogue, api: BridgeApi, sentenceFor: SentenceFor, away: Away, keys: KeyRing, mailVault: MailVault,
 *   drafts: DraftStore, index: MailIndex, address: string | null,
 * }} MessageListServices
 */
/** @typedef {import("../../app/api.js").MessageSummary} MessageSummary */
/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {import("../list_source.js").Listing} Listing */
/** @typedef {import("../list_source.js").ListedPage} ListedPage */
/** @typedef {import("../mail_changes.js").Chosen} Chosen */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */

/** The number of messages that are decrypted in one operation. */
const SUBJECTS_AT_ONCE = 20;
/** The longest subject that is kept of a message. */
const MAX_KEPT_SUBJECT = 300;
/** The number of rows of a further page that are drawn in one task. */
const ROWS_AT_ONCE = 10;
/** The number of messages of a thread that are shown below its newest one. */
const MAX_UNFOLDED = 50;

export class MessageList {
  #services;
  #folder = "";
  /** The UIDVALIDITY under which the shown messages have their UIDs. */
  #uidValidity = 0;
  #isOutgoing = false;
  #areDrafts = false;
  /** @type {MessageAddress | null} */
  #current = null;
  /** @type {ListedMessage[]} */
  #messages = [];
  /** @type {Listing} */
  #listing = {};
  /** The state of the folder that the shown rows are of, for a request of the changes since. @type {string | null} */
  #token = null;
  #isByDate = false;
  /** The messages that were moved away or deleted: an answer that was on its way may still have them. @type {Set<number>} */
  #taken = new Set();
  /** The message that has taken the place of those that are gone. @type {number | null} */
  #gap = null;
  #drawing;
  #onListed;
  #onTake;
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
  #rows = html("div", { class: "row-lists", data: { test: "messages" } });
  #failure = problem("list-error");
  /** The number of rows of the shown pages that cannot be read. */
  #leftOut = 0;
  #leftOutNote = html("p", { class: "note list-note", role: "status", hidden: true, data: { test: "rows-left-out" } });
  #empty;
  #older;
  #learnt;
  #onLearnt = () => this.#updateRows();

  /**
   * @param {MessageListServices} services
   * @param {Pick<import("../../trust/learnt_rows.js").LearntRows, "find" | "learn" | "load" | "addEventListener" | "removeEventListener">} [learnt]
   *   what was learnt of the messages by opening them
   * @param {{onListed?: (page: ListedPage) => void, onSelect?: () => void, onTake?: () => void}} [options] called when a list has
   *   come, when another row is selected, and when messages were taken out
   */
  constructor(services, learnt = NOTHING_LEARNT, { onListed = () => {}, onSelect = () => {}, onTake = () => {} } = {}) {
    const { translate } = services;
    this.#services = services;
    this.#learnt = learnt;
    learnt.addEventListener("change", this.#onLearnt);
    this.#onListed = onListed;
    this.#onTake = onTake;
    const dayOf = createDays(translate);
    this.#drawing = new RowDrawing(this.#rows, {
      createRow: (message) => this.#createRow(message),
      dayOf: (message, before) => (message.isInner || isOnOtherDay(message, this.#lessonOn(message)) ? null : dayOf(message, before)),
    });
    this.selection = new RowSelection(translate, {
      order: () => this.#messages.map(({ uid }) => uid),
      row: (uid) => this.#drawing.row(uid),
      onChange: () => {
        this.#rows.classList.toggle("selecting", this.selection.size > 0);
        onSelect();
      },
    });
    this.#empty = html("p", { class: "empty", text: translate("folder_empty"), hidden: true });
    const older = html("button", { type: "button", text: translate("older"), hidden: true, data: { test: "older" } });
    older.addEventListener("click", () => whileBusy(older, translate("loading"), () => this.#loadOlder()));
    this.#older = older;
    const foot = html("div", { class: "actions list-foot" }, older);
    const end = watchEnd(() => this.#reachEnd());
    this.element = html("div", { class: "list" }, this.#failure, this.#leftOutNote, this.#rows, this.#empty, foot, end);
  }

  dispose() {
    this.#learnt.removeEventListener("change", this.#onLearnt);
  }

  /**
   * @param {string} folder
   * @param {{outgoing: boolean, areDrafts?: boolean, listing?: Listing}} options if `outgoing`, the person wrote the messages,
   *   and rows show recipients
   */
  async load(folder, { outgoing, areDrafts = false, listing = {} }) {
    this.#isOutgoing = outgoing;
    this.#areDrafts = areDrafts;
    this.#empty.hidden = true;
    if (folder !== this.#folder || JSON.stringify(listing) !== JSON.stringify(this.#listing)) {
      this.selection.clear();
      this.#listing = listing;
      this.#empty.textContent = this.#services.translate(listing.words ? "nothing_found" : "folder_empty");
      this.#folder = folder;
      this.#messages = [];
      this.#subjects.clear();
      this.#leftOutNote.hidden = true;
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
      if (await this.#fetchChanges(signal)) return;
      const page = await this.#fetchAsMany(this.#messages.length, signal);
      if (signal.aborted) return;
      if (page.uidValidity !== this.#uidValidity) return await this.#fetchPage();
      const before = new Map(this.#messages.map((message) => [message.uid, JSON.stringify(message)]));
      this.#messages = this.#without(page.messages);
      this.#leftOut = 0;
      this.#adopt(page);
      this.#arrange(this.#messages.filter((message) => before.get(message.uid) !== JSON.stringify(message)));
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
  }

  /**
   * Shows what the bridge reports as changed since the list was read.
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} false if the list has to be loaded
   */
  async #fetchChanges(signal) {
    const token = this.#token;
    if (token === null || this.#listing.words || this.#listing.isThreaded) return false;
    const from = this.#messages.reduce((least, { uid }) => Math.min(least, uid), 2 ** 32 - 1);
    const found = await this.#services.api.changes.since(this.#folder, { uidValidity: this.#uidValidity, token, from, signal });
    if (signal.aborted) return true;
    if (!found.whole || found.uidValidity !== this.#uidValidity) return false;
    const flags = new Map(found.flags.map((one) => [one.uid, one.flags]));
    const isGone = readUidSet(found.vanished);
    const kept = this.#messages.filter(({ uid }) => !isGone(uid));
    const known = new Set(kept.map(({ uid }) => uid));
    const changed = kept.filter(({ uid }) => flags.has(uid));
    for (const message of changed) setFlags(message, flags.get(message.uid) ?? []);
    const fresh = this.#without(found.messages).filter(({ uid }) => !known.has(uid));
    this.#messages = addListed(kept, fresh, { isByDate: this.#isByDate });
    this.#token = found.token;
    this.#empty.hidden = this.#messages.length > 0;
    this.#arrange(changed);
    return true;
  }

  /**
   * Shows the rows after a change.
   * @param {MessageSummary[]} [changed] messages whose rows are drawn anew
   */
  #arrange(changed = []) {
    this.#drawing.arrange(this.#messages, new Set(changed.map(({ uid }) => uid)));
    this.selection.prune();
    void this.#readSubjects();
  }

  /** @param {ListedPage} page */
  #adopt(page) {
    this.#leftOut += page.leftOut ?? 0;
    this.#leftOutNote.hidden = this.#leftOut === 0;
    this.#leftOutNote.textContent = this.#leftOut === 0 ? "" : this.#services.translate("rows_left_out", { count: this.#leftOut });
    this.#token = page.token;
    this.#isByDate = page.isByDate;
    this.#older.hidden = page.isAll;
    this.#empty.hidden = this.#messages.length > 0;
    this.#onListed(page);
  }

  /** Leaves out the messages that were moved away or deleted. @param {ListedMessage[]} messages */
  #without(messages) {
    if (this.#areDrafts) messages = messages.map(asDraftRow);
    return this.#taken.size === 0 ? messages : messages.filter(({ uid }) => !this.#taken.has(uid));
  }

  /**
   * The messages of the selected rows, or of one. A thread that is not unfolded counts with all of its messages.
   * @param {number[]} [uids]
   * @returns {Chosen}
   */
  chosen(uids = this.selection.uids) {
    const found = uids.flatMap((uid) => this.#messages.find((message) => message.uid === uid)?.thread ?? [uid]);
    return { folder: this.#folder, uidValidity: this.#uidValidity, uids: [...new Set(found)] };
  }

  /** The element with the lists of rows. */
  get rows() {
    return this.#rows;
  }

  /** Whether a message was moved away or deleted here. @param {MessageAddress} address */
  isTaken({ folder, uidValidity, uid }) {
    return folder === this.#folder && uidValidity === this.#uidValidity && this.#taken.has(uid);
  }

  /** Whether all these messages have a flag. @param {number[]} uids @param {string} flag */
  allHave(uids, flag) {
    const wanted = new Set(uids);
    return this.#messages.every((message) => !wanted.has(message.uid) || hasFlag(message, flag));
  }

  /**
   * Takes messages out of the list, before the bridge has confirmed their change. The next row gets the focus.
   * @param {Chosen} chosen
   * @returns {() => void} puts them back
   */
  take({ folder, uidValidity, uids }) {
    if (folder !== this.#folder || uidValidity !== this.#uidValidity) return () => {};
    const gone = new Set(uids);
    const selected = this.selection.uids.filter((uid) => gone.has(uid));
    const places = this.#messages.flatMap((message, index) => (gone.has(message.uid) ? [{ message, index }] : []));
    for (const uid of uids) this.#taken.add(uid);
    const last = places.at(-1)?.index ?? -1;
    this.#gap = (this.#messages[last + 1] ?? this.#messages[(places[0]?.index ?? 0) - 1])?.uid ?? null;
    this.#messages = this.#without(this.#messages);
    this.#arrange();
    this.#empty.hidden = this.#messages.length > 0 || !this.#older.hidden;
    this.#onTake();
    return () => {
      for (const uid of uids) this.#taken.delete(uid);
      if (folder !== this.#folder || uidValidity !== this.#uidValidity) return;
      const shown = new Set(this.#messages.map(({ uid }) => uid));
      for (const { message, index } of places) if (!shown.has(message.uid)) this.#messages.splice(index, 0, message);
      this.#empty.hidden = this.#messages.length > 0;
      this.#arrange();
      // The person can try the act again.
      this.selection.restore(selected);
    };
  }

  /**
   * Shows other flags, before the bridge has confirmed them.
   * @param {Chosen} chosen
   * @param {{add?: string[], remove?: string[]}} change
   * @returns {() => void} shows the flags from before
   */
  showFlags({ folder, uidValidity, uids }, { add = [], remove = [] }) {
    if (folder !== this.#folder || uidValidity !== this.#uidValidity) return () => {};
    const wanted = new Set(uids);
    const changed = this.#messages.filter(({ uid }) => wanted.has(uid));
    const before = changed.map((message) => ({ message, flags: message.flags ?? (message.seen ? ["\\Seen"] : []) }));
    for (const { message, flags } of before) setFlags(message, [...flags.filter((one) => !remove.includes(one) && !add.includes(one)), ...add]);
    this.#arrange(changed);
    return () => {
      for (const { message, flags } of before) setFlags(message, flags);
      this.#arrange(changed);
    };
  }

  /** The UID of the row with the focus; null if no row has it. @returns {number | null} */
  get focusedUid() {
    const uid = document.activeElement?.closest("li")?.querySelector("a")?.dataset.uid;
    return this.#rows.contains(document.activeElement) && uid ? Number(uid) : null;
  }

  /**
   * Moves the focus by rows, from the row with the focus or the open message.
   * @param {number} step
   * @param {{isRange?: boolean}} [options] `isRange` selects the rows on the way
   */
  moveFocus(step, { isRange = false } = {}) {
    const uid = this.focusedUid ?? this.#current?.uid ?? null;
    const at = this.#messages.findIndex((message) => message.uid === uid);
    const next = this.#messages[at < 0 ? 0 : at + step];
    if (next === undefined) return;
    if (isRange && uid !== null) this.selection.begin(uid);
    if (isRange) this.selection.extend(next.uid);
    this.#link(next)?.focus();
  }

  /** Moves the focus to the row that took the place of those that are gone, or to the first one. @returns {boolean} */
  focusGap() {
    const link = (this.#gap === null ? null : this.#drawing.link(this.#gap)) ?? this.#drawing.links[0];
    link?.focus();
    return link !== undefined;
  }

  /** Whether the shown rows are not those that were asked for. */
  get hasFailed() {
    return this.#failure.textContent !== "";
  }

  /** Says that the list cannot be loaded. @param {unknown} error */
  fail(error) {
    this.#failure.textContent = this.#services.sentenceFor(error);
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
    const before = this.#current;
    this.#current = address;
    if (before) this.#drawing.link(before.uid)?.removeAttribute("aria-current");
    if (address && isSameMessage(address, this.#addressOf(address))) this.#drawing.link(address.uid)?.setAttribute("aria-current", "true");
  }

  /**
   * Marks a message as seen. Returns true if it was new.
   * @param {MessageAddress} address
   */
  markSeen(address) {
    const message = this.#find(address);
    if (!message || message.seen) return false;
    setFlags(message, [...(message.flags ?? []), "\\Seen"]);
    const link = this.#link(message);
    link?.classList.remove("row-unseen");
    link?.querySelector(".row-state")?.remove();
    return true;
  }

  /**
   * Shows the encrypted subject of a message instead of the placeholder.
   * @param {MessageAddress} address
   * @param {string} digest of the message's bytes
   * @param {import("../../drafts/views/draft_rows.js").Hidden} hidden its subject is null if the keys do not decrypt the message
   */
  #showSubject(address, digest, { subject, ...more }) {
    const message = this.#find(address);
    if (!message || !hidesSubject(message)) return;
    this.#subjects.set(identityOf(message), shorten(subject ?? ""));
    if (subject) this.#learnt.learn(address, identityOf(message), digest, { state: null, sender: "", subject: shorten(subject, MAX_KEPT_SUBJECT), date: null, isEncrypted: true, ...more });
    this.#updateRow(message);
  }

  /** The flags of a message of the list. @param {MessageAddress} address @returns {readonly string[]} */
  flagsOf(address) {
    return this.#find(address)?.flags ?? [];
  }

  /**
   * Shows in its row what the opened message has taught.
   * @param {MessageAddress} address
   * @param {import("../../keys/mail_vault.js").OpenedMessage} opened
   * @param {string} digest of the message's bytes
   */
  learn(address, opened, digest) {
    const message = this.#find(address);
    if (!message) return;
    if (hidesSubject(message)) this.#subjects.set(identityOf(message), shorten(headerReader(opened.headers)("subject")));
    const own = this.#isOutgoing ? ownKeyAddresses(this.#services) : [];
    this.#learnt.learn(address, identityOf(message), digest, lessonOf(opened, message, { isOutgoing: this.#isOutgoing, own }));
    void this.#services.away?.mail.keepRow(address, message);
    this.#updateRow(message);
    if (isOnOtherDay(message, this.#lessonOn(message))) this.#drawing.arrange(this.#messages);
  }

  #updateRows() {
    for (const message of this.#messages) this.#updateRow(message);
    // The headings depend on what was learnt.
    this.#drawing.arrange(this.#messages);
  }

  /**
   * Changes the parts of a row. The row itself stays: a press of the pointer on a row that is drawn anew before the release
   * opens nothing.
   * @param {MessageSummary} message
   */
  #updateRow(message) {
    const row = this.#drawing.row(message.uid);
    if (!row) return;
    const lesson = this.#lessonOn(message);
    const texts = this.#textsOf(message, lesson);
    updateRow(this.#services.translate, row, { message, lesson, texts });
    this.selection.rename(row, texts.who);
  }

  /** @param {ListedMessage} message @param {import("../../trust/learnt_rows.js").Lesson | null} lesson */
  #textsOf(message, lesson) {
    return rowTexts(this.#services.translate, message, { isOutgoing: this.#isOutgoing, lesson, subject: this.#subjectOf(message, lesson) });
  }

  /** @param {MessageSummary} message */
  #lessonOn(message) {
    return this.#learnt.find(this.#addressOf(message), identityOf(message));
  }

  /** Hides the decrypted subjects. If the keys are unlocked, reads them again. */
  forgetSubjects() {
    this.#subjects.clear();
    // A row that the index has found tells by its presence what is in an encrypted message.
    if (!this.#services.keys.unlocked) this.#messages = this.#messages.filter(({ found }) => !found);
    this.#draw();
    void this.#readSubjects();
  }

  /** @param {MessageAddress} address */
  focusRow(address) {
    const message = this.#find(address);
    if (message) this.#link(message)?.focus();
    else this.focusGap();
  }

  /** Loads the next page when the person has scrolled near the end. Resolves with true if more rows came. */
  async #reachEnd() {
    if (this.#older.hidden || this.#failure.textContent || this.#rows.getAttribute("aria-busy") === "true") return false;
    const before = this.#messages.length;
    await this.#fetchPage(this.#cursor());
    return this.#messages.length > before;
  }

  /** The shown message that arrived first. @returns {MessageAddress | undefined} */
  #cursor() {
    const uids = fromServer(this.#messages).map(({ uid }) => uid);
    return uids.length === 0 ? undefined : this.#addressOf({ uid: uids.reduce((least, uid) => Math.min(least, uid)) });
  }

  async #loadOlder() {
    const known = this.#messages.length;
    await this.#fetchPage(this.#cursor());
    const firstNew = this.#messages[known];
    if (firstNew) this.#link(firstNew)?.focus();
  }

  /**
   * @param {MessageAddress} [before] the shown message that arrived first, for the page after those that are shown
   * @returns {Promise<void>}
   */
  async #fetchPage(before) {
    this.expect();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#failure.textContent = "";
    try {
      const offset = before ? fromServer(this.#messages).length + this.#leftOut : 0;
      const page = await fetchPage(this.#services, this.#folder, this.#listing, { offset, before, signal });
      if (signal.aborted) return;
      // The messages have new UIDs, so nothing that is known of the old ones holds.
      if (page.uidValidity !== this.#uidValidity) {
        this.#subjects.clear();
        this.#taken.clear();
        this.selection.clear();
      }
      this.#uidValidity = page.uidValidity;
      const shown = new Set(before ? this.#messages.map(({ uid }) => uid) : []);
      const fresh = this.#without(page.messages).filter(({ uid }) => !shown.has(uid));
      if (!before) {
        this.#messages = fresh;
        this.#leftOut = 0;
      }
      this.#adopt(page);
      if (before) await this.#append(fresh, signal);
      else this.#draw();
      if (signal.aborted) return;
      void this.#readSubjects();
    } catch (error) {
      // A newer request has replaced this one and reports its own errors.
      if (signal.aborted) return;
      if (before && error instanceof ApiError && error.code === "folder-changed") return this.#fetchPage();
      this.#failure.textContent = this.#services.sentenceFor(error);
    }
    this.#rows.setAttribute("aria-busy", "false");
    if (this.#isStale) {
      this.#isStale = false;
      void this.refresh();
    }
  }

  /**
   * Adds rows below the others. The browser has its turn between a few of them, so that scrolling goes on smoothly.
   * @param {ListedMessage[]} fresh
   * @param {AbortSignal} signal
   */
  async #append(fresh, signal) {
    for (let at = 0; at < fresh.length; at += ROWS_AT_ONCE) {
      if (at > 0) await nextTask();
      if (signal.aborted) return;
      const rows = fresh.slice(at, at + ROWS_AT_ONCE).filter(({ uid }) => !this.#taken.has(uid));
      this.#messages.push(...rows);
      this.#drawing.append(rows);
    }
  }

  /**
   * The newest messages, at least as many as are shown.
   * @param {number} count
   * @param {AbortSignal} signal
   */
  async #fetchAsMany(count, signal) {
    let page = await fetchPage(this.#services, this.#folder, this.#listing, { offset: 0, signal });
    const { uidValidity } = page;
    const messages = [...page.messages];
    let leftOut = page.leftOut ?? 0;
    while (messages.length < count && !page.isAll) {
      const listed = fromServer(messages);
      const before = { uidValidity, uid: listed.reduce((least, { uid }) => Math.min(least, uid), 2 ** 32) };
      page = await fetchPage(this.#services, this.#folder, this.#listing, { offset: listed.length + leftOut, before, signal });
      const known = new Set(messages.map(({ uid }) => uid));
      const further = page.messages.filter(({ uid }) => !known.has(uid));
      // A server that gives the same page again and again must not keep this going.
      if (further.length === 0) break;
      messages.push(...further);
      leftOut += page.leftOut ?? 0;
    }
    return { ...page, messages, leftOut };
  }

  /** Shows the encrypted subjects. A failure is not reported: its only effect is that a row keeps its placeholder. */
  async #readSubjects() {
    this.#decrypting?.abort();
    this.#decrypting = new AbortController();
    const { signal } = this.#decrypting;
    const { keys } = this.#services;
    await this.#learnt.load(this.#folder);
    if (signal.aborted) return;
    const hidden = this.#messages.filter((message) =>
      hidesSubject(message) && !message.found && message.size <= MAX_FETCHED_BYTES && !this.#subjects.has(identityOf(message)) && !this.#lessonOn(message)?.subject);
    const groups = [];
    while (hidden.length > 0) groups.push(hidden.splice(0, SUBJECTS_AT_ONCE));
    try {
      for (let group = groups.shift(); group && keys.unlocked && !signal.aborted; group = groups.shift()) {
        const rows = await fetchRows(this.#services.api, group, { addressOf: (message) => this.#addressOf(message), signal });
        const found = rows.length > 0 ? await readHidden(this.#services, rows, { areDrafts: this.#areDrafts }) : [];
        if (signal.aborted) return;
        // One message must not take the subjects of the others with it, so each is read by itself.
        if (!found) groups.push(...(rows.length > 1 ? group.map((message) => [message]) : []));
        else rows.forEach(({ address, digest }, index) => this.#showSubject(address, digest, found[index] ?? { subject: null }));
      }
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError || error instanceof VaultError)) throw error;
    }
  }

  #draw() {
    this.#drawing.draw(this.#messages);
    this.selection.prune();
  }

  /** @param {ListedMessage} message */
  #createRow(message) {
    const address = this.#addressOf(message);
    const isCurrent = isSameMessage(address, this.#current);
    const lesson = this.#lessonOn(message);
    const texts = this.#textsOf(message, lesson);
    const row = createRow(this.#services.translate, message, { address, isCurrent, texts, lesson });
    row.firstElementChild?.append(...createFlagMarks(this.#services.translate, message));
    this.selection.attach(row, message.uid, texts.who);
    if (message.isInner) row.classList.add("row-inner");
    if (message.thread && message.thread.length > 1) {
      const isOpen = this.#messages.some(({ uid, isInner }) => isInner && message.thread?.includes(uid));
      row.append(createThreadButton(this.#services.translate, message.thread.length, isOpen, () => this.#unfold(message)));
    }
    return row;
  }

  /** Shows the other messages of a thread below its newest one, or hides them. @param {ListedMessage} message */
  async #unfold(message) {
    const others = new Set((message.thread ?? []).filter((uid) => uid !== message.uid));
    const open = this.#messages.filter(({ uid, isInner }) => isInner && others.has(uid));
    if (open.length > 0) {
      this.#messages = this.#messages.filter((one) => !open.includes(one));
      return this.#arrange([message]);
    }
    const { signal } = this.#loading ?? new AbortController();
    const newest = [...others].sort((one, other) => other - one).slice(0, MAX_UNFOLDED);
    try {
      const rows = await Promise.all(newest.map((uid) => this.#services.api.changes.row(this.#addressOf({ uid }), signal)));
      const at = this.#messages.indexOf(message);
      if (signal.aborted || at < 0) return;
      const inner = rows.flatMap((row) => (row && !this.#find(this.#addressOf(row)) ? [{ ...row, isInner: true }] : []));
      this.#messages = this.#messages.toSpliced(at + 1, 0, ...this.#without(inner));
      this.#arrange([message]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#failure.textContent = this.#services.sentenceFor(error);
    }
  }

  /** The subject of a row without a state. @param {ListedMessage} message @param {import("../../trust/learnt_rows.js").Lesson | null} lesson */
  #subjectOf(message, lesson) {
    if (!hidesSubject(message)) return message.subject;
    return this.#subjects.get(identityOf(message)) || lesson?.subject || message.found?.subject || this.#services.translate("subject_encrypted");
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
    return this.#drawing.link(uid);
  }
}
