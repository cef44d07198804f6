/**
 * People who are remembered from verified mail: octets of the core's `contacts_json`, which the vault alone reads and
 * changes. A known sender with another certificate waits here for the person's word.
 */
import { RequestError } from "../shared/messages.js";
import * as database from "./database.js";
import * as preferences from "./preferences.js";
import { inTurn } from "./turns.js";
import * as vault from "./vault_link.js";

/**
 * @typedef {{address: string, before: CertificateInfo, after: CertificateInfo, sameIssuer: boolean, isRenewal: boolean}} Change
 * @typedef {{address: string, fingerprint: string}} ChangeName `fingerprint` of the new certificate
 * @typedef {{contacts: ArrayBuffer, changes: Change[], asks: boolean}} Harvest what `message.open` leaves
 */

const CONTACTS = "contacts";
const CHANGED = "changed certificates";
/** A sender may change often; more than these are told by the next mail again. */
const MAX_WAITING_CHANGES = 50;

/** Changes follow each other: each starts from what the one before has kept. */
const TURN = "contacts";

/** The contacts for a call to the vault, which takes the buffer; null while nobody is known. @returns {Promise<ArrayBuffer | null>} */
export async function read() {
  return (await database.get("settings", CONTACTS))?.value ?? null;
}

/** Those who are remembered, in words. @returns {Promise<any[]>} */
export async function list() {
  const contacts = await read();
  return contacts ? (await vault.call("contacts.list", { contacts })).people : [];
}

/** Certificates that wait for the person's word. @returns {Promise<Change[]>} */
export async function listChanges() {
  return (await database.get("settings", CHANGED))?.value ?? [];
}

/**
 * Remembers what a verified mail has said, where the person lets it; a changed certificate waits.
 * @param {Harvest | null} harvest of `message.open`
 * @param {ArrayBuffer | null} before the contacts that it started from
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

/** The question about a changed certificate, as it is shown. @param {Change} change */
export function questionOf({ address, before, after, sameIssuer }) {
  return { kind: "change", address, before: before.fingerprint, after: after.fingerprint, sameIssuer };
}

/** The same as it stands now: a later mail may have brought another certificate. @param {ChangeName} body */
export async function question(body) {
  return questionOf(findChange(await listChanges(), body));
}

/** The person says that a changed certificate is the right one. @param {ChangeName} body */
export function acceptChange({ address, fingerprint }) {
  return inTurn(TURN, async () => {
    const { after } = findChange(await listChanges(), { address, fingerprint });
    const at = new Date().toISOString();
    const reply = await vault.call("contacts.learn", { contacts: await read(), address, certificates: [after.certificate], at });
    await database.change({ settings: { put: [
      { name: CONTACTS, value: reply.contacts }, { name: CHANGED, value: await changesWithout(address) },
    ] } });
  });
}

/** What was known stays. @param {ChangeName} body */
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
 * What a mail has said, with whom other mails brought while it was opened.
 * @param {ArrayBuffer} contacts @param {ArrayBuffer | null} before
 */
async function withOthers(contacts, before) {
  const here = await read();
  if (!here || (before && isEqual(here, before))) return contacts;
  return (await vault.call("kept.join", { contacts, added: { contacts: here } })).contacts;
}

/** @param {ArrayBuffer} one @param {ArrayBuffer} other */
function isEqual(one, other) {
  const octets = new Uint8Array(other);
  return one.byteLength === other.byteLength && new Uint8Array(one).every((octet, place) => octet === octets[place]);
}

/** @param {Change[]} changes @param {ChangeName} name */
function findChange(changes, { address, fingerprint }) {
  const found = changes.find((one) => one.address === address && one.after.fingerprint === fingerprint);
  if (!found) throw new RequestError("question-changed");
  return found;
}

/** @param {string} address */
async function changesWithout(address) {
  return (await listChanges()).filter((one) => one.address !== address);
}

/** @param {ArrayBuffer} contacts */
function keep(contacts) {
  return database.put("settings", { name: CONTACTS, value: contacts });
}
