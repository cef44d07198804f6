/**
 * The extension's IndexedDB, which stays on the disk when the browser ends. Only the background and the vault's owner
 * (the context that runs the vault) open it, since it is not reliable inside a frame of a web page.
 *
 * Its stores: `keyFiles` are PKCS#12 files, encrypted under their passphrases. `sealed` are the unlocked identities,
 * encrypted under the session's key. A lock deletes this key and these identities. `people` and `anchors` are
 * certificates. `requests` are keys that wait for their certificates, encrypted under their passphrases. `sites` are
 * the sites on which the person has agreed to open encrypted texts. `settings` are the person's decisions and choices.
 * `drafts` are letters, encrypted under a key of their writer. `recipes` describe webmails that the person has taught.
 * `checkedSites` are the sites whose files are checked, with the newest signed list of each. `receiptRequests` are sent
 * messages that ask for signed receipts, without their content. `givenReceipts` are the messages for which the person
 * gave a receipt. `keyAccounts` has the account at a key server, with this browser's token and the facts about the
 * latest record, but no key. `keySessions` has the session at that server, encrypted like the identities.
 */
import { inTransaction, openDatabase } from "../../wasm_build/vault/storage/database.js";
import { required } from "./messages.js";

/** @typedef {keyof Stores} Store */

const NAME = "sealwax";
const VERSION = 8;
/** @type {Record<Store, string>} */
const KEY_PATHS = {
  keyFiles: "id", requests: "id", sealed: "fingerprint", people: "fingerprint", anchors: "fingerprint", sites: "origin",
  settings: "name", drafts: "id", recipes: "origin", checkedSites: "origin", receiptRequests: "id", givenReceipts: "id",
  keyAccounts: "user", keySessions: "user",
};

/** @type {Promise<IDBDatabase> | undefined} */
let opened;

function open() {
  const forget = () => { opened = undefined; };
  opened ??= openDatabase(NAME, VERSION, KEY_PATHS).then((database) => {
    // The browser closes the database when the person clears data.
    database.onclose = forget;
    return database;
  });
  // After a failure the next call tries again.
  opened.catch(forget);
  return opened;
}

/**
 * Runs one request in a transaction. Rejects with `storage-full` or `storage-refused`.
 * @template T
 * @param {Store} store
 * @param {IDBTransactionMode} mode
 * @param {(objects: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
function transact(store, mode, act) {
  return inTransaction(open(), store, mode, (transaction) => act(transaction.objectStore(store)));
}

/** @template {Store} S @param {S} store @returns {Promise<Stores[S][]>} */
export const all = (store) => transact(store, "readonly", (objects) => objects.getAll());

/** @template {Store} S @template {string} K @param {S} store @param {K} key @returns {Promise<Entry<S, K> | undefined>} */
export const get = (store, key) => transact(store, "readonly", (objects) => objects.get(key));

/**
 * Reads an entry. Rejects with `code` if there is none.
 * @template {Store} S @template {string} K @param {S} store @param {K} key @param {string} code
 */
export async function find(store, key, code) {
  return required(await get(store, key), code);
}

/** @template {Store} S @param {S} store @param {Stores[S]} value */
export const put = (store, value) => transact(store, "readwrite", (objects) => objects.put(value));

/** @param {Store} store @param {string} key */
export const remove = (store, key) => transact(store, "readwrite", (objects) => objects.delete(key));

/**
 * Changes several stores in one transaction: all of them, or none after an error. Rejects with `storage-full` or
 * `storage-refused`.
 * @param {{[S in Store]?: {clear?: boolean, put?: Stores[S][], remove?: string[]}}} changes
 */
export async function change(changes) {
  await inTransaction(open(), Object.keys(changes), "readwrite", (transaction) => {
    for (const [store, { clear: isCleared = false, put: values = [], remove: keys = [] }] of Object.entries(changes)) {
      const objects = transaction.objectStore(store);
      if (isCleared) objects.clear();
      for (const key of keys) objects.delete(key);
      for (const value of values) objects.put(value);
    }
  });
}
