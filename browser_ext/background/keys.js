/** Keys and people: key files, their opened identities, certificates of other people, authorities. */
import { judgeInRounds } from "../runtime/lookups.js";
import { RequestError } from "../shared/messages.js";
import { certificatesOf } from "../shared/pem.js";
import * as database from "./database.js";
import * as policy from "./policy.js";
import * as session from "./session.js";
import * as trust from "./trust.js";
import * as vault from "./vault_link.js";

/** What the pages may see: no key file leaves the background. */
export async function list() {
  const unlocked = await session.isUnlocked();
  const open = new Set(unlocked ? (await database.all("sealed")).map(({ keyFile }) => keyFile) : []);
  const files = await database.all("keyFiles");
  const keyFiles = files.map(({ id, name, identities: inFile }) => ({ id, name, identities: inFile, locked: !open.has(id) }));
  const [people, authorities, sites] = await Promise.all(
    [database.all("people"), database.all("anchors"), database.all("sites")],
  );
  const [decisions, settings, following] = await Promise.all(
    [trust.listDecisions(), trust.settings(), trust.describeList()],
  );
  const lockReason = unlocked ? null : await session.lockReason();
  return { keyFiles, people, anchors: authorities, sites, decisions, settings, following, lockReason };
}

/** @param {{name: string, p12: ArrayBuffer, passphrase: SealedSecret}} body */
export async function importKeyFile({ name, p12, passphrase }) {
  const { identities, p12: kept, sessionId } = await openIdentities(p12, passphrase, { forKeeping: true });
  const id = identities.map(({ fingerprint }) => fingerprint).sort().join(" ");
  const described = identities.map(({ sealed: _, ...described }) => described);
  await database.put("keyFiles", { id, name, p12: kept, identities: described });
  await keepSealed(id, identities, sessionId);
}

/** @param {{keyFile: string, passphrase: SealedSecret}} body */
export async function unlock({ keyFile, passphrase }) {
  const file = await database.get("keyFiles", keyFile);
  if (!file) throw new RequestError("no-such-key");
  const { identities, sessionId } = await openIdentities(file.p12, passphrase, { forKeeping: false });
  await keepSealed(keyFile, identities, sessionId);
}

/** @typedef {CertificateInfo & {sealed: ArrayBuffer}} OpenedIdentity */

/**
 * Opens a key file; for keeping it comes back as PKCS#12, sealed anew under its passphrase, whatever it was before.
 * @param {ArrayBuffer} p12
 * @param {SealedSecret} passphrase
 * @param {{forKeeping: boolean}} options
 * @returns {Promise<{identities: OpenedIdentity[], p12: ArrayBuffer, sessionId: string}>}
 */
async function openIdentities(p12, passphrase, { forKeeping }) {
  const { id: sessionId, sealKey } = await session.keyForUnlock();
  const opened = await vault.call("identity.open", { p12, passphrase, sealKey, forKeeping });
  if (!opened.identities.length) throw new RequestError("no-identity-in-file");
  return { ...opened, sessionId };
}

/** @param {string} keyFile @param {OpenedIdentity[]} identities @param {string} sessionId whose key they are sealed under */
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
 * @param {"people" | "anchors"} store
 * @param {ArrayBuffer} bytes
 */
export async function importCertificates(store, bytes) {
  if (store === "anchors") await policy.checkOwnDecisions();
  const certificates = await describe(certificatesOf(bytes));
  for (const { usable: _, reason: __, ...described } of certificates) await database.put(store, described);
}

/**
 * Certificates as the vault sees them now, against the person's authorities.
 * @param {ArrayBuffer[]} certificates
 * @returns {Promise<CertificateInfo[]>}
 */
export async function describe(certificates) {
  if (!certificates.length) return [];
  return (await vault.call("certificate.describe", { certificates, ...(await trust.judging()) })).certificates;
}

/**
 * People's certificates as they may be used now: revoked, expired and ending ones say so.
 * @param {CertificateInfo[]} people
 * @returns {Promise<CertificateInfo[]>}
 */
export async function checkPeople(people) {
  return Promise.all(people.map(async ({ certificate, addresses }) => {
    const [address = ""] = addresses;
    const judge = async (/** @type {import("../runtime/trust.js").Evidence} */ evidence) => vault.call("recipients.check", {
      address, found: [{ certificate: certificate.slice(0), source: "contacts" }], ...(await trust.judging(evidence)),
    });
    let check;
    for await (const { judged } of judgeInRounds(judge, { ask: trust.askAuthorities, store: trust.store })) {
      [check] = judged.checks;
    }
    return check;
  }));
}

/** Every identity of the person, with the file that holds it. */
export async function identities() {
  const { keyFiles } = await list();
  return keyFiles.flatMap(({ id, name, identities: inFile, locked }) =>
    inFile.map((/** @type {CertificateInfo} */ info) => ({ ...info, keyFile: id, fileName: name, locked })));
}

/** What the vault needs to use the unlocked identities. @param {string} [fingerprint] only this one */
export async function unlocked(fingerprint) {
  const sealKey = await session.sealKey();
  const sealed = sealKey ? await database.all("sealed") : [];
  const chosen = sealed.filter((identity) => fingerprint === undefined || identity.fingerprint === fingerprint);
  return { sealKey, identities: chosen.map((identity) => identity.sealed) };
}
