/** The requests to the key server. Secrets are not kept after their request. */

import { ApiError, JSON_TYPE, readJson, request } from "../server/json_requests.js";

/** The version of the protocol. */
export const PROTOCOL = 2;
const NO_CONTENT = 204;
/** The server answers each request at once. The bodies of the largest requests, with all keys, take longer by a slow line. */
const ANSWER_MILLISECONDS = 30_000;
const SLOWEST_BYTES_PER_MILLISECOND = 30;
/**
 * A reset can be finished from `ready` to `ends`, by the record after `version`. The times are in seconds since 1970.
 * @typedef {{started: number, ready: number, ends: number, version: number}} Reset
 */

/** The client of the key server, which keeps encrypted keys and never learns a passphrase. */
export class KeyServer {
  #finder;
  /** The addresses at which the server may answer, the one to try first. @type {string[]} */
  #addresses;

  /**
   * @param {string} origin the name of the server, to which accounts belong, and its address as far as is known
   * @param {{find(server: string): Promise<string[]>} | null} [finder] finds its addresses when it does not answer
   */
  constructor(origin, finder = null) {
    this.origin = origin;
    this.#finder = finder;
    this.#addresses = [origin];
  }

  /**
   * @param {string} user
   * @param {"/parameters" | "/reset/parameters"} [path] the second is of the account from before a reset
   * @returns {Promise<object>} how to stretch the passphrase of this account, and the nonce that one login signs
   */
  async parameters(user, path = "/parameters") {
    // The address is in the body, because servers log URLs.
    const body = JSON.stringify({ protocol: PROTOCOL, user });
    return this.#request(path, { method: "POST", body, headers: JSON_TYPE });
  }

  /**
   * @param {"/login" | "/recover" | "/reset/undo" | "/reset/undo-by-code"} path
   * @param {ArrayBuffer} body
   * @returns {Promise<object>} the encrypted keys, or the second factor that the login waits for
   */
  async logIn(path, body) {
    return this.#request(path, { method: "POST", body, headers: JSON_TYPE });
  }

  /** @param {string} authorization @returns {Promise<{devices: import("./key_account.js").KeyDevice[]}>} */
  async devices(authorization) {
    return this.#request("/devices", { headers: { Authorization: authorization } });
  }

  /** @param {string} authorization @returns {Promise<object>} what the vault judges by `roaming.recovery` */
  async recovery(authorization) {
    return this.#request("/recovery", { headers: { Authorization: authorization } });
  }

  /** @param {{request: ArrayBuffer, condition: string, authorization: string}} call */
  async rotate({ request: body, condition, authorization }) {
    const headers = { ...JSON_TYPE, Authorization: authorization, "If-Match": condition };
    await this.#request("/passphrase", { method: "POST", body, headers });
  }

  /** Stores the next record. @param {{request: ArrayBuffer, condition: string, authorization: string}} call */
  async push({ request: body, condition, authorization }) {
    const headers = { ...JSON_TYPE, Authorization: authorization, "If-Match": condition };
    await this.#request("/bundle", { method: "PUT", body, headers });
  }

  /**
   * @param {string} authorization
   * @param {ArrayBuffer} body a second factor, for a login that waits
   * @returns {Promise<object>} the encrypted keys
   */
  async prove(authorization, body) {
    return this.#request("/factor", postOf(authorization, body));
  }

  /** @param {string} authorization @returns {Promise<import("./key_account.js").Factors>} */
  async factors(authorization) {
    return this.#request("/factors", { headers: { Authorization: authorization } });
  }

  /** @param {string} authorization @param {ArrayBuffer} body */
  async addFactor(authorization, body) {
    await this.#request("/factors", postOf(authorization, body));
  }

  /** Says that keys are saved to a file. @param {string} authorization */
  async noteExport(authorization) {
    await this.#request("/export", { method: "POST", headers: { Authorization: authorization } });
  }

