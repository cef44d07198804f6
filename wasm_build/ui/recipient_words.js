/** The words for the state of a recipient's certificate, and for its source. */

import { dayOnly, isolate } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./path_tree.js").TreeNode} TreeNode */
/** @typedef {import("./verdict_words.js").Reason} Reason */
/**
 * @typedef {{
 *   certificate: ArrayBuffer, fingerprint: string, name: string, addresses: string[], subject: string, issuer: string,
 *   serialNumber: string, notBefore: string, notAfter: string, key: string, isCa: boolean,
 * }} Certificate
 */
/**
 * @typedef {Certificate & {
 *   source: "given" | "contacts" | "harvest" | "bridge" | "ldap" | "smimea" | "url", detail: string,
 *   knownSince: string | null, covered: string[], usable: boolean, isKem: boolean, readsHeaders: boolean,
 *   reasons: Reason[], warnings: Reason[], tree: TreeNode[], trail: import("./verdict_words.js").Trail | null,
 *   path: Certificate[],
 * }} RecipientCheck an item of the vault's reply to `recipients.check`; `isKem` is true for an ML-KEM key; `readsHeaders` is true
 *   if the person's program is known to read protected header fields
 */

/** The reasons against a certificate that have a short wording, the most serious first. Other reasons have only a sentence. */
const STATES = new Map([
  ["certificate-revoked", "recipient_revoked"],
  ["certificate-expired", "recipient_expired"],
  ["certificate-not-yet-valid", "recipient_not_yet_valid"],
  ["other-address", "recipient_other_address"],
  ["address-not-covered", "recipient_untrusted"],
  ["untrusted-anchor", "recipient_untrusted"],
  ["revocation-unknown", "recipient_revocation_unknown"],
]);

/**
 * @param {Catalogue} translate
 * @param {RecipientCheck} check
 * @param {(iso: string) => string} day
 * @returns {{kind: "ready" | "soon" | "cannot", word: string, said: string}} `said` is the code of the reason in `word`
 */
export function recipientState(translate, { usable, reasons, warnings, notBefore, notAfter }, day) {
  const dates = { from: day(notBefore), date: day(notAfter) };
  if (!usable) {
    // STATES begins with the most serious reason.
    const codes = reasons.map(({ code }) => code);
    const gravest = [...STATES.keys()].find((code) => codes.includes(code));
    const word = translate(STATES.get(gravest ?? "") ?? "no_certificate", dates);
    return { kind: "cannot", word, said: gravest ?? "" };
  }
  const warned = ["expires-soon", "certificate-changed"].find((warning) => warnings.some(({ code }) => code === warning));
  if (!warned) return { kind: "ready", word: translate("recipient_ready"), said: "" };
  const key = warned === "expires-soon" ? "recipient_soon" : "recipient_changed";
  return { kind: "soon", word: translate(key, dates), said: warned };
}

/**
 * The words for the source of a certificate.
 * @param {Catalogue} translate
 * @param {{source: string, detail: string, knownSince?: string | null}} check
 */
export function sourceWords(translate, { source, detail, knownSince }) {
  const words = translate(`source_${source}`);
  if (knownSince) return translate("source_since", { source: words, date: dayOnly(knownSince) });
  return detail ? translate("source_with_detail", { source: words, detail: isolate(detail) }) : words;
}
