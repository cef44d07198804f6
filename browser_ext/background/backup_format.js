/**
 * What stands inside a backup: strict JSON, in which octets are base64. Key files and waiting keys are as they are kept,
 * each encrypted under its own passphrase. Reading refuses a member too many or too few, so that a damaged or foreign
 * file never passes for one with less in it.
 *
 *     {"version": "sealwax-backup-1", "madeAt", "keyFiles": [{"name", "p12", "certificates", "origin"}],
 *      "requests": [{"id", "addresses", "commonName", "kind", "createdAt", "request", "key"}],
 *      "people": [octets], "anchors": [octets], "sites": [{"origin", "since"}],
 *      "contacts", "decisions", "followed": octets or null,
 *      "trust": {"mozilla", "revocation"}, "preferences": {"idleMinutes", "harvest", "strict", "directory"},
 *      "preferred": [{"address", "fingerprint"}], "pattern"}
 */
import { RequestError } from "../shared/messages.js";

/**
 * @typedef {object} Backup
 * @property {string} version
 * @property {string} madeAt
 * @property {{name: string, p12: ArrayBuffer, certificates: ArrayBuffer[], origin: string}[]} keyFiles
 * @property {KeyRequest[]} requests
 * @property {ArrayBuffer[]} people
 * @property {ArrayBuffer[]} anchors
 * @property {{origin: string, since: string}[]} sites
 * @property {ArrayBuffer | null} contacts
 * @property {ArrayBuffer | null} decisions
 * @property {ArrayBuffer | null} followed
 * @property {{mozilla: boolean, revocation: string}} trust
 * @property {import("./preferences.js").Preferences} preferences
 * @property {{address: string, fingerprint: string}[]} preferred the identities that the person signs with
 * @property {number} pattern that marks the person's private windows
 */
/** @typedef {string | readonly [Shape] | {readonly [name: string]: Shape}} Shape */

export const VERSION = "sealwax-backup-1";
/** Ten thousand certificates and a hundred key files are far less; a larger one is no backup. */
export const MAX_BACKUP_BYTES = 67_108_864;

/** @type {{[name: string]: Shape}} */
const SHAPE = {
  version: "text", madeAt: "text",
  keyFiles: [{ name: "text", p12: "octets", certificates: ["octets"], origin: "text" }],
  requests: [{
    id: "text", addresses: ["text"], commonName: "text", kind: "text", createdAt: "text", request: "octets", key: "octets",
  }],
  people: ["octets"], anchors: ["octets"], sites: [{ origin: "text", since: "text" }],
  contacts: "octets?", decisions: "octets?", followed: "octets?",
  trust: { mozilla: "flag", revocation: "text" },
  preferences: { idleMinutes: "number", harvest: "flag", strict: "flag", directory: "text" },
  preferred: [{ address: "text", fingerprint: "text" }], pattern: "number",
};

/** @type {Record<string, (value: any) => any>} gives undefined for what is not of the kind */
const KINDS = {
  text: (value) => (typeof value === "string" ? value : undefined),
  flag: (value) => (typeof value === "boolean" ? value : undefined),
  number: (value) => (Number.isFinite(value) ? value : undefined),
  octets: (value) => (typeof value === "string" ? decode(value) : undefined),
  "octets?": (value) => (value === null ? null : KINDS.octets(value)),
};

/** @param {Backup} backup @returns {ArrayBuffer} */
export function buildBackup(backup) {
  const text = JSON.stringify(backup, (_, value) => (value instanceof ArrayBuffer ? encode(value) : value));
  return new TextEncoder().encode(text).buffer;
}

/** Rejects with `backup-foreign`. @param {ArrayBuffer} content @returns {Backup} */
export function parseBackup(content) {
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    throw new RequestError("backup-foreign");
  }
  if (value?.version !== VERSION) throw new RequestError("backup-foreign");
  return read(value, SHAPE);
}

/** @param {any} value @param {Shape} shape @returns {any} */
function read(value, shape) {
  if (typeof shape === "string") {
    const found = KINDS[shape](value);
    if (found === undefined) throw new RequestError("backup-foreign");
    return found;
  }
  if (shape instanceof Array) {
    if (!Array.isArray(value)) throw new RequestError("backup-foreign");
    return value.map((item) => read(item, shape[0]));
  }
  const names = Object.keys(shape);
  const isWhole = value !== null && typeof value === "object" && Object.keys(value).length === names.length;
  if (!isWhole || !names.every((name) => Object.hasOwn(value, name))) throw new RequestError("backup-foreign");
  return Object.fromEntries(names.map((name) => [name, read(value[name], /** @type {any} */ (shape)[name])]));
}

/** @param {ArrayBuffer} octets */
function encode(octets) {
  return btoa(Array.from(new Uint8Array(octets), (byte) => String.fromCharCode(byte)).join(""));
}

/** @param {string} base64 @returns {ArrayBuffer | undefined} */
function decode(base64) {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
  } catch {
    return undefined;
  }
}
