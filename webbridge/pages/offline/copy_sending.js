/**
 * The sending of one finished message of a waiting letter. A repeated request sends nothing twice, because each message
 * has a key at the bridge.
 */

import { bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../writing/sending_requests.js").SendingRequests} SendingRequests */
/** @typedef {import("../writing/sending_requests.js").Submission} Submission */
/** @typedef {import("./letter_rows.js").WaitingCopy} WaitingCopy */
/** @typedef {import("./mail_source.js").MailSource} MailSource */
/**
 * The outcome of a copy. `problem` is the code of a refusal, `submission` the answer about a message that was sent.
 * @typedef {{outcome: "sent" | "unknown" | "refused", problem?: string, submission?: Submission}} Fate
 */

/** The bridge keeps a key for a day. Half of that time is used, because the clock may have been wrong at the first try. */
const REMEMBERED_MILLISECONDS = 12 * 60 * 60 * 1000;
/** Errors after which the same request is repeated later. If the message was sent already, its key prevents a second sending. */
export const LATER = new Set([
  "locked", "unreachable", "session-ended", "server-error", "already-sending", "try-later", "database-unavailable", "mail-server-busy",
  "mail-server-unreachable",
]);

/**
 * The longest wait for an answer, in milliseconds: a minute, and the time for the upload at 10 kB a second.
 * @param {number} size in bytes
 */
export const patienceFor = (size) => 60_000 + size / 10;

export class CopySending {
  #sending;
  #source;
  #patienceFor;

  /** @param {SendingRequests} sending @param {MailSource} source @param {(size: number) => number} patience */
  constructor(sending, source, patience) {
    this.#sending = sending;
    this.#source = source;
    this.#patienceFor = patience;
  }

  /**
   * @param {WaitingCopy} copy
   * @param {(now: number) => Promise<void>} noteTry keeps the time of the first request
   * @returns {Promise<Fate>}
   */
  async send(copy, noteTry) {
    const now = Date.now();
    const age = now - copy.tried;
    const isForgotten = copy.tried !== 0 && (age < 0 || age > REMEMBERED_MILLISECONDS);
    if (!isForgotten) {
      // The time is noted before the request, because the page may be closed before the answer.
      if (copy.tried === 0) await noteTry(now);
      const fate = await this.#request(copy);
      if (fate.outcome !== "unknown") return fate;
    }
    // If the bridge did not answer, the same request is repeated later. The outcome does not count as unknown yet.
    if (!(await this.#source.reaches())) throw new ApiError("unreachable", "the bridge was lost during the request");
    return fateOf(await answerWithin(this.#patienceFor(0), this.#sending.lookForCopy(copy.key)));
  }

  /** @param {WaitingCopy} copy the copy as it was before this request @returns {Promise<Fate>} */
  async #request({ message, recipients, key, wish, tried }) {
    try {
      const octets = bytesFromBase64(message);
      return fateOf(await answerWithin(
        this.#patienceFor(octets.byteLength), this.#sending.sendMessage(octets, recipients, key, wish),
      ));
    } catch (error) {
      if (!(error instanceof ApiError) || error.isOpen || LATER.has(error.code)) throw error;
      const refused = { outcome: /** @type {const} */ ("refused"), problem: error.code };
      // An earlier request with this key may have sent the message. Only the error `message-refused` excludes that.
      if (tried === 0 || error.code === "message-refused") return refused;
      const earlier = await answerWithin(this.#patienceFor(0), this.#sending.withdraw(key));
      return earlier === null ? refused : fateOf(earlier);
    }
  }
}

/** @param {Submission | null} submission @returns {Fate} */
function fateOf(submission) {
  return submission?.outcome === "sent" ? { outcome: "sent", submission } : { outcome: "unknown" };
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
