/**
 * The bytes of an open message, as the vault has judged them. Every act on the message uses these bytes.
 *
 * A small message is kept in memory until its view is left. A large message is read again for an act. If the mail
 * server then gives other bytes, the act is refused with `message-changed`, because the vault has not judged these
 * bytes.
 */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../app/api.js";
import { sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";

/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {(address: MessageAddress) => Promise<ArrayBuffer>} ReadRaw */

/** The largest message that is kept in memory. The view keeps the attachments in any case. */
const MAX_KEPT_BYTES = 4_000_000;

export class JudgedMessage {
  #readRaw;
  #address;
  /** The bytes; null once they must be read again. @type {ArrayBuffer | null} */
  #bytes;
  /** The SHA-256 of the bytes. @type {Promise<string>} */
  #digest;

  /**
   * @param {ReadRaw} readRaw
   * @param {MessageAddress} address
   * @param {ArrayBuffer} bytes which belong to this object from then on
   */
  constructor(readRaw, address, bytes) {
    this.#readRaw = readRaw;
    this.#address = address;
    this.#bytes = bytes;
    // The browser copies the bytes before this call returns.
    this.#digest = sha256Hex(bytes);
  }

  /** The SHA-256 of the bytes, in hexadecimal digits. */
  get digest() {
    return this.#digest;
  }

  /**
   * A copy of the bytes. Rejects with `message-changed` if they must be read again and have changed.
   * @returns {Promise<ArrayBuffer>}
   */
  async read() {
    if (this.#bytes) return this.#bytes.slice(0);
    const bytes = await this.#readRaw(this.#address);
    if ((await sha256Hex(bytes)) === (await this.#digest)) return bytes;
    overwrite(bytes);
    throw new ApiError("message-changed", "the mail server gives other bytes than those that were judged");
  }

  /** Frees the memory of a large message. Called when the message is shown. */
  settle() {
    if (this.#bytes && this.#bytes.byteLength > MAX_KEPT_BYTES) this.forget();
  }

  /** Overwrites the bytes. An act that has begun before reads them again. */
  forget() {
    if (this.#bytes) overwrite(this.#bytes);
    this.#bytes = null;
  }
}
