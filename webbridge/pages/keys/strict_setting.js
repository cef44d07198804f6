/**
 * The setting of strict cleanup on this device. With strict cleanup, private keys stay out of the browser's own
 * cryptography, and each operation ends its Worker. A change locks the keys, and another vault starts.
 *
 * Another device's choice against strict cleanup waits for the person's answer. It is kept where the choice is kept.
 */

import { offersOf, settle, textsForMerge } from "../../../wasm_build/vault/account/roaming_settings.js";
import { keepChoice, keptChoices } from "../app/kept_choice.js";
import { chooseStrict, isStrict, STRICT_NAME } from "./strict_choice.js";

/** @typedef {import("../../../wasm_build/vault/account/roaming_settings.js").AllHeld} AllHeld */
/** @typedef {import("../../../wasm_build/vault/account/roaming_settings.js").Named} Named */
/**
 * The texts by kind and name; null for a deleted text.
 * @typedef {Record<string, Record<string, string | null>>} Texts
 */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockReason} LockReason */

/** The name under which another device's choice is kept. */
const HELD = "sealwax-strict-held";
/** The name of the setting's entry in the account. */
const ENTRY = "setting:strict";

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
    return offersOf(held(), inEffect()).length > 0;
  }

  /** @param {boolean} isOn @param {LockReason} [reason] */
  set(isOn, reason = "hand") {
    chooseStrict(isOn, this.#isOwnComputer());
    this.#use(isOn, reason);
  }

  /** Keeps strict cleanup here, although another device has switched it off. */
  declineOff() {
    const { [ENTRY]: offered, ...others } = held();
    if (offered) this.#hold({ ...others, [ENTRY]: { ...offered, state: "declined" } });
  }

  /**
   * Adds the setting to the texts that the account has for the person's other devices.
   * @param {Texts} texts
   * @returns {Texts}
   */
  addTo(texts) {
    const here = inEffect();
    const { setting } = textsForMerge(keptChoices(STRICT_NAME).length ? here : {}, held(), here, ["setting"]);
    return { ...texts, setting: { ...setting, ...texts.setting } };
  }

  /**
   * Applies the setting of the person's other devices. A choice against strict cleanup waits for the person's answer.
   * @param {Named} account
   */
  take({ setting: { strict } = {} }) {
    const { taken, held: next } = settle({ setting: strict === undefined ? {} : { strict } }, held(), inEffect(), isFlag);
    this.#hold(next);
    if (Object.hasOwn(taken, ENTRY)) this.set(!this.isOn, "strict");
  }

  /** Applies changes in other tabs from now on, and calls `onChange` for each. @param {() => void} onChange */
  watch(onChange) {
    addEventListener("storage", ({ key }) => {
      if (key !== STRICT_NAME) return;
      this.#use(isStrict(), "hand");
      onChange();
    });
  }

  /** @param {AllHeld} choice */
  #hold(choice) {
    keepChoice(HELD, Object.keys(choice).length > 0 ? JSON.stringify(choice) : null, this.#isOwnComputer());
  }

  /** @param {boolean} isOn @param {LockReason} reason */
  #use(isOn, reason) {
    this.#vault.useStrict(isOn, () => this.#keys.lock(reason));
  }
}

function inEffect() {
  return { [ENTRY]: JSON.stringify(isStrict()) };
}

/** @returns {AllHeld} */
function held() {
  try {
    return JSON.parse(keptChoices(HELD)[0] ?? "{}");
  } catch {
    return {};
  }
}

/** @param {string} _ @param {string} text */
function isFlag(_, text) {
  return text === "true" || text === "false";
}
