/**
 * Finds the key server of the person's account in the signed list of servers, when the server does not answer.
 *
 * The key that signs the list comes from the origin of the bridge's pages, as the name of the key server does. The list
 * may come from anywhere, because the vault verifies it. The list may name any server. But the policy of the pages
 * allows only servers that the operator has configured (`webbridge/security.py`), and the extension uses only servers
 * that the person has granted.
 */

import { ApiError, readAtMost, request } from "../server/json_requests.js";

const MAX_LIST_BYTES = 65_536;
const LIST_MILLISECONDS = 5_000;
const FETCH_INTERVAL_MILLISECONDS = 10_000;

/** @typedef {{key: string, url: string}} Discovery the key that signs the list, and the list's address */
/** @typedef {{code: string, message: string}} Problem */
/**
 * The storage of the last good list.
 * @typedef {{
 *   read: () => ArrayBuffer | null | Promise<ArrayBuffer | null>, write: (followed: ArrayBuffer) => void | Promise<void>,
 * }} Kept
 */

export class KeyServerFinder {
  #vault;
  #discovery;
  #user;
  #kept;
  #askedAt = -Infinity;

  /**
   * @param {() => Promise<import("../storage/session.js").Caller>} vault
   * @param {Discovery} discovery
   * @param {() => string} user
   * @param {Kept} kept
   */
  constructor(vault, discovery, user, kept) {
    this.#vault = vault;
    this.#discovery = discovery;
    this.#user = user;
    this.#kept = kept;
  }

  /**
   * The addresses of a key server in the newest list, or in the last good list. Rejects with the code of the refusal if
   * a list was refused and there is no earlier list.
   * @param {string} server its name
   * @returns {Promise<string[]>} the preferred address first
   */
  async find(server) {
    const vault = await this.#vault();
    const [signed, followed] = [await this.#fetch(), await this.#kept.read()];
    const reply = await vault.call("roaming.find", {
      server,
      user: this.#user(),
      key: this.#discovery.key,
      at: new Date().toISOString(),
      ...(signed && { signed }),
      ...(followed && { followed }),
    });
    if (reply.followed) await this.#kept.write(reply.followed);
    const problem = /** @type {Problem | undefined} */ (reply.problems[0]);
    // An answer that is no list at all, such as a hotel network's page, has no separate sentence.
    if (!reply.addresses.length && problem?.code.startsWith("discovery-")) throw new ApiError(problem.code, problem.message);
    return reply.addresses;
  }

  /** The list, or null if it does not come or was requested a moment ago. @returns {Promise<ArrayBuffer | null>} */
  async #fetch() {
    if (performance.now() < this.#askedAt + FETCH_INTERVAL_MILLISECONDS) return null;
    this.#askedAt = performance.now();
    try {
      const signal = AbortSignal.timeout(LIST_MILLISECONDS);
      const response = await request(this.#discovery.url, { credentials: "omit", redirect: "error", signal });
      return await readAtMost(response, MAX_LIST_BYTES);
    } catch {
      return null;
    }
  }
}
