/**
 * The seen marks of opened messages. A failure is not reported, because its only effect is that the message is shown as
 * new later. A mark that was lost on the network is made again when the bridge answers.
 */

import { ApiError } from "../app/api.js";

/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */

export class SeenMarks {
  #api;
  /** The opened messages whose mark was lost on the network. @type {MessageAddress[]} */
  #lost = [];

  /** @param {Pick<import("../app/api.js").BridgeApi, "markSeen">} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * Marks a message. Resolves with true if the bridge has done so.
   * @param {MessageAddress} address
   * @returns {Promise<boolean>}
   */
  async mark(address) {
    try {
      await this.#api.markSeen(address);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "unreachable") this.#lost.push(address);
      return false;
    }
  }

  /** Makes the marks that were lost on the network. */
  async makeUp() {
    for (const address of this.#lost.splice(0)) await this.mark(address);
  }
}
