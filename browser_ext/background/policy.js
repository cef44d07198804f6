/**
 * What an administrator has set for everybody, from the browser's managed storage. It counts at every use, so that a
 * change needs no restart; a value that makes no sense counts as not set, and the others still count.
 */
import { api } from "../shared/api.js";
import { directoryOrigin } from "../shared/directory_address.js";
import { RequestError } from "../shared/messages.js";
import { certificatesOf } from "../shared/pem.js";

/**
 * @typedef {object} Policy
 * @property {ArrayBuffer[]} anchors certificates as DER; empty where none are set
 * @property {ArrayBuffer | null} organisationList
 * @property {boolean} ownDecisions whether the person may accept authorities and certificates
 * @property {{mozilla?: boolean, revocation?: "required" | "if-known" | "not-checked"}} trust what is set of it
 * @property {{idleMinutes?: number, harvest?: boolean, directory?: string}} preferences what is set of them
 * @property {string[]} set the names of all that is set, as in `policy_schema.json`
 */

const REVOCATION = ["required", "if-known", "not-checked"];
/** After how long without use keys may lock; the whole day is the most: sessions end after 12 hours, and with the browser. */
export const LOCK_MINUTES = Object.freeze([5, 15, 60, 720]);

/** @type {Record<string, (value: any) => boolean>} */
const CHECKS = {
  anchors: (value) => Array.isArray(value) && value.length > 0 && value.every((item) => readCertificates(item) !== null),
  organisationList: (value) => typeof value === "string" && fromBase64(value) !== null,
  mozilla: isFlag,
  revocation: (value) => REVOCATION.includes(value),
  ownDecisions: isFlag,
  lockMinutes: (value) => LOCK_MINUTES.includes(value),
  harvest: isFlag,
  directory: (value) => typeof value === "string" && readDirectory(value) !== null,
};

/** @returns {Promise<Policy>} */
export async function read() {
  return understand(await readManaged());
}

/**
 * What a managed storage says.
 * @param {Record<string, any>} managed
 * @returns {Policy}
 */
export function understand(managed) {
  const set = Object.keys(CHECKS).filter((name) => managed[name] !== undefined && CHECKS[name](managed[name]));
  const values = Object.fromEntries(set.map((name) => [name, managed[name]]));
  const { anchors = [], organisationList, ownDecisions = true, mozilla, revocation } = values;
  const { lockMinutes, harvest, directory } = values;
  return {
    set,
    anchors: anchors.flatMap(readCertificates),
    organisationList: organisationList === undefined ? null : fromBase64(organisationList),
    ownDecisions,
    trust: present({ mozilla, revocation }),
    preferences: present({
      idleMinutes: lockMinutes, harvest, directory: directory === undefined ? undefined : readDirectory(directory),
    }),
  };
}

/** Rejects with `set-by-organisation` where people may not decide by themselves whom to trust. */
export async function checkOwnDecisions() {
  if (!(await read()).ownDecisions) throw new RequestError("set-by-organisation");
}

/** @returns {Promise<Record<string, any>>} */
async function readManaged() {
  // Firefox rejects where no administrator has set anything.
  return api.storage.managed.get(null).catch(() => ({}));
}

/** @param {Record<string, any>} values */
function present(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** @param {unknown} value */
function isFlag(value) {
  return typeof value === "boolean";
}

/** @param {unknown} item PEM, or base64 of DER @returns {ArrayBuffer[] | null} */
function readCertificates(item) {
  if (typeof item !== "string") return null;
  try {
    const octets = item.includes("-----BEGIN") ? new TextEncoder().encode(item).buffer : fromBase64(item);
    const found = octets ? certificatesOf(/** @type {ArrayBuffer} */ (octets)) : [];
    return found.length ? found : null;
  } catch {
    return null;
  }
}

/** @param {string} address @returns {string | null} null for what is no address of a bridge */
function readDirectory(address) {
  try {
    return directoryOrigin(address.trim());
  } catch {
    return null;
  }
}

/** @param {string} text @returns {ArrayBuffer | null} */
function fromBase64(text) {
  try {
    const octets = Uint8Array.from(atob(text.replace(/\s/gu, "")), (character) => character.charCodeAt(0));
    return octets.length ? octets.buffer : null;
  } catch {
    return null;
  }
}
