/**
 * Passkeys that give a secret: the `prf` extension of WebAuthn (Level 3, section 10.1.4).
 *
 * The authenticator computes 32 bytes from the credential and a salt once the person has shown finger, face or PIN. They
 * go to the vault and nowhere else; credential id and salt are no secrets and are kept by whoever asks.
 */

import { overwrite, SECRET_BUFFER_BYTES } from "./cleanup.js";
import { VaultError } from "./vault_error.js";

/** @typedef {import("./session.js").Secret} Secret */
/** @typedef {{credentialId: ArrayBuffer, salt: ArrayBuffer}} Passkey */

const SALT_BYTES = 32;
const TIMEOUT_MILLISECONDS = 120_000;
/** ES256, EdDSA, RS256 (IANA COSE algorithms): the signature is not used, but one has to be named. */
const ALGORITHMS = [-7, -8, -257];
/** WebAuthn knows no relying party by address. */
const ADDRESS = /^[\d.]+$|^\[/u;

/** Whether this browser, on this device, at this origin, has passkeys that give a secret. */
export async function hasPasskeys() {
  if (!globalThis.PublicKeyCredential || ADDRESS.test(location.hostname)) return false;
  const capabilities = await (/** @type {any} */ (PublicKeyCredential).getClientCapabilities?.() ?? {});
  return capabilities["extension:prf"] === true && capabilities.userVerifyingPlatformAuthenticator === true;
}

/**
 * Makes a passkey on this device, and its secret.
 * @param {string} name what the device shows for it: the person's address
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
      // The page keeps the credential's id: the device need not list it anywhere.
      authenticatorSelection: {
        authenticatorAttachment: "platform", residentKey: "discouraged", userVerification: "required",
      },
      timeout: TIMEOUT_MILLISECONDS,
      extensions: { prf: { eval: { first: salt } } },
    },
  }));
  const passkey = { credentialId: credential.rawId, salt: salt.buffer };
  // Many devices give the secret only when they are asked again.
  return { passkey, output: takeOutput(credential) ?? (await askPasskey(passkey)) };
}

/**
 * Asks for the secret of a passkey.
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
 * @param {() => Promise<Credential | null>} request
 * @returns {Promise<PublicKeyCredential>}
 */
async function ask(request) {
  try {
    return /** @type {PublicKeyCredential} */ (await request());
  } catch (error) {
    const { name, message } = /** @type {DOMException} */ (error);
    // One name for a refusal, a closed dialogue and the end of patience: sites must not tell them apart.
    if (name === "NotAllowedError" || name === "AbortError") throw new VaultError("passkey-cancelled", message);
    throw new VaultError("passkey-failed", message);
  }
}

/**
 * The secret in a buffer of its own; what the browser handed over is overwritten.
 * @param {PublicKeyCredential} credential
 * @returns {Secret | null}
 */
function takeOutput(credential) {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  if (!first) return null;
  const given = first instanceof ArrayBuffer ? first : first.buffer;
  const octets = new Uint8Array(given);
  const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
  new Uint8Array(buffer).set(octets);
  overwrite(/** @type {ArrayBuffer} */ (given));
  return { buffer, length: octets.length };
}

/** @param {number} length */
function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}
