/**
 * The IndexedDB of the pages' origin: for each account one record, whose content only the vault can read.
 *
 * A record is found by a digest of the address, so that the address itself stands in no file; `counter` tells tabs that
 * another one has written, and is believed by nobody: the one inside the state counts.
 */

const NAME = "sealwax";
const VERSION = 1;
const STORE = "trust";

/** @typedef {{account: string, counter: number, state: ArrayBuffer}} Kept */

export const openStates = {
  /** Whether anything is kept here; opens no database where there is none. */
  async hasAny() {
    const present = await indexedDB.databases();
    return present.some(({ name }) => name === NAME);
  },

  /** @param {string} address @returns {Promise<ArrayBuffer | null>} */
  async read(address) {
    return (await find(address))?.state ?? null;
  },

  /** @param {string} address @returns {Promise<number>} 0 when nothing is kept */
  async counter(address) {
    return (await find(address))?.counter ?? 0;
  },

  /** @param {string} address @param {number} counter @param {ArrayBuffer} state */
  async write(address, counter, state) {
    const account = await digest(address);
    await transact("readwrite", (states) => states.put({ account, counter, state }));
  },

  /** @param {string} address */
  async remove(address) {
    const account = await digest(address);
    await transact("readwrite", (states) => states.delete(account));
  },
};

/** @param {string} address @returns {Promise<Kept | undefined>} */
async function find(address) {
  const account = await digest(address);
  return transact("readonly", (states) => states.get(account));
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(states: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function transact(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "account" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {string} address */
async function digest(address) {
  const octets = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(address.toLowerCase()));
  return Array.from(new Uint8Array(octets), (octet) => octet.toString(16).padStart(2, "0")).join("");
}
