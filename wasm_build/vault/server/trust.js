/** The vault's argument `trust`: the anchors of the person, and the evidence that was looked up. */

/**
 * @typedef {{
 *   certificate: ArrayBuffer, source?: "given" | "mozilla" | "operator" | "user", addresses?: string[], exact?: boolean,
 *   distrustAfter?: string | null, acceptedAt?: string | null,
 * }} Anchor
 */
/**
 * @typedef {{
 *   crls?: ArrayBuffer[], ocsp?: ArrayBuffer[], certificates?: ArrayBuffer[], asked?: string[], unavailable?: string[],
 * }} Evidence `asked` are the ids of all attempted look-ups, `unavailable` the ids of those without an answer
 */
/** @typedef {"required" | "if-known" | "not-checked"} RevocationPolicy */
/**
 * @typedef {{
 *   anchors: Anchor[], timestampAnchors?: Anchor[], decisions?: ArrayBuffer | null, followed?: ArrayBuffer | null,
 *   mozilla?: boolean, revocation?: RevocationPolicy, evidence?: Evidence,
 * }} Trust `followed` is the list of an organisation (`smime_core/own_content/trust_list.py`). `timestampAnchors` are
 *   for timestamps only; an authority that may certify people is not trusted for timestamps.
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
 * }} Following the reply of `trust.follow`: `list` is null if no list is valid now
 */

export {};
