/**
 * The requests that send a message, and the requests that ask what became of a message. A message is sent once under one
 * key, even if the connection fails.
 */
import { sameAddress } from "../../../wasm_build/ui/formats.js";
import { ApiError, JSON_TYPE, readAtMost } from "../../../wasm_build/vault/server/json_requests.js";
import { NOT_OFFERED } from "../account/account_requests.js";
import { readCopyChoice } from "../app/service_answers.js";

/** @typedef {import("../../../wasm_build/vault/server/json_requests.js").RequestOptions} RequestOptions */
/** @typedef {import("../app/service_answers.js").CopyWish} CopyWish */
/** @typedef {{outcome: "sent" | "perhaps", savedTo: string | null, copy: CopyWish}} Submission */

/** Errors after which the outcome of a request is unknown: the bridge did not answer, or failed during the request. */
export const UNKNOWN_OUTCOME = new Set(["unreachable", "server-error", "already-sending", "key-used"]);
/** Errors of a question about the outcome after which it stays unknown. */
const STILL_OPEN = new Set([
  ...UNKNOWN_OUTCOME, ...NOT_OFFERED, "try-later", "database-unavailable", "mail-server-busy", "mail-server-unreachable",
]);

/** A timestamp with its certificates has about 6,000 bytes. */
const MAX_TIMESTAMP_BYTES = 1_000_000;

/** A key for one message, of 122 random bits. */
export function newSendingKey() {
  return crypto.randomUUID().replaceAll("-", "");
}

/** @param {{outcome?: string, savedTo?: string | null, copy?: CopyWish}} answer @returns {Submission} */
function submissionFrom({ outcome, savedTo, copy = true }) {
  const isWish = typeof copy === "boolean" || Number.isSafeInteger(copy);
  return { outcome: outcome === "sent" ? "sent" : "perhaps", savedTo: typeof savedTo === "string" ? savedTo : null, copy: isWish ? copy : true };
}

export class SendingRequests {
  #json;
  #authorised;

  /**
   * @param {(path: string, options?: RequestOptions) => Promise<any>} json gives the answer's JSON
   * @param {(path: string, options?: RequestOptions) => Promise<Response>} authorised
   */
  constructor(json, authorised) {
    this.#json = json;
    this.#authorised = authorised;
  }

  /**
   * Sends a message. Rejects if no recipient got the message. If this is not certain, the error's `isOpen` is true. For
   * example, an upload may still be on its way. A second upload under the same key then sends nothing twice. Without a
   * confirmation the outcome is "perhaps".
   * @param {ArrayBuffer} message RFC 5322 bytes
   * @param {string[]} recipients
   * @param {string} key from `newSendingKey`; a message that was sent under this key is not sent again
   * @param {CopyWish | null} [copy] null to use the choice for all messages
   * @returns {Promise<Submission>} the outcome of an earlier request with this key, if there was one. So the caller uses a
   *   key for one version of a letter only, and withdraws the key before sending another version
   */
  async sendMessage(message, recipients, key, copy = null) {
    const body = new Blob([`${JSON.stringify({ key, recipients, ...(copy === null ? {} : { copy }) })}\n`, message]);
    const headers = { "Content-Type": "application/octet-stream" };
    try {
      return submissionFrom(await this.#json("/api/send", { method: "POST", body, headers }));
    } catch (error) {
      if (error instanceof ApiError && !UNKNOWN_OUTCOME.has(error.code)) throw about(error, recipients);
    }
    const outcome = await this.outcomeOf(key).catch((error) => {
      // Only a refusal says that nothing was sent. After another error, such as the end of the session, the outcome is unknown.
      if (!(error instanceof ApiError)) throw error;
      if (!["message-refused", "message-too-large"].includes(error.code)) error.isOpen = true;
      throw about(error, recipients);
    });
    if (outcome) return outcome;
    const error = new ApiError("unreachable", "the message did not arrive at the bridge");
    error.isOpen = true;
    throw error;
  }

  /**
   * The answer of the bridge's timestamp service. The vault checks it. The service learns a hash of the signature.
   * @param {ArrayBuffer} query a TimeStampReq (RFC 3161)
   */
  async timestamp(query) {
    const headers = { "Content-Type": "application/timestamp-query" };
    const answer = await this.#authorised("/api/timestamp", { method: "POST", body: query, headers }).catch((error) => {
      // Without a connection, the letter can be sent without a timestamp. It then waits in the outbox.
      throw error?.code === "unreachable" ? new ApiError("timestamp-failed", error.message) : error;
    });
    return readAtMost(answer, MAX_TIMESTAMP_BYTES);
  }

  /**
   * Withdraws a key, before the changed letter is sent under another key. Returns the outcome of the message with this key.
   * Null means that no recipient got the message, and none will, although the upload may still be on its way.
   * @param {string} key @returns {Promise<Submission | null>}
   */
  async withdraw(key) {
    try {
      const answer = await this.#json(`/api/send/${key}`, { method: "DELETE" });
      return answer.outcome === "withdrawn" ? null : submissionFrom(answer);
    } catch (error) {
      if (error instanceof ApiError && NOT_OFFERED.has(error.code)) return this.outcomeOf(key);
      throw error;
    }
  }

  /**
   * Returns the outcome of the message with this key, or null if nothing of it was sent.
   * @param {string} key @returns {Promise<Submission | null>}
   */
  outcomeOf(key) {
    return this.#outcome(`/api/send/${key}`);
  }

  /**
   * Returns the outcome as `outcomeOf` does. If it is unknown, the bridge first looks into the folder for sent mail.
   * @param {string} key @returns {Promise<Submission | null>}
   */
  lookForCopy(key) {
    return this.#outcome(`/api/send/${key}/look`, { method: "POST" });
  }

  /** @param {string} path @param {RequestOptions} [options] @returns {Promise<Submission | null>} */
  async #outcome(path, options) {
    try {
      const answer = await this.#json(path, options);
      return answer.outcome === "unknown" ? null : submissionFrom(answer);
    } catch (error) {
      if (error instanceof ApiError && !STILL_OPEN.has(error.code)) throw error;
      return { outcome: "perhaps", savedTo: null, copy: true };
    }
  }

  /** The choice for the copies of all messages. @returns {Promise<CopyWish>} */
  async copyChoice() {
    return readCopyChoice(await this.#json("/api/copies"));
  }

  /** @param {CopyWish} copy rejects with `not-offered` if the mail server cannot delete copies after days */
  async chooseCopy(copy) {
    await this.#authorised("/api/copies", { method: "PUT", body: JSON.stringify({ copy }), headers: JSON_TYPE });
  }
}

/** The error, with only the recipients of this message among the refused addresses. @param {ApiError} error @param {string[]} recipients */
function about(error, recipients) {
  error.refused = error.refused.filter(({ address }) => recipients.some((recipient) => sameAddress(recipient, address)));
  return error;
}
