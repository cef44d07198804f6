/**
 * The person's own keys for the files that they keep. A file counts as the person's own if it is signed with one of these
 * keys. New files are encrypted for one of their certificates. Keys that several people share are not used, unless the
 * account has no others. In any case, the certificate of a manifest's signer must have the address of the account.
 */

import { sameAddress } from "../../../wasm_build/ui/formats.js";
import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { VaultError } from "../../../wasm_build/vault/errors/vault_error.js";

/** @typedef {import("../keys/keys.js").SealedIdentity} SealedIdentity */
/** @typedef {import("../../../wasm_build/parcels/chunk_plan.js").Chunk} Chunk */
/**
 * @typedef {{parcel: string, name: string, sizeBytes: number, at: string, wholeBytes: number}} OwnParcel `wholeBytes` is the
 *   size up to which the parcel is sent in one request
 */

/** A certificate for which nothing can be encrypted. */
const NOT_FOR_ENCRYPTION = "unsupported-algorithm";

export class OwnKeys {
  #keys;
  /** The certificate for new files, and the fingerprints of the keys among which it was chosen. @type {{of: string, certificate: ArrayBuffer} | null} */
  #chosen = null;

  /** @param {import("../keys/keys.js").KeyRing} keys @param {string} account */
  constructor(keys, account) {
    this.#keys = keys;
    /** @readonly */
    this.account = account;
  }

  /**
   * Calls the vault with the keys. Rejects with `locked` while the keys are locked.
   * @param {string} verb @param {object} args @param {AbortSignal} [signal]
   */
  async call(verb, args, signal) {
    const { identities, sealKey } = this.#keys.copies();
    if (!sealKey) throw new VaultError("locked", "the keys are locked");
    return (await this.#keys.vault()).call(verb, { ...args, identities, sealKey }, signal ? { signal } : {});
  }

  /**
   * Verifies a manifest. It must be signed with one of the person's own keys, and made for the person's address.
   * @param {ArrayBuffer} manifest @param {string} parcel its id @param {AbortSignal} [signal]
   * @returns {Promise<{files: import("../../../wasm_build/parcels/chunk_plan.js").ReceivedFile[]}>}
   */
  async verify(manifest, parcel, signal) {
    const own = this.#own();
    const judge = (/** @type {string} */ at) => this.call("parcel.verify", {
      manifest: manifest.slice(0), parcel, readers: [this.account], at, trust: {
        // The person's own certificates are trusted. Their issuers are not, and certificates that they have issued are not.
        anchors: own.map(({ certificate }) => ({ certificate: certificate.slice(0), exact: true })), revocation: "not-checked",
      },
    }, signal);
    let opened = await judge(new Date().toISOString());
    if (opened.report.state !== "verified") {
      // A file that was signed while the certificate was valid also counts after its expiry.
      const signer = own.find(({ fingerprint }) => opened.report.signers.some((/** @type {any} */ entry) => entry.certificate === fingerprint));
      if (signer) opened = await judge(new Date(signer.notAfter).toISOString());
    }
    // The signature of a key with another address is refused. A key that several people share may have another address.
    if (opened.report.state !== "verified" || !sameAddress(opened.sender, this.account)) {
      throw new ApiError("files-not-own", "none of the person's own keys has signed this");
    }
    return opened;
  }

  /**
   * Encrypts a chunk for the person's present certificate.
   * @param {ArrayBuffer} content which is transferred @param {AbortSignal} [signal]
   * @returns {Promise<{cms: ArrayBuffer, chunk: Chunk}>}
   */
  async encrypt(content, signal) {
    return this.#encryptFor(content, await this.#certificate(), signal);
  }

  /**
   * Calls a verb of the vault for a parcel to oneself with one file. The result is the parcel's plan, or its signed and
   * encrypted manifest.
   * @param {"parcel.plan" | "parcel.finish"} verb @param {OwnParcel & {chunks?: Chunk[], most?: number | null}} parcel @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  async build(verb, { parcel, name, sizeBytes, ...members }, signal) {
    const certificate = await this.#certificate();
    return this.call(verb, {
      parcel, from: this.account, to: [{ address: this.account, language: "en" }], files: [{ name, sizeBytes }],
      recipients: [certificate.slice(0)], sign: true, ...members,
    }, signal);
  }

  /** @returns {SealedIdentity[]} */
  #own() {
    const all = this.#keys.shareIdentities();
    const own = all.filter(({ isShared }) => !isShared);
    return own.length > 0 ? own : all;
  }

  /**
   * The certificate for new files. Among the valid encryption certificates for this account, it is the one whose validity
   * began last.
   * @returns {Promise<ArrayBuffer>}
   */
  async #certificate() {
    const own = this.#own();
    const of = own.map(({ fingerprint }) => fingerprint).join();
    if (this.#chosen?.of === of) return this.#chosen.certificate;
    const now = Date.now();
    const valid = own.filter(({ addresses, notBefore, notAfter }) => addresses.some((address) => sameAddress(address, this.account))
      && Date.parse(notBefore) <= now && now <= Date.parse(notAfter));
    valid.sort((one, other) => Date.parse(other.notBefore) - Date.parse(one.notBefore));
    for (const { certificate } of valid) {
      const isPossible = await this.#encryptFor(new ArrayBuffer(1), certificate).then(() => true, (error) => {
        if (error.code !== NOT_FOR_ENCRYPTION) throw error;
        return false;
      });
      if (!isPossible) continue;
      this.#chosen = { of, certificate };
      return certificate;
    }
    throw new ApiError("files-no-key", `no valid key for ${this.account}`);
  }

  /** @param {ArrayBuffer} content @param {ArrayBuffer} certificate @param {AbortSignal} [signal] */
  async #encryptFor(content, certificate, signal) {
    return (await this.#keys.vault()).call("parcel.encrypt", { content, recipients: [certificate.slice(0)] }, signal ? { signal } : {});
  }
}
