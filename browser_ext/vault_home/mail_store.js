/**
 * The mails that the vault's owner holds, and the files of those that were opened.
 *
 * A mail is held as it came, never in a storage. What was opened is held as envelopes that only the view can open
 * which asked for it.
 */

/** All mails together; the oldest is let go for a new one. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;

export class MailStore {
  /** In the order in which they came. @type {Map<string, {bytes: ArrayBuffer, name: string}>} */
  #mails = new Map();
  /** By the frame whose view may ask for them. @type {Map<string, Envelope[]>} */
  #files = new Map();
  #heldBytes = 0;

  /**
   * @param {ArrayBuffer} bytes
   * @param {string} name
   * @returns {string} its id; throws `message-too-large`
   */
  hold(bytes, name) {
    if (bytes.byteLength > MAX_HELD_BYTES) throw failure("message-too-large");
    for (const oldest of this.#mails.keys()) {
      if (this.#heldBytes + bytes.byteLength <= MAX_HELD_BYTES) break;
      this.#letGo(oldest);
    }
    const id = crypto.randomUUID();
    this.#mails.set(id, { bytes, name });
    this.#heldBytes += bytes.byteLength;
    return id;
  }

  /**
   * A copy, because a call to the vault takes buffers away.
   * @param {string} id
   * @returns {ArrayBuffer} throws `mail-gone`
   */
  copy(id) {
    const mail = this.#mails.get(id);
    if (!mail) throw failure("mail-gone");
    return mail.bytes.slice(0);
  }

  /** @param {string} id @returns {string} the name that it came with */
  nameOf(id) {
    return this.#mails.get(id)?.name ?? "";
  }

  /** @param {string} frame @param {Envelope[]} envelopes */
  keepFiles(frame, envelopes) {
    this.#files.set(frame, envelopes);
  }

  /** @param {string} frame @param {number} index @returns {Envelope} throws `mail-gone` */
  file(frame, index) {
    const envelope = this.#files.get(frame)?.[index];
    if (!envelope) throw failure("mail-gone");
    return envelope;
  }

  /** @param {string} frame */
  forgetFiles(frame) {
    this.#files.delete(frame);
  }

  clear() {
    for (const id of [...this.#mails.keys()]) this.#letGo(id);
    this.#files.clear();
  }

  /** @param {string} id */
  #letGo(id) {
    const bytes = this.#mails.get(id)?.bytes ?? new ArrayBuffer(0);
    this.#mails.delete(id);
    this.#heldBytes -= bytes.byteLength;
    new Uint8Array(bytes).fill(0);
  }
}

/** @param {string} code a code of the message catalogue */
function failure(code) {
  return Object.assign(new Error(code), { code });
}
