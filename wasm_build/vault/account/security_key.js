/**
 * Security keys as a second factor (WebAuthn Level 3). They sign a challenge of the key server.
 *
 * The host of the page is the relying party. A touch is enough, because the passphrase is the other factor.
 */

import { ADDRESS, ALGORITHMS, ask, random, TIMEOUT_MILLISECONDS } from "./authenticator.js";

/** @typedef {{credential_id: ArrayBuffer, client_data: ArrayBuffer, authenticator_data: ArrayBuffer, signature: ArrayBuffer}} Assertion */
/** @typedef {{client_data: ArrayBuffer, attestation: ArrayBuffer}} Registration */

/** Whether browser and address allow security keys. */
export function canUseSecurityKeys() {
  return Boolean(globalThis.PublicKeyCredential) && !ADDRESS.test(location.hostname);
}

/**
 * Makes a key pair for this site in a security key.
 * @param {BufferSource} challenge
 * @param {string} name the name that the browser shows: the person's address
 * @returns {Promise<Registration>} rejects with `passkey-cancelled` or `passkey-failed`
 */
export async function createSecurityKey(challenge, name) {
  const credential = await ask(() => navigator.credentials.create({
    publicKey: {
      challenge,
      rp: { name: "Sealwax" },
      user: { id: random(32), name, displayName: name },
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "discouraged", userVerification: "discouraged" },
      attestation: "none",
      timeout: TIMEOUT_MILLISECONDS,
    },
  }));
  const response = /** @type {AuthenticatorAttestationResponse} */ (credential.response);
  return { client_data: response.clientDataJSON, attestation: response.attestationObject };
}

/**
 * Resolves with the assertion of the key that the person touches.
 * @param {BufferSource} challenge
 * @param {BufferSource[]} credentials
 * @returns {Promise<Assertion>} rejects with `passkey-cancelled` or `passkey-failed`
 */
export async function askSecurityKey(challenge, credentials) {
  const credential = await ask(() => navigator.credentials.get({
    publicKey: {
      challenge,
      allowCredentials: credentials.map((id) => ({ type: "public-key", id })),
      userVerification: "discouraged",
      timeout: TIMEOUT_MILLISECONDS,
    },
  }));
  const response = /** @type {AuthenticatorAssertionResponse} */ (credential.response);
  return {
    credential_id: credential.rawId,
    client_data: response.clientDataJSON,
    authenticator_data: response.authenticatorData,
    signature: response.signature,
  };
}
