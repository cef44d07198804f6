/** The typed six words as a secret for the vault. */

import { SECRET_BUFFER_BYTES } from "../vault/memory/cleanup.js";

/**
 * The text as UTF-8 at the start of a buffer, which the vault overwrites. A longer text is cut, because no six words are
 * so long.
 * @param {string} text
 * @returns {import("../vault/storage/session.js").Secret}
 */
export function secretOf(text) {
  const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
  const { written } = new TextEncoder().encodeInto(text, new Uint8Array(buffer));
  return { buffer, length: written };
}
