/** The sending of one letter that is being written: through the bridge at once, or through the outbox. */

import { ApiError } from "../app/api.js";

/** @typedef {import("../writing/sending_requests.js").SendingRequests} SendingRequests */
/** @typedef {import("../writing/letter_sending.js").Poster} Poster */
/** @typedef {Parameters<Poster["sendMessage"]>} PostedCopy */
/** @typedef {import("./due_times.js").Delay} Delay */

export class LetterPost {
  #outbox;
  #sending;
  #words;
  #isKept = false;
  /** The name of the letter in the outbox. */
  id = crypto.randomUUID();
  /** How long the letter waits in the outbox; null if it is sent as soon as possible. @type {Delay | null} */
  delay = null;

  /** @param {SendingRequests} sending @param {import("./outbox.js").Outbox} outbox @param {() => import("./letter_rows.js").Words} words */
  constructor(sending, outbox, words) {
    this.#sending = sending;
    this.#outbox = outbox;
    this.#words = words;
  }

  /** Whether the letter was put into the outbox. */
  get waits() {
    return this.#isKept;
  }

  /** Sends a copy, or puts it into the outbox. @type {Poster["sendMessage"]} */
  async sendMessage(...copy) {
    // If one copy of the letter is in the outbox, its other copies go there too.
    if (this.#isKept || this.delay?.kind === "later") return this.#keep(copy);
    if (await this.#outbox.isNeeded()) {
      this.delay = null;
      return this.#keep(copy);
    }
    if (this.delay === null || !(await this.#outbox.canKeep())) return this.#send(copy);
    return this.#keep(copy).catch((error) => {
      if (error instanceof ApiError) return this.#send(copy);
      throw error;
    });
  }

  /** Sends a copy at once, also if the letter cannot be kept for *Undo*. @param {PostedCopy} copy */
  #send([message, recipients, key, wish]) {
    this.delay = null;
    return this.#sending.sendMessage(message, recipients, key, wish);
  }

  /** @param {PostedCopy} copy @returns {Promise<import("../writing/sending_requests.js").Submission>} */
  async #keep([message, recipients, key, wish, isLast = true]) {
    await this.#outbox.add(this.id, this.#words(), { message, recipients, key, wish, isLast, delay: this.delay });
    this.#isKept = true;
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
