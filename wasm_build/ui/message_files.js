/**
 * The files of a message that is being written, which were chosen, dropped, or taken from the forwarded message.
 * `MessageFiles` reports each change to its observers, and knows no view.
 *
 * A file that is too large for any mail is not read. Such a file can be sent only in a parcel, which reads it piece by piece.
 */

/** @typedef {import("./attachments.js").Attachment} Attachment */
/** @typedef {{name: string, type: string, data: {byteLength: number}, file: File}} LargeFile */
/** @typedef {{done: number, total: number}} ReadingProgress in bytes */

/** The number of bytes that are read from a file at a time. Progress is reported after each read. */
const PART_BYTES = 4 * 2 ** 20;

/** Dispatches `change` when the files have changed or could not be read, and `progress` while they are read. */
export class MessageFiles extends EventTarget {
  /** @type {Attachment[]} */
  files = [];
  /** The files that are too large for a mail. @type {LargeFile[]} */
  large = [];
  /** The names of the files that were chosen last and could not be read. @type {string[]} */
  unreadable = [];
  /** The number of changes to the list, not counting files that were added after reading. */
  changes = 0;
  /** The reading of the files that were chosen last. @type {ReadingProgress} */
  progress = { done: 0, total: 0 };
  #mostBytes;
  #isCleared = false;
  /** The number of selections of files that are being read. */
  #reading = 0;
  /** @type {Set<Promise<boolean>>} */
  #attaching = new Set();

  /** @param {{mostBytes?: () => number}} [options] files above `mostBytes` are not read */
  constructor({ mostBytes = () => Infinity } = {}) {
    super();
    this.#mostBytes = mostBytes;
  }

  /** Whether a chosen file is not attached yet. */
  get isReading() {
    return this.#reading > 0;
  }

  get bytes() {
    return [...this.files, ...this.large].reduce((sum, { data }) => sum + data.byteLength, 0);
  }

  /** Waits until no more files are being read. Returns whether all files could be read. */
  async read() {
    return (await Promise.all(this.#attaching)).every((isRead) => isRead);
  }

  /**
   * Reads files and attaches them. Returns whether all could be read.
   * @param {File[]} files
   * @returns {Promise<boolean>}
   */
  attach(files) {
    this.changes += 1;
    const attaching = this.#attach(files).finally(() => this.#attaching.delete(attaching));
    this.#attaching.add(attaching);
    return attaching;
  }

  /** Replaces the list of attached files. @param {Attachment[]} files */
  replace(files) {
    this.files = files;
    this.changes += 1;
    this.#changed();
  }

  /** @param {Attachment | LargeFile} gone */
  remove(gone) {
    this.large = this.large.filter((each) => each !== gone);
    this.replace(this.files.filter((each) => each !== gone));
  }

  /** Forgets all files, including those that are being read. */
  clear() {
    this.#isCleared = true;
    this.large = [];
    this.unreadable = [];
    this.replace([]);
  }

  /** @param {File[]} chosen */
  async #attach(chosen) {
    const isLarge = (/** @type {File} */ { size }) => size > this.#mostBytes();
    const files = chosen.filter((file) => !isLarge(file));
    const large = chosen.filter(isLarge);
    this.large.push(...large.map((file) => ({ ...named(file), data: { byteLength: file.size }, file })));
    const total = files.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    const onRead = (/** @type {number} */ bytes) => {
      done += bytes;
      this.#progressed({ done, total });
    };
    /** @type {string[]} */
    const unreadable = [];
    this.#reading += 1;
    this.unreadable = [];
    this.#progressed({ done, total });
    for (const file of files) {
      // A file may have been moved or changed since it was chosen.
      const data = await read(file, onRead).catch(() => null);
      if (this.#isCleared) return false;
      if (data) this.files.push({ ...named(file), data });
      else unreadable.push(file.name);
    }
    this.#reading -= 1;
    if (unreadable.length > 0) this.unreadable = unreadable;
    this.#changed();
    return unreadable.length === 0;
  }

  /** @param {ReadingProgress} progress */
  #progressed(progress) {
    this.progress = progress;
    this.dispatchEvent(new Event("progress"));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {File} file */
function named({ name, type }) {
  return { name, type: type || "application/octet-stream" };
}

/** @param {File} file @param {(bytes: number) => void} onRead */
async function read(file, onRead) {
  const data = new Uint8Array(file.size);
  for (let offset = 0; offset < data.length; offset += PART_BYTES) {
    const part = new Uint8Array(await file.slice(offset, offset + PART_BYTES).arrayBuffer());
    data.set(part, offset);
    onRead(part.length);
  }
  return data.buffer;
}
