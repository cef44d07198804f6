/**
 * The letters of an account that wait on this device, encrypted under a random key. The vault seals this key under a
 * symmetric key of the person's identity, so the letters can be read and sent only while the keys are unlocked.
 *
 * Nothing is kept on another person's computer.
 */

import { sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";
import { ApiError } from "../app/api.js";
import { accountDigest } from "../app/state_database.js";
import { decodeJson, decrypt, encodeJson, encrypt, importKey, KEY_BYTES } from "../keys/bound_cipher.js";
import { addBox, readBox, readSealedLetters, removeSealedLetter, writeLetter } from "./letter_store.js";

/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("./letter_store.js").Box} Box */
/** @typedef {{box: Box, key: CryptoKey}} OpenBox */

/** The format of the records. */
const FORMAT = 1;

/** Dispatches "change" when the letters become readable, or are readable no longer. */
export class WaitingLetters extends EventTarget {
  #keys;
  #account;
  /** @type {OpenBox | null} */
  #opened = null;

  /**
   * @param {Pick<KeyRing, "unlocked" | "vault" | "copies" | "addEventListener">} keys
   * @param {() => string | null} account the address whose letters wait; null if nothing may be kept
   */
  constructor(keys, account) {
    super();
    this.#keys = keys;
    this.#account = account;
    keys.addEventListener("change", () => this.look());
  }

  /** The address whose letters wait; null if nothing may be kept. */
  get address() {
    return this.#account();
  }

  get state() {
    if (this.address === null) return "none";
    return this.#keys.unlocked ? "open" : "locked";
  }

  /** Notes another account, or a change of its keys. */
  look() {
    if (this.state !== "open") this.#opened = null;
    this.dispatchEvent(new Event("change"));
  }

  /** Whether a letter can be kept now. */
  async canKeep() {
    return (await this.#open({ begins: true }).catch(() => null)) !== null;
  }

  /** The number of letters that wait, also while they cannot be read. */
  async count() {
    const account = await this.#digest();
    return account === null ? 0 : (await readSealedLetters(account).catch(() => [])).length;
  }

  /**
   * Keeps a letter. Rejects after a failure, with `unreachable` if the account has signed out meanwhile. The letter can
   * then only be sent at once.
   * @param {string} id @param {object} letter
   */
  async keepLetter(id, letter) {
    if (await this.#write(id, letter, { begins: true })) return;
    // Another tab has deleted the letters of the account, and may have begun anew.
    this.#opened = null;
    if (!(await this.#write(id, letter, { begins: false }))) throw new ApiError("unreachable", "nothing is kept here");
  }

  /** @returns {Promise<any[]>} */
  async readLetters() {
    const opened = await this.#open({ begins: false });
    if (!opened) return [];
    const { box: { account }, key } = opened;
    const letters = await Promise.all((await readSealedLetters(account)).map(({ place, sealed }) =>
      // A record does not open if it was altered on the disk, or put in the place of another record.
      decrypt(key, sealed, bound(account, place)).then(decodeJson, () => null)));
    return letters.filter(Boolean);
  }

  /** @param {string} id */
  async removeLetter(id) {
    const account = await this.#digest();
    if (account !== null) await removeSealedLetter(await placeOf(account, id));
  }

  /** @param {string} id @param {object} letter @param {{begins: boolean}} options */
  async #write(id, letter, options) {
    const opened = await this.#open(options);
    if (!opened && !this.#keys.unlocked) throw new ApiError("locked", "the keys are locked");
    if (!opened) return false;
    const { box, key } = opened;
    const place = await placeOf(box.account, id);
    return writeLetter(box, { place, sealed: await encrypt(key, encodeJson({ ...letter, id }), bound(box.account, place)) });
  }

  /**
   * The key of the account's letters; null while it cannot be used.
   * @param {{begins: boolean}} options `begins` makes a key if there is none
   * @returns {Promise<OpenBox | null>}
   */
  async #open({ begins }) {
    const account = await this.#digest();
    if (account === null || !this.#keys.unlocked) return null;
    if (this.#opened?.box.account === account) return this.#opened;
    const box = await readBox(account) ?? (begins ? await addBox(await this.#make(account)) : null);
    const key = box && await this.#openKey(box);
    // The keys may have been locked, or another account may have signed in.
    if (!key || !this.#keys.unlocked || (await this.#digest()) !== account) return null;
    this.#opened = { box, key };
    return this.#opened;
  }

  /** @param {string} account @returns {Promise<Box>} */
  async #make(account) {
    const octets = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    const vault = await this.#keys.vault();
    const { sealed } = await vault.call("draft.seal", { draft: octets.buffer, place: keyPlace(account), ...this.#copies() });
    return { account, key: sealed };
  }

  /** @param {Box} box */
  async #openKey({ account, key }) {
    const vault = await this.#keys.vault();
    // The call transfers its buffers, so it gets a copy.
    const { draft } = await vault.call("draft.open", { sealed: key.slice(0), place: keyPlace(account), ...this.#copies() });
    return importKey(new Uint8Array(draft));
  }

  /** Letters are kept and sent automatically, so this does not count as a use of the keys by the person. */
  #copies() {
    return this.#keys.copies({ byPerson: false });
  }

  async #digest() {
    const account = this.#account();
    return account === null ? null : accountDigest(account);
  }
}

/** The place under which the key is sealed. @param {string} account */
function keyPlace(account) {
  return `outbox key of ${account}`;
}

/** The words to which the encryption binds a letter. @param {string} account @param {string} place */
function bound(account, place) {
  return `sealwax outbox ${FORMAT} ${account} ${place}`;
}

/** @param {string} account @param {string} id */
async function placeOf(account, id) {
  return `${account} ${await sha256Hex(new TextEncoder().encode(`${account} letter ${id}`))}`;
}
