/**
 * Everything that is kept, as one file under a passphrase, and back. A backup is read and described by the vault before
 * anything is changed. The person sees all that it holds; what decides whom the person trusts is taken only where it was
 * ticked (`backup_review.js`). Then all of it is written in one transaction, or nothing.
 */
import { addressKey } from "../runtime/ui/formats.js";
import { RequestError } from "../shared/messages.js";
import { pemOf } from "../shared/pem.js";
import { buildBackup, MAX_BACKUP_BYTES, parseBackup, VERSION } from "./backup_format.js";
import { describeOffer, taken, TICKED_KINDS } from "./backup_review.js";
import { isRevocation, weakenings, withoutWeakenings } from "./backup_settings.js";
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
/** @typedef {{bytes: ArrayBuffer, passphrase: SealedSecret, replace: boolean}} Chosen with `replace` what is here goes;
 *   without it what is here stays, and what is missing comes */
/** @typedef {{backup: Backup, described: Described}} Offer what would come */
/** @typedef {import("./trust.js").Decision} Decision */
/** @typedef {{address: string, certificates: CertificateInfo[]}} Known somebody who is remembered */

/** What the vault says to a file that this passphrase does not open, or that was altered. */
const NOT_OPENED = new Set(["decryption-error", "no-matching-recipient", "wrong-passphrase"]);
/** What it says to a file that is none of ours. */
const FOREIGN = new Set(["malformed-message", "content-type-mismatch", "unsupported-algorithm", "limit-exceeded"]);
/** How a PKCS#12 file begins, and a certificate. */
const DER_SEQUENCE = 0x30;
/** So many certificates are read by one call. */
const CERTIFICATES_AT_ONCE = 500;
/** What a restored backup takes the place of among the settings. */
const SETTINGS = ["contacts", "decisions", "followed list", "trust", "preferences", keys.PREFERRED, "changed certificates"];
/** A site as `siteOf` names it: origins are ASCII, and nothing in them hides or turns letters. */
const SITE = /^[!-~]+(?: \([ -~]+\))?$/;

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
    lists: (await trust.kept()).followed ? 1 : 0,
    changes: (await contacts.listChanges()).length, drafts: await count("drafts"),
  };
}

/** Each file is opened once for a question and the answer to it. @type {WeakMap<Chosen, Promise<Offer>>} */
const offers = new WeakMap();

/**
 * All that a backup would bring, for the person; nothing is changed. The restoring is bound to it by its hash.
 * Rejects with `backup-not-opened` or `backup-foreign`.
 * @param {Chosen} body
 */
export async function review(body) {
  const offer = await offerOf(body);
  return describeOffer(offer, { replace: body.replace, settings: await weakeningsOf(offer.backup, body.replace) });
}

/**
 * Rejects with `backup-not-opened` or `backup-foreign`, and has changed nothing then.
 * @param {Chosen & {take: string[]}} body `take` names the kinds that were ticked
 */
export async function restore(body) {
  const { replace, take } = body;
  if (!take.every((kind) => TICKED_KINDS.includes(kind))) throw new RequestError("bad-request");
  const { backup, described } = taken(await offerOf(body), take);
  const chosen = take.includes("settings") ? backup : { ...backup, ...withoutWeakenings(await settingsHere(), backup) };
  const changes = replace ? replacing(chosen, described) : await merging(chosen, described);
  if (replace) await session.lock("hand");
  await database.change(changes);
  // What an administrator has set stands whatever came back.
  await trust.followPolicyList();
  return { keyFiles: described.inFile.keyFiles, people: described.inFile.people };
}

/** @param {Chosen} body @returns {Promise<Offer>} */
function offerOf(body) {
  const known = offers.get(body) ?? readOffer(body);
  offers.set(body, known);
  return known;
}

/** @param {Chosen} body @returns {Promise<Offer>} */
async function readOffer({ bytes, passphrase, replace }) {
  const opened = await admissible(await open(bytes, passphrase));
  const described = await describeAll(opened);
  const backup = { ...opened, preferences: described.preferences };
  return replace ? { backup, described } : withoutKnown(backup, described);
}

/**
 * Only what is missing here.
 * @param {Backup} backup @param {Described} described
 * @returns {Promise<Offer>}
 */
async function withoutKnown(backup, described) {
  const decided = new Set((await trust.listDecisions()).map(({ fingerprint }) => fingerprint));
  const remembered = new Set((await contacts.list()).map(({ address }) => address));
  const follows = (await trust.kept()).followed !== null;
  return {
    backup: {
      ...backup, requests: await missing("requests", backup.requests, "id"), sites: await missing("sites", backup.sites, "origin"),
      followed: follows ? null : backup.followed,
    },
    described: {
      ...described,
      keyFiles: await missing("keyFiles", described.keyFiles, "id"),
      people: await missing("people", described.people, "fingerprint"),
      anchors: await missing("anchors", described.anchors, "fingerprint"),
      known: described.known.filter(({ address }) => !remembered.has(address)),
      decisions: described.decisions.filter(({ fingerprint }) => !decided.has(fingerprint)),
      followed: follows ? null : described.followed,
    },
  };
}

