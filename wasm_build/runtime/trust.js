/** The vault's argument `trust`: whom the person relies on, and what was looked up. */

/**
 * @typedef {{
 *   certificate: ArrayBuffer, source?: "given" | "mozilla" | "operator" | "user", addresses?: string[], exact?: boolean,
 *   distrustAfter?: string | null, acceptedAt?: string | null,
 * }} Anchor
 */
/** @typedef {{crls?: ArrayBuffer[], ocsp?: ArrayBuffer[], certificates?: ArrayBuffer[]}} Evidence */
/** @typedef {{anchors: Anchor[], revocation?: "required" | "if-known" | "not-checked", evidence?: Evidence}} Trust */

/** @type {Trust} */
export const NOBODY_TRUSTED = { anchors: [] };

/**
 * What the operator of a bridge vouches for.
 * @param {ArrayBuffer[]} authorities
 * @returns {Trust}
 */
export function operatorTrust(authorities) {
  return { anchors: authorities.map((certificate) => ({ certificate, source: "operator" })), revocation: "not-checked" };
}

/**
 * The authorities that the person chose.
 * @param {ArrayBuffer[]} authorities
 * @returns {Trust}
 */
export function ownTrust(authorities) {
  return { anchors: authorities.map((certificate) => ({ certificate, source: "user" })), revocation: "not-checked" };
}
