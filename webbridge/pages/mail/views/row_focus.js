/** The focus on the rows of a list: moving it with keys, and its new place when its row is gone. */

/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */

export class RowFocus {
  #messages;
  #rows;

  /**
   * @param {import("../shown_messages.js").ShownMessages} messages the messages of the list
   * @param {import("./message_rows.js").MessageRows} rows
   */
  constructor(messages, rows) {
    this.#messages = messages;
    this.#rows = rows;
  }

  /** The UID of the row with the focus; null if no row has it. @returns {number | null} */
  get uid() {
    const uid = document.activeElement?.closest("li")?.querySelector("a")?.dataset.uid;
    return this.#rows.element.contains(document.activeElement) && uid ? Number(uid) : null;
  }

  /**
   * Moves the focus by rows, from the row with the focus or the open message.
   * @param {number} step
   * @param {{isRange?: boolean}} [options] `isRange` selects the rows on the way
   */
  move(step, { isRange = false } = {}) {
    const uid = this.uid ?? this.#rows.current?.uid ?? null;
    const at = this.#messages.all.findIndex((message) => message.uid === uid);
    const next = this.#messages.all[at < 0 ? 0 : at + step];
    if (next === undefined) return;
    const { selection } = this.#rows;
    if (isRange && uid !== null) selection.begin(uid);
    if (isRange) selection.extend(next.uid);
    this.#rows.link(next.uid)?.focus();
  }

  /**
   * Moves the focus to the row of a message. If the list does not show the message, moves it as `moveToGap` does.
   * @param {MessageAddress} address
   */
  moveTo(address) {
    const message = this.#messages.find(address);
    if (message) this.#rows.link(message.uid)?.focus();
    else this.moveToGap();
  }

  /** Moves the focus to the row that took the place of removed rows, or to the first row. */
  moveToGap() {
    const { gap } = this.#messages;
    const link = (gap === null ? null : this.#rows.link(gap)) ?? this.#rows.firstLink;
    link?.focus();
  }
}
