/** Keys and people: key files, their opened identities, certificates of other people, authorities. */
import { judgeInRounds } from "../../../wasm_build/vault/server/lookups.js";
import { addressKey } from "../../../wasm_build/ui/formats.js";
import { RequestError, required } from "../../shared/messages.js";
import * as contacts from "../people/contacts.js";
import * as database from "../../shared/database.js";
import { learn } from "../people/learning.js";
import * as policy from "../browser/policy.js";
import * as preferences from "../browser/preferences.js";
import * as session from "./session.js";
import * as trust from "../people/trust.js";
import * as vault from "./vault_link.js";
import * as writing from "../writing/writing.js";

/** The name of the entry in the store `settings` with the identity that signs for each address of the person. */
export const PREFERRED = "preferred identities";

/** The content of the page with keys and people. Key files are listed without their PKCS#12 bytes. */
export async function list() {
  const unlocked = await session.isUnlocked();
  const keyFiles = await listKeyFiles(unlocked);
  const [people, authorities, sites, recipes, requests] = await Promise.all(
    [database.all("people"), database.all("anchors"), database.all("sites"), database.all("recipes"), database.all("requests")],
  );
  const [decisions, settings, following] = await Promise.all(
    [trust.listDecisions(), trust.settings(), trust.describeList()],
  );
  const [known, changes, chosen, forWriting] = await Promise.all(
    [contacts.list(), contacts.listChanges(), preferences.read(), writing.read()],
  );
  const lockReason = unlocked ? null : await session.lockReason();
  return {
    keyFiles, people, anchors: authorities, sites, recipes, decisions, settings, following, lockReason,
    requests: requests.map(({ key: _, ...shown }) => shown), known, preferences: chosen, writing: forWriting,
    changes: changes.map((change) => ({ ...change, question: contacts.questionOf(change) })),
  };
}

/** @param {boolean} unlocked */
async function listKeyFiles(unlocked) {
  const open = new Set(unlocked ? (await database.all("sealed")).map(({ keyFile }) => keyFile) : []);
  const preferred = new Set(Object.values(await preferredIdentities()));
  const shown = (/** @type {CertificateInfo} */ info) => ({ ...info, preferred: preferred.has(info.fingerprint) });
  const files = await database.all("keyFiles");
  return files.map(({ id, name, identities: inFile, origin, savedAt }) =>
    ({ id, name, identities: inFile.map(shown), origin, savedAt, locked: !open.has(id) }));
}

/** @returns {Promise<Record<string, string>>} address to fingerprint */
export async function preferredIdentities() {
  return (await database.get("settings", PREFERRED))?.value ?? {};
}

/**
 * Makes this identity the signer for each of its addresses. The other identities still decrypt the mail that was
 * encrypted for them.
 * @param {{fingerprint: string}} body
 */
export async function prefer({ fingerprint }) {
  const chosen = await findIdentity(fingerprint);
  await learn(async () => {
    const value = { ...(await preferredIdentities()) };
    for (const address of chosen.addresses) value[addressKey(address)] = fingerprint;
    await database.put("settings", { name: PREFERRED, value });
  });
}

/** @param {{name: string, p12: ArrayBuffer, passphrase: EncryptedSecret}} body */
export async function importKeyFile({ name, p12, passphrase }) {
  const { identities, p12: keyFile, sessionId, authority } = await openIdentities(p12, passphrase, { forKeeping: true });
  await keepKeyFile({ name, p12: required(keyFile, "no-identity-in-file"), origin: "file" }, identities, sessionId);
  await proposeAuthority(authority, identities);
}

/**
 * Stores the question whether the person trusts the authority that certified newly imported keys.
 * @param {DescribedCertificate | null | undefined} authority @param {OpenedIdentity[]} identities
 */
export async function proposeAuthority(authority, identities) {
  const own = identities.flatMap(({ addresses }) => addresses);
  // The keys are imported even if the question cannot be stored.
  if (authority) await trust.proposeOwnAuthority(authority, own).catch(() => undefined);
}

/**
 * Keeps a key file, and its identities sealed under the session's key.
 * @param {{name: string, p12: ArrayBuffer, origin: KeyFile["origin"]}} file
 * @param {OpenedIdentity[]} identities
 * @param {string} sessionId
 */
export async function keepKeyFile(file, identities, sessionId) {
  const id = idOf(identities);
  const described = identities.map(({ sealed: _, ...described }) => described);
  await database.put("keyFiles", { ...file, id, identities: described, savedAt: null });
  await keepSealed(id, identities, sessionId);
}

