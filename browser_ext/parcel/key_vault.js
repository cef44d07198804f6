/** The vault for a parcel that a key of the person opens. Calls that need this key go to the background's vault. */
import { generateKeys, openWith } from "../shared/channel.js";
import { ask } from "../shared/request.js";

/** @typedef {import("../../wasm_build/vault/storage/session.js").Caller} Caller */

export class KeyVault {
  #own;
  #fingerprint;
  #keys = generateKeys();

  /** @param {Caller} own @param {string} fingerprint of the certificate whose key opens the parcel */
  constructor(own, fingerprint) {
    this.#own = own;
    this.#fingerprint = fingerprint;
  }

  /** @type {Caller["call"]} */
  async call(verb, args, options) {
    if (verb === "parcel.verify") return this.#verify(args);
    if (verb === "parcel.decrypt") return this.#decrypt(args);
    if (verb === "parcel.receipt") return this.#confirm(args);
    return this.#own.call(verb, args, options);
  }

  /** @param {VaultArgs<"parcel.verify">} args */
  async #verify({ manifest, parcel, readers, trust }) {
    const keys = await this.#keys;
    const { envelope, ...judged } = await ask("parcel.verify", {
      manifest, parcel, readers, fingerprint: this.#fingerprint, replyKey: keys.publicKey, ...answersIn(trust),
    });
    return { ...judged, ...JSON.parse(new TextDecoder().decode(await openWith(keys, "opened parcel", envelope))) };
  }

  /** @param {VaultArgs<"parcel.decrypt">} args */
  async #decrypt({ cms, chunk }) {
    const keys = await this.#keys;
    const { envelope } = await ask("parcel.decrypt", { cms, ...chunk, fingerprint: this.#fingerprint, replyKey: keys.publicKey });
    return { content: await openWith(keys, "parcel chunk", envelope) };
  }

  /** @param {VaultArgs<"parcel.receipt">} args */
  #confirm({ manifest, parcel, trust }) {
    return ask("parcel.receipt", { manifest, parcel, fingerprint: this.#fingerprint, ...answersIn(trust) });
  }
}

/**
 * The answers of authorities in `trust`. The background adds the person's own trust.
 * @param {VaultArgs<"parcel.receipt">["trust"]} trust
 */
function answersIn({ evidence }) {
  const { crls, ocsp, asked, unavailable } = evidence ?? {};
  return { crls: crls ?? [], ocsp: ocsp ?? [], asked: asked ?? [], unavailable: unavailable ?? [] };
}
