/**
 * The administrator's settings for everybody, from the browser's managed storage. They are read at every use, so that a
 * change needs no restart. An invalid value counts as not set; the valid values still count.
 */
import { domainKey, MOST_DOMAINS, readClearPolicy } from "../../../wasm_build/ui/leaving_clear.js";
import { bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { api } from "../../shared/api.js";
import { directoryOrigin } from "../../shared/directory_address.js";
import { RequestError, WORDS } from "../../shared/messages.js";
import { readLabelPolicy } from "../../shared/label_policy.js";
import { serviceAddress } from "../../shared/service_address.js";

/**
 * @typedef {object} Policy
 * @property {ArrayBuffer[]} anchors files with certificates, in a form that the vault reads; empty if none are set
 * @property {ArrayBuffer | null} organisationList
 * @property {boolean} ownDecisions whether the person may accept authorities and certificates
 * @property {{mozilla?: boolean, revocation?: "required" | "if-known" | "not-checked"}} trust the settings that are set
 * @property {{idleMinutes?: number, harvest?: boolean, directory?: string}} preferences the preferences that are set
 * @property {{origin: string, fingerprint: string}[]} pagesKeys the sites whose files are checked, and who signs them
 * @property {boolean} ownSites whether the person may change the list of these sites
 * @property {{timestampService?: string, labelPolicy?: import("../../shared/label_policy.js").LabelPolicy}} writing those that are set
 * @property {import("../../../wasm_build/ui/leaving_clear.js").ClearPolicy} clear whether messages may leave unencrypted
 * @property {string[]} set the names of the values that are set, as in `policy_schema.json`
 */

/**
 * The numbers of minutes without use from which the time until the keys lock is chosen. A session also ends after 12
 * hours, and when the browser closes.
 */
export const LOCK_MINUTES = Object.freeze([5, 15, 60, 720]);

/**
 * The modes by their words in `policy_schema.json`.
 * @type {Map<unknown, import("../../../wasm_build/ui/leaving_clear.js").ClearMode>}
 */
const CLEAR_MODES = new Map([["unknown", "allow-unknown"], ["ask", "ask"], ["never", "never"]]);

/** The reader of each value. It returns null for an invalid value. */
const READERS = {
  anchors: readAnchors,
  organisationList: fromBase64,
  mozilla: readFlag,
  revocation: (/** @type {unknown} */ value) => WORDS.revocation.find((word) => word === value) ?? null,
  ownDecisions: readFlag,
  lockMinutes: (/** @type {unknown} */ value) => LOCK_MINUTES.find((minutes) => minutes === value) ?? null,
  harvest: readFlag,
  directory: (/** @type {unknown} */ value) => readAddress(value, directoryOrigin),
  timestampService: (/** @type {unknown} */ value) => readAddress(value, serviceAddress),
  labelPolicy: readLabelPolicy,
  clearMail: (/** @type {unknown} */ value) => CLEAR_MODES.get(value) ?? null,
  neverClearTo: readDomains,
  pagesKeys: readPagesKeys,
  // This value counts as set only if the person may not change the list.
  ownSites: (/** @type {unknown} */ value) => (value === false ? value : null),
};

/** @returns {Promise<Policy>} */
export async function read() {
  // Firefox rejects if no administrator has set a policy.
  return understand(await api.storage.managed.get(null).catch(() => ({})));
}

/**
 * Reads the policy from the values of the managed storage.
 * @param {Record<string, unknown>} managed
 * @returns {Policy}
 */
export function understand(managed) {
  const { mozilla, revocation, harvest, directory, ownDecisions } = managed;
  return {
    set: Object.entries(READERS).filter(([name, read]) => read(managed[name]) !== null).map(([name]) => name),
    anchors: readAnchors(managed.anchors) ?? [],
    organisationList: fromBase64(managed.organisationList),
    pagesKeys: readPagesKeys(managed.pagesKeys) ?? [],
    ownSites: READERS.ownSites(managed.ownSites) ?? true,
    ownDecisions: readFlag(ownDecisions) ?? true,
    clear: readClear(managed),
    trust: present({ mozilla: readFlag(mozilla), revocation: READERS.revocation(revocation) }),
    preferences: present({
      idleMinutes: READERS.lockMinutes(managed.lockMinutes), harvest: readFlag(harvest), directory: READERS.directory(directory),
    }),
    writing: present({
      timestampService: READERS.timestampService(managed.timestampService), labelPolicy: readLabelPolicy(managed.labelPolicy),
    }),
  };
}

/** Rejects with `set-by-organisation` if the administrator does not allow people to decide whom they trust. */
export async function checkOwnDecisions() {
  if (!(await read()).ownDecisions) throw new RequestError("set-by-organisation");
}

/** @template {object} T @param {T} values @returns {{[Name in keyof T]?: NonNullable<T[Name]>}} */
function present(values) {
  return /** @type {{[Name in keyof T]?: NonNullable<T[Name]>}} */ (
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)));
}

/**
 * The policy on unencrypted mail. Unlike other values, a set value that cannot be read is not ignored: it forbids all
 * unencrypted mail, because an ignored value would let mail leave.
 * @param {Record<string, unknown>} managed
 */
function readClear({ clearMail, neverClearTo }) {
  const mode = clearMail === undefined ? undefined : CLEAR_MODES.get(clearMail) ?? "never";
  return readClearPolicy({ mode, neverDomains: neverClearTo });
}

/** @param {unknown} value names of domains */
function readDomains(value) {
  const domains = Array.isArray(value) && value.length <= MOST_DOMAINS ? value.map(domainKey) : [];
  return domains.length > 0 && !domains.includes("") ? domains : null;
}

/** @param {unknown} value */
function readFlag(value) {
  return typeof value === "boolean" ? value : null;
}

/** @param {unknown} value texts, each PEM or base64. Only the vault reads the certificates in them. */
function readAnchors(value) {
  const texts = Array.isArray(value) ? value : [];
  if (!texts.length || !texts.every((text) => fromBase64(text) !== null || (typeof text === "string" && text.includes("-----BEGIN ")))) return null;
  return texts.map((text) => new TextEncoder().encode(text).buffer);
}

/** @param {unknown} value objects with the address of a site, and the SHA-256 of the certificate that signs its files */
function readPagesKeys(value) {
  const pagesKeys = Array.isArray(value) ? value.map(readPagesKey) : [];
  const valid = pagesKeys.filter((key) => key !== null);
  return valid.length && valid.length === pagesKeys.length ? valid : null;
}

/** @param {any} item */
function readPagesKey(item) {
  const origin = readAddress(item?.origin, directoryOrigin);
  const fingerprint = typeof item?.fingerprint === "string" ? item.fingerprint.replaceAll(/[\s:]/gu, "").toLowerCase() : "";
  return origin && /^[0-9a-f]{64}$/u.test(fingerprint) ? { origin, fingerprint } : null;
}

/**
 * @param {unknown} address @param {(address: string) => string} read throws for an invalid address
 * @returns {string | null} null for an invalid address
 */
function readAddress(address, read) {
  try {
    return typeof address === "string" ? read(address.trim()) : null;
  } catch {
    return null;
  }
}

/** @param {unknown} text @returns {ArrayBuffer | null} */
function fromBase64(text) {
  if (typeof text !== "string") return null;
  try {
    const bytes = bytesFromBase64(text);
    return bytes.byteLength ? bytes : null;
  } catch {
    return null;
  }
}
