/**
 * Encrypts the unlocked keys, so that this device can keep them: under the secret of a passkey, or for a reload. Each call
 * overwrites the secret that it gets.
 */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").Ages} Ages */
/** @typedef {import("./keys.js").KeyRing} KeyRing */

/**
 * Encrypts the unlocked keys under the secret of a passkey of this device. Resolves with the bundle to keep.
 * @param {KeyRing} keys
 * @param {string} account
 * @param {Secret} output of the passkey
 * @returns {Promise<ArrayBuffer>}
 */
export async function sealForPasskey(keys, account, output) {
  return (await seal(keys, "passkey.seal", { account, output }, output)).bundle;
}

/**
 * Unlocks the keys that `sealForPasskey` encrypted.
 * @param {KeyRing} keys
 * @param {string} account
 * @param {ArrayBuffer} bundle
 * @param {Secret} output of the passkey
 */
export async function openWithPasskey(keys, account, bundle, output) {
  await keys.unlock([output], (vault) =>
    vault.call("passkey.open", { account, output, bundle, sealKey: keys.keyForUnlock() }), { way: "passkey" });
  keys.changed();
}

/**
 * Encrypts the unlocked keys for a reload (`reload_unlock.js`). This does not count as a use by the person.
 * @param {KeyRing} keys
 * @param {string} context
 * @param {Secret} halves
 * @returns {Promise<ArrayBuffer[]>}
 */
export async function sealForReload(keys, context, halves) {
  return (await seal(keys, "reload.seal", { context, halves }, halves, { byPerson: false })).kept;
}

/**
 * Unlocks the keys that `sealForReload` encrypted. The deadlines of the earlier unlocking go on.
 * @param {KeyRing} keys
 * @param {string} context
 * @param {Secret} halves
 * @param {{kept: ArrayBuffer[], ages: () => Ages}} record
 */
export async function openAfterReload(keys, context, halves, { kept, ages }) {
  await keys.unlock([halves], (vault) =>
    vault.call("reload.open", { context, halves, kept, sealKey: keys.keyForUnlock() }), { way: "reload", ages });
  keys.changed();
}

/**
 * Encrypts the unlocked keys by a verb of the vault. Overwrites the secret.
 * @param {KeyRing} keys
 * @param {string} verb
 * @param {object} args
 * @param {Secret} secret
 * @param {{byPerson?: boolean}} [options]
 */
async function seal(keys, verb, args, secret, options) {
  try {
    const vault = await keys.vault();
    const copies = keys.copies(options);
    if (!copies.sealKey) throw new ApiError("locked", "the keys are locked");
    return await vault.call(verb, { ...args, ...copies });
  } finally {
    overwrite(secret.buffer);
  }
}
