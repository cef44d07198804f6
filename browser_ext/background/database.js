/**
 * What outlives the browser: IndexedDB of the extension, which only its background and the vault's owner open (inside a
 * foreign page's frame it is not dependable).
 *
 * `keyFiles` are PKCS#12 files as the person chose them, encrypted under their passphrase. `sealed` are the opened
 * identities, encrypted under the session's key: worthless without it and deleted at lock. `people` and `anchors` are
 * certificates. `requests` are keys that wait for their certificates, encrypted under their passphrases. `sites` are the
 * origins that may have fields opened. `settings` hold what the person accepted and chose. `drafts` are letters under a
 * key of their writer.
 */
import { storageError } from "../runtime/storage_error.js";

/** @typedef {"keyFiles" | "requests" | "sealed" | "people" | "anchors" | "sites" | "settings" | "drafts"} Store */

const NAME = "sealwax";
const VERSION = 3;
/** @type {Record<Store, string>} */
const KEY_PATHS = {
  keyFiles: "id", requests: "id", sealed: "fingerprint", people: "fingerprint", anchors: "fingerprint", sites: "origin",
  settings: "name", drafts: "id",
};

/** @type {Promise<IDBDatabase> | undefined} */
let opened;

function open() {
  opened ??= openDatabase();
  // What failed once is tried again the next time.
  opened.catch(() => { opened = undefined; });
  return opened;
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const present = request.result.objectStoreNames;
      for (const [store, keyPath] of Object.entries(KEY_PATHS)) {
        if (!present.contains(store)) request.result.createObjectStore(store, { keyPath });
      }
    };
    request.onsuccess = () => {
      // The browser closes it when the person clears data.
      request.result.onclose = () => { opened = undefined; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
}

/**
 * Rejects with `storage-full` or `storage-refused`.
 * @template T
 * @param {Store} store
 * @param {IDBTransactionMode} mode
 * @param {(objects: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function transact(store, mode, act) {
  try {
    const transaction = (await open()).transaction(store, mode);
    return await new Promise((resolve, reject) => {
      const request = act(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } catch (error) {
    throw storageError(error);
  }
}

/** @param {Store} store @returns {Promise<any[]>} */
export const all = (store) => transact(store, "readonly", (objects) => objects.getAll());

/** @param {Store} store @param {string} key @returns {Promise<any>} undefined when there is none */
export const get = (store, key) => transact(store, "readonly", (objects) => objects.get(key));

/** @param {Store} store @param {object} value */
export const put = (store, value) => transact(store, "readwrite", (objects) => objects.put(value));

/** @param {Store} store @param {string} key */
export const remove = (store, key) => transact(store, "readwrite", (objects) => objects.delete(key));

/**
 * Several stores changed at once, or none of them. Rejects with `storage-full` or `storage-refused`.
 * @param {Partial<Record<Store, {clear?: boolean, put?: object[], remove?: string[]}>>} changes
 */
export async function change(changes) {
  try {
    const transaction = (await open()).transaction(Object.keys(changes), "readwrite");
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(undefined);
      transaction.onabort = () => reject(transaction.error);
    });
    for (const [store, { clear: isCleared = false, put: values = [], remove: keys = [] }] of Object.entries(changes)) {
      const objects = transaction.objectStore(store);
      if (isCleared) objects.clear();
      for (const key of keys) objects.delete(key);
      for (const value of values) objects.put(value);
    }
    await done;
  } catch (error) {
    throw storageError(error);
  }
}

/** @param {Store} store */
export const clear = (store) => transact(store, "readwrite", (objects) => objects.clear());
