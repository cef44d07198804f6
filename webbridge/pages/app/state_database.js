/**
 * The IndexedDB of the pages' origin. A store has one record for each account. Three stores differ: `learnt` has a record
 * for each folder of an account, `drafts` for each draft, and `receipts` for each message that asks for a receipt. Only the
 * vault can decrypt the records, except the records of `roaming`, which hold no secret of the person.
 *
 * The key of a record is a hash of the address, so that no file on the disk contains the address. By a changed `counter`, a
 * tab notices that another tab has written. The `counter` is not trusted. The counter inside the encrypted state decides.
 */

import { addressKey } from "../../../wasm_build/ui/formats.js";
import { inOpenedDatabase } from "../../../wasm_build/vault/storage/database.js";
import { storageError } from "../../../wasm_build/vault/errors/storage_error.js";
import { sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";

/** @typedef {"trust" | "passkeys" | "roaming" | "learnt" | "drafts" | "receipts"} Store */
/** @type {{name: string, version: number, keyPaths: Record<Store, string>}} */
const DATABASE = {
  name: "sealwax", version: 6,
  keyPaths: { trust: "account", passkeys: "account", roaming: "account", learnt: "place", drafts: "place", receipts: "place" },
};
/** The largest number of folders with such a record. Records of further folders are dropped. */
const MAX_LEARNT_FOLDERS = 40;
/** The largest number of records of messages that ask for receipts, sent or received. The latest records are kept. */
const MAX_RECEIPTS = 1_000;

/**
 * A state that only the vault can decrypt. `merged` is the content of the account at the key server at the last merge, and
 * `sent` is what was sent to the account since then. Both are encrypted under the key of the account.
 * @typedef {{state: ArrayBuffer, merged: ArrayBuffer | null, sent: ArrayBuffer | null}} OpenState
 */
/** @typedef {{account: string, credentialId: ArrayBuffer, salt: ArrayBuffer, bundle: ArrayBuffer}} KeptPasskey */

/** The kept contacts and decisions of each account. The vault encrypts them with the person's keys. */
export const openStates = {
  /**
   * @param {string} address
   * @returns {Promise<(OpenState & {counter: number}) | null>}
   */
  async read(address) {
    const record = await find("trust", await accountDigest(address));
    return record ? { counter: record.counter, state: record.state, merged: record.merged ?? null, sent: record.sent ?? null } : null;
  },

  /** @param {string} address @param {number} counter @param {OpenState} kept */
  async write(address, counter, kept) {
    const account = await accountDigest(address);
    await transact("trust", "readwrite", (states) => states.put({ account, counter, ...kept }));
  },

  /**
   * Stores `sent`, which the account has not confirmed, in the record of the kept state. The state itself stays as it is.
   * Resolves with false if there is no record.
   * @param {string} address @param {ArrayBuffer | null} sent
   */
  async storeUnconfirmed(address, sent) {
    const account = await accountDigest(address);
    let isKept = false;
    await transact("trust", "readwrite", (states) => {
      const reading = states.get(account);
      reading.onsuccess = () => {
        isKept = Boolean(reading.result);
        if (isKept) states.put({ ...reading.result, sent });
      };
      return reading;
    });
    return isKept;
  },

  /** @param {string} address */
  async remove(address) {
    await remove("trust", await accountDigest(address));
  },
};

/**
 * The keys that a passkey of this device unlocks: their ciphertext, and the passkey's id and salt (not secret).
 */
export const openPasskeys = {
  /** @param {string} address @returns {Promise<KeptPasskey | null>} */
  async read(address) {
    return find("passkeys", await accountDigest(address));
  },

  /** @param {string} address @param {Omit<KeptPasskey, "account">} kept */
  async write(address, kept) {
    const account = await accountDigest(address);
    await transact("passkeys", "readwrite", (passkeys) => passkeys.put({ account, ...kept }));
  },

  /** @param {string} address */
  async remove(address) {
    await remove("passkeys", await accountDigest(address));
  },
};

/** The memory of this device for an account at a key server (`key_server_memory.js`). */
export const openRoaming = {
  /** @param {string} address @returns {Promise<{token: ArrayBuffer, known: ArrayBuffer | null} | null>} */
  async read(address) {
    return find("roaming", await accountDigest(address));
  },

  /**
   * Writes the result of `choose`. `choose` gets the kept record (undefined if there is none) and the new record. No other
   * tab writes in between.
   * @param {string} address
   * @param {{token: ArrayBuffer, known: ArrayBuffer | null}} remembered
   * @param {(kept: any, remembered: any) => any} choose
   */
  async write(address, remembered, choose) {
    const account = await accountDigest(address);
    await transact("roaming", "readwrite", (records) => {
      const reading = records.get(account);
      reading.onsuccess = () => records.put({ ...choose(reading.result, remembered), account });
      return reading;
    });
  },

  /** @param {string} address */
  async remove(address) {
    await remove("roaming", await accountDigest(address));
  },
};

/** The verdicts and encrypted subjects that opened messages have revealed, by folder (`learnt_rows.js`). The vault seals them. */
export const openLearnt = {
  /** @param {string} address @param {string} folder @returns {Promise<{counter: number, sealed: ArrayBuffer} | null>} */
  async read(address, folder) {
    return find("learnt", await placeOf(address, folder));
  },

  /** @param {string} address @param {string} folder @param {number} counter @param {ArrayBuffer} sealed */
  async write(address, folder, counter, sealed) {
    const place = await placeOf(address, folder);
    await transact("learnt", "readwrite", (records) => {
      records.put({ place, counter, sealed });
      const all = records.getAllKeys();
      all.onsuccess = () => {
        const others = all.result.filter((key) => key !== place);
        for (const key of others.slice(0, Math.max(0, all.result.length - MAX_LEARNT_FOLDERS))) records.delete(key);
      };
      return all;
    });
  },

  /** @param {string} address */
  async removeAll(address) {
    await remove("learnt", placesFrom(await placeOf(address, "")));
  },
};

/**
 * A draft, sealed by the vault. `revision` changes with each write. `version` names the message in the mailbox on which
 * this draft is based, and `isUploaded` says whether that message is this version. `isDropped`: the draft was deleted, and
 * the mail server has not confirmed that yet.
 * @typedef {{
 *   at: string, letter: any, files: ArrayBuffer | null, version: {uidValidity: number, uid: number} | null,
 *   revision: string | null, isUploaded: boolean, mayBeSent: boolean, isDropped?: boolean,
 * }} KeptDraft
 */

/** The drafts of each account (`draft_store.js`). */
export const openDrafts = {
  /** @param {string} address @returns {Promise<(KeptDraft & {id: string})[]>} */
  async all(address) {
    const places = placesFrom(await placeOf(address, ""));
    return transact("drafts", "readonly", (records) => records.getAll(places));
  },

  /** @param {string} address @param {string} id @returns {Promise<KeptDraft | null>} */
  async read(address, id) {
    return find("drafts", await placeOf(address, id));
  },

  /**
   * Writes the result of `choose`, which gets the kept record. No other tab writes in between.
   * @param {string} address @param {string} id
   * @param {(kept: KeptDraft | null) => KeptDraft | null | undefined} choose null deletes the record, undefined leaves it
   */
  async update(address, id, choose) {
    const place = await placeOf(address, id);
    /** @type {unknown} */
    let refusal = null;
    await transact("drafts", "readwrite", (records) => {
      const reading = records.get(place);
      reading.onsuccess = () => {
        const chosen = choose(reading.result ?? null);
        try {
          if (chosen === null) records.delete(place);
          else if (chosen) records.put({ ...chosen, place, id });
        } catch (error) {
          refusal = error;
          records.transaction.abort();
        }
      };
      return reading;
    }).catch((error) => {
      throw refusal === null ? error : storageError(refusal);
    });
  },
};

/**
 * The records of messages that ask for receipts (`receipts.js`), sealed by the vault. `at` is the time when a record was
 * first written.
 */
export const openReceipts = {
  /** @param {string} address @param {string} id @returns {Promise<{at: number, sealed: ArrayBuffer} | null>} */
  async read(address, id) {
    return find("receipts", await placeOf(address, id));
  },

  /** @param {string} address @param {string} id @param {{at: number, sealed: ArrayBuffer}} record */
  async write(address, id, record) {
    const first = await placeOf(address, "");
    await transact("receipts", "readwrite", (records) => {
      records.put({ ...record, place: first + id });
      const all = records.getAll(placesFrom(first));
      all.onsuccess = () => {
        const oldest = all.result.sort((one, other) => one.at - other.at);
        for (const { place } of oldest.slice(0, Math.max(0, oldest.length - MAX_RECEIPTS))) records.delete(place);
      };
      return all;
    });
  },

  /** @param {string} address @param {string} id */
  async remove(address, id) {
    await remove("receipts", await placeOf(address, id));
  },
};

/** The key of one of an account's records. @param {string} address @param {string} name of a folder, a draft or a message */
async function placeOf(address, name) {
  return `${await accountDigest(address)} ${name}`;
}

/** The keys of all records of an account. @param {string} first the place without a name */
function placesFrom(first) {
  return IDBKeyRange.bound(first, `${first}\uffff`);
}

/** @param {Store} store @param {string} key @returns {Promise<any>} the record; null if there is none */
async function find(store, key) {
  return (await transact(store, "readonly", (records) => records.get(key))) ?? null;
}

/** @param {Store} store @param {string | IDBKeyRange} keys */
async function remove(store, keys) {
  await transact(store, "readwrite", (records) => records.delete(keys));
}

/**
 * Resolves with the result of one request on a store. Rejects with `storage-full` or `storage-refused`.
 * @template T
 * @param {Store} store
 * @param {IDBTransactionMode} mode
 * @param {(records: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
function transact(store, mode, act) {
  return inOpenedDatabase(DATABASE, store, mode, (transaction) => act(transaction.objectStore(store)));
}

/** @param {string} address */
export async function accountDigest(address) {
  return sha256Hex(new TextEncoder().encode(addressKey(address)));
}
