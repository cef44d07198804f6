/** The keys that come from an account at the key server: the open account, and the unlocking of its keys. */

import { KeyAccount } from "../../../wasm_build/vault/account/key_account.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("../../../wasm_build/vault/types/account.js").AskFactor} AskFactor */
/** @typedef {import("../../../wasm_build/vault/types/account.js").AskReset} AskReset */
/** @typedef {import("../../../wasm_build/vault/types/account.js").KeyServerMemory} KeyServerMemory */
/** @typedef {import("../../../wasm_build/vault/account/key_server.js").KeyServer} KeyServer */
/**
 * The account's server and address, this device's memory of the account, and the questions to the person at a login.
 * @typedef {{
 *   server: KeyServer, user: () => string, memory: KeyServerMemory, askFactor?: AskFactor, askReset?: AskReset,
 * }} AccountPlace
 */
/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("./keys.js").SealedIdentity} SealedIdentity */

export class RoamingKeys {
  #keys;
  #place;
  /** @type {KeyAccount | null} */
  #account = null;
  #ended = () => this.#forget();

  /** @param {KeyRing} keys @param {AccountPlace} place */
  constructor(keys, place) {
    this.#keys = keys;
    this.#place = place;
  }

  /** The account at the key server from which the keys come; null if they come from a file or a passkey. */
  get account() {
    return this.#account;
  }

  /** Fetches the keys from the key server and unlocks them. @param {Secret} passphrase is overwritten */
  async open(passphrase) {
    await this.openBy([passphrase], (account) => account.logIn(passphrase));
  }

  /**
   * Opens the account with `open`, unlocks its keys, and overwrites the secrets.
   * @template {{identities: SealedIdentity[]}} Found
   * @param {Secret[]} secrets
   * @param {(account: KeyAccount) => Promise<Found>} open
   * @returns {Promise<Found>} the result of `open`
   */
  async openBy(secrets, open) {
    const account = this.newAccount();
    const opened = await this.#keys.unlock(secrets, () => open(account));
    this.#use(account);
    return opened;
  }

  /**
   * Unlocks the keys that a change of the account has added, such as the keys of a shared identity. The keys are in the
   * account's order, because messages are signed with the first identity of an address.
   * @template {{identities: SealedIdentity[]}} Found
   * @param {(account: KeyAccount) => Promise<Found>} change
   * @returns {Promise<Found>} the result of `change`
   */
  async unlockFrom(change) {
    const account = this.#account;
    if (!account) throw new ApiError("locked", "the keys are locked");
    const opened = await this.#keys.unlock([], () => change(account));
    this.#keys.arrange(opened.identities);
    this.#keys.changed();
    return opened;
  }

  /** Stops a running reset of the account. */
  async stopReset() {
    await this.#account?.stopReset();
    this.#keys.changed();
  }

  /** Leaves the account after its deletion. The keys stay unlocked. */
  leave() {
    this.#account = null;
    this.#keys.changed();
  }

  /** A new account object, for a login or registration. */
  newAccount() {
    const { server, user, memory, askFactor, askReset } = this.#place;
    return new KeyAccount(this.#keys.vault, this.#keys, memory, { server, user: user(), askFactor, askReset });
  }

  /** Uses the account until the keys are locked. @param {KeyAccount} account */
  #use(account) {
    this.#account?.forget();
    this.#account = account;
    this.#keys.ended.addEventListener("abort", this.#ended, { once: true });
    this.#keys.changed();
  }

  #forget() {
    this.#account?.forget();
    this.#account = null;
  }
}
