/**
 * The accounts that are signed in in this browser, and the account that this tab shows.
 *
 * Each tab shows one account. The account's id, which does not reveal the person, is in the session storage of the tab. To
 * show another account, the page is loaded again, so that no data of the first account stays in the page.
 */

import { sameAddress } from "../../../wasm_build/ui/formats.js";
import { openReloads } from "../keys/reload_database.js";
import { readSealedLetters, removeBoxes } from "../offline/letter_store.js";
import { keepsMail, readAccount, removeAccounts } from "../offline/store.js";
import { accountDigest } from "../app/state_database.js";

/** @typedef {import("./account_requests.js").AccountHere} AccountHere */
/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../offline/letter_store.js").Sealed} Sealed */

/**
 * The item has the id and, after a blank, the hash of the address. With the hash, the page notices if the bridge gives the
 * id another address after a reload.
 */
const NAME = "sealwax-account";
/** The value in place of an id when the tab shows the form to sign in. */
export const NEW_ACCOUNT = "new";
/** The fragment of a link that opens a tab of an account. */
const LINK = /^#\/as\/(new|[0-9a-f]{32})$/u;

export class AccountsHere {
  #api;
  /** The accounts that were signed in when the bridge was asked last. @type {AccountHere[]} */
  #all = [];
  /** The id that was chosen in this tab, for a browser that stores nothing. @type {string | null} */
  #choice = null;

  /** @param {BridgeApi} api */
  constructor(api) {
    this.#api = api;
  }

  /** The accounts that were signed in when the bridge was asked last. */
  get all() {
    return this.#all;
  }

  /** Whether a further account can be signed in. A bridge that is older than these pages allows only one account. */
  get hasRoom() {
    return this.#all.length < this.#api.accounts.most;
  }

  /** Whether the bridge allows several accounts in one browser. */
  get isOffered() {
    return this.#api.accounts.most > 1;
  }

  /** Whether this tab shows the form for a further account. */
  get isAdding() {
    return this.#read() === NEW_ACCOUNT;
  }

  /** Asks who is signed in. @returns {Promise<AccountHere[]>} */
  async look() {
    this.#all = await this.#api.accounts.here();
    return this.#all;
  }

  /**
   * Asks who is signed in, and uses this tab's account from now on. This is `shown`, else the account that was chosen in
   * this tab, else the only account.
   * @param {string | null} shown
   * @returns {Promise<string | null>} the account's address; null if there is none, or if the person has to choose
   */
  async find(shown) {
    this.#takeLink();
    const all = await this.look();
    const choice = this.#read();
    /** @param {AccountHere} candidate */
    const isOwn = (candidate) =>
      shown !== null ? sameAddress(candidate.address, shown)
        : choice !== null && this.isOffered ? candidate.account === choice : all.length === 1;
    const own = all.find(isOwn);
    if (!own || !(await this.#isOfTab(own))) return null;
    this.#api.use(own);
    await this.take(own);
    return own.address;
  }

  /** Keeps the account of this tab for a reload. @param {AccountHere} own */
  async take({ address, account }) {
    this.#keep(account, await accountDigest(address));
  }

  /** Whether an account has the address that this tab has shown until now. @param {AccountHere} own */
  async #isOfTab({ address }) {
    const { digest } = this.#kept();
    return digest === "" || digest === await accountDigest(address);
  }

  /** @param {string | null} choice the id of an account, or NEW_ACCOUNT; null for none */
  choose(choice) {
    this.#keep(choice, "");
  }

  /** @param {string | null} choice @param {string} digest of the address */
  #keep(choice, digest) {
    this.#choice = choice;
    const entry = `${choice ?? ""} ${digest}`.trimEnd();
    try {
      if (entry) sessionStorage.setItem(NAME, entry);
      else sessionStorage.removeItem(NAME);
    } catch {
      // Without the item, the tab shows the only account after a reload, or lets the person choose. The hash is not
      // compared.
    }
  }

  /** Shows another account in this tab, or the form to sign in. @param {string} choice */
  change(choice) {
    this.choose(choice);
    // The path may name a folder of the earlier account.
    history.replaceState(null, "", "#/");
    location.reload();
  }

  /** The address of a new tab that shows an account. @param {string} choice */
  linkTo(choice) {
    return `#/as/${choice}`;
  }

  /** Whether this browser has stored mail of an account, even if the storing is off now. @param {string} address */
  async keepsMailOf(address) {
    return await keepsMail() && (await readAccount(await accountDigest(address))) !== null;
  }

  /**
   * The sealed letters that wait in this browser's outboxes of these accounts.
   * @param {string[]} addresses
   * @returns {Promise<Sealed[]>}
   */
  async findLetters(addresses) {
    const letters = addresses.map(async (address) => readSealedLetters(await accountDigest(address)).catch(() => []));
    return (await Promise.all(letters)).flat();
  }

  /**
   * Deletes the outbox of accounts, and what this browser stores for reading without a connection and for reloads. If a letter
   * waits that is not among the agreed ones, resolves with false and deletes nothing.
   * @param {string[]} addresses @param {Sealed[]} agreed the letters that may be deleted
   */
  async forgetKept(addresses, agreed) {
    const accounts = await Promise.all(addresses.map(accountDigest));
    if (!(await removeBoxes(accounts, agreed).catch(() => true))) return false;
    await removeAccounts(accounts).catch(() => undefined);
    if (await openReloads.exists()) for (const account of accounts) await openReloads.remove(account).catch(() => undefined);
    return true;
  }

  /** Signs out of an account that this tab does not show. Resolves as `forgetKept` does. @param {string} address @param {Sealed[]} agreed */
  async signOut(address, agreed) {
    if (!(await this.forgetKept([address], agreed))) return false;
    await this.#api.accounts.signOut(address);
    return true;
  }

  /** Signs out of all accounts. */
  async signOutAll() {
    this.#api.use({ address: "", account: "" });
    await this.#api.accounts.signOutAll();
  }

  #takeLink() {
    const [, choice] = LINK.exec(location.hash) ?? [];
    if (!choice) return;
    this.choose(choice);
    history.replaceState(null, "", "#/");
  }

  #read() {
    return this.#choice ?? (this.#kept().choice || null);
  }

  /** The id and the hash in the tab's storage; "" for each that is not there. */
  #kept() {
    try {
      const [choice = "", digest = ""] = (sessionStorage.getItem(NAME) ?? "").split(" ");
      return { choice, digest };
    } catch {
      return { choice: "", digest: "" };
    }
  }
}
