/**
 * The setting of strict cleanup on this device. With strict cleanup, private keys stay out of the browser's own
 * cryptography, and each operation ends its Worker. A change locks the keys, and another vault starts.
 */

import {
  chooseStrict, declineUnstrict, isOfferedUnstrict, strictForAccount, takeStrict, watchStrict,
} from "./strict_choice.js";

/**
 * The texts by kind and name; null for a deleted text.
 * @typedef {Record<string, Record<string, string | null>>} Texts
 */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockReason} LockReason */

export class StrictSetting {
  #vault;
  #keys;
  #isOwnComputer;

  /**
   * @param {import("./page_vault.js").PageVault} vault @param {Pick<import("./keys.js").KeyRing, "lock">} keys
   * @param {() => boolean} isOwnComputer
   */
  constructor(vault, keys, isOwnComputer) {
    this.#vault = vault;
    this.#keys = keys;
    this.#isOwnComputer = isOwnComputer;
  }

  get isOn() {
    return this.#vault.strict;
  }

  /** Whether another device has switched strict cleanup off, and the person has not answered here. */
  get isOfferedOff() {
    return isOfferedUnstrict();
  }

  /** @param {boolean} isOn @param {LockReason} [reason] */
  set(isOn, reason = "hand") {
    chooseStrict(isOn, this.#isOwnComputer());
    this.#use(isOn, reason);
  }

  /** Keeps strict cleanup here, although another device has switched it off. */
  declineOff() {
    declineUnstrict(this.#isOwnComputer());
  }

  /**
   * Adds the setting to the texts that the account has for the person's other devices.
   * @param {Texts} texts
   * @returns {Texts}
   */
  addTo(texts) {
    return { ...texts, setting: { ...strictForAccount().setting, ...texts.setting } };
  }

  /** Applies the setting of the person's other devices. @param {Parameters<typeof takeStrict>[0]} account */
  take(account) {
    if (takeStrict(account, this.#isOwnComputer())) this.set(!this.isOn, "strict");
  }

  /** Applies changes in other tabs from now on, and calls `onChange` for each. @param {() => void} onChange */
  watch(onChange) {
    watchStrict((isOn) => {
      this.#use(isOn, "hand");
      onChange();
    });
  }

  /** @param {boolean} isOn @param {LockReason} reason */
  #use(isOn, reason) {
    this.#vault.useStrict(isOn, () => this.#keys.lock(reason));
  }
}
