/**
 * The newest index of each account that this browser has seen. With this record, the page notices if the bridge gives an
 * older index, or another index with the same number.
 *
 * The record is not secret. On the person's own computer the browser keeps it; on another computer only this page does.
 */

import { LocalStorageBytes } from "../app/local_storage_bytes.js";
import { accountDigest } from "../app/state_database.js";

/** @typedef {{number: number, digest: string}} Seen `digest` is SHA-256 of the manifest */

/** The latest versions that this page has seen, by account. @type {Map<string, Seen>} */
const here = new Map();

export class SeenIndex {
  #account;
  #isOwnComputer;

  /** @param {string} account @param {() => boolean} isOwnComputer */
  constructor(account, isOwnComputer) {
    this.#account = account;
    this.#isOwnComputer = isOwnComputer;
  }

  /** Whether a later version than this one was seen, or another version with the same number. @param {Seen} version */
  async isAfter(version) {
    return isAfter(this.#newest(await this.#storage()), version);
  }

  /**
   * Stores a version. Resolves with false, and changes nothing, if a later version was seen meanwhile, or another version
   * with the same number.
   * @param {Seen} version
   */
  async note(version) {
    const storage = await this.#storage();
    // There is no `await` from here on, so no other reading can note a later version in between.
    if (isAfter(this.#newest(storage), version)) return false;
    this.#write(version, storage);
    return true;
  }

  /**
   * Stores a version in place of the earlier seen version, because the person has agreed to this version.
   * @param {Seen} version
   */
  async agree(version) {
    this.#write(version, await this.#storage());
  }

  /** @param {LocalStorageBytes | null} storage @returns {Seen | null} */
  #newest(storage) {
    const known = here.get(this.#account) ?? null;
    // Another tab may have seen a later version.
    const version = storage && parse(storage.read());
    return version && (!known || version.number > known.number) ? version : known;
  }

  /** @param {Seen} version @param {LocalStorageBytes | null} storage */
  #write(version, storage) {
    here.set(this.#account, version);
    storage?.write(new TextEncoder().encode(JSON.stringify(version)).buffer);
  }

  /** The record in the browser's storage; null on another person's computer. */
  async #storage() {
    return this.#isOwnComputer() ? new LocalStorageBytes(`files-index ${await accountDigest(this.#account)}`) : null;
  }
}

/** @param {Seen | null} seen @param {Seen} version */
function isAfter(seen, { number, digest }) {
  return seen !== null && (number < seen.number || (number === seen.number && digest !== seen.digest));
}

/** @param {ArrayBuffer | null} bytes @returns {Seen | null} */
function parse(bytes) {
  try {
    const { number, digest } = JSON.parse(new TextDecoder().decode(bytes ?? new ArrayBuffer(0)));
    return Number.isSafeInteger(number) && typeof digest === "string" ? { number, digest } : null;
  } catch {
    return null;
  }
}
