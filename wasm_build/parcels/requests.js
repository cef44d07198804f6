/**
 * The requests of a recipient to the server of parcels. The requests have no cookie; only the six words, and then a
 * ticket, give access. Nothing is requested before the person presses Open.
 */

import { base64FromBytes, bytesFromBase64 } from "../vault/values/base64.js";
import { ApiError, JSON_TYPE, readJson, request } from "../vault/server/json_requests.js";
import { joinAnswers } from "../vault/server/lookups.js";
import { base64urlFromBytes, bytesFromBase64url } from "./base64url.js";

/**
 * @typedef {{
 *   ticket: string, reference: string, kind: "message" | "files", from: string, manifest: number, objects: number[],
 *   until: string, submitted: string, downloadsLeft: number | null, answer: AnswerTerms | null,
 *   key: KeyTerms | null, enclosed: Map<string, ArrayBuffer>,
 * }} Opening the server's answer to a right proof; `manifest` is the size of the manifest in bytes, `objects` are the sizes of the chunks,
 *   and `enclosed` has the objects of a small parcel by their names
 */
/**
 * @typedef {{from: string, bytes: number, left: number}} AnswerTerms the From with which the server passes an answer on, the answer's
 *   largest size when encrypted, and the number of answers that may still come
 */
/** @typedef {{seconds: number}} KeyTerms the server offers a key to the recipient; a code for this key is valid for so many seconds */
/** @typedef {"received" | "opened" | "failed"} Claim */
/** @typedef {"unwanted" | "deceit" | "harmful" | "other"} Complaint */
/** @typedef {import("../vault/server/lookups.js").Lookup} Lookup */

const CHANGE = { "X-Sealwax": "1" };
const SALT_BYTES = 16;

export class ParcelRequests {
  #origin;

  /** @param {string} origin of the API */
  constructor(origin) {
    this.#origin = origin;
  }

