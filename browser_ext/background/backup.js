/**
 * Everything that is kept, as one file under a passphrase, and back. What comes back is read and described by the vault
 * before anything is changed; then all of it is written in one transaction, or nothing.
 */
import { RequestError } from "../shared/messages.js";
import { buildBackup, MAX_BACKUP_BYTES, parseBackup, VERSION } from "./backup_format.js";
import * as contacts from "./contacts.js";
import * as database from "./database.js";
import * as keys from "./keys.js";
import * as pattern from "./pattern.js";
import * as policy from "./policy.js";
import * as preferences from "./preferences.js";
import * as session from "./session.js";
import * as trust from "./trust.js";
import * as vault from "./vault_link.js";

/** @typedef {import("./backup_format.js").Backup} Backup */
/** @typedef {Awaited<ReturnType<typeof describeAll>>} Described */

/** What the vault says to a file that this passphrase does not open, or that was altered. */
const NOT_OPENED = new Set(["decryption-error", "no-matching-recipient", "wrong-passphrase"]);
/** What it says to a file that is none of ours. */
const FOREIGN = new Set(["malformed-message", "content-type-mismatch", "unsupported-algorithm", "limit-exceeded"]);
/** How a PKCS#12 file begins. */
const DER_SEQUENCE = 0x30;
/** What a restored backup takes the place of among the settings. */
const SETTINGS = ["contacts", "decisions", "followed list", "trust", "preferences", keys.PREFERRED, "changed certificates"];
const REVOCATION = ["required", "if-known", "not-checked"];

/** @param {{passphrase: SealedSecret}} body @returns {Promise<{backup: ArrayBuffer, keyFiles: number}>} */
export async function make({ passphrase }) {
  const content = await collect();
  const ids = (await database.all("keyFiles")).map(({ id }) => id);
  const { backup } = await vault.call("backup.seal", { content: buildBackup(content), passphrase });
  await keys.noteSaved(ids);
  return { backup, keyFiles: ids.length };
}

/** @returns {Promise<Backup>} */
async function collect() {
  const [keyFiles, requests, people, anchors, sites] = await Promise.all([
    database.all("keyFiles"), database.all("requests"), database.all("people"), database.all("anchors"), database.all("sites"),
  ]);
  const octets = (/** @type {CertificateInfo} */ { certificate }) => certificate;
  return {
    version: VERSION,
    madeAt: new Date().toISOString(),
    keyFiles: keyFiles.map(({ name, p12, identities, origin }) => ({ name, p12, certificates: identities.map(octets), origin })),
    requests: requests.map(({ id, addresses, commonName, kind, createdAt, request, key }) =>
      ({ id, addresses, commonName, kind, createdAt, request, key })),
    people: people.map(octets),
    anchors: anchors.map(octets),
    sites: sites.map(({ origin, since }) => ({ origin, since })),
    contacts: await contacts.read(),
    ...(await trust.kept()),
    preferences: await preferences.kept(),
    preferred: Object.entries(await keys.preferredIdentities()).map(([address, fingerprint]) => ({ address, fingerprint })),
    pattern: await pattern.read(),
  };
}

/** How much is here that goes when a backup takes its place, by kind. @returns {Promise<Record<string, number>>} */
export async function countHere() {
  const count = async (/** @type {import("./database.js").Store} */ store) => (await database.all(store)).length;
  return {
    keyFiles: await count("keyFiles"), requests: await count("requests"),
    people: await count("people") + (await contacts.list()).length, anchors: await count("anchors"),
    decisions: (await trust.listDecisions()).length, sites: await count("sites"),
    changes: (await contacts.listChanges()).length, drafts: await count("drafts"),
  };
}

/**
 * Rejects with `backup-not-opened` or `backup-foreign`, and has changed nothing then.
 * @param {{bytes: ArrayBuffer, passphrase: SealedSecret, replace: boolean}} body with `replace` what is here goes;
 *   without it what is here stays, and what is missing comes
 */
export async function restore({ bytes, passphrase, replace }) {
  const backup = await admissible(await open(bytes, passphrase));
  const described = await describeAll(backup);
  const changes = replace ? replacing(backup, described) : await merging(backup, described);
  if (replace) await session.lock("hand");
  await database.change(changes);
  // What an administrator has set stands whatever came back.
  await trust.followPolicyList();
  return { keyFiles: backup.keyFiles.length, people: described.people.length + described.known };
}

/**
 * Without the decisions on whom to trust, where an administrator leaves them to nobody.
 * @param {Backup} backup
 * @returns {Promise<Backup>}
 */
async function admissible(backup) {
  const { ownDecisions } = await policy.read();
  return ownDecisions ? backup : { ...backup, anchors: [], decisions: null, followed: null };
}

/** @param {ArrayBuffer} bytes @param {SealedSecret} passphrase @returns {Promise<Backup>} */
async function open(bytes, passphrase) {
  if (bytes.byteLength > MAX_BACKUP_BYTES) throw new RequestError("backup-foreign");
  try {
    return parseBackup((await vault.call("backup.open", { backup: bytes, passphrase })).content);
  } catch (error) {
    const { code = "unknown" } = /** @type {any} */ (error);
    if (NOT_OPENED.has(code)) throw new RequestError("backup-not-opened");
    throw FOREIGN.has(code) ? new RequestError("backup-foreign") : error;
  }
}

