/**
 * The one answer to whether a message may leave unencrypted. Pages and extension ask it before each sending, and show
 * its answer above Send.
 *
 * - If everybody can read it, the message is encrypted.
 * - It leaves unencrypted without a question only to people for whom nothing was ever found, or because the person
 *   switched encryption off. Who could once read encrypted mail is asked about, with the cause.
 * - Words that came encrypted are asked about in each case.
 * - The policy of the operator, or of the extension's administrator, may ask in each case, or refuse.
 *
 * The functions are pure. A value that cannot be read counts as the strictest.
 */

import { addressKey } from "./formats.js";

/** @typedef {"allow-unknown" | "ask" | "never"} ClearMode */
/** @typedef {{mode: ClearMode, neverDomains: string[]}} ClearPolicy `neverDomains` include their subdomains */
/** The way that the person chose for somebody without a certificate. @typedef {"clear" | "parcel" | "never"} ClearWay */
/** The way that was chosen for an address, or for "@" and a domain. @typedef {(name: string) => unknown} ClearWays */
/**
 * The state of one reader. "never-found" if nothing was ever found. The words from "expired" on are the causes for which
 * a person who could once read encrypted mail cannot now.
 * @typedef {"looking-up" | "readable" | "never-found" | "expired" | "revoked" | "unusable" | "look-up-failed"
 *   | "earlier-encrypted"} ReaderState
 */
/** @typedef {{address: string, state: ReaderState}} Reader */
/**
 * @typedef {{
 *   readers: Reader[], wantsEncryption: boolean, answersEncrypted: boolean, agreed: string, policy: ClearPolicy,
 *   ways: ClearWays, offersParcel: boolean,
 * }} LeavingMessage `agreed` is the key of the question to which the person agreed, or ""
 */
/**
 * `clear`: `unknown` are the people for whom nothing was found, and `unasked` those of them without a remembered way. With
 * `prefersParcel` Send makes a parcel, because that way is remembered for one of them.
 * `ask`: `causes` are the people who make a question necessary. `refused`: `by` says who forbids it.
 * @typedef {{kind: "encrypted"} | {kind: "wait"}
 *   | {kind: "clear", unknown: string[], unasked: string[], isChosen: boolean, prefersParcel: boolean}
 *   | {kind: "ask", causes: Reader[], answersEncrypted: boolean, key: string}
 *   | {kind: "refused", by: "policy" | "policy-domain" | "person", addresses: string[]}
 * } Leaving
 */

const MODES = /** @type {const} */ (["allow-unknown", "ask", "never"]);
const WAYS = /** @type {const} */ (["clear", "parcel", "never"]);
const STATES = new Set([
  "looking-up", "readable", "never-found", "expired", "revoked", "unusable", "look-up-failed", "earlier-encrypted",
]);
/** The largest number of domains of a policy. */
export const MOST_DOMAINS = 1_000;
const DOMAIN = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/u;

/** The policy where nobody has set one. @type {Readonly<ClearPolicy>} */
export const USUAL_POLICY = Object.freeze({ mode: "allow-unknown", neverDomains: [] });

/**
 * Reads a policy from another program. Absent values are the usual ones; a value that cannot be read forbids all
 * unencrypted mail.
 * @param {unknown} value @returns {ClearPolicy}
 */
export function readClearPolicy(value) {
  if (value === undefined || value === null) return { ...USUAL_POLICY, neverDomains: [] };
  const nothing = /** @type {ClearPolicy} */ ({ mode: "never", neverDomains: [] });
  if (typeof value !== "object" || Array.isArray(value)) return nothing;
  const { mode = USUAL_POLICY.mode, neverDomains = [] } = /** @type {Record<string, unknown>} */ (value);
  const known = MODES.find((word) => word === mode);
  if (!known || !Array.isArray(neverDomains) || neverDomains.length > MOST_DOMAINS) return nothing;
  const domains = neverDomains.map(domainKey);
  return domains.includes("") ? nothing : { mode: known, neverDomains: domains };
}

/** Reads one remembered way. @param {unknown} value @returns {ClearWay | null} */
export function readClearWay(value) {
  return WAYS.find((word) => word === value) ?? null;
}

/** A domain in the form in which domains are compared; "" for no domain. @param {unknown} text @returns {string} */
export function domainKey(text) {
  if (typeof text !== "string" || text.length > 320) return "";
  const domain = domainOf(`a@${text.trim().replace(/^@/u, "")}`);
  return DOMAIN.test(domain) && domain.length <= 253 ? domain : "";
}

/** The domain of an address in A-labels and small letters, without a dot at its end. @param {string} address */
export function domainOf(address) {
  const written = address.slice(address.lastIndexOf("@") + 1).toLowerCase().replace(/\.$/u, "");
  if (/^[\x00-\x7f]*$/u.test(written)) return written;
  try {
    return new URL(`https://${written}/`).hostname;
  } catch {
    return written;
  }
}

/** Whether, and how, the message may leave now. @param {LeavingMessage} message @returns {Leaving} */
export function leavingOf(message) {
  const { readers, wantsEncryption } = message;
  const states = readers.map(stateOf);
  if (wantsEncryption && states.includes("looking-up")) return { kind: "wait" };
  if (wantsEncryption && states.every((state) => state === "readable")) return { kind: "encrypted" };
  return refusalOf(message) ?? questionOf(message) ?? clearOf(message);
}

