/**
 * The outbox: letters that wait on this device, for a connection or for their time. A letter may wait for the seconds in
 * which the person can take it back, or for a time that the person has chosen.
 *
 * Each letter is kept complete and encrypted: the finished messages, and the words in case the person changes the
 * letter. Each finished message has a key, and the bridge sends only one message for a key. So a repeated request sends
 * nothing twice. The bridge keeps a key for a day. If the first request was longer ago, by a clock that may have
 * jumped, the message is not sent again before the person agrees.
 *
 * All tabs of an account share the letters. A lock lets only one of them send or change letters at a time, so a letter is
 * either sent or taken back.
 */

import { base64FromBytes, bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { ApiError } from "../app/api.js";
import { newSendingKey } from "../writing/sending_requests.js";
import { CopySending, LATER, patienceFor } from "./copy_sending.js";
import { beginWait, isDue, nextLook } from "./due_times.js";
import { readLetter } from "./letter_rows.js";

/** @typedef {import("../app/service_answers.js").CopyWish} CopyWish */
/** @typedef {import("../writing/sending_requests.js").SendingRequests} SendingRequests */
/** @typedef {import("../writing/sending_requests.js").Submission} Submission */
/** @typedef {import("./waiting_letters.js").WaitingLetters} WaitingLetters */
/** @typedef {import("./mail_source.js").MailSource} MailSource */
/** @typedef {import("./due_times.js").Delay} Delay */
/** @typedef {import("./letter_rows.js").Letter} Letter */
/** @typedef {import("./letter_rows.js").WaitingCopy} WaitingCopy */
/** @typedef {import("./letter_rows.js").Words} Words */
/** @typedef {import("./letter_rows.js").KeptWords & {outboxId: string, attachments: import("../keys/mail_vault.js").Attachment[]}} Held */

/** The wait before the next try, after a failure that may pass. */
const AGAIN_MILLISECONDS = 30_000;
/** The first part of the name of the lock for sending. The account follows, so that only one tab of an account sends. */
const TURN = "sealwax-outbox";

/** The event when a letter has left. `submission` is the answer about its last copy; null if an earlier page got it. */
export class LetterSentEvent extends Event {
  /** @param {string} id @param {Submission | null} submission */
  constructor(id, submission) {
    super("sent");
    this.id = id;
    this.submission = submission;
  }
}

/** Dispatches "change", and "sent" when a letter has left. */
export class Outbox extends EventTarget {
  #copies;
  #kept;
  #source;
  #otherTabs = new BroadcastChannel(TURN);
  /** @type {Letter[]} */
  #letters = [];
  #state = "";
  #timer = 0;
  /** The number of letters that wait while the keys are locked. */
  lockedCount = 0;

  /**
   * @param {SendingRequests} sending
   * @param {WaitingLetters} kept
   * @param {MailSource} source
   * @param {{patienceFor: (size: number) => number}} [limits] `patienceFor` gives the longest wait for an answer in
   *   milliseconds
   */
  constructor(sending, kept, source, limits = { patienceFor }) {
    super();
    this.#copies = new CopySending(sending, source, limits.patienceFor);
    this.#kept = kept;
    this.#source = source;
    kept.addEventListener("change", () => void this.#follow());
    source.addEventListener("back", () => void this.send());
    this.#otherTabs.addEventListener("message", ({ data }) => { if (data.account === this.#kept.address) void this.#hear(data); });
    // Timers do not run while a computer sleeps.
    document.addEventListener("visibilitychange", () => void this.send());
  }

  /** The letters, the oldest first. */
  get letters() {
    return this.#letters;
  }

  /**
   * Whether a letter that is sent now has to wait here. Asks the bridge, unless the bridge is known to be out of reach.
   * @returns {Promise<boolean>}
   */
  isNeeded() {
    return this.#source.isLost();
  }

  /** Whether a letter can wait here. */
  canKeep() {
    return this.#kept.canKeep();
  }

  /**
   * Keeps a copy of a letter. The letter waits once its last copy is here. Rejects with `storage-full` or
   * `storage-refused`; the letter then stays where it was written.
   * @param {string} id @param {Words} words
   * @param {{
   *   message: ArrayBuffer, recipients: string[], key: string, wish?: CopyWish | null, isLast: boolean,
   *   delay?: Delay | null,
   * }} copy the wait of `delay` begins when all copies are here
   */
  async add(id, words, { message, recipients, key, wish = null, isLast, delay = null }) {
    await this.#inTurn(async () => {
      const before = this.#find(id);
      const turn = before?.turn ?? this.#letters.reduce((latest, letter) => Math.max(latest, letter.turn), 0) + 1;
      const copies = [
        ...(before?.copies ?? []).filter((copy) => copy.key !== key),
        { message: base64FromBytes(message), recipients, key, wish, tried: 0, isSent: false },
      ];
      const state = isLast ? "waiting" : "held";
      await this.#keep({ id, turn, state, problem: "", copies, words, isPart: !isLast, wait: delay && beginWait(delay, Date.now()) });
    });
    this.#plan();
  }

  /** Whether a letter may be changed: nobody has got it, and no request with it can be on its way. @param {Letter} letter */
  mayChange({ state, copies }) {
    return state !== "unknown" && copies.every(({ tried, isSent }) => !isSent && tried === 0);
  }

  /** Whether all copies of a letter are here, so that it may be sent. @param {Letter} letter */
  isWhole({ isPart = false }) {
    return !isPart;
  }

  /**
   * Keeps a letter back while the person changes it.
   * @param {string} id @returns {Promise<Held | null>} null if somebody has got the letter, or may have got it
   */
  hold(id) {
    return this.#inTurn(async () => {
      const letter = this.#find(id);
      if (!letter || !this.mayChange(letter)) return null;
      await this.#keep({ ...letter, state: "held" });
      const { files, ...words } = letter.words;
      const sendAt = letter.wait?.kind === "later" ? letter.wait.until : undefined;
      return { ...words, sendAt, outboxId: id, attachments: files.map((file) => ({ ...file, data: bytesFromBase64(file.data) })) };
    });
  }

  /**
   * Sends a letter now that was kept back, refused or perhaps sent, or that waits for its time, because the person has
   * agreed. The agreement does not cover what another tab has done with the letter since the person saw it.
   * @param {Letter} seen the letter as the person saw it
   */
  async release(seen) {
    await this.#inTurn(async () => {
      const letter = this.#find(seen.id);
      if (!letter || !isAsSeen(letter, seen) || !this.isWhole(letter)) return;
      // Each copy gets a new key, because the bridge would only repeat its answer for the old key.
      const copies = letter.copies.map((copy) => (copy.isSent ? copy : { ...copy, key: newSendingKey(), tried: 0 }));
      await this.#keep({ ...letter, state: "waiting", problem: "", copies, wait: null });
    });
    await this.send();
  }

  /** @param {string} id */
  remove(id) {
    return this.#inTurn(() => this.#remove(id));
  }

  /** Reads the letters again, because other tabs may have changed them. */
  async refresh() {
    await this.#read().catch(() => undefined);
  }

  /** Sends the letters that are due, the oldest first, until a failure that may pass. */
  async send() {
    if (!this.#source.isAway && this.#due.length > 0) {
      await navigator.locks.request(this.#turn, { ifAvailable: true }, (lock) => (lock ? this.#sendDue() : undefined));
    }
    this.#plan();
  }

  get #turn() {
    return `${TURN} ${this.#kept.address}`;
  }

  /** The letters that wait, and whose time has come. */
  get #due() {
    const now = Date.now();
    return this.#letters.filter(({ state, wait = null }) => state === "waiting" && isDue(wait, now));
  }

  async #sendDue() {
    await this.refresh();
    for (const { id } of this.#due) {
      // If the keys were locked or the storage is full, the letter stays as it was kept before the request.
      if (!(await this.#sendLetter(id).catch(() => false))) return;
    }
  }

  /** Looks at the clock again when the next letter may be due. */
  #plan() {
    clearTimeout(this.#timer);
    const waits = this.#letters.filter(({ state }) => state === "waiting").map(({ wait = null }) => wait);
    const milliseconds = Math.min(nextLook(waits, Date.now()) ?? Infinity, this.#due.length > 0 ? AGAIN_MILLISECONDS : Infinity);
    if (milliseconds < Infinity) this.#timer = window.setTimeout(() => void this.send(), milliseconds);
  }

  /** @param {string} id @returns {Promise<boolean>} whether the next letter may be sent */
  async #sendLetter(id) {
    /** @type {Submission | null} */
    let last = null;
    for (let index = 0; ; index += 1) {
      const letter = this.#find(id);
      const copy = letter?.copies[index];
      if (!letter || letter.state !== "waiting") return true;
      if (!copy) break;
      if (copy.isSent) continue;
      try {
        const noteTry = (/** @type {number} */ tried) => this.#keep(withCopy(this.#now(letter), copy, { tried }));
        const { outcome, problem = "", submission = null } = await this.#copies.send(copy, noteTry);
        if (outcome === "sent") {
          last = submission;
          await this.#keep(withCopy(this.#now(letter), copy, { isSent: true }));
          continue;
        }
        // A refused copy reached nobody. Without the time of a try, the letter may be changed again.
        const settled = outcome === "refused" ? withCopy(this.#now(letter), copy, { tried: 0 }) : this.#now(letter);
        await this.#keep({ ...settled, state: outcome, problem });
        return true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (LATER.has(error.code)) return false;
        // The request for the outcome has failed, so nobody knows whether the letter was sent.
        await this.#keep({ ...this.#now(letter), state: "unknown" });
        return true;
      }
    }
    await this.#remove(id);
    this.dispatchEvent(new LetterSentEvent(id, last));
    this.#tell({ id, submission: last });
    return true;
  }

  /** @param {string} id */
  #find(id) {
    return this.#letters.find((letter) => letter.id === id);
  }

  /** The latest state of a letter. @param {Letter} letter */
  #now(letter) {
    return this.#find(letter.id) ?? letter;
  }

  /** @param {Letter} letter */
  async #keep(letter) {
    const { id, ...rest } = letter;
    await this.#kept.keepLetter(id, rest);
    this.#letters = inOrder([...this.#letters.filter((other) => other.id !== id), letter]);
    this.#changed();
  }

  /** @param {string} id */
  async #remove(id) {
    await this.#kept.removeLetter(id);
    this.#letters = this.#letters.filter((letter) => letter.id !== id);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
    this.#tell(null);
  }

  /** Informs the other tabs of a change. @param {{id: string, submission: Submission | null} | null} sent a letter that has left */
  #tell(sent) {
    this.#otherTabs.postMessage({ account: this.#kept.address, sent });
  }

  /** Reads what another tab has changed. @param {{sent: {id: string, submission: Submission | null} | null}} message */
  async #hear({ sent }) {
    await this.refresh();
    this.#plan();
    if (sent) this.dispatchEvent(new LetterSentEvent(sent.id, sent.submission));
  }

  /** Reads the letters and sends them when the keys are unlocked. Drops them at a lock. */
  async #follow() {
    const state = `${this.#kept.state} ${this.#kept.address}`;
    if (this.#state === state) return;
    this.#state = state;
    // No words of a letter stay in a locked page.
    if (this.#kept.state !== "open") this.#letters = [];
    await this.refresh();
    void this.send();
  }

  async #read() {
    const before = this.#letters.length + this.lockedCount;
    const isOpen = this.#kept.state === "open";
    const letters = isOpen ? (await this.#kept.readLetters()).map(readLetter).filter((letter) => letter !== null) : [];
    this.lockedCount = isOpen ? 0 : await this.#kept.count();
    this.#letters = inOrder(letters);
    if (this.#letters.length + this.lockedCount + before > 0) this.dispatchEvent(new Event("change"));
  }

  /**
   * Acts on the letters as they are now, while no tab sends.
   * @template T
   * @param {() => Promise<T>} act
   * @returns {Promise<T>}
   */
  async #inTurn(act) {
    return navigator.locks.request(this.#turn, async () => {
      await this.#read();
      return act();
    });
  }
}

/** Whether nobody has done anything with a letter since the person saw it. @param {Letter} letter @param {Letter} seen */
function isAsSeen(letter, seen) {
  const factsOf = (/** @type {Letter} */ { state, copies }) => JSON.stringify([state, copies.map(({ key, tried, isSent }) => [key, tried, isSent])]);
  return factsOf(letter) === factsOf(seen);
}

/** @param {Letter} letter @param {WaitingCopy} copy @param {Partial<WaitingCopy>} change @returns {Letter} */
function withCopy(letter, { key }, change) {
  return { ...letter, copies: letter.copies.map((copy) => (copy.key === key ? { ...copy, ...change } : copy)) };
}

/** @param {Letter[]} letters */
function inOrder(letters) {
  return letters.sort((one, other) => one.turn - other.turn);
}