/** The settings here, as the person has set them. */
async function settingsHere() {
  return { trust: (await trust.kept()).trust, preferences: await preferences.kept(), pattern: await pattern.read() };
}

/**
 * How a backup would weaken the settings here. Settings that are kept here already stay unless all is replaced.
 * @param {Backup} backup @param {boolean} replace
 */
async function weakeningsOf(backup, replace) {
  const here = await settingsHere();
  if (replace) return weakenings(here, backup);
  const isKept = async (/** @type {string} */ name) => (await database.get("settings", name)) !== undefined;
  return weakenings(here, {
    trust: (await isKept("trust")) ? here.trust : backup.trust,
    preferences: (await isKept("preferences")) ? here.preferences : backup.preferences,
    pattern: here.pattern,
  });
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
    const { contacts: remembered, decisions, followed } = backup;
    const isSound = isRevocation(backup.trust.revocation) && pattern.isPattern(backup.pattern)
      && !Number.isNaN(Date.parse(backup.madeAt)) && backup.sites.every(({ origin }) => SITE.test(origin));
    if (!isSound) throw new RequestError("backup-foreign");
    /** @type {Known[]} */
    const known = remembered ? (await vault.call("contacts.list", { contacts: remembered.slice(0) })).people : [];
    /** @type {Decision[]} */
    const decided = decisions ? (await vault.call("decision.list", { decisions: decisions.slice(0) })).decisions : [];
    const people = await describe(backup.people);
    return {
      keyFiles, people, known, decisions: decided, anchors: await describe(backup.anchors),
      followed: followed ? await describeFollowed(followed) : null,
      preferences: preferences.check(backup.preferences), preferred: preferredOf(backup, keyFiles),
      inFile: { keyFiles: keyFiles.length, people: people.length + known.length },
    };
  } catch (error) {
    const { code = "" } = /** @type {any} */ (error);
    throw FOREIGN.has(code) || code === "bad-request" ? new RequestError("backup-foreign") : error;
  }
}

/**
 * A list that would be followed: its signer, and whom it names where it counts now.
 * @param {ArrayBuffer} followed
 * @returns {Promise<{signer: CertificateInfo, list: import("../runtime/trust.js").Following["list"]}>}
 */
async function describeFollowed(followed) {
  const { operator, list } = await vault.call("trust.follow", { followed: followed.slice(0), at: new Date().toISOString() });
  const [signer] = await describe([operator]);
  return { signer, list };
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
  if (!certificates.every((one) => new Uint8Array(one)[0] === DER_SEQUENCE)) throw new RequestError("backup-foreign");
  const described = [];
  for (let from = 0; from < certificates.length; from += CERTIFICATES_AT_ONCE) {
    const file = pemOf(certificates.slice(from, from + CERTIFICATES_AT_ONCE));
    described.push(...(await vault.call("certificate.read", { file })).certificates);
  }
  return described;
}

/** @param {Backup} backup @param {Described} described */
function replacing(backup, { keyFiles, people, anchors, preferred }) {
  return {
    keyFiles: { clear: true, put: keyFiles },
    requests: { clear: true, put: backup.requests },
    sealed: { clear: true },
    people: { clear: true, put: people },
    anchors: { clear: true, put: anchors },
    sites: { clear: true, put: backup.sites },
    // Under the keys that go.
    drafts: { clear: true },
    settings: { remove: SETTINGS, put: settingsOf(backup, preferred) },
  };
}

/** @param {Backup} backup @param {Described} described without what is here */
async function merging(backup, { keyFiles, people, anchors, preferred }) {
  const added = { contacts: backup.contacts, decisions: backup.decisions };
  const here = { contacts: await contacts.read(), decisions: (await trust.kept()).decisions };
  const joined = await vault.call("kept.join", { ...here, added });
  const signsWith = { ...(await withoutAddressesHere(preferred)), ...(await keys.preferredIdentities()) };
  const settings = settingsOf({ ...backup, ...joined }, signsWith);
  const replaced = new Set(["contacts", "decisions", keys.PREFERRED]);
  const unknown = await missing("settings", settings, "name");
  return {
    keyFiles: { put: keyFiles }, requests: { put: backup.requests }, people: { put: people }, anchors: { put: anchors },
    sites: { put: backup.sites },
    settings: { put: settings.filter((one) => replaced.has(one.name) || unknown.includes(one)) },
  };
}

/**
 * Which identity of a backup signs for an address, where no identity here does: a key of somebody else takes no address over.
 * @param {Record<string, string>} preferred
 */
async function withoutAddressesHere(preferred) {
  const own = new Set((await keys.identities()).flatMap(({ addresses }) => addresses.map(addressKey)));
  return Object.fromEntries(Object.entries(preferred).filter(([address]) => !own.has(addressKey(address))));
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
 * @param {Record<string, string>} signsWith
 */
function settingsOf({ contacts: known, decisions, followed, trust: trusted, pattern: own, preferences: chosen }, signsWith) {
  const settings = [
    { name: "contacts", value: known }, { name: "decisions", value: decisions }, { name: "followed list", value: followed },
    { name: "trust", value: trusted }, { name: "preferences", value: chosen }, { name: keys.PREFERRED, value: signsWith },
  ];
  return [pattern.asSetting(own), ...settings.filter(({ value }) => value !== null)];
}
