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
 *   anchors: Anchor[], timestampAnchors?: Anchor[], decisions?: ArrayBuffer | null, followed?: ArrayBuffer | null,
 *   mozilla?: boolean, revocation?: RevocationPolicy, evidence?: Evidence,
 * }} Trust `followed` is the list of an organisation, by `smime_core/trust_list.py`; `timestampAnchors` are those of
 *   timestamp authorities: who vouches for people says nothing about clocks
 */
/**
 * @typedef {{
 *   fingerprint: string, name: string, addresses: string[], subject: string, issuer: string, notBefore: string,
 *   notAfter: string,
 * }} ListedCertificate
 */
/**
 * @typedef {{
 *   name: string, operator: ListedCertificate, serialNumber: number, issued: string, expires: string,
 *   revocation: RevocationPolicy, anchors: {certificate: ListedCertificate, addresses: string[]}[],
 * }} TrustList
 */
/**
 * @typedef {{
 *   followed: ArrayBuffer | null, operator: ArrayBuffer | null, list: TrustList | null,
 *   problems: {code: string, message: string}[],
 * }} Following the reply of `trust.follow`: `list` is null where nothing counts now
 */

export {};
