/** Hashes that serve as names and do not reveal the named values. */

import { addressKey } from "../../../wasm_build/ui/formats.js";

/** @param {string} text */
export async function hashOf(text) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A name for an account at a bridge. @param {{directory: string, address: string}} session */
export function accountName({ directory, address }) {
  return hashOf(JSON.stringify([directory, addressKey(address)]));
}
