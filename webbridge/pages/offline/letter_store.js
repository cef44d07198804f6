/**
 * The IndexedDB of the outbox: the letters that wait to be sent, by account. It is a database of its own, because letters
 * wait also if no mail is kept for reading without a connection.
 *
 * The letters are encrypted. Hashes of account and letter, their number, and their sizes are in clear.
 */

import { inOpenedDatabase } from "../../../wasm_build/vault/storage/database.js";
import { haveSameBytes } from "../../../wasm_build/vault/values/same_bytes.js";

const DATABASE = { name: "sealwax-outbox", version: 1, keyPaths: { boxes: "account", letters: "place" } };

/** `key` is the key of the account's letters, sealed by the vault. @typedef {{account: string, key: ArrayBuffer}} Box */
/** @typedef {{place: string, sealed: ArrayBuffer}} Sealed */

/** Whether the database exists. Does not create it. */
async function isThere() {
  return (await indexedDB.databases().catch(() => [])).some(({ name }) => name === DATABASE.name);
}

/** @param {string} account @returns {Promise<Box | null>} */
export async function readBox(account) {
  if (!(await isThere())) return null;
  return (await transact("readonly", (transaction) => transaction.objectStore("boxes").get(account))) ?? null;
}

/** Adds the box of an account, unless another tab has just added one. @param {Box} made @returns {Promise<Box>} the box that is kept */
export async function addBox(made) {
  let kept = made;
  await transact("readwrite", (transaction) => {
    const boxes = transaction.objectStore("boxes");
    const reading = boxes.get(made.account);
    reading.onsuccess = () => {
      kept = reading.result ?? made;
      if (!reading.result) boxes.add(made);
    };
  });
  return kept;
}

/** @param {Box} box @param {Sealed} letter @returns {Promise<boolean>} false if another tab has deleted the box meanwhile */
export async function writeLetter(box, letter) {
  let isWritten = false;
  await transact("readwrite", (transaction) => {
    const reading = transaction.objectStore("boxes").get(box.account);
    reading.onsuccess = () => {
      isWritten = Boolean(reading.result) && haveSameBytes(reading.result.key, box.key);
      if (isWritten) transaction.objectStore("letters").put(letter);
    };
  });
  return isWritten;
}

/** @param {string} account @returns {Promise<Sealed[]>} */
export async function readSealedLetters(account) {
  if (!(await isThere())) return [];
  return transact("readonly", (transaction) => transaction.objectStore("letters").getAll(placesOf(account)));
}

/** @param {string} place */
export async function removeSealedLetter(place) {
  await transact("readwrite", (transaction) => transaction.objectStore("letters").delete(place));
}

/**
 * Deletes the boxes of accounts with their letters, or nothing if a letter waits that may not be deleted. The check and the
 * deletion are one step, so that no letter is lost that another tab adds or changes meanwhile.
 * @param {string[]} accounts @param {Sealed[]} agreed the letters that may be deleted, as they were when the person was asked
 * @returns {Promise<boolean>} false if nothing was deleted
 */
export async function removeBoxes(accounts, agreed) {
  if (!(await isThere())) return true;
  const may = new Map(agreed.map(({ place, sealed }) => [place, sealed]));
  let isRemoved = false;
  await transact("readwrite", (transaction) => {
    const reading = transaction.objectStore("letters").getAll();
    reading.onsuccess = () => {
      /** @type {Sealed[]} */
      const letters = reading.result.filter(({ place }) => accounts.some((account) => place.startsWith(`${account} `)));
      isRemoved = letters.every(({ place, sealed }) => haveSameBytes(may.get(place) ?? new ArrayBuffer(0), sealed));
      if (isRemoved) for (const account of accounts) dropBox(transaction, account);
    };
  });
  return isRemoved;
}

/** @param {IDBTransaction} transaction @param {string} account */
function dropBox(transaction, account) {
  transaction.objectStore("boxes").delete(account);
  transaction.objectStore("letters").delete(placesOf(account));
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
  return inOpenedDatabase(DATABASE, ["boxes", "letters"], mode, act);
}
