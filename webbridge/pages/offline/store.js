/**
 * The IndexedDB of the mail that can be read without a connection. It is a separate database, so that it can be deleted as
 * a whole.
 *
 * The messages, the lists, the account's address and the person's keys are encrypted. Hashes of
 * account, folder and message, the order in which messages were opened, and sizes are in clear.
 */

import { inOpenedDatabase } from "../../../wasm_build/vault/storage/database.js";
import { haveSameBytes } from "../../../wasm_build/vault/values/same_bytes.js";

const DATABASE = {
  name: "sealwax-offline", version: 1,
  keyPaths: { accounts: "account", messages: "place", marks: "place", lists: "place" },
};
/** The stores whose records belong to one account and are named by a place. */
const PLACED = /** @type {const} */ (["messages", "marks", "lists"]);

/**
 * `key` is the key of all other records, sealed by the vault. `head` is encrypted under it. `keys` is a key file with the
 * person's identities, encrypted under a passphrase.
 * @typedef {{account: string, key: ArrayBuffer, head: ArrayBuffer, keys: ArrayBuffer}} KeptAccount
 */
/** `turn` grows with each opened message. @typedef {{place: string, turn: number, bytes: number}} Mark */
/** @typedef {{place: string, sealed: ArrayBuffer}} Sealed */
/** @typedef {"messages" | "lists"} PlacedStore */

/** Whether the database exists. Does not create it. */
export async function keepsMail() {
  return (await indexedDB.databases().catch(() => [])).some(({ name }) => name === DATABASE.name);
}

/** @returns {Promise<KeptAccount[]>} */
export function readAccounts() {
  return transact("readonly", (transaction) => transaction.objectStore("accounts").getAll());
}

/** @param {string} account @returns {Promise<KeptAccount | null>} */
export async function readAccount(account) {
  return (await transact("readonly", (transaction) => transaction.objectStore("accounts").get(account))) ?? null;
}

/** Replaces all records of an account. @param {KeptAccount} kept */
export async function writeAccount(kept) {
  await transact("readwrite", (transaction) => {
    dropAll(transaction, kept.account);
    transaction.objectStore("accounts").put(kept);
  });
}

/** Replaces the key file of an account whose records stay. @param {KeptAccount} kept */
export async function renewAccount(kept) {
  await transact("readwrite", (transaction) => {
    ifStillKept(transaction, kept, () => transaction.objectStore("accounts").put(kept));
  });
}

/** Deletes all records of accounts. @param {string[]} accounts */
export async function removeAccounts(accounts) {
  if (!(await keepsMail())) return;
  await transact("readwrite", (transaction) => { for (const account of accounts) dropAll(transaction, account); });
}

/** @param {PlacedStore} store @param {string} place @returns {Promise<ArrayBuffer | null>} */
export async function readSealed(store, place) {
  return (await transact("readonly", (transaction) => transaction.objectStore(store).get(place)))?.sealed ?? null;
}

/**
 * Writes a record. The oldest messages are deleted until all messages together have at most `maxBytes`.
 * @param {KeptAccount} kept @param {PlacedStore} store @param {Sealed} record
 * @param {{maxBytes: number}} limit only for messages
 * @returns {Promise<boolean>} false if nothing was written, because another tab has deleted what is kept of the account, or
 *   has begun anew
 */
export async function writeSealed(kept, store, record, { maxBytes } = { maxBytes: Infinity }) {
  let isWritten = false;
  await transact("readwrite", (transaction) => {
    ifStillKept(transaction, kept, () => {
      isWritten = true;
      transaction.objectStore(store).put(record);
      if (store === "messages") mark(transaction, kept.account, { place: record.place, bytes: record.sealed.byteLength, maxBytes });
    });
  });
  return isWritten;
}

/** The number and the size of the kept messages. @param {string} account */
export async function countMessages(account) {
  const marks = await transact("readonly", (transaction) => transaction.objectStore("marks").getAll(placesOf(account)));
  return { count: marks.length, bytes: sum(marks) };
}

/** Makes room by deleting the older half of the kept messages. @param {string} account */
export async function dropOlderHalf(account) {
  const { bytes } = await countMessages(account);
  await transact("readwrite", (transaction) => shrink(transaction, account, bytes / 2));
}

/** @param {IDBTransaction} transaction @param {KeptAccount} kept @param {() => void} act */
function ifStillKept(transaction, { account, key }, act) {
  const reading = transaction.objectStore("accounts").get(account);
  reading.onsuccess = () => {
    if (reading.result && haveSameBytes(reading.result.key, key)) act();
  };
}

/** @param {IDBTransaction} transaction @param {string} account @param {{place: string, bytes: number, maxBytes: number}} message */
function mark(transaction, account, { place, bytes, maxBytes }) {
  const marks = transaction.objectStore("marks");
  const reading = marks.getAll(placesOf(account));
  reading.onsuccess = () => {
    const turn = reading.result.reduce((latest, entry) => Math.max(latest, entry.turn), 0) + 1;
    marks.put({ place, turn, bytes });
    shrink(transaction, account, maxBytes);
  };
}

/** @param {IDBTransaction} transaction @param {string} account @param {number} maxBytes */
function shrink(transaction, account, maxBytes) {
  const reading = transaction.objectStore("marks").getAll(placesOf(account));
  reading.onsuccess = () => {
    /** @type {Mark[]} */
    const oldestFirst = reading.result.sort((one, other) => one.turn - other.turn);
    let left = sum(oldestFirst);
    // The latest message stays.
    for (const { place, bytes } of oldestFirst.slice(0, -1)) {
      if (left <= maxBytes) return;
      for (const store of ["messages", "marks"]) transaction.objectStore(store).delete(place);
      left -= bytes;
    }
  };
}

/** @param {IDBTransaction} transaction @param {string} account */
function dropAll(transaction, account) {
  transaction.objectStore("accounts").delete(account);
  for (const store of PLACED) transaction.objectStore(store).delete(placesOf(account));
}

/** @param {Mark[]} marks */
function sum(marks) {
  return marks.reduce((bytes, entry) => bytes + entry.bytes, 0);
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
function transact(mode, act) {
  return inOpenedDatabase(DATABASE, ["accounts", ...PLACED], mode, act);
}
