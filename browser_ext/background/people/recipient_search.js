/** Finds certificates for an address: among known people, at the bridge, or in a file that the person picks. */
import { certificatesFor, sameAddress } from "../../../wasm_build/ui/formats.js";
import { RequestError } from "../../shared/messages.js";
import { certificatesIn } from "./certificate_files.js";
import * as contacts from "./contacts.js";
import * as database from "../../shared/database.js";
import * as directory from "./directory.js";
import * as keys from "../keys/keys.js";
import * as preferences from "../browser/preferences.js";
import * as trust from "./trust.js";
import * as vault from "../keys/vault_link.js";

/** The people whose certificates are stored or were in verified mail. One person may be in the list several times. */
export async function listPeople() {
  const remembered = (await contacts.list()).flatMap(({ address, certificates }) => certificates.map(({ name }) => ({ name, address })));
  const people = (await database.all("people")).flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address })));
  return [...people, ...remembered];
}

/** The known certificates of an address, with their judgements, the best first. @param {string} address */
export async function checksFor(address) {
  const people = (await database.all("people")).filter(({ addresses }) =>
    addresses.some((/** @type {string} */ personAddress) => sameAddress(personAddress, address)));
  return judge(address, people.map(({ certificate, intermediates }) => ({ certificate, intermediates: intermediates ?? [], source: "contacts" })));
}

/**
 * Looks up an address at the person's bridge. Returns the certificates with their judgements, the best first. If the
 * best certificate is usable, it is stored in `people`.
 * @param {string} address
 */
export async function lookUp(address) {
  const [best, ...others] = await judge(address, await directory.search(address));
  if (best?.usable) await keep(best);
  return best ? [best, ...others] : [];
}

/**
 * Judges a certificate file that the person picked. The best certificate is stored in `people` if it can be used for
 * this address. Rejects with `no-certificate-in-file`.
 * @param {{address: string, name: string, bytes: ArrayBuffer}} file
 */
export async function takeFile({ address, name, bytes }) {
  const certificates = await certificatesIn(bytes);
  const candidates = certificatesFor(address, certificates)
    .map(({ certificate, intermediates }) => ({ certificate, intermediates, source: "given", detail: name }));
  if (!candidates.length) throw new RequestError("no-certificate-in-file");
  const checks = await judge(address, candidates);
  if (checks[0]?.usable) await keep(checks[0]);
  return checks;
}

/**
 * Finds a certificate for an address that the person adds in a window: among known people, in verified mail, or at the
 * bridge.
 * @param {{address: string}} body
 * @returns {Promise<RecipientCheck | null>} the best certificate, or null; a usable certificate is stored in `people`
 */
export async function add({ address }) {
  const [known] = await checksFor(address);
  if (known?.usable) await keep(known);
  if (known?.usable || !(await preferences.read()).directory) return known ?? null;
  return (await lookUp(address))[0] ?? known ?? null;
}

/** @param {RecipientCheck} check */
function keep({ certificate, path }) {
  return keys.keepPerson(certificate.slice(0), path.slice(1).map((issuer) => issuer.certificate));
}

/**
 * @param {string} address
 * @param {{certificate: ArrayBuffer, source: string, detail?: string, intermediates?: ArrayBuffer[]}[]} candidates
 * @returns {Promise<RecipientCheck[]>}
 */
async function judge(address, candidates) {
  return (await trust.judgeWith(async (judging) => vault.call("recipients.check", {
    address, found: structuredClone(candidates), contacts: await contacts.read(), ...judging,
  }))).checks;
}