/** @param {{fingerprint: string}[]} identities */
export function idOf(identities) {
  return identities.map(({ fingerprint }) => fingerprint).sort().join(" ");
}

/**
 * Exports a key file, whole or with one identity.
 * @param {{id: string, fingerprint: string, form: string, passphrase: EncryptedSecret, newPassphrase: EncryptedSecret}} body
 */
export async function exportKeyFile({ id, fingerprint, form, passphrase, newPassphrase }) {
  const file = await database.find("keyFiles", id, "no-such-key");
  const only = fingerprint ? [fingerprint] : null;
  const { p12 } = await vault.call("key.export", { p12: file.p12, passphrase, newPassphrase, only, form });
  // Only an export with all identities can replace a lost key file.
  if (!only || file.identities.length === 1) await noteSaved([id]);
  return { p12 };
}

/** Stores the time of an export or backup. @param {string[]} ids of the key files in it */
export async function noteSaved(ids) {
  const savedAt = new Date().toISOString();
  const files = (await database.all("keyFiles")).filter(({ id }) => ids.includes(id));
  await database.change({ keyFiles: { put: files.map((file) => ({ ...file, savedAt })) } });
}

/**
 * Encrypts a key file under another passphrase. The new file is opened once before it replaces the old one.
 * @param {{id: string, passphrase: EncryptedSecret, newPassphrase: EncryptedSecret}} body
 */
export async function changePassphrase({ id, passphrase, newPassphrase }) {
  const file = await database.find("keyFiles", id, "no-such-key");
  const { p12 } = await vault.call("key.export", { p12: file.p12, passphrase, newPassphrase, form: "modern" });
  const { id: sessionId, sealKey } = await session.keyForUnlock();
  const opened = await vault.call("identity.open", { p12: p12.slice(0), passphrase: newPassphrase, sealKey });
  if (idOf(opened.identities) !== id) throw new RequestError("passphrase-not-changed");
  await database.put("keyFiles", { ...(await database.find("keyFiles", id, "no-such-key")), p12, savedAt: null });
  await keepSealed(id, opened.identities, sessionId);
}

/** @param {{keyFile: string, passphrase: EncryptedSecret}} body */
export async function unlock({ keyFile, passphrase }) {
  const file = await database.find("keyFiles", keyFile, "no-such-key");
  const { identities, sessionId } = await openIdentities(file.p12, passphrase, { forKeeping: false });
  await keepSealed(keyFile, identities, sessionId);
}

/** @typedef {import("../../../wasm_build/vault/types/verbs.js").OpenedIdentity} OpenedIdentity */

/**
 * Opens a key file. With `forKeeping` the vault also returns it as PKCS#12, encrypted anew under its passphrase.
 * Rejects with `no-identity-in-file`.
 * @param {ArrayBuffer} p12
 * @param {EncryptedSecret} passphrase
 * @param {{forKeeping: boolean}} options
 */
async function openIdentities(p12, passphrase, { forKeeping }) {
  const { id: sessionId, sealKey } = await session.keyForUnlock();
  const opened = await vault.call("identity.open", { p12, passphrase, sealKey, forKeeping });
  if (!opened.identities.length) throw new RequestError("no-identity-in-file");
  return { ...opened, sessionId };
}

/**
 * @param {string} keyFile
 * @param {OpenedIdentity[]} identities
 * @param {string} sessionId of the session whose key sealed the identities
 */
async function keepSealed(keyFile, identities, sessionId) {
  await session.begin(sessionId, async () => {
    for (const { fingerprint, sealed } of identities) await database.put("sealed", { fingerprint, keyFile, sealed });
  });
}

/** @param {string} id */
export async function removeKeyFile(id) {
  await database.remove("keyFiles", id);
  for (const { fingerprint, keyFile } of await database.all("sealed")) {
    if (keyFile === id) await database.remove("sealed", fingerprint);
  }
}

/**
 * Adds the certificates of a file, either of people, with the addresses in the certificates, or of authorities.
 * @param {"people" | "anchors"} store
 * @param {ArrayBuffer} bytes
 */
