/**
 * Makes a backup of keys, people, trust and settings as one file under a passphrase, and restores it. Before any change
 * the vault reads and describes the backup, and the person sees all its entries. Entries that decide whom the person
 * trusts are restored only if the person ticks them (`backup_review.js`). All chosen entries are written in one
 * transaction, or none.
 */
import { addressKey } from "../../../wasm_build/ui/formats.js";
import { codeOf, RequestError, required, WORDS } from "../../shared/messages.js";
import { pemOf } from "../../shared/pem.js";
import { buildBackup, MAX_BACKUP_BYTES, parseBackup, VERSION } from "./backup_format.js";
import { describeOffer, taken, TICKED_KINDS } from "./backup_review.js";
import { weakenings, withoutWeakenings } from "./backup_settings.js";
import * as contacts from "../people/contacts.js";
import * as database from "../../shared/database.js";
import * as keys from "./keys.js";
import { tellLearned, TURN } from "../people/learning.js";
import * as pattern from "../jobs/pattern.js";
import * as policy from "../browser/policy.js";
import * as preferences from "../browser/preferences.js";
import * as session from "./session.js";
import * as trust from "../people/trust.js";
import { inTurn } from "../browser/turns.js";
import * as vault from "./vault_link.js";

/** @typedef {import("./backup_format.js").Backup} Backup */
/** @typedef {Awaited<ReturnType<typeof describeAll>>} Described */
/**
 * @typedef {{bytes: ArrayBuffer, passphrase: EncryptedSecret, replace: boolean}} Chosen with `replace` all entries of
 * this browser are removed first; without `replace` only missing entries are added
 */
/** @typedef {{backup: Backup, described: Described}} Offer the entries that would be restored */
/** @typedef {import("../people/trust.js").Decision} Decision */
/** @typedef {{address: string, certificates: CertificateInfo[]}} Known a person known from verified mail */

/** The vault's codes for a file that was altered, or that this passphrase does not open. */
const NOT_OPENED = new Set(["decryption-error", "no-matching-recipient", "wrong-passphrase"]);
/** The vault's codes for a file that is not a Sealwax backup. */
const FOREIGN = new Set(["malformed-message", "content-type-mismatch", "unsupported-algorithm", "limit-exceeded"]);
/** The first byte of a PKCS#12 file and of a certificate. */
const DER_SEQUENCE = 0x30;
/** The largest number of certificates in one call to the vault. */
const CERTIFICATES_AT_ONCE = 500;
/** The settings that a restored backup replaces. */
const SETTINGS = ["contacts", "decisions", "followed list", "trust", "preferences", keys.PREFERRED, "changed certificates"];
/** A site as `siteOf` names it, in ASCII only, because other characters could hide or reorder parts of the name. */
const SITE = /^[!-~]+(?: \([ -~]+\))?$/;

/** @param {{passphrase: EncryptedSecret}} body @returns {Promise<{backup: ArrayBuffer, keyFiles: number, ids: string[]}>} `ids` of its key files */
export async function make({ passphrase }) {
  const content = await collect();
  const ids = (await database.all("keyFiles")).map(({ id }) => id);
  const { backup } = await vault.call("backup.seal", { content: buildBackup(content), passphrase });
  await keys.noteSaved(ids);
  return { backup, keyFiles: ids.length, ids };
}

/** @returns {Promise<Backup>} */
async function collect() {
  const [keyFiles, requests, people, anchors, sites] = await Promise.all([
    database.all("keyFiles"), database.all("requests"), database.all("people"), database.all("anchors"), database.all("sites"),
  ]);
  const certificateOf = (/** @type {CertificateInfo} */ { certificate }) => certificate;
  return {
    version: VERSION,
    madeAt: new Date().toISOString(),
    keyFiles: keyFiles.map(({ name, p12, identities, origin }) => ({ name, p12, certificates: identities.map(certificateOf),
      // A backup does not connect to a key server, so its key files count as read from a file.
      origin: origin === "request" ? origin : "file" })),
    requests: requests.map(({ id, addresses, commonName, kind, createdAt, request, key }) =>
      ({ id, addresses, commonName, kind, createdAt, request, key })),
    people: people.map(certificateOf),
    anchors: anchors.map(certificateOf),
    sites: sites.map(({ origin, since }) => ({ origin, since })),
    contacts: await contacts.read(),
    ...(await trust.kept()),
    preferences: await preferences.kept(),
    preferred: Object.entries(await keys.preferredIdentities()).map(([address, fingerprint]) => ({ address, fingerprint })),
    pattern: await pattern.read(),
  };
}

