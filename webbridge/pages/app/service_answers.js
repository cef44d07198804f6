/**
 * The answers of the bridge about itself, its accounts and certificates. A wrong value counts as absent, and does not affect
 * the other values. If there are only two possible values, a wrong value is replaced by the stricter one.
 */

import { readDer, readDers } from "../../../wasm_build/vault/server/found_answers.js";
import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { isAddress } from "../../../wasm_build/ui/formats.js";
import { cleanAddress } from "../../../wasm_build/ui/shown_names.js";
import { readClearPolicy } from "../../../wasm_build/ui/leaving_clear.js";
import { countOf, dateOf, entriesOf, idOf, membersOf, textOf, wordOf } from "../../../wasm_build/vault/server/answer_values.js";

/**
 * @typedef {{id: string, started: string | null, used: string, program: string, origin: string, this: boolean}} ListedSession
 */
/**
 * @typedef {{
 *   apiVersion?: number, oldestPages?: number, maxMessageBytes: number, anchors: string[], timestampAnchors: string[], trustList: string | null,
 *   timestampHost?: string | null, labelPolicy?: import("../../../wasm_build/ui/signature_options.js").LabelPolicy | null,
 *   mozilla: boolean, events?: boolean, filters?: boolean, push?: {key: string} | null, reloadMinutes?: number, parcels?: import("../parcels/parcel_requests.js").ParcelLimits | null,
 *   revocation: "required" | "if-known" | "not-checked",
 *   clearMail?: import("../../../wasm_build/ui/leaving_clear.js").ClearPolicy,
 * }} BridgeConfig
 */
/** @typedef {import("../account/account_requests.js").AccountHere} AccountHere */
/**
 * The copy of a sent message: true if the copy stays, false for no copy, or the number of days after which the copy is
 * deleted.
 * @typedef {boolean | number} CopyWish
 */
/** @typedef {{maxBytes: number, utf8: boolean, sharedAddresses?: string[]}} SendingOffers an earlier bridge names no shared addresses */
/** @typedef {import("../mail/folder_access.js").Grant} Grant */

const MAX_ADDRESS_CHARACTERS = 320;
const MAX_TEXT_CHARACTERS = 300;
const MAX_ENTRIES = 1_000;
/** The largest number of certificates or answers of each kind. */
const MAX_ENCODED = 500;

/** @param {unknown} answer @returns {BridgeConfig} */
export function readConfig(answer) {
  const {
    apiVersion, oldestPages, maxMessageBytes, anchors, timestampAnchors, trustList, timestampHost, labelPolicy, mozilla, events, filters, push,
    reloadMinutes, parcels, revocation, clearMail,
  } = membersOf(answer);
  return {
    apiVersion: countOf(apiVersion) ?? undefined, oldestPages: countOf(oldestPages) ?? undefined,
    maxMessageBytes: countOf(maxMessageBytes) ?? Infinity,
    anchors: readEncodedTexts(anchors), timestampAnchors: readEncodedTexts(timestampAnchors), trustList: encodedText(trustList),
    timestampHost: textOf(timestampHost, MAX_ADDRESS_CHARACTERS) || null, labelPolicy: readLabelPolicy(labelPolicy),
    mozilla: mozilla === true, events: events === true, filters: filters === true, push: readPush(push), reloadMinutes: countOf(reloadMinutes) ?? 0,
    parcels: readParcelLimits(parcels), clearMail: readClearPolicy(clearMail),
    revocation: wordOf(revocation, /** @type {const} */ (["required", "if-known", "not-checked"])) ?? "required",
  };
}

/** @param {unknown} value @returns {BridgeConfig["labelPolicy"]} */
function readLabelPolicy(value) {
  const { policy, name, classifications } = membersOf(value);
  const identifier = idOf(policy, MAX_TEXT_CHARACTERS);
  const known = entriesOf(classifications, MAX_ENTRIES).flatMap((entry) => {
    const members = membersOf(entry);
    const number = countOf(members["value"]);
    const word = textOf(members["name"], MAX_TEXT_CHARACTERS);
    return number === null || !word ? [] : [{ value: number, name: word }];
  });
  return identifier && known.length > 0 ? { policy: identifier, name: textOf(name, MAX_TEXT_CHARACTERS), classifications: known } : null;
}

/** @param {unknown} value @returns {BridgeConfig["push"]} */
function readPush(value) {
  const key = idOf(membersOf(value)["key"], MAX_TEXT_CHARACTERS);
  return key ? { key } : null;
}

