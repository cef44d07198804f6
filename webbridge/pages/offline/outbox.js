/**
 * The outbox: letters that the person sent without a connection, and that wait for a connection.
 *
 * Each letter is kept complete and encrypted: the finished messages, and the words in case the person changes the
 * letter. Each finished message has a key, and the bridge sends only one message for a key. So a repeated request sends
 * nothing twice. The bridge keeps a key for a day. If the first request was longer ago, by a clock that may have
 * jumped, the message is not sent again before the person agrees.
 */

import { base64FromBytes, bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { ApiError } from "../app/api.js";
import { newSendingKey } from "../writing/sending_requests.js";

/** @typedef {import("../app/service_answers.js").CopyWish} CopyWish */
/** @typedef {import("../writing/sending_requests.js").SendingRequests} SendingRequests */
/** @typedef {import("../writing/sending_requests.js").Submission} Submission */
/** @typedef {import("./kept_mail.js").KeptMail} KeptMail */
/** @typedef {import("./mail_source.js").MailSource} MailSource */
/**
 * A finished message: `tried` is the time of the first request that may have reached the bridge; 0 for none.
 * @typedef {{message: string, recipients: string[], key: string, wish: CopyWish | null, tried: number, isSent: boolean}} WaitingCopy
 */
/**
 * `held`: the person is changing the letter; `refused`: the mail server refused the letter; `unknown`: the letter was
 * perhaps sent.
 * @typedef {"waiting" | "held" | "refused" | "unknown"} LetterState
 */
/** @typedef {import("../writing/views/writing_view.js").Proposal} Proposal */
/** @typedef {import("../../../wasm_build/ui/formats.js").Mailbox} Mailbox */
/**
 * The words of a letter. An earlier version of the pages kept the people as texts of a header field.
 * @typedef {Omit<Proposal, "attachments" | "to" | "cc" | "bcc"> & {
 *   to: (string | Mailbox)[], cc?: (string | Mailbox)[], bcc?: (string | Mailbox)[],
 *   statements?: import("../writing/statements.js").Statements,
 * }} KeptWords
 */
/** @typedef {KeptWords & {outboxId: string, attachments: import("../keys/mail_vault.js").Attachment[]}} Held */
/** @typedef {KeptWords & {files: {name: string, type: string, data: string}[]}} Words attachments in base64 */
/**
 * `isPart` is true while copies of the letter are still missing here, such as the copy for people in Bcc. The state is
 * `held` then, also if the page ends meanwhile.
 * @typedef {{
 *   id: string, turn: number, state: LetterState, problem: string, copies: WaitingCopy[], words: Words, isPart?: boolean,
 * }} Letter
 */
/**
 * The outcome of a copy. `problem` is the code of a refusal.
 * @typedef {{outcome: "sent" | "unknown" | "refused", problem?: string}} Fate
 */

/** The bridge keeps a key for a day. Half of that time is used, because the clock may have been wrong at the first try. */
const REMEMBERED_MILLISECONDS = 12 * 60 * 60 * 1000;
/** The wait before the next try, after a failure that may pass. */
const AGAIN_MILLISECONDS = 30_000;
/**
 * The longest wait for an answer, in milliseconds: a minute, and the time for the upload at 10 kB a second.
 * @param {number} size in bytes
 */
const patienceFor = (size) => 60_000 + size / 10;
/** The first part of the name of the lock for sending. The account follows, so that only one tab of an account sends. */
const TURN = "sealwax-outbox";
/** Errors after which the same request is repeated later. If the message was sent already, its key prevents a second sending. */
const LATER = new Set([
  "locked", "unreachable", "session-ended", "server-error", "already-sending", "try-later", "database-unavailable", "mail-server-busy",
  "mail-server-unreachable",
]);

/** Dispatches "change", and "sent" when a letter has left. */
export class Outbox extends EventTarget {
  #sending;
  #kept;
  #source;
  #patienceFor;
  /** @type {Letter[]} */
  #letters = [];
  #state = "";
  #timer = 0;

  /**
   * @param {SendingRequests} sending
   * @param {KeptMail} kept
   * @param {MailSource} source
   * @param {{patienceFor: (size: number) => number}} [limits] `patienceFor` gives the longest wait for an answer in
   *   milliseconds
   */
  constructor(sending, kept, source, limits = { patienceFor }) {
    super();
    this.#patienceFor = limits.patienceFor;
    this.#sending = sending;
    this.#kept = kept;
    this.#source = source;
    kept.addEventListener("change", () => void this.#follow());
    source.addEventListener("back", () => void this.send());
  }

  /** The letters, the oldest first. */
  get letters() {
    return this.#letters;
  }

  /**
   * Whether a letter that is sent now has to wait here. Asks the bridge, unless the bridge is known to be out of reach.
   * @returns {Promise<boolean>}
   */
  async isNeeded() {
    return (await this.#kept.open().catch(() => false)) && !(await this.#source.reaches());
  }

  /**
   * Keeps a copy of a letter. The letter waits once its last copy is here. Rejects with `storage-full` or
   * `storage-refused`; the letter then stays where it was written.
   * @param {string} id @param {Words} words
   * @param {{message: ArrayBuffer, recipients: string[], key: string, wish: CopyWish | null, isLast: boolean}} copy
   */
  add(id, words, { message, recipients, key, wish, isLast }) {
    return this.#inTurn(async () => {
      const before = this.#find(id);
      const turn = before?.turn ?? this.#letters.reduce((latest, letter) => Math.max(latest, letter.turn), 0) + 1;
      const copies = [
        ...(before?.copies ?? []).filter((copy) => copy.key !== key),
        { message: base64FromBytes(message), recipients, key, wish, tried: 0, isSent: false },
      ];
      await this.#keep({ id, turn, state: isLast ? "waiting" : "held", problem: "", copies, words, isPart: !isLast });
    });
  }

  /** Whether a letter may be changed: nobody has got it, and no request with it can be on its way. @param {Letter} letter */
  mayChange({ state, copies }) {
    return state !== "unknown" && copies.every(({ tried, isSent }) => !isSent && tried === 0);
  }

  /** Whether all copies of a letter are here, so that it may be sent. @param {Letter} letter */
  isWhole({ isPart = false }) {
    return !isPart;
  }

  /** Keeps a letter back while the person changes it. @param {string} id @returns {Promise<Held | null>} */
  hold(id) {
    return this.#inTurn(async () => {
      const letter = this.#find(id);
      if (!letter || !this.mayChange(letter)) return null;
      await this.#keep({ ...letter, state: "held" });
      const { files, ...words } = letter.words;
      return { ...words, outboxId: id, attachments: files.map((file) => ({ ...file, data: bytesFromBase64(file.data) })) };
    });
  }

  /**
   * Sends a letter that was kept back, refused or perhaps sent, because the person has agreed. The agreement does not cover
   * what another tab has done with the letter since the person saw it.
   * @param {Letter} seen the letter as the person saw it
   */
  async release(seen) {
    await this.#inTurn(async () => {
      const letter = this.#find(seen.id);
      if (!letter || !isAsSeen(letter, seen) || !this.isWhole(letter)) return;
      // Each copy gets a new key, because the bridge would only repeat its answer for the old key.
      const copies = letter.copies.map((copy) => (copy.isSent ? copy : { ...copy, key: newSendingKey(), tried: 0 }));
      await this.#keep({ ...letter, state: "waiting", problem: "", copies });
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

  /** Sends the letters that wait, the oldest first, until a failure that may pass. */
  async send() {
    clearTimeout(this.#timer);
    if (this.#source.isAway || !this.#hasWaiting) return;
    await navigator.locks.request(this.#turn, { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      await this.refresh();
      for (const { id } of this.#letters.filter(({ state }) => state === "waiting")) {
        // If the keys were locked or the storage is full, the letter stays as it was kept before the request.
        if (!(await this.#sendLetter(id).catch(() => false))) break;
      }
    });
    if (this.#hasWaiting) this.#timer = window.setTimeout(() => void this.send(), AGAIN_MILLISECONDS);
  }

  get #turn() {
    return `${TURN} ${this.#kept.address}`;
  }

  get #hasWaiting() {
    return this.#letters.some(({ state }) => state === "waiting");
  }

  /** @param {string} id @returns {Promise<boolean>} whether the next letter may be sent */
  async #sendLetter(id) {
    for (let index = 0; ; index += 1) {
      const letter = this.#find(id);
      const copy = letter?.copies[index];
      if (!letter || letter.state !== "waiting") return true;
      if (!copy) break;
      if (copy.isSent) continue;
      try {
        const { outcome, problem = "" } = await this.#sendCopy(letter, copy);
        if (outcome === "sent") {
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
    this.dispatchEvent(new Event("sent"));
    return true;
  }

  /** @param {Letter} letter @param {WaitingCopy} copy @returns {Promise<Fate>} */
  async #sendCopy(letter, copy) {
    const now = Date.now();
    const age = now - copy.tried;
    const isForgotten = copy.tried !== 0 && (age < 0 || age > REMEMBERED_MILLISECONDS);
    if (!isForgotten) {
      // The time is noted before the request, because the page may be closed before the answer.
      if (copy.tried === 0) await this.#keep(withCopy(this.#now(letter), copy, { tried: now }));
      const fate = await this.#request(copy);
      if (fate.outcome !== "unknown") return fate;
    }
    // If the bridge did not answer, the same request is repeated later. The outcome does not count as unknown yet.
    if (!(await this.#source.reaches())) throw new ApiError("unreachable", "the bridge was lost during the request");
    return { outcome: (await this.#look(copy)) ? "sent" : "unknown" };
  }

  /** @param {WaitingCopy} copy the copy as it was before this request @returns {Promise<Fate>} */
  async #request({ message, recipients, key, wish, tried }) {
    try {
      const octets = bytesFromBase64(message);
      const { outcome } = await answerWithin(
        this.#patienceFor(octets.byteLength), this.#sending.sendMessage(octets, recipients, key, wish),
      );
      return { outcome: outcome === "sent" ? "sent" : "unknown" };
    } catch (error) {
      if (!(error instanceof ApiError) || error.isOpen || LATER.has(error.code)) throw error;
      const refused = { outcome: /** @type {const} */ ("refused"), problem: error.code };
      // An earlier request with this key may have sent the message. Only the error `message-refused` excludes that.
      if (tried === 0 || error.code === "message-refused") return refused;
      const earlier = await answerWithin(this.#patienceFor(0), this.#sending.withdraw(key));
      if (earlier === null) return refused;
      return { outcome: earlier.outcome === "sent" ? "sent" : "unknown" };
    }
  }

  /** @param {WaitingCopy} copy */
  async #look({ key }) {
    return (await answerWithin(this.#patienceFor(0), this.#sending.lookForCopy(key)))?.outcome === "sent";
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
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} id */
  async #remove(id) {
    await this.#kept.removeLetter(id);
    this.#letters = this.#letters.filter((letter) => letter.id !== id);
    this.dispatchEvent(new Event("change"));
  }

  /** Reads the letters and sends them when the kept mail opens. Drops them when it closes. */
  async #follow() {
    if (this.#state === this.#kept.state) return;
    this.#state = this.#kept.state;
    await this.refresh();
    void this.send();
  }

  async #read() {
    const before = this.#letters.length;
    this.#letters = this.#kept.state === "open" ? inOrder(/** @type {Letter[]} */ (await this.#kept.readLetters())) : [];
    if (this.#letters.length + before > 0) this.dispatchEvent(new Event("change"));
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

/** The sending of one letter, through the bridge or through the outbox. */
export class LetterPost {
  #outbox;
  #sending;
  #words;
  #id = crypto.randomUUID();
  /** Whether the letter was put into the outbox. */
  waits = false;

  /** @param {SendingRequests} sending @param {Outbox} outbox @param {() => Words} words */
  constructor(sending, outbox, words) {
    this.#sending = sending;
    this.#outbox = outbox;
    this.#words = words;
  }

  /** Sends a copy, or puts it into the outbox. @type {import("../writing/letter_sending.js").Poster["sendMessage"]} */
  async sendMessage(message, recipients, key, wish = null, isLast = true) {
    // If one copy of the letter is in the outbox, its other copies go there too.
    if (!this.waits && !(await this.#outbox.isNeeded())) return this.#sending.sendMessage(message, recipients, key, wish);
    await this.#outbox.add(this.#id, this.#words(), { message, recipients, key, wish, isLast });
    this.waits = true;
    return { outcome: "sent", savedTo: null, copy: false };
  }

  /** @type {SendingRequests["timestamp"]} */
  timestamp(query) {
    return this.#sending.timestamp(query);
  }

  /** @type {SendingRequests["withdraw"]} */
  withdraw(key) {
    return this.#sending.withdraw(key);
  }

  /** @type {SendingRequests["lookForCopy"]} */
  lookForCopy(key) {
    return this.#sending.lookForCopy(key);
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

/**
 * The answer to a request. Rejects with `unreachable` if no answer comes in time, because a bridge that never answers
 * would hold up the other letters. The request may still arrive at the bridge, so it is repeated under the same key.
 * @template T
 * @param {number} milliseconds
 * @param {Promise<T>} answer
 * @returns {Promise<T>}
 */
async function answerWithin(milliseconds, answer) {
  let timer = 0;
  const late = new Promise((_, reject) => {
    timer = window.setTimeout(() => reject(new ApiError("unreachable", "the bridge does not answer")), milliseconds);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
