/**
 * Keeps bytes in the browser's storage under one name: a signed list that the browser follows, or a record of the newest
 * index of files.
 *
 * They contain nothing secret. They are kept after the person signs out, and also in sessions that do not use the
 * database. Otherwise an attacker could present an older list or index at each visit. In a browser that stores nothing,
 * they count for this visit only.
 */

import { base64FromBytes, bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { keepText } from "./kept_choice.js";

export class LocalStorageBytes {
  #key;

  /** @param {string} key the name in the browser's storage */
  constructor(key) {
    this.#key = key;
  }

  /** @returns {ArrayBuffer | null} */
  read() {
    try {
      const text = localStorage.getItem(this.#key);
      return text === null ? null : bytesFromBase64(text);
    } catch {
      return null;
    }
  }

  /** @param {ArrayBuffer | null} bytes */
  write(bytes) {
    // If storage is refused or full, the bytes count for this visit only.
    keepText(this.#key, bytes && base64FromBytes(bytes));
  }
}
