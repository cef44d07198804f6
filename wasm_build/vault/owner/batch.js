/** Several requests in one Worker, one after the other, with one cleanup at the end. */

import { VaultError } from "../errors/vault_error.js";

/**
 * @typedef {import("./cell.js").Cell} Cell
 * @typedef {{verb: string, args: object}} BatchRequest
 * @typedef {{ok?: any, error?: VaultError}} Outcome either `ok` or `error`
 */

export class Batch {
  #lend;
  #ask;
  /** @type {Cell | null} */
  #cell = null;
  /** @type {VaultError | null} the reason why no further request is started */
  #stopped = null;

  /**
   * @param {() => Promise<Cell>} lend returns a Worker; called again when a Worker has failed
   * @param {(cell: Cell, request: BatchRequest) => Promise<any>} ask
   */
  constructor(lend, ask) {
    this.#lend = lend;
    this.#ask = ask;
  }

  /**
   * Starts the requests and returns their outcomes, in order. The requests run even if the caller does not read the
   * outcomes, so that the Worker with its secrets ends as soon as possible.
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
    previous.then(() => this.#finish());
    return outcomes;
  }

  /** Stops the running request and starts no further request. @param {VaultError} error */
  stop(error) {
    this.#stopped ??= error;
    this.#cell?.stop(error);
  }

  /** Gives the Worker back. From now on the Worker may serve another caller, so a late `stop` must not reach it. */
  #finish() {
    this.#cell?.finish();
    this.#cell = null;
  }

  /** @param {BatchRequest} request @returns {Promise<Outcome>} */
  async #attempt(request) {
    try {
      if (this.#stopped) throw this.#stopped;
      if (this.#cell === null || this.#cell.isStopped) this.#cell = await this.#lend();
      return { ok: await this.#ask(this.#cell, request) };
    } catch (error) {
      return { error: /** @type {VaultError} */ (error) };
    }
  }
}
