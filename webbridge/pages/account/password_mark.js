/**
 * The mark of the mail password, which is a salted hash. With the mark, the page notices if the person types the mail
 * password as a passphrase.
 *
 * The bridge and the mail server see the mail password. If the passphrase of the keys were the same, they could decrypt the
 * keys.
 */

const SALT_BYTES = 16;

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */

export class PasswordMark {
  #salt;
  #digest;

  /**
   * @param {Uint8Array} salt
   * @param {Uint8Array} digest
   */
  constructor(salt, digest) {
    this.#salt = salt;
    this.#digest = digest;
  }

  /** @param {string} password */
  static async of(password) {
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    return new PasswordMark(salt, await hash(salt, new TextEncoder().encode(password)));
  }

  /**
   * Whether the passphrase is the mail password.
   * @param {Secret} passphrase
   */
  async matches({ buffer, length }) {
    return (await hash(this.#salt, new Uint8Array(buffer, 0, length))).every((octet, index) => octet === this.#digest[index]);
  }
}

/**
 * @param {Uint8Array} salt
 * @param {Uint8Array} words
 */
async function hash(salt, words) {
  const salted = new Uint8Array(new ArrayBuffer(salt.length + words.length));
  salted.set(salt);
  salted.set(words, salt.length);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", salted));
  salted.fill(0);
  return digest;
}
