/** The body of a request to sign in. The password stays bytes, because a string cannot be overwritten. */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";

const [QUOTE, BACKSLASH, FIRST_PLAIN] = [0x22, 0x5c, 0x20];
const HEX = new TextEncoder().encode("0123456789abcdef");
/** A control character takes six bytes in JSON (RFC 8259 section 7). */
const MOST_BYTES_FOR_ONE = 6;

/**
 * `{"address": …, "password": …}` as UTF-8 bytes. The caller overwrites them after use.
 * @param {string} address @param {Secret} password is overwritten
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function writeCredentials(address, { buffer, length }) {
  const begin = new TextEncoder().encode(`{"address":${JSON.stringify(address)},"password":"`);
  const end = new TextEncoder().encode('"}');
  const room = new Uint8Array(length * MOST_BYTES_FOR_ONE);
  const written = escape(new Uint8Array(buffer, 0, length), room);
  const body = new Uint8Array(begin.length + written + end.length);
  body.set(begin);
  body.set(room.subarray(0, written), begin.length);
  body.set(end, begin.length + written);
  overwrite(room.buffer);
  overwrite(buffer);
  return body;
}

/**
 * Writes bytes as the content of a JSON string, with escapes.
 * @param {Uint8Array} bytes @param {Uint8Array} out @returns {number}
 */
function escape(bytes, out) {
  let at = 0;
  for (const byte of bytes) {
    if (byte === QUOTE || byte === BACKSLASH) out[at++] = BACKSLASH;
    if (byte >= FIRST_PLAIN) {
      out[at++] = byte;
      continue;
    }
    // \u00XX
    out.set([BACKSLASH, 0x75, HEX[0], HEX[0], HEX[byte >> 4], HEX[byte & 15]], at);
    at += MOST_BYTES_FOR_ONE;
  }
  return at;
}
