/** The vault's argument `trust`: whom the person relies on, and what was looked up. */

/**
 * @typedef {{
 *   certificate: ArrayBuffer, source?: "given" | "mozilla" | "operator" | "user", addresses?: string[], exact?: boolean,
 *   distrustAfter?: string | null, acceptedAt?: string | null,
 * }} Anchor
 */
/**
 * @typedef {{
 *   crls?: ArrayBuffer[], ocsp?: ArrayBuffer[], certificates?: ArrayBuffer[], asked?: string[], unavailable?: string[],
 * }} Evidence `asked` are the ids of the look-ups that were tried, `unavailable` those to which nothing came
 */
/** @typedef {"required" | "if-known" | "not-checked"} RevocationPolicy */
/**
 * @typedef {{
 *   anchors: Anchor[], decisions?: ArrayBuffer | null, mozilla?: boolean, revocation?: RevocationPolicy,
 *   evidence?: Evidence,
 * }} Trust
 */

export {};
