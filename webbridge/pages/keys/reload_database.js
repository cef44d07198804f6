/**
 * The IndexedDB with the identities that are kept over a reload, one record for each account. The identities are
 * encrypted under a key of two halves. This database has only the browser's half; the bridge has the other half. The
 * browser's half is stored as bytes, because a CryptoKey would be no safer. Browsers write a CryptoKey to the disk in
 * clear too, and a script in the page could use it like the bytes.
 */

import { inOpenedDatabase } from "../../../wasm_build/vault/storage/database.js";

const STORE = "kept";
const DATABASE = { name: "sealwax-reload", version: 1, keyPaths: { [STORE]: "account" } };

/**
 * @typedef {{
 *   account: string, name: string, half: ArrayBuffer, kept: ArrayBuffer[], begun: number, used: number, minutes: number,
 * }} KeptForReload `begun` is the time of the unlocking, and `used` of the last use, in milliseconds of the wall clock
 */

export const openReloads = {
  /** @param {string} account a digest @returns {Promise<KeptForReload | null>} */
  async read(account) {
    return (await transact("readonly", (records) => records.get(account))) ?? null;
  },

  /** @param {KeptForReload} record */
  async write(record) {
    await transact("readwrite", (records) => records.put(record));
  },

  /** @param {string} account */
  async remove(account) {
    await transact("readwrite", (records) => records.delete(account));
  },

  /** Removes the records that nobody can use any more. @param {(record: KeptForReload) => boolean} isOver */
  async sweep(isOver) {
    await transact("readwrite", (records) => {
      const reading = records.getAll();
      reading.onsuccess = () => {
        for (const record of reading.result) if (isOver(record)) records.delete(record.account);
      };
      return reading;
    });
  },

  /** Whether the database exists. This test does not make it. */
  async exists() {
    return (await indexedDB.databases().catch(() => [])).some(({ name }) => name === DATABASE.name);
  },
};

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(records: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
function transact(mode, act) {
  return inOpenedDatabase(DATABASE, STORE, mode, (transaction) => act(transaction.objectStore(STORE)));
}
