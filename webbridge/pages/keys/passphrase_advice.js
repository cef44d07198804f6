/** Advice about new passphrases from the vault: how hard one is to guess, and words for one. */

import { LateArchive } from "../../../wasm_build/vault/owner/late_archive.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("../../../wasm_build/vault/owner/vault.js").Vault} Vault */

/** The worst passphrase takes half a second on a computer. A device that takes longer than this gets no measure. */
const DEADLINE_SECONDS = 20;

export class PassphraseAdvice {
  #vault;
  #archive;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {{base: URL}} place `base` is the folder of the runtime
   */
  constructor(vault, { base }) {
    this.#vault = vault;
    this.#archive = new LateArchive(base);
  }

  /** The strength of a passphrase, which is overwritten. @type {import("../../../wasm_build/ui/passphrase_meter.js").Measure} */
  measure = async (measured) => {
    const [vault, zxcvbn] = await Promise.all([this.#vault(), this.#archive.copy()]);
    return vault.call("passphrase.measure", { measured, zxcvbn }, { deadlineSeconds: DEADLINE_SECONDS });
  };

  /** Random words in the language of the page, as UTF-8. @returns {Promise<ArrayBuffer>} */
  suggest = async () => {
    const vault = await this.#vault();
    return (await vault.call("passphrase.suggest", { language: document.documentElement.lang || "en" })).words;
  };
}
