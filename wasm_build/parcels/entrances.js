/**
 * The ways into a parcel: with the key of its six words, or with the key of a recipient's certificate. An entrance proves to the
 * server that it has the key. It does so again when the server's ticket has ended. It also provides the keys for the vault's
 * operations. All keys are sealed under the session's key.
 */

import { overwrite } from "../vault/memory/cleanup.js";
import { ApiError } from "../vault/server/json_requests.js";
import { codeOf } from "./failures.js";

/** @typedef {import("./requests.js").ParcelRequests} ParcelRequests */
/** @typedef {import("./requests.js").Opening} Opening */
/** @typedef {import("../vault/storage/session.js").Secret} Secret */
/** @typedef {import("../vault/storage/session.js").Caller} Caller */
/** @typedef {() => Secret} UseKey makes a copy of the session's key */
/** @typedef {{key: ArrayBuffer | null, identities: ArrayBuffer[]}} ParcelKeys copies for one call of the vault */
/**
 * `readers` are the known addresses of the person. `canSign` says whether the keys can sign a receipt. `prove` resolves with the
 * server's answer, and `forget` overwrites the keys.
 * @typedef {{
 *   readers: string[], canSign: boolean, prove: (useKey: UseKey) => Promise<Opening>, keys: () => ParcelKeys, forget: () => void,
 * }} Entrance
 */
/** @typedef {{sealed: ArrayBuffer, certificate: ArrayBuffer, addresses: string[], notBefore: string}} Identity */

/** Each refused certificate costs one of the parcel's five tries. So some tries must be left for the words. */
const MAX_CERTIFICATES = 3;
/** The server knows no parcel for this certificate, or the certificate encrypts nothing. */
const NOT_THIS_ONE = new Set(["wrong-secret", "bad-request"]);

/**
 * @param {ParcelRequests} requests
 * @param {string} id
 * @param {{proof: ArrayBuffer, key: ArrayBuffer}} derived
 * @returns {Entrance}
 */
export function entranceByWords(requests, id, { proof, key }) {
  return {
    readers: [],
    canSign: false,
    prove: () => requests.open(id, { proof }),
    keys: () => ({ key: key.slice(0), identities: [] }),
    forget: () => [proof, key].forEach(overwrite),
  };
}

/**
 * The first proof chooses the identity that opens the parcel, and overwrites the others. It rejects with
 * `parcel-not-for-certificate` if none does.
 * @param {ParcelRequests} requests
 * @param {string} id
 * @param {{identities: Identity[], vault: () => Promise<Caller>}} parts
 * @returns {Entrance}
 */
export function entranceByCertificate(requests, id, { identities, vault }) {
  // The newest certificate comes first, because senders use the current one.
  let left = [...identities].sort((one, other) => Date.parse(other.notBefore) - Date.parse(one.notBefore));
  const forget = (/** @type {Identity[]} */ some) => some.forEach(({ sealed }) => overwrite(sealed));

  /** @param {Identity} identity @param {UseKey} useKey */
  const answer = async ({ certificate, sealed }, useKey) => {
    const { challenge, token } = await requests.challenge(id, certificate);
    const caller = await vault();
    const { nonce } = await caller.call("parcel.answer", { challenge, identities: [sealed.slice(0)], sealKey: useKey() });
    return requests.open(id, { nonce, token });
  };

  return {
    get readers() { return left[0]?.addresses ?? []; },
    canSign: true,
    async prove(useKey) {
      for (const identity of left.slice(0, MAX_CERTIFICATES)) {
        try {
          const opening = await answer(identity, useKey);
          forget(left.filter((other) => other !== identity));
          left = [identity];
          return opening;
        } catch (error) {
          if (!NOT_THIS_ONE.has(codeOf(error))) throw error;
        }
      }
      throw new ApiError("parcel-not-for-certificate", "no certificate of the file opens the parcel");
    },
    keys: () => ({ key: null, identities: left.map(({ sealed }) => sealed.slice(0)) }),
    forget: () => forget(left),
  };
}

/**
 * The keys stay in the caller's vault, which adds them to each operation.
 * @param {{readers: string[], canSign: boolean, prove: () => Promise<Opening>}} parts
 * @returns {Entrance}
 */
export function entranceByVault({ readers, canSign, prove }) {
  return {
    readers,
    canSign,
    prove(useKey) {
      // A session must begin with a key, even if nothing is sealed under this key.
      overwrite(useKey().buffer);
      return prove();
    },
    keys: () => ({ key: null, identities: [] }),
    forget: () => undefined,
  };
}
