/** What is said about a certificate that mail could be sealed for: how it stands, in a few words, and where it is from. */

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
 *   knownSince: string | null, covered: string[], usable: boolean,
 *   reasons: Reason[], warnings: Reason[], tree: TreeNode[], trail: import("./verdict_words.js").Trail | null,
 *   path: Certificate[],
 * }} RecipientCheck by the vault's `recipients.check`
 */

/** What has words of its own; whatever else speaks against a certificate has its sentence alone. */
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
 * @returns {{kind: "ready" | "soon" | "cannot", word: string, said: string}} `said` is the code that the word stands for
 */
export function recipientState(translate, { usable, reasons, warnings, notBefore, notAfter }, day) {
  const dates = { from: day(notBefore), date: day(notAfter) };
  if (!usable) {
    // The gravest first, in the order of the table.
    const codes = reasons.map(({ code }) => code);
    const gravest = [...STATES.keys()].find((code) => codes.includes(code));
    const word = translate(STATES.get(gravest ?? "") ?? "recipient_cannot", dates);
    return { kind: "cannot", word, said: gravest ?? "" };
  }
  const warned = ["expires-soon", "certificate-changed"].find((wanted) => warnings.some(({ code }) => code === wanted));
  if (!warned) return { kind: "ready", word: translate("recipient_ready"), said: "" };
  const key = warned === "expires-soon" ? "recipient_soon" : "recipient_changed";
  return { kind: "soon", word: translate(key, dates), said: warned };
}

/**
 * Where a certificate was found.
 * @param {Catalogue} translate
 * @param {{source: string, detail: string, knownSince?: string | null}} check
 */
export function sourceWords(translate, { source, detail, knownSince }) {
  const words = translate(`source_${source}`);
  if (knownSince) return translate("source_since", { source: words, date: dayOnly(knownSince) });
  return detail ? translate("source_with_detail", { source: words, detail: isolate(detail) }) : words;
}
