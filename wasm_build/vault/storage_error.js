/** What browsers say when they keep nothing, as one of two errors with words for people. */

import { VaultError } from "./vault_error.js";

/**
 * `storage-full` where there is no room left, `storage-refused` where the browser keeps nothing here, as private windows
 * and strict settings may.
 * @param {unknown} cause what IndexedDB or the extension's storage failed with
 * @returns {VaultError}
 */
export function storageError(cause) {
  const { name, message } = /** @type {{name?: string, message?: string}} */ (cause ?? {});
  // The extension's storage has no names for its errors.
  const isFull = name === "QuotaExceededError" || /quota/iu.test(message ?? "");
  return isFull
    ? new VaultError("storage-full", "the browser has no room left to keep this")
    : new VaultError("storage-refused", "the browser refuses to keep anything here");
}