/**
 * What a backup holds, read by the vault: nothing that it cannot read is kept. Rejects with `backup-foreign`.
 * @param {Backup} backup
 */
async function describeAll(backup) {
  try {
    const keyFiles = [];
    for (const { name, p12, certificates, origin } of backup.keyFiles) {
      const identities = await describe(certificates);
      const isKeyFile = new Uint8Array(p12)[0] === DER_SEQUENCE && identities.length > 0;
      if (!isKeyFile || (origin !== "file" && origin !== "request")) throw new RequestError("backup-foreign");
      keyFiles.push({ id: keys.idOf(identities), name, p12, identities, origin, savedAt: backup.madeAt });
    }
    const { contacts: known, decisions, followed } = backup;
    const people = known ? (await vault.call("contacts.list", { contacts: known.slice(0) })).people : [];
    if (decisions) await vault.call("decision.list", { decisions: decisions.slice(0) });
    if (followed) await vault.call("trust.follow", { followed: followed.slice(0), at: backup.madeAt });
    if (!REVOCATION.includes(backup.trust.revocation) || !pattern.isPattern(backup.pattern)) throw new RequestError("backup-foreign");
    return {
      keyFiles, people: await describe(backup.people), anchors: await describe(backup.anchors), known: people.length,
      preferences: preferences.check(backup.preferences), preferred: preferredOf(backup, keyFiles),
    };
  } catch (error) {
    const { code = "" } = /** @type {any} */ (error);
    throw FOREIGN.has(code) || code === "bad-request" ? new RequestError("backup-foreign") : error;
  }
}

/**
 * Which identities the person signs with, as far as the backup holds them.
 * @param {Backup} backup @param {{identities: CertificateInfo[]}[]} keyFiles
 * @returns {Record<string, string>}
 */
function preferredOf({ preferred }, keyFiles) {
  const known = new Set(keyFiles.flatMap(({ identities }) => identities.map(({ fingerprint }) => fingerprint)));
  return Object.fromEntries(preferred.filter(({ fingerprint }) => known.has(fingerprint))
    .map(({ address, fingerprint }) => [address, fingerprint]));
}

/** @param {ArrayBuffer[]} certificates @returns {Promise<CertificateInfo[]>} */
async function describe(certificates) {
  const described = [];
  for (const file of certificates) {
    // Copies: a call to the vault takes buffers away.
    described.push(...(await vault.call("certificate.read", { file: file.slice(0) })).certificates);
  }
  return described;
}

/** @param {Backup} backup @param {Described} described */
function replacing(backup, { keyFiles, people, anchors, ...chosen }) {
  return {
    keyFiles: { clear: true, put: keyFiles },
    requests: { clear: true, put: backup.requests },
    sealed: { clear: true },
    people: { clear: true, put: people },
    anchors: { clear: true, put: anchors },
    sites: { clear: true, put: backup.sites },
    // Under the keys that go.
    drafts: { clear: true },
    settings: { remove: SETTINGS, put: settingsOf(backup, chosen) },
  };
}

/** @param {Backup} backup @param {Described} described */
async function merging(backup, { keyFiles, people, anchors, preferences: chosen, preferred }) {
  const added = { contacts: backup.contacts, decisions: backup.decisions };
  const here = { contacts: await contacts.read(), decisions: (await trust.kept()).decisions };
  const joined = await vault.call("kept.join", { ...here, added });
  const signsWith = { ...preferred, ...(await keys.preferredIdentities()) };
  const settings = settingsOf({ ...backup, ...joined }, { preferences: chosen, preferred: signsWith });
  const replaced = new Set(["contacts", "decisions", keys.PREFERRED]);
  const unknown = await missing("settings", settings, "name");
  return {
    keyFiles: { put: await missing("keyFiles", keyFiles, "id") },
    requests: { put: await missing("requests", backup.requests, "id") },
    people: { put: await missing("people", people, "fingerprint") },
    anchors: { put: await missing("anchors", anchors, "fingerprint") },
    sites: { put: await missing("sites", backup.sites, "origin") },
    settings: { put: settings.filter((one) => replaced.has(one.name) || unknown.includes(one)) },
  };
}

/**
 * @template {object} Entry
 * @param {import("./database.js").Store} store @param {Entry[]} entries @param {keyof Entry} key
 */
async function missing(store, entries, key) {
  const known = new Set((await database.all(store)).map((entry) => entry[key]));
  return entries.filter((entry) => !known.has(entry[key]));
}

/**
 * The settings as they are kept.
 * @param {Backup} backup
 * @param {Pick<Described, "preferences" | "preferred">} chosen
 */
function settingsOf({ contacts: known, decisions, followed, trust: trusted, pattern: own }, { preferences: chosen, preferred }) {
  const settings = [
    { name: "contacts", value: known }, { name: "decisions", value: decisions }, { name: "followed list", value: followed },
    { name: "trust", value: trusted }, { name: "preferences", value: chosen }, { name: keys.PREFERRED, value: preferred },
  ];
  return [pattern.asSetting(own), ...settings.filter(({ value }) => value !== null)];
}