/** The number of entries of each kind that a replacing backup removes. @returns {Promise<Record<string, number>>} */
export async function countHere() {
  const count = async (/** @type {import("../../shared/database.js").Store} */ store) => (await database.all(store)).length;
  return {
    keyFiles: await count("keyFiles"), requests: await count("requests"),
    people: await count("people") + (await contacts.list()).length, anchors: await count("anchors"),
    decisions: (await trust.listDecisions()).length, sites: await count("sites"),
    lists: (await trust.kept()).followed ? 1 : 0,
    changes: (await contacts.listChanges()).length, drafts: await count("drafts"),
  };
}

/**
 * The decrypted backup, by the body of the message that asks for it. `backup.restore` needs the backup twice: to
 * compare the question, and to act on the answer.
 * @type {WeakMap<Chosen, Promise<Offer>>}
 */
const offers = new WeakMap();

/**
 * Describes all that a backup would restore, as a question to the person. Changes nothing. The answer must have the
 * hash of this question. Rejects with `backup-not-opened` or `backup-foreign`.
 * @param {Chosen} body
 */
export async function review(body) {
  const offer = await offerOf(body);
  return describeOffer(offer, { replace: body.replace, settings: await weakeningsOf(offer.backup, body.replace) });
}

/**
 * Restores a backup, and returns how many key files and people it has. Before any change it may reject with
 * `backup-not-opened` or `backup-foreign`.
 * @param {Chosen & {take: string[]}} body `take` names the kinds that were ticked
 */
export async function restore(body) {
  const { replace, take } = body;
  if (!take.every((kind) => TICKED_KINDS.includes(kind))) throw new RequestError("bad-request");
  const { backup, described } = taken(await offerOf(body), take);
  const chosen = take.includes("settings") ? backup : { ...backup, ...withoutWeakenings(await settingsHere(), backup) };
  const changes = replace ? await replacing(chosen, described) : await merging(chosen, described);
  if (replace) await session.lock("hand");
  await inTurn(TURN, () => database.change(changes));
  tellLearned();
  // A restored list may have replaced the administrator's list, so the administrator's list is followed again.
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
 * The entries of a backup that are not yet in this browser.
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

/** The settings of this browser, as the person has set them. */
async function settingsHere() {
  return { trust: (await trust.kept()).trust, preferences: await preferences.kept(), pattern: await pattern.read() };
}

/**
 * The settings that the backup would weaken. Without `replace`, the backup changes only settings that the person has
 * not set in this browser.
 * @param {Backup} backup @param {boolean} replace
 */
async function weakeningsOf(backup, replace) {
  const here = await settingsHere();
  if (replace) return weakenings(here, backup);
  const isKept = async (/** @type {keyof Settings} */ name) => (await database.get("settings", name)) !== undefined;
  return weakenings(here, {
    trust: (await isKept("trust")) ? here.trust : backup.trust,
    preferences: (await isKept("preferences")) ? here.preferences : backup.preferences,
    pattern: here.pattern,
  });
}

/**
 * The backup, without decisions on trust if the administrator does not allow people to make them.
 * @param {Backup} backup
 * @returns {Promise<Backup>}
 */
async function admissible(backup) {
  const { ownDecisions } = await policy.read();
  return ownDecisions ? backup : { ...backup, anchors: [], decisions: null, followed: null };
}

/** @param {ArrayBuffer} bytes @param {EncryptedSecret} passphrase @returns {Promise<Backup>} */
async function open(bytes, passphrase) {
  if (bytes.byteLength > MAX_BACKUP_BYTES) throw new RequestError("backup-foreign");
  try {
    return parseBackup((await vault.call("backup.open", { backup: bytes, passphrase })).content);
  } catch (error) {
    const code = codeOf(error);
    if (NOT_OPENED.has(code)) throw new RequestError("backup-not-opened");
    throw FOREIGN.has(code) ? new RequestError("backup-foreign") : error;
  }
}

/** The vault's description of a backup's content. Rejects with `backup-foreign` if a part is invalid. @param {Backup} backup */
async function describeAll(backup) {
  try {
    /** @type {KeyFile[]} */
    const keyFiles = [];
    for (const { name, p12, certificates, origin } of backup.keyFiles) {
      // No issuers are added, because a key file contains the certificates of its issuers.
      const identities = (await describe(certificates)).map(({ intermediates: _, ...identity }) => identity);
      const isKeyFile = new Uint8Array(p12)[0] === DER_SEQUENCE && identities.length > 0;
      if (!isKeyFile || (origin !== "file" && origin !== "request")) throw new RequestError("backup-foreign");
      keyFiles.push({ id: keys.idOf(identities), name, p12, identities, origin, savedAt: backup.madeAt });
    }
    const { contacts: remembered, decisions, followed } = backup;
    const isSound = WORDS.revocation.includes(backup.trust.revocation) && pattern.isPattern(backup.pattern)
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
      preferences: preferences.validate(backup.preferences), preferred: preferredOf(backup, keyFiles),
      inFile: { keyFiles: keyFiles.length, people: people.length + known.length },
    };
  } catch (error) {
    const code = codeOf(error);
    throw FOREIGN.has(code) || code === "bad-request" ? new RequestError("backup-foreign") : error;
  }
}

