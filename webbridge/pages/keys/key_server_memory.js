/**
 * The facts about the person's account at a key server that this device remembers: the token by which the server recognises
 * the device, and the latest record of the account that the vault has seen. With the record, the vault notices if the server
 * gives an earlier record.
 *
 * On the person's own computer the browser keeps these facts; on another computer only this page does. Neither the token nor
 * the record decrypts anything.
 */

import { openRoaming } from "../app/state_database.js";

const TOKEN_WORDS = 8; // 32 bytes
/** @typedef {import("../../../wasm_build/vault/types/account.js").Remembered} Remembered */

export class KeyServerMemory {
  #isOwnComputer;
  /** The tokens and records that this page keeps, by account. @type {Map<string, Remembered>} */
  #here = new Map();

  /** @param {() => boolean} isOwnComputer */
  constructor(isOwnComputer) {
    this.#isOwnComputer = isOwnComputer;
  }

  /** @param {string} account @returns {Promise<Remembered>} */
  async read(account) {
    // Another tab may have seen a later record.
    const record = this.#isOwnComputer() ? await readKept(account) : null;
    const here = laterOf(record, this.#here.get(account)) ??
      { token: crypto.getRandomValues(new Uint32Array(TOKEN_WORDS)).buffer, known: null };
    this.#here.set(account, here);
    return here;
  }

  /** @param {string} account @param {Remembered} remembered */
  async write(account, remembered) {
    this.#here.set(account, remembered);
    // The login has succeeded, so it must not fail because the browser stores nothing.
    if (this.#isOwnComputer()) await openRoaming.write(account, remembered, laterOf).catch(() => {});
  }

  /** @param {string} account a deleted account */
  async forget(account) {
    this.#here.delete(account);
    if (this.#isOwnComputer()) await openRoaming.remove(account).catch(() => {});
  }
}

/**
 * Chooses the memory with the later record, or the only memory with a record. Chooses `other` if the records are the same,
 * and also if the account was reset in between, because the person has agreed to the reset.
 * @param {Remembered | null | undefined} one @param {Remembered | null | undefined} other
 */
function laterOf(one, other) {
  if (!one?.known || !other?.known) return other?.known ? other : (one ?? other);
  const [first, second] = [one.known, other.known].map((known) => JSON.parse(new TextDecoder().decode(known)));
  return first.reset === second.reset && first.version > second.version ? one : other;
}

/** The memory that the browser keeps; null in a browser that stores nothing. @param {string} account @returns {Promise<Remembered | null>} */
async function readKept(account) {
  return openRoaming.read(account).catch((error) => {
    if (error.code === "storage-refused") return null;
    throw error;
  });
}
