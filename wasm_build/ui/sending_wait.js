/** The wait of a click on Send for the look-ups of certificates that are under way. */

/** @typedef {import("./recipients_field.js").RecipientsField} RecipientsField */
/** @typedef {import("./sending_plan.js").Obstacle} Obstacle */

/**
 * @typedef {{
 *   lines: RecipientsField[], content: () => string, obstacles: () => Obstacle[], warnings: () => string[],
 *   explain: () => void,
 * }} Letter `content` changes with everything that the person writes; `explain` leads the person to the obstacles
 */

export class SendingWait {
  #letter;
  #isWaiting = false;
  #hasEnded = false;

  /** @param {Letter} letter */
  constructor(letter) {
    this.#letter = letter;
  }

  /** Ends a wait without sending, because the person has discarded the letter. */
  end() {
    this.#hasEnded = true;
  }

  /**
   * Handles a click on Send that met obstacles. If only look-ups are in the way, the letter leaves after them. It stays if
   * the person has changed it meanwhile, or has something new to read.
   * @param {() => void} send
   */
  async meet(send) {
    const { content, obstacles, warnings, explain } = this.#letter;
    if (!obstacles().every(({ code }) => code === "looking-up")) return explain();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const [written, known] = [content(), warnings().length];
    await Promise.all(this.#letter.lines.map((line) => line.lookedUp()));
    this.#isWaiting = false;
    if (this.#hasEnded || content() !== written) return;
    if (obstacles().length > 0 || warnings().length > known) return explain();
    send();
  }
}