  /** The settings with which the server's operator trusts authorities (docs/contracts.md). */
  async config() {
    return readJson(await this.#send("/api/config"));
  }

  /** The values for deriving the key of a parcel. For an unknown id, the server returns invented values. @param {string} id */
  async start(id) {
    const { salt, iterations } = await this.#post("/api/open/start", { id });
    if (typeof salt !== "string" || typeof iterations !== "number") throw new ApiError("server-error", "no salt came");
    const bytes = bytesFromBase64url(salt);
    if (bytes.byteLength !== SALT_BYTES) throw new ApiError("server-error", `the salt has ${bytes.byteLength} bytes`);
    return { salt: bytes, iterations };
  }

  /**
   * A nonce, encrypted for the certificate, and the token to return with the decrypted nonce. The server sends a nonce for every
   * id.
   * @param {string} id
   * @param {ArrayBuffer} certificate
   */
  async challenge(id, certificate) {
    const { challenge, token } = await this.#post("/api/open/challenge", { id, certificate: base64FromBytes(certificate) });
    if (typeof challenge !== "string" || typeof token !== "string") throw new ApiError("server-error", "no challenge came");
    return { challenge: bytesFromBase64(challenge), token };
  }

  /**
   * Rejects with `wrong-secret`, `too-many-tries`, `expired`, `withdrawn` or `used-up`.
   * @param {string} id
   * @param {{proof: ArrayBuffer} | {nonce: ArrayBuffer, token: string}} proof the proof of the words, or the answer to a challenge
   * @returns {Promise<Opening>}
   */
  async open(id, proof) {
    const members = "proof" in proof
      ? { proof: base64urlFromBytes(proof.proof) } : { nonce: base64urlFromBytes(proof.nonce), token: proof.token };
    const opening = await this.#post("/api/open", { id, ...members });
    if (typeof opening.ticket !== "string" || !Number.isSafeInteger(opening.manifest)) {
      throw new ApiError("server-error", "no ticket came");
    }
    return {
      reference: "", kind: "files", from: "", until: "", submitted: "", downloadsLeft: null, answer: null, key: null, ...opening,
      objects: Array.isArray(opening.objects) ? opening.objects : [], enclosed: readEnclosed(opening.enclosed),
    };
  }

  /**
   * The bytes of an object, beginning at `from`. Rejects with `parcel-cut` if the server does not have them.
   * @param {string} ticket
   * @param {string} name
   * @param {{from: number, signal?: AbortSignal}} options
   * @returns {Promise<Response>}
   */
  async object(ticket, name, { from, signal }) {
    const headers = bearing(ticket);
    if (from > 0) headers.Range = `bytes=${from}-`;
    try {
      // The server's answer already forbids caching the ciphertext. With "no-store", Chromium would send a preflight request
      // (CORS) each time.
      return await this.#send(`/api/open/objects/${encodeURIComponent(name)}`, { headers, signal, cache: "default" });
    } catch (error) {
      // The object is missing, or ends before this place.
      const isMissing = error instanceof ApiError && (error.status === 404 || error.status === 416);
      throw isMissing ? new ApiError("parcel-cut", error.message) : error;
    }
  }

  /** @param {string} ticket @param {Claim} state @param {string} [code] the code of the error */
  async claim(ticket, state, code = "") {
    await this.#post("/api/open/claims", { state, code }, bearing(ticket));
  }

  /**
   * Passes an encrypted answer on to the sender. If the same answer is sent again with the same key, the sender still gets it
   * only once.
   * @param {string} ticket
   * @param {{key: string, cms: ArrayBuffer}} answer
   * @returns {Promise<{reference: string, left: number}>}
   */
  async answer(ticket, { key, cms }) {
    const headers = { ...CHANGE, ...bearing(ticket), "Content-Type": "application/pkcs7-mime", "Idempotency-Key": key };
    return readJson(await this.#send("/api/open/answer", { method: "POST", body: cms, headers }));
  }

  /**
   * Lets the server send a code to the address that a certification request names. For other people's addresses the server
   * answers the same, but sends no code.
   * @param {string} ticket
   * @param {{address: string, request: ArrayBuffer}} order
   */
  async askForKey(ticket, { address, request: asked }) {
    await this.#post("/api/open/key", { address, request: base64FromBytes(asked) }, bearing(ticket));
  }

  /**
   * The certificate for the request, and the certificates of the authorities above it. Rejects with `wrong-code` or
   * `code-ended`.
   * @param {string} ticket
   * @param {{address: string, request: ArrayBuffer, code: string}} order
   * @returns {Promise<ArrayBuffer[]>}
   */
  async confirmKey(ticket, { address, request: asked, code }) {
    const digest = base64urlFromBytes(await crypto.subtle.digest("SHA-256", asked));
    const { certificates } = await this.#post("/api/open/key/confirm", { address, digest, code }, bearing(ticket));
    if (!Array.isArray(certificates)) throw new ApiError("server-error", "no certificate came");
    return certificates.map(bytesFromBase64);
  }

  /** Gives the sender a signed receipt. @param {string} ticket @param {ArrayBuffer} receipt */
  async confirm(ticket, receipt) {
    await this.#post("/api/open/receipt", { receipt: base64FromBytes(receipt) }, bearing(ticket));
  }

  /** @param {string} id @param {Complaint} reason */
  async complain(id, reason) {
    await this.#post("/api/open/complaints", { id, reason });
  }

  /**
   * The answers of authorities about the revocation of certificates. Without these answers the verdict says that
   * revocation could not be checked.
   * @param {string} ticket
   * @param {Lookup[]} lookups
   * @param {AbortSignal} [signal]
   * @returns {ReturnType<import("../vault/server/lookups.js").Asker>}
   */
  async askAuthorities(ticket, lookups, signal) {
    const paths = lookups.map(({ path }) => path.map(base64FromBytes));
    const questions = [...new Map(paths.map((path) => [path.join(), path])).values()];
    try {
      const { answers } = await this.#post("/api/open/status", { paths: questions }, bearing(ticket), signal);
      const came = new Map(questions.map((path, index) => [path.join(), decodeAnswer(answers[index])]));
      const isEmpty = (/** @type {string[]} */ path) => Object.values(came.get(path.join()) ?? {}).flat().length === 0;
      const unavailable = lookups.filter((_, index) => isEmpty(paths[index] ?? [])).map(({ id }) => id);
      return { answer: joinAnswers([...came.values()]), unavailable };
    } catch (error) {
      if (signal?.aborted) throw error;
      return { answer: joinAnswers([]), unavailable: lookups.map(({ id }) => id) };
    }
  }

  /**
   * @param {string} path
   * @param {object} members
   * @param {Record<string, string>} [headers]
   * @param {AbortSignal} [signal]
   */
  async #post(path, members, headers = {}, signal) {
    const options = { method: "POST", body: JSON.stringify(members), headers: { ...JSON_TYPE, ...CHANGE, ...headers }, signal };
    return readJson(await this.#send(path, options));
  }

  /** @param {string} path @param {RequestInit} [options] */
  #send(path, options = {}) {
    return request(`${this.#origin}${path}`, { ...options, credentials: "omit" });
  }
}

/**
 * The objects that came with the answer, up to the first that is not base64. Missing objects are fetched.
 * @param {unknown} texts
 */
function readEnclosed(texts) {
  /** @type {Map<string, ArrayBuffer>} */
  const enclosed = new Map();
  try {
    for (const [name, text] of Object.entries(texts ?? {})) enclosed.set(name, bytesFromBase64(text));
  } catch {
    // An object that is not valid base64 is fetched as if it were missing.
  }
  return enclosed;
}

/** @param {string} ticket @returns {Record<string, string>} */
function bearing(ticket) {
  return { Authorization: `Parcel ${ticket}` };
}

/** @param {{crls?: string[], ocsp?: string[]} | undefined} answer */
function decodeAnswer(answer) {
  return { crls: (answer?.crls ?? []).map(bytesFromBase64), ocsp: (answer?.ocsp ?? []).map(bytesFromBase64) };
}