/** @param {unknown} value @returns {BridgeConfig["parcels"]} null if a limit is missing */
function readParcelLimits(value) {
  const members = membersOf(value);
  const [maxBytes, wholeBytes, maxDays, maxRecipients] = ["maxBytes", "wholeBytes", "maxDays", "maxRecipients"].map((name) => countOf(members[name]));
  if (!maxBytes || !wholeBytes || !maxDays || !maxRecipients) return null;
  return { maxBytes, wholeBytes, maxDays, maxRecipients, maxKeptFiles: countOf(members["maxKeptFiles"]) ?? 0 };
}

/** An account that is signed in; null without an address. @param {unknown} value @returns {AccountHere | null} */
export function readAccount(value) {
  const { address, account } = membersOf(value);
  const known = idOf(address, MAX_ADDRESS_CHARACTERS);
  // The pages identify the account by its address, so other texts are rejected.
  return isAddress(known) && cleanAddress(known) === known ? { address: known, account: idOf(account, MAX_TEXT_CHARACTERS) } : null;
}

/** @param {unknown} answer @returns {{accounts: AccountHere[], most: number}} */
export function readAccounts(answer) {
  const { accounts, most } = membersOf(answer);
  return {
    accounts: entriesOf(accounts, MAX_ENTRIES).map(readAccount).filter((account) => account !== null),
    most: countOf(most) ?? 1,
  };
}

/**
 * @param {unknown} answer
 * @returns {{sessions: ListedSession[], total: number}} rejects with `server-error` if there is no list
 */
export function readSessions(answer) {
  const { sessions, total } = membersOf(answer);
  if (!Array.isArray(sessions)) throw nonsense("sessions");
  return {
    sessions: entriesOf(sessions, MAX_ENTRIES).flatMap((value) => {
      const members = membersOf(value);
      const { started, used, program, origin } = members;
      const id = idOf(members["id"], MAX_TEXT_CHARACTERS);
      if (!id) return [];
      return [{
        id, started: dateOf(started), used: dateOf(used) ?? "", program: textOf(program, MAX_TEXT_CHARACTERS),
        origin: textOf(origin, MAX_TEXT_CHARACTERS), this: members["this"] === true,
      }];
    }),
    total: Math.max(countOf(total) ?? 0, sessions.length),
  };
}

/**
 * @param {unknown} answer
 * @returns {CopyWish} rejects with `server-error` if the answer is no choice, so that the choice is not overwritten
 */
export function readCopyChoice(answer) {
  const { copy } = membersOf(answer);
  if (typeof copy === "boolean") return copy;
  const days = countOf(copy);
  if (!days) throw nonsense("a choice for copies");
  return days;
}

/** @param {unknown} answer @returns {SendingOffers} */
export function readOffers(answer) {
  const { maxBytes, utf8, sharedAddresses } = membersOf(answer);
  const shared = entriesOf(sharedAddresses, MAX_ENTRIES).map((value) => idOf(value, MAX_ADDRESS_CHARACTERS)).filter(Boolean);
  return { maxBytes: countOf(maxBytes) ?? Infinity, utf8: utf8 === true, sharedAddresses: shared };
}

/** @param {unknown} answer @returns {Grant[]} rejects with `server-error` if the list cannot be read completely */
export function readGrants(answer) {
  const { people } = membersOf(answer);
  const read = entriesOf(people, MAX_ENTRIES).flatMap((value) => {
    const { name, person, own, level, rights } = membersOf(value);
    const known = idOf(name, MAX_TEXT_CHARACTERS);
    const word = wordOf(level, /** @type {const} */ (["read", "file", "all", "other"]));
    if (!known || word === null || typeof rights !== "string") return [];
    return [{ name: known, person: person === true, own: own === true, level: word, rights: textOf(rights, MAX_TEXT_CHARACTERS) }];
  });
  if (!Array.isArray(people) || read.length !== people.length) throw nonsense("people with rights");
  return read;
}

/** The certificates in the answers about issuers. @param {unknown} answer */
export function readIssuers(answer) {
  return entriesOf(membersOf(answer)["answers"], MAX_ENCODED).flatMap((entry) => readDers(membersOf(entry)["certificates"]));
}

/** The answers of authorities, one for each query. @param {unknown} answer @param {number} count the number of questions */
export function readRevocation(answer, count) {
  const entries = entriesOf(membersOf(answer)["answers"], count);
  return Array.from({ length: count }, (_, index) => {
    const { crls, ocsp } = membersOf(entries[index]);
    return { crls: readDers(crls), ocsp: readDers(ocsp) };
  });
}

/** The texts of an array that are base64. @param {unknown} values @returns {string[]} */
function readEncodedTexts(values) {
  return entriesOf(values, MAX_ENCODED).map(encodedText).filter((text) => text !== null);
}

/** @param {unknown} value */
function encodedText(value) {
  return readDer(value) === null ? null : /** @type {string} */ (value);
}

/** @param {string} what */
function nonsense(what) {
  return new ApiError("server-error", `the answer is no list of ${what}`);
}