/**
 * The state of a person in the message.
 * @param {import("./recipient_line.js").Person} person
 * @param {(address: string) => boolean} hasEncrypted whether there was encrypted mail with this person before
 * @returns {Reader}
 */
export function readerOf({ address, finding }, hasEncrypted) {
  if (!finding) return { address, state: "looking-up" };
  if (finding.readiness === "ready" || finding.readiness === "password") return { address, state: "readable" };
  if (finding.readiness === "failed") return { address, state: "look-up-failed" };
  if (finding.readiness === "none") return { address, state: hasEncrypted(address) ? "earlier-encrypted" : "never-found" };
  const codes = "check" in finding ? finding.check.reasons.map(({ code }) => code) : [];
  if (codes.includes("certificate-revoked")) return { address, state: "revoked" };
  return { address, state: codes.includes("certificate-expired") ? "expired" : "unusable" };
}

/** The way that the person has chosen for an address; null for none. @param {string} address @param {ClearWays} ways */
export function wayFor(address, ways) {
  const parents = domainsAbove(domainOf(address)).map((domain) => readClearWay(ways(`@${domain}`)));
  // A domain that is closed stays closed for each of its people and subdomains.
  if (parents.includes("never")) return "never";
  return readClearWay(ways(addressKey(address))) ?? parents[0] ?? null;
}

/** Whether a policy forbids unencrypted mail to an address. @param {string} address @param {ClearPolicy} policy */
export function isForbidden(address, policy) {
  const { mode, neverDomains } = readClearPolicy(policy);
  return mode === "never" || isIn(neverDomains, address);
}

/** The name under which a way is kept: an address, or "@" and a domain; "" for neither. @param {string} name */
export function wayName(name) {
  if (!name.startsWith("@")) return addressKey(name);
  const domain = domainKey(name);
  return domain && `@${domain}`;
}

/** A state that is not known counts as one that needs a question. @param {Reader} reader @returns {ReaderState} */
function stateOf({ state }) {
  return STATES.has(state) ? state : "unusable";
}

/** @param {LeavingMessage} message @returns {Leaving | null} */
function refusalOf({ readers, policy: given, ways }) {
  const addresses = readers.map(({ address }) => address);
  const policy = readClearPolicy(given);
  if (policy.mode === "never") return { kind: "refused", by: "policy", addresses };
  const closed = addresses.filter((address) => isIn(policy.neverDomains, address));
  if (closed.length > 0) return { kind: "refused", by: "policy-domain", addresses: closed };
  const own = addresses.filter((address) => wayFor(address, ways) === "never");
  return own.length > 0 ? { kind: "refused", by: "person", addresses: own } : null;
}

/** @param {LeavingMessage} message @returns {Leaving | null} */
function questionOf(message) {
  const causes = causesOf(message);
  const { answersEncrypted, readers, agreed } = message;
  if (causes.length === 0) return null;
  // The agreement is about these people in this state. With others the question is new.
  const states = readers.map((reader) => `${stateOf(reader)} ${addressKey(reader.address)}`).sort();
  const key = JSON.stringify([answersEncrypted, ...states]);
  return key === agreed ? null : { kind: "ask", causes, answersEncrypted, key };
}

/** The people who make a question necessary. @param {LeavingMessage} message @returns {Reader[]} */
function causesOf({ readers, wantsEncryption, answersEncrypted, policy, ways, offersParcel }) {
  const known = readers.map((reader) => ({ ...reader, state: stateOf(reader) }));
  if (answersEncrypted) return known;
  const isOrdinary = (/** @type {Reader} */ { state }) => state === "never-found";
  const isRemembered = (/** @type {Reader} */ { address }, /** @type {ClearWay} */ way) => wayFor(address, ways) === way;
  const asksAll = readClearPolicy(policy).mode === "ask";
  if (!wantsEncryption) return asksAll ? known : [];
  const once = known.filter((reader) => !isOrdinary(reader));
  if (once.length > 0) return once;
  // A remembered parcel that cannot be sent now is no agreement to unencrypted mail.
  if (!asksAll) return offersParcel ? [] : known.filter((reader) => isRemembered(reader, "parcel"));
  return known.filter((reader) => !isRemembered(reader, "clear") && !(offersParcel && isRemembered(reader, "parcel")));
}

/** @param {LeavingMessage} message @returns {Leaving} */
function clearOf({ readers, wantsEncryption, ways, offersParcel }) {
  const unfound = wantsEncryption ? readers.filter((reader) => stateOf(reader) === "never-found") : [];
  const unknown = unfound.map(({ address }) => address);
  const chosen = unknown.map((address) => wayFor(address, ways));
  return {
    kind: "clear", unknown, unasked: unknown.filter((_, index) => chosen[index] === null), isChosen: !wantsEncryption,
    prefersParcel: offersParcel && chosen.includes("parcel"),
  };
}

/** @param {string[]} domains @param {string} address */
function isIn(domains, address) {
  const above = domainsAbove(domainOf(address));
  return domains.some((domain) => above.includes(domain));
}

/** A domain and the domains above it, the closest first. @param {string} domain */
function domainsAbove(domain) {
  const labels = domain.split(".");
  return labels.map((_, index) => labels.slice(index).join("."));
}
