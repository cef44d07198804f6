/** Hashes as hexadecimal text. Some serve as names and do not reveal the named values. */

import { addressKey } from "../../../wasm_build/ui/formats.js";
import { hexFromBytes } from "../../../wasm_build/vault/values/hexadecimal.js";

/** @param {BufferSource} bytes @returns {Promise<string>} */
export async function sha256(bytes) {
  return hexFromBytes(await crypto.subtle.digest("SHA-256", bytes));
}

/** @param {string} text */
export function hashOf(text) {
  return sha256(new TextEncoder().encode(text));
}

/** A name for an account at a bridge. @param {{directory: string, address: string}} session */
export function accountName({ directory, address }) {
  return hashOf(JSON.stringify([directory, addressKey(address)]));
}
