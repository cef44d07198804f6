/**
 * The filling of the index of encrypted mail, in the background while the keys are unlocked and the device has power.
 *
 * The filler reads each folder once, newest first, and later only changes. One tab of the browser does this. After
 * every few messages the filler rests as long as their reading took, so that the person's actions do not wait.
 */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { VaultError } from "../../../wasm_build/vault/errors/vault_error.js";
import { ApiError } from "../app/api.js";
import { readUidSet } from "./list_source.js";

/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../app/events.js").MailEvents} MailEvents */
/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../keys/mail_vault.js").MailVault} MailVault */
/**
 * @typedef {{
 *   keys: KeyRing, events: MailEvents, address: string | null, api: BridgeApi, mailVault: MailVault,
 * }} IndexFillerServices
 */
/** @typedef {import("./folder_answers.js").Folder} Folder */
/** @typedef {import("./list_answers.js").MessageSummary} MessageSummary */
/** @typedef {import("./mail_index.js").Item} Item */
/** @typedef {import("./mail_index.js").Mark} Mark */
/** @typedef {import("./mail_index.js").Texts} Texts */
/** @typedef {"off" | "reading" | "done" | "paused" | "power" | "full" | "failed" | "broken"} Progress `broken` if the index does not open */
/** @typedef {{charging: boolean} & EventTarget} Battery */

/** Larger messages are not indexed. */
const MAX_READ_BYTES = 4_000_000;
const AT_ONCE = 5;
/** The filler writes this number of read messages to the index at a time. Unwritten messages are read again later. */
const WRITE_MESSAGES = 100;
const REST_MILLISECONDS = 500;
const START_MILLISECONDS = 3_000;
const AGAIN_MILLISECONDS = 60_000;
const PAUSED = "sealwax-search-paused";
const TURN = "sealwax-search-filling";
/** The folders that people do not search, and the drafts, which are not finished. */
const LEFT_OUT = new Set(["trash", "junk", "drafts"]);
/** Errors of the vault that a single message can cause. */
const OF_ONE_MESSAGE = new Set(["internal-error", "out-of-memory", "vault-crashed", "vault-timeout"]);

/** Dispatches "change" when `progress` or `count` changes. */
export class IndexFiller extends EventTarget {
  /** @type {Progress} */
  progress = "off";
  /** The number of messages that were read in this round. */
  count = 0;
  #services;
  #index;
  /** @type {AbortController | null} */
  #round = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Whether something has changed since the round began. */
  #isDue = false;
  /** @type {Battery | null} */
  #battery = null;
  /** @type {Item[]} */
  #unwritten = [];

