/** The wait after a click on Send for running look-ups of certificates, and for files that are being read. */

/** @typedef {import("./recipient_line.js").RecipientLine} RecipientLine */
/** @typedef {import("./sending_plan.js").Obstacle} Obstacle */

/**
 * @typedef {{
 *   lines: RecipientLine[], files: Pick<import("./message_files.js").MessageFiles, "read" | "changes">,
 *   content: () => string, obstacles: () => Obstacle[], warnings: () => string[], explain: () => void,
 * }} Letter `content` changes whenever the person writes something, but not with the files; `explain` leads the person
 * to the obstacles
 */

/** The obstacles that end by themselves. */
const PASSING = new Set(["looking-up", "reading"]);

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
   * Handles a click on Send that met obstacles. If only look-ups and unread files are in the way, the letter leaves when
   * they are done. The letter stays if the person has changed it meanwhile, or has to read something new, such as an
   * error about a file.
   * @param {() => void} send
   */
  async meet(send) {
    const { lines, files, obstacles, warnings, explain } = this.#letter;
    const content = () => `${files.changes} ${this.#letter.content()}`;
    if (!obstacles().every(({ code }) => PASSING.has(code))) return explain();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    // A typed text becomes people when it has been read. This does not count as a change by the person.
    await Promise.all(lines.map((line) => line.read()));
    const [written, known] = [content(), warnings().length];
    const [isRead] = await Promise.all([files.read(), ...lines.map((line) => line.lookedUp())]);
    this.#isWaiting = false;
    if (this.#hasEnded || !isRead || content() !== written) return;
    if (obstacles().length > 0 || warnings().length > known) return explain();
    send();
  }
}
