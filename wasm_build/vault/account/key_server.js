/** The requests to the key server. */

import { ApiError, JSON_TYPE, readAtMost, request } from "../server/json_requests.js";

/** The version of the protocol. */
const PROTOCOL = 2;
/** The same limit as in the command (`sealwax.http_client`). */
const MAX_ANSWER_BYTES = 8_388_608;
/** The time for an answer. The server answers each request at once. The bodies of the largest requests, with all keys, take longer on a slow line. */
const ANSWER_MILLISECONDS = 30_000;
const SLOWEST_BYTES_PER_MILLISECOND = 30;
/** @typedef {import("../types/account.js").SignedCall} SignedCall */
/**
 * A reset can be finished from `ready` to `ends`, with the record after `version`. The times are in seconds since 1970.
 * @typedef {{started: number, ready: number, ends: number, version: number}} Reset
 */

/** The client of the key server, which keeps encrypted keys and never learns a passphrase. */
export class KeyServer {
  #finder;
  /** The addresses at which the server may answer, in the order in which they are tried. @type {string[]} */
  #addresses;

  /**
   * @param {string} origin the name of the server to which accounts belong; also its address until another is known
   * @param {{find(server: string): Promise<string[]>} | null} [finder] finds the server's addresses when the server does not answer
   */
  constructor(origin, finder = null) {
    this.origin = origin;
    this.#finder = finder;
    this.#addresses = [origin];
  }

  /** @param {string} user @returns {Promise<any>} the parameters of an account; every key server answers such a request */
  async parameters(user) {
    return objectOf(await this.termsOf(user));
  }

  /**
   * The answer with which a login begins.
   * @param {string} user @param {boolean} fromBefore true for the account as it was before a reset
   */
  termsOf(user, fromBefore = false) {
    return this.#post(fromBefore ? "/reset/parameters" : "/parameters", { user });
  }

  /** Sends a call. @param {SignedCall} call @returns {Promise<ArrayBuffer>} the body of the answer */
  send({ method, path, condition, authorization, body }) {
    return this.#request(path, {
      method,
      headers: {
        ...(body.byteLength && JSON_TYPE), ...(authorization && { Authorization: authorization }), ...(condition && { "If-Match": condition }),
      },
      ...(body.byteLength && { body }),
    });
  }

  /**
   * Starts a reset of the account, or continues a started reset.
   * @param {string} user @param {string} ticket of the bridge @returns {Promise<Reset>}
   */
  async startReset(user, ticket) {
    return objectOf(await this.#post("/reset", { user, ticket }));
  }

  /**
   * The running reset; null if there is none.
   * @param {string} user @param {string} ticket of the bridge @returns {Promise<Reset | null>}
   */
  async findReset(user, ticket) {
    const answer = await this.#post("/reset/find", { user, ticket });
    return answer.byteLength ? objectOf(answer) : null;
  }

  /** Posts a request. The mail address is in the body, because servers log URLs. @param {string} path @param {object} members */
  #post(path, members) {
    return this.#request(path, { method: "POST", body: JSON.stringify({ protocol: PROTOCOL, ...members }), headers: JSON_TYPE });
  }

  /**
   * Asks the first address that answers. The servers of an account share a database, which accepts a request only once.
   * @param {string} path
   * @param {RequestInit} options
   * @returns {Promise<ArrayBuffer>} the body of the answer
   */
  async #request(path, options) {
    /** @type {string[]} */
    const lost = [];
    for (;;) {
      const [address] = this.#addresses;
      try {
        return await answerOf(`${address}${path}`, options);
      } catch (error) {
        if (!this.#finder || !(error instanceof ApiError) || error.code !== "unreachable") throw error;
        lost.push(address);
        const addresses = await this.#finder.find(this.origin);
        const others = addresses.filter((other) => !lost.includes(other));
        this.#addresses = [...others, ...lost];
        if (!others.length) throw error;
      }
    }
  }
}

/**
 * The body of an answer. Rejects with `unreachable` if the answer is not complete in time. An account makes its calls one after
 * the other, so an endless call would block all later calls.
 * @param {string} url
 * @param {RequestInit} options
 */
async function answerOf(url, options) {
  const { body } = options;
  const sent = body instanceof ArrayBuffer ? body.byteLength : 0;
  const signal = AbortSignal.timeout(ANSWER_MILLISECONDS + sent / SLOWEST_BYTES_PER_MILLISECOND);
  try {
    return await readAtMost(await request(url, { ...options, signal }), MAX_ANSWER_BYTES);
  } catch (error) {
    if (!signal.aborted || error instanceof ApiError) throw error;
    throw new ApiError("unreachable", `no answer in time from ${new URL(url).host}`);
  }
}

/** The object in a body; an empty object for anything else, such as the page of a proxy. @param {ArrayBuffer} body @returns {any} */
function objectOf(body) {
  try {
    const value = JSON.parse(new TextDecoder().decode(body));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
