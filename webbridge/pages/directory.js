/**
 * For whom something can be sealed: looks an address up, and lets the vault say which certificate may be used.
 *
 * What is found is never believed: only the vault's check against those whom the person trusts counts.
 */

import { bytesFromBase64 } from "./api.js";

/** @typedef {import("./api.js").BridgeApi} BridgeApi */
/** @typedef {import("./mail_vault.js").MailVault} MailVault */
/** @typedef {import("./mail_vault.js").Found} Found */
/** @typedef {import("./runtime/ui/recipients_field.js").Finding} Finding */

const BEGIN = "-----BEGIN CERTIFICATE-----";
const BODY = /^([^-]+)-----END/u;

export class Directory {
  #api;
  #vault;

  /**
   * @param {BridgeApi} api
   * @param {MailVault} vault
   */
  constructor(api, vault) {
    this.#api = api;
    this.#vault = vault;
  }

  /**
   * @param {string} address
   * @returns {Promise<Finding>}
   */
  async find(address) {
    try {
      return await this.#choose(address, await this.#api.certificatesFor(address));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { readiness: "failed" };
    }
  }

  /**
   * Takes a certificate from a file, DER or PEM.
   * @param {string} address
   * @param {File} file
   * @returns {Promise<Finding>}
   */
  async takeFile(address, file) {
    try {
      const found = certificatesOf(await file.arrayBuffer());
      return await this.#choose(address, found.map((certificate) => ({ certificate, source: "given", detail: file.name })));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { readiness: "bad-file" };
    }
  }

  /**
   * @param {string} address
   * @param {Found[]} found
   * @returns {Promise<Finding>}
   */
  async #choose(address, found) {
    const [check] = await this.#vault.checkRecipient(address, found);
    if (!check) return { readiness: "none" };
    return { readiness: check.usable ? "ready" : "unusable", check };
  }
}

/**
 * Whether a server or the vault refused, with a code; anything else is a fault of this program.
 * @param {unknown} error
 */
function isRefusal(error) {
  return error instanceof Error && "code" in error;
}

/** @param {ArrayBuffer} file */
export function certificatesOf(file) {
  const text = new TextDecoder("latin1").decode(file);
  const pem = text.split(BEGIN).slice(1).flatMap((piece) => BODY.exec(piece)?.[1] ?? [])
    .map((body) => bytesFromBase64(body.replace(/\s+/gu, "")));
  return pem.length > 0 ? pem : [file];
}
