/** Notices when a draft of the message must be kept, because something has changed that belongs to a draft. */

/** @typedef {import("./draft_content.js").DraftContent} DraftContent */

export class DraftWatch {
  #composition;
  #options;
  /** The letter and its files as they were when a draft was last due. */
  #noted;
  #closing = new AbortController();

  /**
   * @param {import("./composition.js").Composition} composition
   * @param {{
   *   read: () => DraftContent, isDraftBegun: () => boolean, onDue: (changed: {files: boolean}) => void,
   * }} options `isDraftBegun` says whether a draft is already kept; a kept draft follows each change
   */
  constructor(composition, options) {
    this.#composition = composition;
    this.#options = options;
    this.#noted = this.#written();
    composition.addEventListener("change", () => this.look(), { signal: this.#closing.signal });
  }

  /** Compares the message with its last noted state, and calls `onDue` if it has changed. */
  look() {
    const written = this.#written();
    if (written.letter === this.#noted.letter && written.files === this.#noted.files) return;
    const files = written.files !== this.#noted.files;
    this.#noted = written;
    const { isBegun, hasTyped } = this.#composition;
    if (this.#options.isDraftBegun() || isBegun || hasTyped) this.#options.onDue({ files });
  }

  dispose() {
    this.#closing.abort();
    this.#noted = { letter: "", files: "" };
  }

  /** Two texts for comparisons. They change whenever the content of a draft changes. */
  #written() {
    const { fields, text, files } = this.#options.read();
    const attachments = files.attachments.map(({ name, type, data }) => [name, type, data.byteLength]);
    return { letter: JSON.stringify([fields, text]), files: JSON.stringify([files.fields, attachments]) };
  }
}
