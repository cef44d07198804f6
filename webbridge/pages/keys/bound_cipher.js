/** The encryption of data that this browser keeps, with AES-256-GCM. Each ciphertext is bound to the place where it is kept. */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** @param {Uint8Array<ArrayBuffer>} octets which are overwritten */
export async function importKey(octets) {
  const key = await crypto.subtle.importKey("raw", octets, "AES-GCM", false, ["encrypt", "decrypt"]);
  overwrite(octets.buffer);
  return key;
}

/** @param {CryptoKey} key @param {ArrayBuffer} clear which is overwritten @param {string} place the place to which the result is bound */
export async function encrypt(key, clear, place) {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const encrypted = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bound(place) }, key, clear));
  overwrite(clear);
  const joined = new Uint8Array(NONCE_BYTES + encrypted.length);
  joined.set(iv);
  joined.set(encrypted, NONCE_BYTES);
  return joined.buffer;
}

/** @param {CryptoKey} key @param {ArrayBuffer} sealed @param {string} place */
export function decrypt(key, sealed, place) {
  const iv = new Uint8Array(sealed, 0, NONCE_BYTES);
  return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: bound(place) }, key, new Uint8Array(sealed, NONCE_BYTES));
}

/** @param {object} value @returns {ArrayBuffer} */
export function encodeJson(value) {
  return new TextEncoder().encode(JSON.stringify(value)).buffer;
}

/** @param {ArrayBuffer} octets which are overwritten */
export function decodeJson(octets) {
  const value = JSON.parse(new TextDecoder().decode(octets));
  overwrite(octets);
  return value;
}

/** @param {string} place */
function bound(place) {
  return new TextEncoder().encode(place);
}
