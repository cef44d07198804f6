/**
 * The mails in the memory of the vault's owner (the context that runs the vault), and the files of opened mails.
 *
 * A mail stays as it came, perhaps encrypted, and is never stored. The files of an opened mail are encrypted, and only
 * the view that shows the mail can decrypt them.
 */
import { RequestError, required } from "../shared/messages.js";

/** The limit of all held mails together. A new mail replaces the oldest ones. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;

export class MailStore {
  /** The held mails by id, the oldest first. @type {Map<string, {bytes: ArrayBuffer, name: string}>} */
  #mails = new Map();
  /** The files of opened mails, by the id of the frame whose view may ask for them. @type {Map<string, Envelope[]>} */
  #files = new Map();
  #heldBytes = 0;

  /**
   * @param {ArrayBuffer} bytes
   * @param {string} name
   * @returns {string} the mail's id; throws `file-too-large`
   */
  hold(bytes, name) {
    if (bytes.byteLength > MAX_HELD_BYTES) throw new RequestError("file-too-large");
    for (const oldest of this.#mails.keys()) {
      if (this.#heldBytes + bytes.byteLength <= MAX_HELD_BYTES) break;
      this.#drop(oldest);
    }
    const id = crypto.randomUUID();
    this.#mails.set(id, { bytes, name });
    this.#heldBytes += bytes.byteLength;
    return id;
  }

  /**
   * A copy of a mail, since a call to the vault transfers its buffers.
   * @param {string} id
   * @returns {ArrayBuffer} the copy; throws `mail-gone`
   */
  copy(id) {
    return required(this.#mails.get(id), "mail-gone").bytes.slice(0);
  }

  /** @param {string} id @returns {string} the name that the mail came with */
  nameOf(id) {
    return this.#mails.get(id)?.name ?? "";
  }

  /** @param {string} frame @param {Envelope[]} envelopes */
  keepFiles(frame, envelopes) {
    this.#files.set(frame, envelopes);
  }

  /** @param {string} frame @param {number} index @returns {Envelope} the file; throws `mail-gone` */
  file(frame, index) {
    return required(this.#files.get(frame)?.[index], "mail-gone");
  }

  /** @param {string} frame */
  forgetFiles(frame) {
    this.#files.delete(frame);
  }

  clear() {
    for (const id of [...this.#mails.keys()]) this.#drop(id);
    this.#files.clear();
  }

  /** @param {string} id */
  #drop(id) {
    const bytes = this.#mails.get(id)?.bytes ?? new ArrayBuffer(0);
    this.#mails.delete(id);
    this.#heldBytes -= bytes.byteLength;
    new Uint8Array(bytes).fill(0);
  }
}
