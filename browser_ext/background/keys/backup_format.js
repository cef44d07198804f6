/**
 * The content of a backup: strict JSON, with bytes as base64. Key files and the keys in requests stay encrypted, each
 * under its own passphrase. A missing or an unknown member makes the file invalid. Otherwise a damaged or foreign file
 * could be mistaken for a backup with fewer entries.
 *
 *     {"version": "sealwax-backup-1", "madeAt", "keyFiles": [{"name", "p12", "certificates", "origin"}],
 *      "requests": [{"id", "addresses", "commonName", "kind", "createdAt", "request", "key"}],
 *      "people": [bytes], "anchors": [bytes], "sites": [{"origin", "since"}],
 *      "contacts", "decisions", "followed": bytes or null,
 *      "trust": {"mozilla", "revocation"}, "preferences": {"idleMinutes", "harvest", "strict", "directory"},
 *      "preferred": [{"address", "fingerprint"}], "pattern"}
 */
import { base64FromBytes, bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { RequestError } from "../../shared/messages.js";

/**
 * @typedef {object} Backup
 * @property {string} version
 * @property {string} madeAt
 * @property {{name: string, p12: ArrayBuffer, certificates: ArrayBuffer[], origin: "file" | "request"}[]} keyFiles
 * @property {KeyRequest[]} requests
 * @property {ArrayBuffer[]} people
 * @property {ArrayBuffer[]} anchors
 * @property {{origin: string, since: string}[]} sites
 * @property {ArrayBuffer | null} contacts
 * @property {ArrayBuffer | null} decisions
 * @property {ArrayBuffer | null} followed
 * @property {import("../people/trust.js").Settings} trust
 * @property {import("../browser/preferences.js").Preferences} preferences
 * @property {{address: string, fingerprint: string}[]} preferred the identities that the person signs with
 * @property {number} pattern the pattern that marks the person's private windows
 */
/** @typedef {string | readonly [Shape] | {readonly [name: string]: Shape}} Shape */

export const VERSION = "sealwax-backup-1";
/** A larger file is refused. A backup of 10,000 certificates and 100 key files is far smaller. */
export const MAX_BACKUP_BYTES = 67_108_864;

/** @type {{[name: string]: Shape}} */
const SHAPE = {
  version: "text", madeAt: "text",
  keyFiles: [{ name: "text", p12: "bytes", certificates: ["bytes"], origin: "text" }],
  requests: [{
    id: "text", addresses: ["text"], commonName: "text", kind: "text", createdAt: "text", request: "bytes", key: "bytes",
  }],
  people: ["bytes"], anchors: ["bytes"], sites: [{ origin: "text", since: "text" }],
  contacts: "bytes?", decisions: "bytes?", followed: "bytes?",
  trust: { mozilla: "flag", revocation: "text" },
  preferences: { idleMinutes: "number", harvest: "flag", strict: "flag", directory: "text" },
  preferred: [{ address: "text", fingerprint: "text" }], pattern: "number",
};

/**
 * The function that reads each kind of value. It returns undefined for a value of another kind.
 * @type {Record<string, (value: unknown) => unknown>}
 */
const KINDS = {
  text: (value) => (typeof value === "string" ? value : undefined),
  flag: (value) => (typeof value === "boolean" ? value : undefined),
  number: (value) => (Number.isFinite(value) ? value : undefined),
  bytes: (value) => (typeof value === "string" ? decode(value) : undefined),
  "bytes?": (value) => (value === null ? null : KINDS.bytes(value)),
};

/** @param {Backup} backup @returns {ArrayBuffer} */
export function buildBackup(backup) {
  const text = JSON.stringify(backup, (_, value) => (value instanceof ArrayBuffer ? base64FromBytes(value) : value));
  return new TextEncoder().encode(text).buffer;
}

/** Reads the content of a backup. Throws `backup-foreign`. @param {ArrayBuffer} content @returns {Backup} */
export function parseBackup(content) {
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    throw new RequestError("backup-foreign");
  }
  if (value?.version !== VERSION) throw new RequestError("backup-foreign");
  return /** @type {Backup} */ (read(value, SHAPE));
}

/** @param {unknown} value @param {Shape} shape @returns {unknown} */
function read(value, shape) {
  if (typeof shape === "string") {
    const content = KINDS[shape](value);
    if (content === undefined) throw new RequestError("backup-foreign");
    return content;
  }
  if (shape instanceof Array) {
    if (!Array.isArray(value)) throw new RequestError("backup-foreign");
    return value.map((item) => read(item, shape[0]));
  }
  const members = new Map(Object.entries(value instanceof Object ? value : {}));
  const shapes = Object.entries(shape);
  if (members.size !== shapes.length || !shapes.every(([name]) => members.has(name))) throw new RequestError("backup-foreign");
  return Object.fromEntries(shapes.map(([name, inner]) => [name, read(members.get(name), inner)]));
}

/** @param {string} base64 @returns {ArrayBuffer | undefined} */
function decode(base64) {
  try {
    return bytesFromBase64(base64);
  } catch {
    return undefined;
  }
}