  /**
   * Starts a reset of the account, or goes on with the one that was started.
   * @param {string} user @param {string} ticket of the bridge @returns {Promise<Reset>}
   */
  async startReset(user, ticket) {
    return this.#request("/reset", resetOf(user, ticket));
  }

  /**
   * The reset that goes on; null if none does.
   * @param {string} user @param {string} ticket of the bridge @returns {Promise<Reset | null>}
   */
  async findReset(user, ticket) {
    return this.#request("/reset/find", resetOf(user, ticket));
  }

  /** Puts a new account in the place of the forgotten one. @param {ArrayBuffer} body */
  async finishReset(body) {
    await this.#request("/reset/finish", { method: "POST", body, headers: JSON_TYPE });
  }

  /** Stops a reset of the account. @param {string} authorization */
  async stopReset(authorization) {
    await this.#request("/reset", { method: "DELETE", headers: { Authorization: authorization } });
  }

  /** @param {string} authorization @returns {Promise<object>} the groups of the account, for the vault */
  async groups(authorization) {
    return this.#request("/groups", { headers: { Authorization: authorization } });
  }

  /** @param {string} id @param {string} authorization @returns {Promise<object>} a group as the server has it, for the vault */
  async group(id, authorization) {
    return this.#request(`/groups/${id}`, { headers: { Authorization: authorization } });
  }

  /** Stores the next version of a group. @param {string} id @param {{request: ArrayBuffer, condition: string, authorization: string}} call */
  async storeGroup(id, { request: body, condition, authorization }) {
    const headers = { ...JSON_TYPE, Authorization: authorization, "If-Match": condition };
    await this.#request(`/groups/${id}`, { method: "PUT", body, headers });
  }

  /** Deletes a group of the account, or takes the account out of another's. @param {string} id @param {string} authorization */
  async endGroup(id, authorization) {
    await this.#request(`/groups/${id}`, { method: "DELETE", headers: { Authorization: authorization } });
  }

  /** @param {string} authorization @param {string} id */
  async removeFactor(authorization, id) {
    await this.#request(`/factors/${id}`, { method: "DELETE", headers: { Authorization: authorization } });
  }

  /** @param {string} authorization */
  async remove(authorization) {
    await this.#request("/account", { method: "DELETE", headers: { Authorization: authorization } });
  }

  /** @param {ArrayBuffer} body */
  async register(body) {
    await this.#request("/register", { method: "POST", body, headers: JSON_TYPE });
  }

  /**
   * Asks the first address that answers. The servers of an account share a database, which takes a request only once.
   * @param {string} path
   * @param {RequestInit} options
   * @returns {Promise<any>} the object of the answer; null for an answer without one
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
        const found = await this.#finder.find(this.origin);
        const others = found.filter((one) => !lost.includes(one));
        this.#addresses = [...others, ...lost];
        if (!others.length) throw error;
      }
    }
  }
}

/**
 * The object of an answer, or `unreachable` when it is not whole in time: an account makes its calls one after the other, so that
 * one without an end would hold all others.
 * @param {string} url
 * @param {RequestInit} options
 * @returns {Promise<any>}
 */
async function answerOf(url, options) {
  const { body } = options;
  const sent = body instanceof ArrayBuffer ? body.byteLength : 0;
  const signal = AbortSignal.timeout(ANSWER_MILLISECONDS + sent / SLOWEST_BYTES_PER_MILLISECOND);
  try {
    const response = await request(url, { ...options, signal });
    return response.status === NO_CONTENT ? null : await readJson(response);
  } catch (error) {
    if (!signal.aborted || error instanceof ApiError) throw error;
    throw new ApiError("unreachable", `no answer in time from ${new URL(url).host}`);
  }
}

/** @param {string} authorization @param {ArrayBuffer} body */
function postOf(authorization, body) {
  return { method: "POST", body, headers: { ...JSON_TYPE, Authorization: authorization } };
}

/** @param {string} user @param {string} ticket */
function resetOf(user, ticket) {
  return { method: "POST", body: JSON.stringify({ protocol: PROTOCOL, user, ticket }), headers: JSON_TYPE };
}
