/**
 * The IndexedDB of the search in encrypted mail. It is a separate database, so that it can be deleted as a whole.
 *
 * Everything in it is encrypted, except the numbers of segments and a hash of the account's address.
 */

import { inTransaction, openDatabase } from "../../../wasm_build/vault/storage/database.js";

const NAME = "sealwax-search";
const VERSION = 1;
const KEY_PATHS = { indexes: "account", segments: "place" };

/**
 * The key of an index, sealed by the vault, and the state of each read folder, encrypted under that key. `counter`
 * grows with each write, so that a tab sees that another tab has written.
 * @typedef {{account: string, counter: number, key: ArrayBuffer, marks: ArrayBuffer}} KeptIndex
 */
/** The rows and the words of some messages, each encrypted. @typedef {{place: string, heads: ArrayBuffer, words: ArrayBuffer}} Segment */

/** @param {string} account a hash @returns {Promise<KeptIndex | null>} */
export async function readIndex(account) {
  return (await transact("readonly", (transaction) => transaction.objectStore("indexes").get(account))) ?? null;
}

/** The segments of an index, in their order. @param {string} account @returns {Promise<Segment[]>} */
export function readSegments(account) {
  return transact("readonly", (transaction) => transaction.objectStore("segments").getAll(placesOf(account)));
}

/** @param {string} place @returns {Promise<Segment | undefined>} */
export function readSegment(place) {
  return transact("readonly", (transaction) => transaction.objectStore("segments").get(place));
}

/**
 * Writes an index and some of its segments, and deletes some segments, all in one step.
 * @param {KeptIndex} index
 * @param {{written?: Segment[], removed?: string[]}} segments
 */
export async function writeIndex(index, { written = [], removed = [] } = {}) {
  await transact("readwrite", (transaction) => {
    transaction.objectStore("indexes").put(index);
    const segments = transaction.objectStore("segments");
    for (const place of removed) segments.delete(place);
    for (const segment of written) segments.put(segment);
  });
}

/** @param {string} account */
export async function removeIndex(account) {
  await transact("readwrite", (transaction) => {
    transaction.objectStore("indexes").delete(account);
    transaction.objectStore("segments").delete(placesOf(account));
  });
}

/** The key of a segment's record. @param {string} account @param {number} number */
export function placeOf(account, number) {
  return `${account} ${String(number).padStart(8, "0")}`;
}

/** @param {string} account */
function placesOf(account) {
  return IDBKeyRange.bound(`${account} `, `${account} \uffff`);
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(transaction: IDBTransaction) => IDBRequest<T> | void} act
 * @returns {Promise<T>}
 */
async function transact(mode, act) {
  const opening = openDatabase(NAME, VERSION, KEY_PATHS);
  try {
    return await inTransaction(opening, ["indexes", "segments"], mode, act);
  } finally {
    (await opening.catch(() => null))?.close();
  }
}
