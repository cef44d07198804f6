/**
 * The calls to the vault and the requests to servers for a letter that is sent as a parcel. The background carries out
 * both, because it has the keys, and this window may not connect to any server.
 */
import { ParcelUploads } from "../../wasm_build/parcels/parcel_uploads.js";
import { ApiError, refusal } from "../../wasm_build/vault/server/json_requests.js";
import { codeOf, RequestError } from "../shared/messages.js";

/** @typedef {import("../../wasm_build/vault/storage/session.js").Caller} Caller */
/** @typedef {import("../../wasm_build/parcels/parcel_uploads.js").UploadOptions} UploadOptions */
/** @typedef {import("../background/parcels/parcel_letters.js").Way} Way */

/** The error codes for a missing answer. The request may be sent again. */
const LOST = new Set(["directory-failed", "no-reply"]);
/** The error codes if the server does not admit requests of this extension. */
const NOT_ADMITTED = new Set(["wrong-origin", "not-allowed"]);
/** A Response with one of these statuses has no body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** The background adds the seal key and the identities to each call. */
export const KEYS_OF_BACKGROUND = { copies: () => ({ identities: [], sealKey: { buffer: new ArrayBuffer(0), length: 0 } }) };

/**
 * The vault's verbs for parcels.
 * @param {import("./courier.js").Courier} courier @param {string} identity the fingerprint of the identity that signs @returns {Caller}
 */
export function createParcelVault(courier, identity) {
  return {
    async call(verb, args, { signal } = {}) {
      const calling = callBackground(courier, verb, { ...args, identity });
      return signal ? untilAborted(calling, signal) : calling;
    },
  };
}

/** @param {import("./courier.js").Courier} courier @param {Way} way @param {string} language the language of the person */
export function createUploads(courier, { via, host }, language) {
  return new ParcelUploads(async (path, { method, headers = {}, body, signal }) => {
    signal?.throwIfAborted();
    const bytes = body === undefined ? new ArrayBuffer(0) : await new Response(body).arrayBuffer();
    const asking = courier.askParcels({ via, host, method, path, headers: Object.entries(headers).flat(), body: bytes }).catch((error) => {
      throw LOST.has(codeOf(error)) ? new ApiError("unreachable", `no answer from ${host}`) : error;
    });
    const { status, offset, text } = await (signal ? untilAborted(asking, signal) : asking);
    const response = new Response(WITHOUT_BODY.has(status) ? null : text, { status, headers: offset ? { "Upload-Offset": offset } : {} });
    if (response.ok) return response;
    const error = await refusal(response);
    throw NOT_ADMITTED.has(error.code) ? new RequestError("parcel-not-admitted") : error;
  }, { language });
}

/** @param {import("./courier.js").Courier} courier @param {string} verb @param {any} args @returns {Promise<unknown>} */
function callBackground(courier, verb, { language, content, key, sign, identity, at, terms, ...parcel }) {
  if (verb === "parcel.make") return courier.makeParcel(language);
  if (verb === "parcel.encrypt") return courier.encryptChunk(content, key);
  if (verb === "parcel.plan" || verb === "parcel.finish") {
    const { days, salt, proof } = terms;
    const { parcel: id, from, to, files, wholeBytes, chunks, most } = parcel;
    return courier.buildParcel(verb, { parcel: id, from, to, files, wholeBytes, chunks, most, days }, { key, salt, proof, sign, identity, at });
  }
  throw new Error(`no verb of a parcel: ${verb}`);
}

/**
 * Waits for an answer of the background. A sent message cannot be stopped, so its answer is ignored if the signal
 * aborts.
 * @template T @param {Promise<T>} asking @param {AbortSignal} signal @returns {Promise<T>}
 */
function untilAborted(asking, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    asking.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
