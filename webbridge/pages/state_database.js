/**
 * The IndexedDB of the pages' origin: for each account one record in each store, whose content only the vault can read.
 *
 * A record is found by a digest of the address, so that the address itself stands in no file; `counter` tells tabs that
 * another one has written, and is believed by nobody: the one inside the state counts.
 */

import { storageError } from "./runtime/storage_error.js";

const NAME = "sealwax";
const VERSION = 2;
/** @typedef {"trust" | "passkeys"} Store */
/** @type {Store[]} */
const STORES = ["trust", "passkeys"];

/** @typedef {{account: string, credentialId: ArrayBuffer, salt: ArrayBuffer, bundle: ArrayBuffer}} KeptPasskey */

/** Whether anything is kept here; opens no database where there is none. */
export async function keepsAnything() {
  try {
    const present = await indexedDB.databases();
    return present.some(({ name }) => name === NAME);
  } catch {
    // Where nothing can be looked for, nothing is kept.
    return false;
  }
}

/** What people know about others, sealed by the vault to their own keys. */
export const openStates = {
  /** @param {string} address @returns {Promise<ArrayBuffer | null>} */
  async read(address) {
    return (await find("trust", address))?.state ?? null;
  },

  /** @param {string} address @returns {Promise<number>} 0 when nothing is kept */
  async counter(address) {
    return (await find("trust", address))?.counter ?? 0;
  },

  /** @param {string} address @param {number} counter @param {ArrayBuffer} state */
  async write(address, counter, state) {
    const account = await digest(address);
    await transact("trust", "readwrite", (states) => states.put({ account, counter, state }));
  },

  /** @param {string} address */
  async remove(address) {
    const account = await digest(address);
    await transact("trust", "readwrite", (states) => states.delete(account));
  },
};

/** Keys that a passkey of this device opens: ciphertext, and what the device is asked with, which is no secret. */
export const openPasskeys = {
  /** @param {string} address @returns {Promise<KeptPasskey | null>} */
  async read(address) {
    return (await find("passkeys", address)) ?? null;
  },

  /** @param {string} address @param {Omit<KeptPasskey, "account">} kept */
  async write(address, kept) {
    const account = await digest(address);
    await transact("passkeys", "readwrite", (passkeys) => passkeys.put({ account, ...kept }));
  },

  /** @param {string} address */
  async remove(address) {
    const account = await digest(address);
    await transact("passkeys", "readwrite", (passkeys) => passkeys.delete(account));
  },
};

/** @param {Store} store @param {string} address @returns {Promise<any>} undefined when there is none */
async function find(store, address) {
  const account = await digest(address);
  return transact(store, "readonly", (records) => records.get(account));
}

/**
 * Rejects with `storage-full` or `storage-refused`.
 * @template T
 * @param {Store} store
 * @param {IDBTransactionMode} mode
 * @param {(records: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function transact(store, mode, act) {
  /** @type {IDBDatabase | null} */
  let database = null;
  try {
    database = await open();
    const transaction = database.transaction(store, mode);
    return await new Promise((resolve, reject) => {
      const request = act(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } catch (error) {
    throw storageError(error);
  } finally {
    database?.close();
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const present = request.result.objectStoreNames;
      for (const store of STORES) if (!present.contains(store)) request.result.createObjectStore(store, { keyPath: "account" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {string} address */
async function digest(address) {
  const octets = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(address.toLowerCase()));
  return Array.from(new Uint8Array(octets), (octet) => octet.toString(16).padStart(2, "0")).join("");
}
