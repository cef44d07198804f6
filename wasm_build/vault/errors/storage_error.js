/** Errors of the browser's storage, translated to one of two errors with words for people. */

import { VaultError } from "./vault_error.js";

/**
 * Returns `storage-full` if there is no room left; `storage-refused` if the browser stores nothing, as in private
 * windows or under strict settings.
 * @param {unknown} cause the error of IndexedDB or of the extension's storage
 * @returns {VaultError}
 */
export function storageError(cause) {
  const { name, message } = /** @type {{name?: string, message?: string}} */ (cause ?? {});
  // Errors of the extension's storage have only a message, and no special name.
  const isFull = name === "QuotaExceededError" || /quota/iu.test(message ?? "");
  return isFull
    ? new VaultError("storage-full", "the browser has no room left to keep this")
    : new VaultError("storage-refused", "the browser refuses to keep anything here");
}
