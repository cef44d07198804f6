/** Several requests in one Worker, one after the other, with one cleanup at the end. */

import { VaultError } from "./vault_error.js";

/**
 * @typedef {import("./cell.js").Cell} Cell
 * @typedef {{verb: string, args: object}} BatchRequest
 * @typedef {{ok?: any, error?: VaultError}} Outcome one of the two
 */

export class Batch {
  #lend;
  #ask;
  /** @type {Cell | null} */
  #cell = null;
  /** @type {VaultError | null} why nothing further is begun */
  #stopped = null;

  /**
   * @param {() => Cell} lend gives a Worker; asked again when one has failed
   * @param {(cell: Cell, request: BatchRequest) => Promise<any>} ask
   */
  constructor(lend, ask) {
    this.#lend = lend;
    this.#ask = ask;
  }

  /**
   * The outcomes, in order. The work goes on whether they are looked at or not, so that nothing stays in the Worker
   * for longer than it takes.
   * @param {readonly BatchRequest[]} requests
   * @returns {Promise<Outcome>[]}
   */
  begin(requests) {
    /** @type {Promise<unknown>} */
    let previous = Promise.resolve();
    const outcomes = requests.map((request) => {
      const outcome = previous.then(() => this.#attempt(request));
      previous = outcome;
      return outcome;
    });
    previous.then(() => this.#cell?.finish());
    return outcomes;
  }

  /** Begins nothing further, and stops what runs. @param {VaultError} error */
  stop(error) {
    this.#stopped ??= error;
    this.#cell?.stop(error);
  }

  /** @param {BatchRequest} request @returns {Promise<Outcome>} */
  async #attempt(request) {
    try {
      if (this.#stopped) throw this.#stopped;
      if (this.#cell === null || this.#cell.isStopped) this.#cell = this.#lend();
      return { ok: await this.#ask(this.#cell, request) };
    } catch (error) {
      return { error: /** @type {VaultError} */ (error) };
    }
  }
}
