/** The changes that a list shows before the bridge has confirmed them. Each change can be taken back in the list. */

import { setFlags } from "../listed_messages.js";

/** @typedef {import("../mail_changes.js").Chosen} Chosen */

export class ShownChanges {
  #list;
  #onTake;

  /**
   * @param {{
   *   messages: import("../shown_messages.js").ShownMessages,
   *   rows: Pick<import("./message_rows.js").MessageRows, "arrange" | "selection">,
   *   notes: Pick<import("./list_notes.js").ListNotes, "hasMore" | "showEmpty">,
   * }} list
   * @param {() => void} onTake called when messages were removed
   */
  constructor(list, onTake) {
    this.#list = list;
    this.#onTake = onTake;
  }

  /**
   * Removes messages from the list. The next row gets the focus.
   * @param {Chosen} chosen
   * @returns {() => void} puts them back
   */
  take(chosen) {
    const { messages, rows, notes } = this.#list;
    if (!messages.isOf(chosen)) return () => {};
    const gone = new Set(chosen.uids);
    const selected = rows.selection.uids.filter((uid) => gone.has(uid));
    const putBack = messages.take(chosen);
    rows.arrange();
    notes.showEmpty(messages.all.length === 0 && !notes.hasMore);
    this.#onTake();
    return () => {
      putBack();
      if (!messages.isOf(chosen)) return;
      notes.showEmpty(messages.all.length === 0);
      rows.arrange();
      // The rows are selected again, so that the person can repeat the act.
      rows.selection.restore(selected);
    };
  }

  /**
   * Shows other flags.
   * @param {Chosen} chosen
   * @param {{add?: string[], remove?: string[]}} change
   * @returns {() => void} shows the flags from before
   */
  showFlags(chosen, { add = [], remove = [] }) {
    const { messages, rows } = this.#list;
    if (!messages.isOf(chosen)) return () => {};
    const uidSet = new Set(chosen.uids);
    const changed = messages.all.filter(({ uid }) => uidSet.has(uid));
    const before = changed.map((message) => ({ message, flags: message.flags ?? (message.seen ? ["\\Seen"] : []) }));
    const isKept = (/** @type {string} */ flag) => !remove.includes(flag) && !add.includes(flag);
    for (const { message, flags } of before) setFlags(message, [...flags.filter(isKept), ...add]);
    rows.arrange(changed);
    return () => {
      for (const { message, flags } of before) setFlags(message, flags);
      rows.arrange(changed);
    };
  }
}
