/** The requests about certificates: the certificates of an address, the certificates of issuers, and the answers of authorities. */
import { hasFailedDirectory, readFound } from "../../../wasm_build/vault/server/found_answers.js";
import { ApiError, JSON_TYPE } from "../../../wasm_build/vault/server/json_requests.js";
import { joinAnswers } from "../../../wasm_build/vault/server/lookups.js";
import { membersOf } from "../../../wasm_build/vault/server/answer_values.js";
import { base64FromBytes } from "../../../wasm_build/vault/values/base64.js";
import { readIssuers, readRevocation } from "../app/service_answers.js";

/** The code of the error if nothing was found, and not all directories have answered. */
export const NOT_WHOLE = "directory-failed";

export class CertificateRequests {
  #json;

  /** @param {(path: string, options?: import("../../../wasm_build/vault/server/json_requests.js").RequestOptions) => Promise<any>} json gives the answer's JSON */
  constructor(json) {
    this.#json = json;
  }

  /**
   * The certificates that the bridge finds for an address, in its directory and at other sources. Rejects with
   * `directory-failed` if nothing was found and a directory did not answer.
   * @param {string} address
   * @returns {Promise<import("../keys/mail_vault.js").Found[]>}
   */
  async certificatesFor(address) {
    // The address is not in the path, because servers and proxies log paths.
    const answer = await this.#json("/api/directory", { method: "POST", body: JSON.stringify({ address }), headers: JSON_TYPE });
    // Without a list the bridge has not said that it knows nobody, and a message must not leave unencrypted for it.
    if (!Array.isArray(membersOf(answer)["found"])) throw new ApiError("server-error", "the answer is no list of certificates");
    const found = readFound(answer);
    if (found.length === 0 && hasFailedDirectory(answer)) throw new ApiError(NOT_WHOLE, "a directory did not answer");
    return found;
  }

  /**
   * The answers of authorities about the revocation of certificates. The bridge asks them at the URLs in the
   * certificates. The vault checks every answer.
   * @type {import("../../../wasm_build/vault/server/lookups.js").Asker}
   */
  async askAuthorities(lookups, signal) {
    // The request contains each path once, even if several look-ups are about it.
    const paths = lookups.map(({ path }) => path.map(base64FromBytes));
    const questions = [...new Map(paths.map((path) => [path.join(), path])).values()];
    const body = JSON.stringify({ paths: questions });
    try {
      const answer = await this.#json("/api/pki/status", { method: "POST", body, headers: JSON_TYPE, signal });
      const answers = readRevocation(answer, questions.length);
      const came = new Map(questions.map((path, index) => [path.join(), answers[index] ?? { crls: [], ocsp: [] }]));
      const isEmpty = (/** @type {string[]} */ path) => Object.values(came.get(path.join()) ?? {}).flat().length === 0;
      const unavailable = lookups.filter((_, index) => isEmpty(paths[index] ?? [])).map(({ id }) => id);
      return { answer: joinAnswers([...came.values()]), unavailable };
    } catch (error) {
      // Without answers the verdict says that revocation could not be checked.
      if (!(error instanceof ApiError) || error.code === "session-ended") throw error;
      return { answer: joinAnswers([]), unavailable: lookups.map(({ id }) => id) };
    }
  }

  /**
   * The certificates of a certificate's issuer, for a message that lacks them. The bridge fetches them from the URL in
   * the certificate. The server there learns of the download, so call this only at the person's request.
   * @param {ArrayBuffer} certificate
   * @returns {Promise<ArrayBuffer[]>}
   */
  async findIssuers(certificate) {
    const body = JSON.stringify({ certificates: [base64FromBytes(certificate)] });
    return readIssuers(await this.#json("/api/pki/issuers", { method: "POST", body, headers: JSON_TYPE }));
  }
}
