/**
 * Passkeys that give a secret, with the `prf` extension of WebAuthn (Level 3, section 10.1.4).
 *
 * When the person has shown finger, face or PIN, the authenticator computes a secret of 32 bytes from the credential
 * and a salt. Only the vault gets this secret. Credential id and salt are not secret; the caller keeps them.
 */

import { ADDRESS, ALGORITHMS, ask, random, TIMEOUT_MILLISECONDS } from "../account/authenticator.js";
import { overwrite, SECRET_BUFFER_BYTES } from "../memory/cleanup.js";
import { VaultError } from "../errors/vault_error.js";

/** @typedef {import("../storage/session.js").Secret} Secret */
/** @typedef {{credentialId: ArrayBuffer, salt: ArrayBuffer}} Passkey */

const SALT_BYTES = 32;

/** Whether browser, device and origin allow passkeys that give a secret. */
export async function hasPasskeys() {
  if (!globalThis.PublicKeyCredential || ADDRESS.test(location.hostname)) return false;
  const capabilities = await (/** @type {any} */ (PublicKeyCredential).getClientCapabilities?.() ?? {});
  return capabilities["extension:prf"] === true && capabilities.userVerifyingPlatformAuthenticator === true;
}

/**
 * Makes a passkey on this device. Resolves with the passkey and its secret.
 * @param {string} name the name that the device shows: the person's address
 * @returns {Promise<{passkey: Passkey, output: Secret}>} rejects with `passkey-cancelled` or `passkey-failed`
 */
export async function createPasskey(name) {
  const salt = random(SALT_BYTES);
  const credential = await ask(() => navigator.credentials.create({
    publicKey: {
      challenge: random(32),
      rp: { name: "Sealwax" },
      user: { id: random(32), name, displayName: name },
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
      // The page keeps the credential's id, so that no discoverable credential is needed.
      authenticatorSelection: {
        authenticatorAttachment: "platform", residentKey: "discouraged", userVerification: "required",
      },
      timeout: TIMEOUT_MILLISECONDS,
      extensions: { prf: { eval: { first: salt } } },
    },
  }));
  const passkey = { credentialId: credential.rawId, salt: salt.buffer };
  // Many devices give the secret only when the new passkey is used, on a second request.
  return { passkey, output: takeOutput(credential) ?? (await askPasskey(passkey)) };
}

/**
 * Resolves with the secret of a passkey. The device asks the person for it.
 * @param {Passkey} passkey
 * @returns {Promise<Secret>} rejects with `passkey-cancelled` or `passkey-failed`
 */
export async function askPasskey({ credentialId, salt }) {
  const credential = await ask(() => navigator.credentials.get({
    publicKey: {
      challenge: random(32),
      allowCredentials: [{ type: "public-key", id: credentialId }],
      userVerification: "required",
      timeout: TIMEOUT_MILLISECONDS,
      extensions: { prf: { eval: { first: salt } } },
    },
  }));
  const output = takeOutput(credential);
  if (!output) throw new VaultError("passkey-failed", "the passkey of this device gives no secret");
  return output;
}

/**
 * Moves the secret into a new buffer and overwrites the browser's buffer. Returns null if there is no secret.
 * @param {PublicKeyCredential} credential
 * @returns {Secret | null}
 */
function takeOutput(credential) {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  if (!first) return null;
  const output = first instanceof ArrayBuffer ? first : first.buffer;
  const octets = new Uint8Array(output);
  const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
  new Uint8Array(buffer).set(octets);
  overwrite(/** @type {ArrayBuffer} */ (output));
  return { buffer, length: octets.length };
}
