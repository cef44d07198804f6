/**
 * People known from verified mail. They are stored in the format of the core's module `contacts_json`. Only the vault
 * reads and changes them. If a known sender has a new certificate, this module keeps it until the person decides.
 */
import { required } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import { tellLearned, TURN } from "./learning.js";
import * as preferences from "../browser/preferences.js";
import { inTurn } from "../browser/turns.js";
import * as vault from "../keys/vault_link.js";

/**
 * @typedef {import("../../../wasm_build/vault/types/verbs.js").CertificateChange} Change
 * @typedef {import("../../../wasm_build/vault/types/verbs.js").Harvest} Harvest
 * @typedef {{address: string, fingerprint: string}} ChangeName `fingerprint` of the new certificate
 */

const CONTACTS = "contacts";
const CHANGED = "changed certificates";
/** The limit of waiting changes. The oldest are dropped; the sender's next mail brings the change again. */
const MAX_WAITING_CHANGES = 50;

/**
 * The contacts in a buffer that may be transferred to the vault; null while there are none.
 * @returns {Promise<ArrayBuffer | null>}
 */
export async function read() {
  return (await database.get("settings", CONTACTS))?.value ?? null;
}

/** The people known from verified mail. */
export async function list() {
  const contacts = await read();
  return contacts ? (await vault.call("contacts.list", { contacts })).people : [];
}

/** The new certificates of known senders that wait for the person's decision. @returns {Promise<Change[]>} */
export async function listChanges() {
  return (await database.get("settings", CHANGED))?.value ?? [];
}

/**
 * Keeps the sender of a verified mail as a contact, if the person allows it. A changed certificate waits for a
 * decision.
 * @param {Harvest | null} harvest from the vault's reply to `message.verify`
 * @param {ArrayBuffer | null} before the contacts from which the vault made `harvest`
 */
export function keepHarvest(harvest, before) {
  return inTurn(TURN, async () => {
    if (!harvest || !(await preferences.read()).harvest) return;
    const { contacts, changes, asks } = harvest;
    if (!asks) return keep(await withOthers(contacts, before));
    const news = changes.filter(({ isRenewal }) => !isRenewal);
    const addresses = new Set(news.map(({ address }) => address));
    const others = (await listChanges()).filter(({ address }) => !addresses.has(address));
    await database.put("settings", { name: CHANGED, value: [...others, ...news].slice(-MAX_WAITING_CHANGES) });
  });
}

/** The question about a changed certificate, as the person sees it. @param {Change} change */
export function questionOf({ address, before, after, sameIssuer }) {
  return { kind: "change", address, before: before.fingerprint, after: after.fingerprint, sameIssuer };
}

/**
 * The current question. A later mail may have brought another certificate since the question was shown.
 * @param {ChangeName} body
 */
export async function question(body) {
  return questionOf(findChange(await listChanges(), body));
}

/** Keeps a changed certificate that the person accepts. @param {ChangeName} body */
export function acceptChange({ address, fingerprint }) {
  return inTurn(TURN, async () => {
    const { after } = findChange(await listChanges(), { address, fingerprint });
    const reply = await vault.call("contacts.learn", {
      contacts: await read(), address, certificates: [after.certificate], at: new Date().toISOString(),
    });
    await database.change({ settings: { put: [
      { name: CONTACTS, value: reply.contacts }, { name: CHANGED, value: await changesWithout(address) },
    ] } });
    tellLearned();
  });
}

/** Keeps the known certificate and forgets the changed one. @param {ChangeName} body */
export function refuseChange({ address }) {
  return inTurn(TURN, async () => database.put("settings", { name: CHANGED, value: await changesWithout(address) }));
}

/** @param {{id: string}} body an address */
export function remove({ id }) {
  return inTurn(TURN, async () => {
    const contacts = await read();
    if (contacts) await keep((await vault.call("contacts.remove", { contacts, address: id })).contacts);
  });
}

/**
 * Joins the contacts that the vault returned for a mail with contacts that other mails have added while this mail was
 * being opened.
 * @param {ArrayBuffer} contacts @param {ArrayBuffer | null} before
 */
async function withOthers(contacts, before) {
  const here = await read();
  if (!here || (before && isEqual(here, before))) return contacts;
  return (await vault.call("kept.join", { contacts, added: { contacts: here } })).contacts;
}

/** @param {ArrayBuffer} one @param {ArrayBuffer} other */
export function isEqual(one, other) {
  const otherBytes = new Uint8Array(other);
  return one.byteLength === other.byteLength && new Uint8Array(one).every((byte, index) => byte === otherBytes[index]);
}

/** @param {Change[]} changes @param {ChangeName} name */
function findChange(changes, { address, fingerprint }) {
  return required(
    changes.find((change) => change.address === address && change.after.fingerprint === fingerprint), "question-changed",
  );
}

/** @param {string} address */
async function changesWithout(address) {
  return (await listChanges()).filter((change) => change.address !== address);
}

/** @param {ArrayBuffer} contacts */
async function keep(contacts) {
  const before = await read();
  if (before && isEqual(before, contacts)) return;
  await database.put("settings", { name: CONTACTS, value: contacts });
  tellLearned();
}
