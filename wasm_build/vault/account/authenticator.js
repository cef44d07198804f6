/** The requests of a page to an authenticator (WebAuthn Level 3), for passkeys and security keys. */

import { VaultError } from "../errors/vault_error.js";

export const TIMEOUT_MILLISECONDS = 120_000;
/** ES256, EdDSA, RS256 (IANA COSE algorithms). Passkeys that give a secret need no signature, but WebAuthn requires an algorithm. */
export const ALGORITHMS = [-7, -8, -257];
/** Hosts that are IP addresses, which WebAuthn does not accept as relying party. */
export const ADDRESS = /^[\d.]+$|^\[/u;

/**
 * Resolves with what the authenticator gives. Rejects with `passkey-cancelled` or `passkey-failed`.
 * @param {() => Promise<Credential | null>} request
 * @returns {Promise<PublicKeyCredential>}
 */
export async function ask(request) {
  try {
    return /** @type {PublicKeyCredential} */ (await request());
  } catch (error) {
    const { name, message } = /** @type {DOMException} */ (error);
    // WebAuthn has the same name for a refusal, a closed dialogue and a timeout, so that sites cannot distinguish them.
    if (name === "NotAllowedError" || name === "AbortError") throw new VaultError("passkey-cancelled", message);
    throw new VaultError("passkey-failed", message);
  }
}

/** @param {number} length */
export function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}