export async function importCertificates(store, bytes) {
  if (store === "anchors") await policy.checkOwnDecisions();
  const { certificates, leftOut } = await vault.call("certificate.read", { file: bytes });
  const fit = certificates.filter(({ isCa }) => isCa === (store === "anchors"));
  // Some authorities' certificates do not declare that their owner is an authority. So if no certificate in the file is
  // of the wanted kind, all are imported.
  const candidates = fit.length ? fit : certificates;
  // Nothing can be encrypted for a certificate without an address. Such a certificate is returned in `leftOut`.
  const chosen = candidates.filter(({ isCa, addresses }) => store === "anchors" || isCa || addresses.length);
  const known = new Set((await database.all(store)).map(({ fingerprint }) => fingerprint));
  const added = chosen.filter(({ fingerprint }) => !known.has(fingerprint));
  const addedAt = new Date().toISOString();
  await database.change({ [store]: { put: added.map((info) => ({ ...info, addedAt })) } });
  const omissions = leftOut.filter(({ reason }) => store === "people" || reason.code === "not-read");
  return { added: added.length, known: chosen.length - added.length, leftOut: omissions };
}

/**
 * Keeps somebody's certificate, with the issuers' certificates that were found beside it.
 * @param {ArrayBuffer} certificate @param {ArrayBuffer[]} intermediates
 */
export async function keepPerson(certificate, intermediates) {
  const { certificates } = await vault.call("certificate.read", { file: certificate });
  const addedAt = new Date().toISOString();
  for (const info of certificates) await database.put("people", { ...info, addedAt, intermediates });
}

/**
 * Checks whether people's certificates can be used now. Authorities are asked only about people for whom `isWanted`
 * returns true. Otherwise each window would reveal the whole list of people to the authorities.
 * @param {CertificateInfo[]} people
 * @param {(person: CertificateInfo) => boolean} isWanted
 * @returns {Promise<(RecipientCheck & {isUnasked: boolean})[]>} `isUnasked`: only an authority's answer is missing
 */
export async function checkPeople(people, isWanted) {
  return Promise.all(people.map(async (person) => {
    const { certificate, intermediates = [], addresses: [address = ""] } = person;
    const judge = async (/** @type {import("../../../wasm_build/vault/server/trust.js").Evidence} */ evidence) => vault.call("recipients.check", {
      address, found: [structuredClone({ certificate, intermediates, source: "contacts" })], ...(await trust.judging(evidence)),
    });
    for await (const { judged, settled } of judgeInRounds(judge, { ask: trust.askAuthorities, store: trust.store })) {
      const [check] = judged.checks;
      const isUnknown = check.reasons.every(({ code }) => code === "revocation-unknown");
      // A certificate may name addresses that no authority has confirmed. The person is not listed under such
      // addresses.
      const addresses = check.usable ? check.covered : check.addresses;
      if (settled || !isWanted(person)) return { ...check, addresses, isUnasked: !settled && isUnknown };
    }
    throw new RequestError("unknown");
  }));
}

/**
 * Checks the certificate of a reader that the person has chosen, and asks the certificate's authorities.
 * @param {{fingerprint: string}} body
 */
export async function checkPerson({ fingerprint }) {
  return (await checkPeople([await database.find("people", fingerprint, "no-such-person")], () => true))[0];
}

/**
 * Returns a function that tests whether a person has one of these addresses.
 * @param {string[]} proposed @returns {(person: {addresses: string[]}) => boolean}
 */
export function isProposed(proposed) {
  const proposedAddresses = new Set(proposed.map(addressKey));
  return ({ addresses }) => addresses.some((address) => proposedAddresses.has(addressKey(address)));
}

/** All identities of the person with their key files. The default for signing comes first, expired identities last. */
export async function identities() {
  const keyFiles = await listKeyFiles(await session.isUnlocked());
  const all = keyFiles.flatMap(({ id, name, identities: inFile, locked }) =>
    inFile.map((info) => ({ ...info, keyFile: id, fileName: name, locked })));
  const now = new Date().toISOString();
  const rank = (/** @type {CertificateInfo} */ info) => (info.notAfter < now ? 2 : info.preferred ? 0 : 1);
  return all.sort((info, other) => rank(info) - rank(other));
}

/** The identity with this fingerprint. Rejects with `no-such-key`. @param {string} fingerprint */
export async function findIdentity(fingerprint) {
  return required((await identities()).find((own) => own.fingerprint === fingerprint), "no-such-key");
}

/**
 * The unlocked identities, as arguments for the vault; none while the keys are locked.
 * @param {string} [fingerprint] only this one
 */
export async function unlocked(fingerprint) {
  const sealKey = await session.sealKey();
  const sealed = sealKey ? await database.all("sealed") : [];
  const chosen = sealed.filter((identity) => fingerprint === undefined || identity.fingerprint === fingerprint);
  return { sealKey, identities: chosen.map((identity) => identity.sealed) };
}
