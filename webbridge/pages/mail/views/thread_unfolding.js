/** The unfolding of threads in a list. The other messages of a thread come below the newest one. */

import { ApiError } from "../../app/api.js";

/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {{api: import("../../app/api.js").BridgeApi}} ThreadUnfoldingServices */

/** The number of messages of a thread that are shown below the newest one. */
const MAX_UNFOLDED = 50;

export class ThreadUnfolding {
  #services;
  #messages;
  #rows;
  #onFailure;

  /**
   * @param {ThreadUnfoldingServices} services
   * @param {{
   *   messages: import("../shown_messages.js").ShownMessages,
   *   rows: Pick<import("./message_rows.js").MessageRows, "arrange">, onFailure: (error: ApiError) => void,
   * }} list
   */
  constructor(services, { messages, rows, onFailure }) {
    this.#services = services;
    this.#messages = messages;
    this.#rows = rows;
    this.#onFailure = onFailure;
  }

  /**
   * Shows the other messages of a thread, or hides them.
   * @param {ListedMessage} newest
   * @param {AbortSignal} signal aborted when the list is loaded anew
   */
  async toggle(newest, signal) {
    const unfolded = this.#messages.unfoldedOf(newest);
    if (unfolded.length === 0) return this.#unfold(newest, signal);
    this.#messages.fold(unfolded);
    this.#rows.arrange([newest]);
  }

  /** @param {ListedMessage} newest @param {AbortSignal} signal */
  async #unfold(newest, signal) {
    const others = new Set((newest.thread ?? []).filter((uid) => uid !== newest.uid));
    const uids = [...others].sort((one, other) => other - one).slice(0, MAX_UNFOLDED);
    try {
      const { changes } = this.#services.api;
      const rows = await Promise.all(uids.map((uid) => changes.row(this.#messages.addressOf({ uid }), signal)));
      if (signal.aborted || !this.#messages.all.includes(newest)) return;
      this.#messages.unfold(newest, rows);
      this.#rows.arrange([newest]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#onFailure(error);
    }
  }
}
