/** IndexedDB with promises instead of events. */

import { storageError } from "../errors/storage_error.js";

/**
 * Opens a database and makes the stores that it lacks.
 * @param {string} name
 * @param {number} version
 * @param {Record<string, string>} keyPaths the key path of each store, by its name
 * @returns {Promise<IDBDatabase>}
 */
export function openDatabase(name, version, keyPaths) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      const present = request.result.objectStoreNames;
      for (const [store, keyPath] of Object.entries(keyPaths)) {
        if (!present.contains(store)) request.result.createObjectStore(store, { keyPath });
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Resolves with the result of the request that `act` returns, once the transaction is complete. Rejects with
 * `storage-full` or `storage-refused`.
 * @template T
 * @param {Promise<IDBDatabase>} opening
 * @param {string | string[]} stores
 * @param {IDBTransactionMode} mode
 * @param {(transaction: IDBTransaction) => IDBRequest<T> | void} act
 * @returns {Promise<T>}
 */
export async function inTransaction(opening, stores, mode, act) {
  try {
    const transaction = (await opening).transaction(stores, mode);
    return await new Promise((resolve, reject) => {
      const request = act(transaction);
      transaction.oncomplete = () => resolve(/** @type {IDBRequest<T>} */ (request)?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } catch (error) {
    throw storageError(error);
  }
}

/**
 * Opens a database for one transaction and closes the database again. Resolves and rejects as `inTransaction` does.
 * @template T
 * @param {{name: string, version: number, keyPaths: Record<string, string>}} database
 * @param {string | string[]} stores
 * @param {IDBTransactionMode} mode
 * @param {(transaction: IDBTransaction) => IDBRequest<T> | void} act
 * @returns {Promise<T>}
 */
export async function inOpenedDatabase({ name, version, keyPaths }, stores, mode, act) {
  const opening = openDatabase(name, version, keyPaths);
  try {
    return await inTransaction(opening, stores, mode, act);
  } finally {
    (await opening.catch(() => null))?.close();
  }
}