  /** @param {IndexFillerServices} services @param {import("./mail_index.js").MailIndex} index */
  constructor(services, index) {
    super();
    this.#services = services;
    this.#index = index;
    services.keys.addEventListener("change", () => (services.keys.unlocked ? this.#soon() : this.stop()));
    services.events.addEventListener("mail", () => this.#soon());
    void this.#watchBattery();
  }

  get isPaused() {
    try {
      return localStorage.getItem(PAUSED) !== null;
    } catch {
      // If the browser stores nothing, there is no index either.
      return false;
    }
  }

  pause() {
    localStorage.setItem(PAUSED, "yes");
    this.stop();
    this.#say("paused");
  }

  resume() {
    localStorage.removeItem(PAUSED);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#soon(0);
  }

  /** Ends the round. Messages that are not written are read again in the next round. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#round?.abort();
    this.#round = null;
    for (const { texts } of this.#unwritten.splice(0)) if (texts) overwrite(texts.text);
    this.#say("off");
  }

  /** Begins a round soon, or after the running round has ended. @param {number} [milliseconds] */
  #soon(milliseconds = START_MILLISECONDS) {
    if (this.#round) this.#isDue = true;
    if (this.#round || this.#timer !== undefined || !this.#services.keys.unlocked || !this.#index.isAllowed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#begin();
    }, milliseconds);
  }

  async #begin() {
    const isOpen = await this.#index.open().catch(() => null);
    if (!isOpen) return this.#say(isOpen === null ? "broken" : "off");
    if (this.isPaused) return this.#say("paused");
    if (this.#battery && !this.#battery.charging) return this.#say("power");
    if (this.#round) return;
    const round = new AbortController();
    this.#round = round;
    await navigator.locks.request(`${TURN} ${this.#services.address}`, { ifAvailable: true }, async (turn) => {
      // Without the turn, another tab fills the index.
      if (turn) await this.#run(round.signal);
    });
    if (this.#round !== round) return;
    this.#round = null;
    const isFailed = this.progress === "failed";
    if (isFailed || this.#isDue) this.#soon(isFailed ? AGAIN_MILLISECONDS : START_MILLISECONDS);
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    this.count = 0;
    this.#say("reading");
    this.#isDue = false;
    try {
      const folders = (await this.#services.api.folders()).filter(({ role }) => !LEFT_OUT.has(role ?? ""));
      for (const folder of folders) {
        if (this.#index.isFull) break;
        const mark = this.#index.markOf(folder.id);
        if (!(mark && (await this.#readChanges(folder, mark, signal)))) await this.#readFolder(folder, signal);
      }
      const present = new Set(folders.map(({ id }) => id));
      for (const folder of this.#index.folders) if (!present.has(folder)) await this.#index.add([], { folder, mark: null });
      signal.throwIfAborted();
      this.#say(this.#index.isFull ? "full" : "done");
    } catch (error) {
      if (signal.aborted) return;
      this.#say("failed");
      if (!(error instanceof ApiError || error instanceof VaultError)) throw error;
    }
  }

  /**
   * Reads the changes in a folder since it was read last.
   * @param {Folder} folder
   * @param {Mark} mark
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} false if the folder has to be read as a whole
   */
  async #readChanges({ id: folder }, { uidValidity, token }, signal) {
    if (token === null) return false;
    const changes = await this.#services.api.changes.since(folder, { uidValidity, token, from: 1, signal });
    if (!changes.whole || changes.uidValidity !== uidValidity) return false;
    await this.#readRows(folder, uidValidity, changes.messages, signal);
    const isGone = readUidSet(changes.vanished);
    await this.#write({ folder, mark: { uidValidity, token: changes.token }, present: (uid) => !isGone(uid) }, signal);
    return true;
  }

  /** @param {Folder} folder @param {AbortSignal} signal */
  async #readFolder({ id: folder }, signal) {
    const present = new Set();
    let page = await this.#services.api.arrivals(folder, { signal });
    const { uidValidity, token = null } = page;
    let least = Infinity;
    while (page.uidValidity === uidValidity) {
      // Only older messages count. Otherwise this loop would not end if a server always gave the same page.
      const rows = page.messages.filter(({ uid }) => uid < least);
      if (rows.length === 0) {
        // The index drops messages that are gone only after the whole folder was read.
        return this.#write({ folder, mark: { uidValidity, token }, present: (uid) => present.has(uid) }, signal);
      }
      for (const { uid } of rows) present.add(uid);
      least = rows.reduce((lowest, { uid }) => Math.min(lowest, uid), least);
      await this.#readRows(folder, uidValidity, rows, signal);
      if (this.#index.isFull) return;
      page = await this.#services.api.arrivals(folder, { before: { uidValidity, uid: least }, signal });
    }
  }

  /**
   * Reads those encrypted messages of some rows that the index does not have yet.
   * @param {string} folder
   * @param {number} uidValidity
   * @param {MessageSummary[]} rows
   * @param {AbortSignal} signal
   */
  async #readRows(folder, uidValidity, rows, signal) {
    const known = this.#index.known(folder, uidValidity);
    const unwritten = new Set(this.#unwritten.filter((item) => item.folder === folder).map(({ row }) => row.uid));
    const left = rows.filter(({ uid, protection, size }) =>
      protection === "sealed" && size <= MAX_READ_BYTES && !known.has(uid) && !unwritten.has(uid));
    while (left.length > 0) {
      const begun = performance.now();
      const some = left.splice(0, AT_ONCE);
      const fetched = await this.#fetch(folder, uidValidity, some, signal);
      const texts = await this.#readTexts(fetched.map(({ message }) => message));
      signal.throwIfAborted();
      this.#unwritten.push(...fetched.map(({ row }, index) => ({ folder, uidValidity, row, texts: texts[index] ?? null })));
      this.count += some.length;
      this.#say("reading");
      if (this.#unwritten.length >= WRITE_MESSAGES) await this.#write(null, signal);
      await rest(Math.min(performance.now() - begun, REST_MILLISECONDS));
      signal.throwIfAborted();
    }
  }

  /** @param {string} folder @param {number} uidValidity @param {MessageSummary[]} rows @param {AbortSignal} signal */
  async #fetch(folder, uidValidity, rows, signal) {
    const fetched = [];
    for (const row of rows) {
      const place = { folder, uidValidity, uid: row.uid };
      const message = await this.#services.api.rawMessage(place, { signal, maxBytes: MAX_READ_BYTES }).catch((error) => {
        // If a message is gone or too large, the other messages are still read.
        if (error instanceof ApiError && PASSED_OVER.has(error.code)) return null;
        throw error;
      });
      if (message) fetched.push({ row, message });
    }
    return fetched;
  }

  /**
   * The texts of messages. A message that is too much for the vault has no text, and the other texts are still read.
   * @param {ArrayBuffer[]} messages whose buffers are transferred to the vault
   * @returns {Promise<Texts[]>}
   */
  async #readTexts(messages) {
    if (messages.length === 0) return [];
    const copies = messages.length > 1 ? messages.map((message) => message.slice(0)) : messages;
    try {
      return await this.#services.mailVault.texts(copies);
    } catch (error) {
      if (!(error instanceof VaultError) || !OF_ONE_MESSAGE.has(error.code)) throw error;
      if (messages.length === 1) return [null];
      const texts = [];
      for (const message of messages) texts.push(...await this.#readTexts([message]));
      return texts;
    }
  }

  /** @param {Parameters<import("./mail_index.js").MailIndex["add"]>[1]} read @param {AbortSignal} signal */
  async #write(read, signal) {
    signal.throwIfAborted();
    await this.#index.add(this.#unwritten.splice(0), read);
  }

  async #watchBattery() {
    const battery = await /** @type {{getBattery?: () => Promise<Battery>}} */ (navigator).getBattery?.().catch(() => null);
    if (!battery) return;
    this.#battery = battery;
    battery.addEventListener("chargingchange", () => {
      if (battery.charging) return this.#soon();
      const wasReading = this.#round !== null;
      this.stop();
      if (wasReading) this.#say("power");
    });
  }

  /** @param {Progress} progress */
  #say(progress) {
    this.progress = progress;
    this.dispatchEvent(new Event("change"));
  }
}

/** The bridge's error codes for a message that is gone, or that the bridge does not give. */
const PASSED_OVER = new Set(["no-such-message", "answer-too-large", "mail-server-unreadable"]);

/** @param {number} milliseconds */
function rest(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
