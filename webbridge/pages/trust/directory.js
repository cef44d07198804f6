/**
 * The search for the certificate of an address. The bridge finds certificates, and the vault decides which may be used.
 *
 * Found certificates are not trusted until the vault has checked them against the person's anchors.
 */

import { NOT_WHOLE } from "./certificate_requests.js";

/** @typedef {import("./certificate_requests.js").CertificateRequests} CertificateRequests */
/** @typedef {import("../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../keys/mail_vault.js").Found} Found */
/** @typedef {import("../../../wasm_build/ui/recipients_field.js").Finding} Finding */

/**
 * The largest number of look-ups at a time. A message may be for many people. Too many look-ups would use up the
 * browser's connections to a server, and the vault's open requests, so that the vault refuses the sending.
 */
const MOST_AT_ONCE = 4;

export class Directory {
  /** The number of look-ups under way. */
  #running = 0;
  /** @type {(() => void)[]} */
  #waiting = [];
  #requests;
  #vault;
  #isAway;

  /**
   * @param {Pick<CertificateRequests, "certificatesFor">} requests
   * @param {MailVault} vault
   * @param {() => Promise<boolean>} [isAway] whether the page works without the bridge now
   */
  constructor(requests, vault, isAway = async () => false) {
    this.#requests = requests;
    this.#vault = vault;
    this.#isAway = isAway;
  }

  /**
   * The certificate for an address. Without a connection, or if the bridge's directories did not all answer, only
   * certificates from earlier messages are used. If there are none, the look-up has failed, because there may be a
   * certificate.
   * @param {string} address
   * @returns {Promise<Finding>}
   */
  async find(address) {
    while (this.#running >= MOST_AT_ONCE) await new Promise((resolve) => this.#waiting.push(() => resolve(null)));
    this.#running += 1;
    return this.#find(address).finally(() => {
      this.#running -= 1;
      this.#waiting.shift()?.();
    });
  }

  /** @param {string} address @returns {Promise<Finding>} */
  async #find(address) {
    try {
      const certificates = await this.#requests.certificatesFor(address).catch(async (error) => {
        if (isRefusal(error) && error.code === NOT_WHOLE) return null;
        if (isRefusal(error) && error.code === "unreachable" && await this.#isAway()) return null;
        throw error;
      });
      const finding = await this.#choose(address, certificates ?? []);
      return certificates === null && finding.readiness === "none" ? { readiness: "failed" } : finding;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { readiness: "failed" };
    }
  }

  /** The mailboxes of a text that the person has typed. @param {string} text @returns {Promise<import("../../../wasm_build/ui/formats.js").Mailbox[]>} */
  async readAddresses(text) {
    return (await this.#vault.readAddresses([text]))[0] ?? [];
  }

  /**
   * Chooses a certificate from a file in any form that the vault reads.
   * @param {string} address
   * @param {File} file
   * @returns {Promise<Finding>}
   */
  async takeFile(address, file) {
    try {
      const read = await this.#vault.readCertificates(await file.arrayBuffer(), address);
      if (read.length === 0) return { readiness: "bad-file" };
      return await this.#choose(address, read.map((certificate) => ({ ...certificate, source: "given", detail: file.name })));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { readiness: "bad-file" };
    }
  }

  /**
   * @param {string} address
   * @param {Found[]} certificates
   * @returns {Promise<Finding>}
   */
  async #choose(address, certificates) {
    const [check] = await this.#vault.checkRecipient(address, certificates);
    if (!check) return { readiness: "none" };
    return { readiness: check.usable ? "ready" : "unusable", check };
  }
}

/**
 * Whether the error is a refusal by a server or the vault, which has a code. Other errors are faults of this program.
 * @param {unknown} error
 */
function isRefusal(error) {
  return error instanceof Error && "code" in error;
}
