/** The rule that the passphrase of the keys is not the mail password, which the bridge and the mail server see. */

import { copySecret, overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** A test whether a passphrase is the mail password. @typedef {{matches: (passphrase: Secret) => Promise<boolean>}} Mark */

export class PassphraseRule {
  /** @type {Mark | null} */
  #mailPassword = null;

  /** Keeps the mark of the mail password. @param {Mark} mark */
  refuse(mark) {
    this.#mailPassword = mark;
  }

  /**
   * Checks a passphrase. If the passphrase is the mail password, overwrites it and rejects with `passphrase-reused`.
   * @param {Secret} passphrase
   */
  async check(passphrase) {
    if (await this.#mailPassword?.matches(passphrase)) {
      overwrite(passphrase.buffer);
      throw new ApiError("passphrase-reused", "the passphrase is the mail password");
    }
  }

  /** Rejects with `passphrase-reused` as `check` does, but does not overwrite the passphrase. @param {Secret} passphrase */
  async checkCopyOf(passphrase) {
    const copy = copySecret(passphrase);
    await this.check(copy).finally(() => overwrite(copy.buffer));
  }
}
