/**
 * The newest index of each account that this browser has seen, so that the bridge cannot give it an older one, or another one
 * of the same number.
 *
 * It has nothing secret. On the person's own computer it stays in the browser, elsewhere in this page only.
 */

import { KeptList } from "../kept_list.js";
import { accountDigest } from "../state_database.js";

/** @typedef {{number: number, digest: string}} Seen `digest` is SHA-256 of the manifest */

/** What this page has seen, by account. @type {Map<string, Seen>} */
const here = new Map();

export class SeenIndex {
  #account;
  #isOwnComputer;

  /** @param {string} account @param {() => boolean} isOwnComputer */
  constructor(account, isOwnComputer) {
    this.#account = account;
    this.#isOwnComputer = isOwnComputer;
  }

  /** @returns {Promise<Seen | null>} */
  async read() {
    const known = here.get(this.#account) ?? null;
    // Another tab may have seen a later one.
    const kept = this.#isOwnComputer() ? parse((await this.#place()).read()) : null;
    return kept && (!known || kept.number > known.number) ? kept : known;
  }

  /** @param {Seen} seen */
  async write(seen) {
    here.set(this.#account, seen);
    if (this.#isOwnComputer()) (await this.#place()).write(new TextEncoder().encode(JSON.stringify(seen)).buffer);
  }

  async #place() {
    return new KeptList(`files-index ${await accountDigest(this.#account)}`);
  }
}

/** @param {ArrayBuffer | null} kept @returns {Seen | null} */
function parse(kept) {
  try {
    const { number, digest } = JSON.parse(new TextDecoder().decode(kept ?? new ArrayBuffer(0)));
    return Number.isSafeInteger(number) && typeof digest === "string" ? { number, digest } : null;
  } catch {
    return null;
  }
}
