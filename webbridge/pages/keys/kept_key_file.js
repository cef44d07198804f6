/**
 * The key file in which this device keeps the keys. A start without a connection needs the file, because the key server
 * cannot be reached.
 */

import { copySecret, overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("./keys.js").SealedIdentity} SealedIdentity */
/** @typedef {import("./passphrase_rule.js").PassphraseRule} PassphraseRule */
/**
 * A lock aborts `ended`. Afterwards these keys cannot be unlocked.
 * @typedef {{identities: SealedIdentity[], ended: AbortSignal}} KeptKeys
 */

export class KeptKeyFile {
  #keys;
  #passphraseRule;

  /** @param {KeyRing} keys @param {PassphraseRule} passphraseRule */
  constructor(keys, passphraseRule) {
    this.#keys = keys;
    this.#passphraseRule = passphraseRule;
  }

  /**
   * Makes a key file with the unlocked keys, encrypted under a passphrase. The passphrase is overwritten.
   * @param {Secret} passphrase
   * @returns {Promise<ArrayBuffer>}
   */
  async make(passphrase) {
    try {
      const vault = await this.#keys.vault();
      const { identities, sealKey } = this.#keys.copies();
      if (!sealKey) throw new ApiError("locked", "the keys are locked");
      await this.#passphraseRule.checkCopyOf(passphrase);
      return (await vault.call("identity.keep", { identities, sealKey, passphrase })).p12;
    } finally {
      overwrite(passphrase.buffer);
    }
  }

  /**
   * Opens a file from `make`. Its keys stay locked until `unlock`. The passphrase is not overwritten.
   * @param {ArrayBuffer} p12
   * @param {Secret} passphrase
   * @returns {Promise<KeptKeys>}
   */
  async read(p12, passphrase) {
    const copy = copySecret(passphrase);
    const { ended } = this.#keys;
    try {
      const { identities } = await (await this.#keys.vault()).call("identity.open", {
        p12, passphrase: copy, sealKey: this.#keys.keyForUnlock(),
      });
      return { identities, ended };
    } finally {
      overwrite(copy.buffer);
    }
  }

  /** Copies of keys from `read` for one vault call. @param {KeptKeys} kept */
  copiesOf({ identities }) {
    return { identities: identities.map(({ sealed }) => sealed.slice(0)), sealKey: this.#keys.keyForUnlock() };
  }

  /** Unlocks keys from `read`. Rejects with `locked` after a lock. @param {KeptKeys} kept */
  async unlock({ identities, ended }) {
    await this.#keys.unlock([], async () => ({ identities }), { ended });
    this.#keys.changed();
  }
}
