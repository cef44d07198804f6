/**
 * The keys that the person opens from a file, or makes with a certification request. After the unlocking, the person is
 * asked whether to store the keys on the key server.
 */

import { copySecret, overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("./keys.js").SealedIdentity} SealedIdentity */
/** @typedef {import("./keys.js").Vault} Vault */
/** @typedef {import("./passphrase_rule.js").PassphraseRule} PassphraseRule */
/** @typedef {import("./roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {{keys: KeyRing, roamingKeys: RoamingKeys, passphraseRule: PassphraseRule}} KeyFileServices */
/** @typedef {{p12: ArrayBuffer, passphrase: Secret}} KeyFile */
/** @typedef {(vault: Vault) => Promise<{identities: SealedIdentity[]}>} Opening */

export class KeyFiles {
  #keys;
  #roamingKeys;
  #passphraseRule;
  /**
   * The key file that was unlocked last and its passphrase. They are kept while the person can store the file on the key
   * server.
   * @type {KeyFile | null}
   */
  #offered = null;
  #ended = () => this.#forget();

  /** @param {KeyFileServices} services */
  constructor({ keys, roamingKeys, passphraseRule }) {
    this.#keys = keys;
    this.#roamingKeys = roamingKeys;
    this.#passphraseRule = passphraseRule;
  }

  /** Whether there is a key file that the person can store on the key server. */
  get canEnrol() {
    return this.#offered !== null;
  }

  /** A copy of the offered file, which the person can save; null if there is none. */
  get offeredFile() {
    return this.#offered?.p12.slice(0) ?? null;
  }

  /**
   * Unlocks the keys of a file, PKCS#12 or PEM.
   * @param {ArrayBuffer} p12
   * @param {Secret} passphrase
   */
  async open(p12, passphrase) {
    const offered = { p12: p12.slice(0), passphrase: copySecret(passphrase) };
    await this.#unlockOffered(passphrase, offered, (vault) => this.#read(vault, { p12, passphrase }));
  }

  /**
   * Adds the keys of a file to the account at the key server, and unlocks them beside the others.
   * @param {ArrayBuffer} p12
   * @param {Secret} passphrase
   */
  async addToAccount(p12, passphrase) {
    const { account } = this.#roamingKeys;
    if (!account) throw new ApiError("locked", "the keys are locked");
    await this.#keys.unlock([passphrase], async (vault) => {
      const opened = await this.#read(vault, { p12, passphrase });
      await account.add(opened.identities);
      return opened;
    });
    this.#keys.changed();
  }

  /**
   * Makes a new key, encrypted under the passphrase, and the request for the key's certificate. Resolves with both as files.
   * @param {string} address
   * @param {Secret} passphrase
   * @returns {Promise<{request: ArrayBuffer, key: ArrayBuffer}>}
   */
  async makeRequest(address, passphrase) {
    try {
      return await (await this.#keys.vault()).call("request.make", { addresses: [address], passphrase });
    } finally {
      overwrite(passphrase.buffer);
    }
  }

  /**
   * Joins the key of a request with the certificates from the authority, and unlocks the key.
   * @param {ArrayBuffer} key
   * @param {ArrayBuffer[]} files
   * @param {Secret} passphrase
   */
  async finishRequest(key, files, passphrase) {
    const offered = { p12: new ArrayBuffer(0), passphrase: copySecret(passphrase) };
    await this.#unlockOffered(passphrase, offered, async (vault) => {
      const joined = await vault.call("request.finish", { key, passphrase, files, sealKey: this.#keys.keyForUnlock() });
      offered.p12 = joined.p12;
      return joined;
    });
  }

  /**
   * Stores the keys of the offered file on the key server, under the same passphrase.
   * @param {{enrolmentTicket: () => Promise<string>}} api
   */
  async enrol(api) {
    if (!this.#offered) throw new Error("no file was opened");
    const { p12, passphrase } = this.#offered;
    await this.#passphraseRule.checkCopyOf(passphrase);
    const ticket = await api.enrolmentTicket();
    await this.#roamingKeys.newAccount().register({
      ticket, p12: p12.slice(0), p12Passphrase: copySecret(passphrase), passphrase: copySecret(passphrase),
    });
    this.dismissOffer();
  }

  /** Overwrites the offered file and its passphrase, and withdraws the offer. */
  dismissOffer() {
    if (!this.#offered) return;
    this.#forget();
    this.#keys.changed();
  }

  /** @param {Vault} vault @param {KeyFile} file */
  async #read(vault, { p12, passphrase }) {
    const opened = await vault.call("identity.open", { p12, passphrase, sealKey: this.#keys.keyForUnlock() });
    if (opened.identities.length === 0) throw new ApiError("no-identity-in-file", "no private key in the file");
    return opened;
  }

  /**
   * Unlocks the keys of a file, and offers the file for the key server.
   * @param {Secret} passphrase
   * @param {KeyFile} offered
   * @param {Opening} open
   */
  async #unlockOffered(passphrase, offered, open) {
    await this.#keys.unlock([passphrase], open).catch((error) => {
      overwriteFile(offered);
      throw error;
    });
    this.dismissOffer();
    // The key server would store the keys under the file's passphrase. So a file without a passphrase is not offered.
    if (offered.passphrase.length > 0) this.#offer(offered);
    else overwriteFile(offered);
    this.#keys.changed();
  }

  /** Offers the file until the keys are locked. @param {KeyFile} file */
  #offer(file) {
    this.#offered = file;
    this.#keys.ended.addEventListener("abort", this.#ended, { once: true });
  }

  #forget() {
    if (this.#offered) overwriteFile(this.#offered);
    this.#offered = null;
  }
}

/** @param {KeyFile} file */
function overwriteFile({ p12, passphrase }) {
  overwrite(p12);
  overwrite(passphrase.buffer);
}
