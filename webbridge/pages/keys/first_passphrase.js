/** The question to the key server whether the account still has the passphrase that an administrator chose, and so knows. */

import { ACCOUNT_CHANGED } from "../../../wasm_build/ui/key_account_view.js";

/** The wait after the unlocking, so that the first view comes before this question. */
const PAUSE_MILLISECONDS = 1_500;

/**
 * @typedef {{keys: import("./keys.js").KeyRing, roamingKeys: import("./roaming_keys.js").RoamingKeys}} FirstPassphraseServices
 */

/** Dispatches `change`. */
export class FirstPassphrase extends EventTarget {
  /** Whether an administrator knows the passphrase. False also while this is not known. */
  isUsed = false;
  #services;
  /** The account that was asked about last. @type {import("./roaming_keys.js").RoamingKeys["account"]} */
  #account = null;

  /** @param {FirstPassphraseServices} services */
  constructor(services) {
    super();
    this.#services = services;
    services.keys.addEventListener("change", () => this.#look());
    document.addEventListener(ACCOUNT_CHANGED, () => {
      this.#account = null;
      this.#look();
    });
  }

  #look() {
    const { keys, roamingKeys } = this.#services;
    const account = keys.unlocked ? roamingKeys.account : null;
    if (account === this.#account) return;
    this.#account = account;
    if (account === null) return this.#set(false);
    setTimeout(() => void this.#ask(account), PAUSE_MILLISECONDS);
  }

  /** @param {NonNullable<import("./roaming_keys.js").RoamingKeys["account"]>} account */
  async #ask(account) {
    if (account !== this.#account) return;
    // The settings of the account report a failure of the same question.
    const answer = await account.ask("recovery").catch(() => null);
    if (account === this.#account) this.#set(answer?.recovery.hasFirstPassphrase === true);
  }

  /** @param {boolean} isUsed */
  #set(isUsed) {
    if (isUsed === this.isUsed) return;
    this.isUsed = isUsed;
    this.dispatchEvent(new Event("change"));
  }
}
