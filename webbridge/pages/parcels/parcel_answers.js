/** The answers of the bridge about sent parcels and about tokens. Each parcel, state and token is read by itself. */

import { isAddress, sameAddress } from "../../../wasm_build/ui/formats.js";
import { countOf, dateOf, entriesOf, idOf, membersOf, textOf } from "../../../wasm_build/vault/server/answer_values.js";
import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";

/** @typedef {import("./parcel_requests.js").ListedToken} ListedToken */
/** @typedef {import("./parcel_requests.js").ParcelPage} ParcelPage */
/** @typedef {import("./parcel_requests.js").SentParcel} SentParcel */
/** @typedef {import("./parcel_requests.js").StateRow} StateRow */

const MAX_ENTRIES = 1_000;
const MAX_TEXT_CHARACTERS = 300;
/** The form of a token. Tokens are pasted into a terminal, where a line break would end the token and begin a command. */
const TOKEN = /^[\w-]{16,200}$/;

/** @param {unknown} answer @returns {ParcelPage} rejects as `server-error` without a list */
export function readParcels(answer) {
  const { parcels, next, used, quota } = membersOf(answer);
  if (!Array.isArray(parcels)) throw nonsense();
  return {
    parcels: entriesOf(parcels, MAX_ENTRIES).map(parcelIn).filter((parcel) => parcel !== null),
    next: idOf(next, MAX_TEXT_CHARACTERS) || null, used: countOf(used) ?? 0, quota: countOf(quota) ?? 0,
  };
}

/** @param {unknown} answer @returns {SentParcel} rejects as `server-error` without an id */
export function readParcel(answer) {
  const parcel = parcelIn(answer);
  if (parcel === null) throw nonsense();
  return parcel;
}

/** @param {unknown} value @returns {SentParcel | null} */
function parcelIn(value) {
  const { id, reference, state, kind, to, bytes, created, expires, downloads, opened, triesLeft, stored, states } = membersOf(value);
  const known = idOf(id, MAX_TEXT_CHARACTERS);
  if (!known) return null;
  const people = entriesOf(to, MAX_ENTRIES).map((person) => textOf(membersOf(person)["address"], MAX_TEXT_CHARACTERS)).filter(isAddress);
  return {
    id: known, reference: textOf(reference, MAX_TEXT_CHARACTERS), state: textOf(state, MAX_TEXT_CHARACTERS), kind: textOf(kind, MAX_TEXT_CHARACTERS),
    to: people.map((address) => ({ address })), bytes: countOf(bytes) ?? 0, created: dateOf(created) ?? "", expires: dateOf(expires) ?? "",
    downloads: countOf(downloads), opened: countOf(opened) ?? 0, triesLeft: countOf(triesLeft) ?? 0, stored: stored === true,
    states: entriesOf(states, MAX_ENTRIES).map(stateIn).filter((row) => row !== null),
  };
}

/** @param {unknown} value @returns {StateRow | null} */
function stateIn(value) {
  const { state, at, by, recipient, code } = membersOf(value);
  const known = idOf(state, MAX_TEXT_CHARACTERS);
  if (!known) return null;
  return {
    state: known, at: dateOf(at) ?? "", by: textOf(by, MAX_TEXT_CHARACTERS),
    ...(typeof recipient === "string" ? { recipient: textOf(recipient, MAX_TEXT_CHARACTERS) } : {}),
    ...(typeof code === "string" ? { code: textOf(code, MAX_TEXT_CHARACTERS) } : {}),
  };
}

/** @param {unknown} answer @returns {ListedToken[]} rejects as `server-error` without a list */
export function readTokens(answer) {
  const { tokens } = membersOf(answer);
  if (!Array.isArray(tokens)) throw nonsense();
  return entriesOf(tokens, MAX_ENTRIES).flatMap((value) => {
    const { name, created, expires } = membersOf(value);
    const known = idOf(name, MAX_TEXT_CHARACTERS);
    return known ? [{ name: known, created: dateOf(created) ?? "", expires: dateOf(expires) ?? "" }] : [];
  });
}

/**
 * The value of a new token.
 * @param {unknown} answer
 * @param {string} address of the account
 * @returns {string} rejects as `server-error` anything that is no token, and a token of another account
 */
export function readMadeToken(answer, address) {
  const members = membersOf(answer);
  const token = idOf(members["token"], MAX_TEXT_CHARACTERS);
  if (!TOKEN.test(token) || !sameAddress(idOf(members["address"], MAX_TEXT_CHARACTERS), address)) throw nonsense();
  return token;
}

function nonsense() {
  return new ApiError("server-error", "the answer is none about parcels");
}
