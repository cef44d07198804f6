/**
 * For whom something can be sealed: looks an address up, and lets the vault say which certificate may be used.
 *
 * What the directory answers is never believed: only the vault's check against the trusted authorities counts.
 */

import { bytesFromBase64 } from "./api.js";
import { sameAddress } from "./keys.js";

/** @typedef {import("./api.js").BridgeApi} BridgeApi */
/** @typedef {import("./mail_vault.js").MailVault} MailVault */
/** @typedef {import("./mail_vault.js").DescribedCertificate} DescribedCertificate */
/**
 * @typedef {{readiness: "ready", certificate: DescribedCertificate, source: "directory" | "file"}
 *   | {readiness: "none"} | {readiness: "unusable", reason: string} | {readiness: "failed"} | {readiness: "bad-file"}
 * } Finding
 */

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/gu;

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
      return await this.#choose(address, await this.#api.certificatesFor(address), "directory");
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
      const finding = await this.#choose(address, certificatesOf(await file.arrayBuffer()), "file");
      return finding.readiness === "none" ? { readiness: "bad-file" } : finding;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { readiness: "bad-file" };
    }
  }

  /**
   * The newest certificate that may be used for the address.
   * @param {string} address
   * @param {ArrayBuffer[]} certificates
   * @param {"directory" | "file"} source
   * @returns {Promise<Finding>}
   */
  async #choose(address, certificates, source) {
    if (certificates.length === 0) return { readiness: "none" };
    const described = await this.#vault.describe(certificates);
    const own = described.filter(({ addresses }) => addresses.some((each) => sameAddress(each, address)));
    const usable = own.filter((each) => each.usable).sort((one, other) => (one.notBefore < other.notBefore ? 1 : -1));
    if (usable[0]) return { readiness: "ready", certificate: usable[0], source };
    if (own[0]) return { readiness: "unusable", reason: own[0].reason ?? "" };
    return { readiness: "none" };
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
function certificatesOf(file) {
  const text = new TextDecoder("latin1").decode(file);
  const pem = [...text.matchAll(PEM)].map(([, body]) => bytesFromBase64((body ?? "").replace(/\s+/gu, "")));
  return pem.length > 0 ? pem : [file];
}