/**
 * The signer of the organisation's list in the backup, and the list itself. `list` is null if the list is not valid now.
 * @param {ArrayBuffer} followed
 * @returns {Promise<{signer: CertificateInfo, list: import("../../../wasm_build/vault/server/trust.js").Following["list"]}>}
 */
async function describeFollowed(followed) {
  const { operator, list } = await vault.call("trust.follow", { followed: followed.slice(0), at: new Date().toISOString() });
  const [signer] = await describe([required(operator, "backup-foreign")]);
  return { signer, list: list ?? null };
}

/**
 * The fingerprint of the identity that signs for each address. Identities that are not in the backup are left out.
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
  if (!certificates.every((certificate) => new Uint8Array(certificate)[0] === DER_SEQUENCE)) throw new RequestError("backup-foreign");
  const described = [];
  for (let from = 0; from < certificates.length; from += CERTIFICATES_AT_ONCE) {
    const file = pemOf(certificates.slice(from, from + CERTIFICATES_AT_ONCE));
    described.push(...(await vault.call("certificate.read", { file })).certificates);
  }
  return described;
}

/** @param {Backup} backup @param {Described} described */
async function replacing(backup, { keyFiles, people, anchors, preferred }) {
  const accounts = await database.all("keyAccounts");
  return {
    // The base of the last merge is removed. Otherwise the account at a key server would treat entries that are missing
    // from the backup as removed.
    keyAccounts: { put: accounts.map((account) => ({ ...account, base: null, sent: null })) },
    keyFiles: { clear: true, put: keyFiles },
    requests: { clear: true, put: backup.requests },
    sealed: { clear: true },
    people: { clear: true, put: people },
    anchors: { clear: true, put: anchors },
    sites: { clear: true, put: backup.sites },
    // Drafts are removed too, because they are encrypted under the removed keys.
    drafts: { clear: true },
    settings: { remove: SETTINGS, put: settingsOf(backup, preferred) },
  };
}

/** @param {Backup} backup @param {Described} described neither has an entry that is already here */
async function merging(backup, { keyFiles, people, anchors, preferred }) {
  const added = { contacts: backup.contacts, decisions: backup.decisions };
  const here = { contacts: await contacts.read(), decisions: (await trust.kept()).decisions };
  const joined = await vault.call("kept.join", { ...here, added });
  const signsWith = { ...(await withoutAddressesHere(preferred)), ...(await keys.preferredIdentities()) };
  const settings = settingsOf({ ...backup, ...joined }, signsWith);
  const replaced = new Set(/** @type {Setting["name"][]} */ (["contacts", "decisions", keys.PREFERRED]));
  const unknown = await missing("settings", settings, "name");
  return {
    keyFiles: { put: keyFiles }, requests: { put: backup.requests }, people: { put: people }, anchors: { put: anchors },
    sites: { put: backup.sites },
    settings: { put: settings.filter((setting) => replaced.has(setting.name) || unknown.includes(setting)) },
  };
}

/**
 * The preferred identities of a backup, without those for addresses that already have an identity in this browser.
 * Otherwise a key in a foreign file could become the signer for an address of the person.
 * @param {Record<string, string>} preferred
 */
async function withoutAddressesHere(preferred) {
  const own = new Set((await keys.identities()).flatMap(({ addresses }) => addresses.map(addressKey)));
  return Object.fromEntries(Object.entries(preferred).filter(([address]) => !own.has(addressKey(address))));
}

/**
 * @template {keyof Stores} S
 * @param {S} store @param {Stores[S][]} entries @param {keyof Stores[S]} key
 */
async function missing(store, entries, key) {
  const known = new Set((await database.all(store)).map((entry) => entry[key]));
  return entries.filter((entry) => !known.has(entry[key]));
}

/**
 * The entries for the store `settings`.
 * @param {Backup} backup
 * @param {Record<string, string>} signsWith
 * @returns {Setting[]}
 */
function settingsOf({ contacts: known, decisions, followed, trust: trusted, pattern: own, preferences: chosen }, signsWith) {
  return [
    pattern.asSetting(own), { name: "trust", value: trusted }, { name: "preferences", value: chosen }, { name: keys.PREFERRED, value: signsWith },
    ...(known ? [/** @type {const} */ ({ name: "contacts", value: known })] : []),
    ...(decisions ? [/** @type {const} */ ({ name: "decisions", value: decisions })] : []),
    ...(followed ? [/** @type {const} */ ({ name: "followed list", value: followed })] : []),
  ];
}
