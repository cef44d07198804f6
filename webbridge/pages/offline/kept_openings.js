/**
 * The accounts whose mail is kept on this device, opened with a passphrase. Without a connection the key server cannot be
 * asked, so the keys of each account are kept in a key file.
 */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { decodeJson, decrypt, importKey } from "../keys/bound_cipher.js";
import { accountDigest } from "../app/state_database.js";
import { keepsMail, readAccounts } from "./store.js";

/** @typedef {import("../app/service_answers.js").BridgeConfig} BridgeConfig */
/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("./store.js").KeptAccount} KeptAccount */
/** @typedef {import("../keys/kept_key_file.js").KeptKeyFile} KeptKeyFile */
/** @typedef {{keys: KeyRing, keyFile: KeptKeyFile}} OpeningServices */
/** @typedef {{address: string, config: BridgeConfig}} Head the account, and the configuration of its bridge */
/**
 * An account that is kept here. A passphrase has opened its keys.
 * @typedef {Head & {keys: import("../keys/kept_key_file.js").KeptKeys}} KeptOpening
 */

/** The format of the kept records. */
export const FORMAT = 1;

/**
 * The accounts whose kept keys open with a passphrase, which is overwritten. Several accounts may have the same passphrase,
 * so no keys are unlocked yet. Rejects with `wrong-passphrase` if no keys open.
 * @param {OpeningServices} services
 * @param {Secret} passphrase
 * @param {string | null} address the only account to open; null for all accounts
 * @returns {Promise<KeptOpening[]>}
 */
export async function findOpenings(services, passphrase, address) {
  try {
    const only = address === null ? null : await accountDigest(address);
    const accounts = await keepsMail() ? await readAccounts() : [];
    /** @type {KeptOpening[]} */
    const openings = [];
    /** @type {unknown} */
    let failure = null;
    for (const record of accounts.filter(({ account }) => only === null || account === only)) {
      try {
        openings.push(await findOpening(services, record, passphrase));
      } catch (error) {
        failure = error;
      }
    }
    if (openings.length === 0) throw failure ?? new Error("nothing is kept");
    return openings;
  } finally {
    overwrite(passphrase.buffer);
  }
}

/** Overwrites the keys of accounts that the person has not chosen. @param {Pick<KeptOpening, "keys">[]} openings */
export function forgetOpenings(openings) {
  for (const { keys: { identities } } of openings) for (const { sealed } of identities) overwrite(sealed);
}

/**
 * Opens the key that encrypts an account's kept mail.
 * @param {Pick<OpeningServices, "keys">} services @param {KeptAccount} kept @param {ReturnType<KeyRing["copies"]>} copies of the keys
 */
export async function openKey(services, { account, key }, copies) {
  const vault = await services.keys.vault();
  // The call transfers its buffers, so it gets a copy.
  const { draft } = await vault.call("draft.open", { sealed: key.slice(0), place: keyPlace(account), ...copies });
  return importKey(new Uint8Array(draft));
}

/** The words to which the encryption binds a record. @param {string} account @param {string} place */
export function bound(account, place) {
  return `sealwax offline ${FORMAT} ${account} ${place}`;
}

/** The place under which the key is sealed. @param {string} account */
export function keyPlace(account) {
  return `offline key of ${account}`;
}

/**
 * @param {OpeningServices} services
 * @param {KeptAccount} record
 * @param {Secret} passphrase
 * @returns {Promise<KeptOpening>}
 */
async function findOpening(services, record, passphrase) {
  const keys = await services.keyFile.read(record.keys.slice(0), passphrase);
  try {
    const key = await openKey(services, record, services.keyFile.copiesOf(keys));
    const { format, ...head } = decodeJson(await decrypt(key, record.head, bound(record.account, "head")));
    if (format !== FORMAT || (await accountDigest(head.address)) !== record.account) throw new Error("the head is of another account");
    return { ...head, keys };
  } catch (error) {
    forgetOpenings([{ keys }]);
    throw error;
  }
}
