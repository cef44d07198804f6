/** The report on a message, as the vault returns it, and functions that read facts from it. */

import { writeMailbox } from "../../../wasm_build/ui/formats.js";
import { provedMailbox } from "../../../wasm_build/ui/verdict_words.js";

/** @typedef {import("../../../wasm_build/ui/state_mark.js").State} State */
/** @typedef {import("../../../wasm_build/ui/path_tree.js").TreeNode} TreeNode */
/** @typedef {import("../../../wasm_build/ui/verdict_words.js").Reason} Reason */
/**
 * @typedef {{
 *   fingerprint: string, name: string, addresses: string[], subject: string, issuer: string, serialNumber: string,
 *   notBefore: string, notAfter: string, key: string, isCa: boolean,
 * }} CertificateReport
 */
/**
 * @typedef {{
 *   layer: number, state: State | null, reasons: Reason[], sid: string, algorithm: string, certificate: string | null,
 *   path: string[], signingTime: string | null, addresses: string[], sentence: string, tree: TreeNode[],
 *   trail: import("../../../wasm_build/ui/verdict_words.js").Trail | null,
 * }} SignerReport `layer` is an index in `layers`; `certificate` and `path` are fingerprints
 */
/** @typedef {{layer: number, rid: string, kind: string, algorithm: string, opened: boolean}} RecipientReport */
/**
 * @typedef {{
 *   kind: "signed" | "encrypted" | "compressed" | "certificates", depth: number, algorithm: string,
 *   coversWhole: boolean, detached: boolean, path: string,
 * }} LayerReport
 */
/** @typedef {"unprotected" | "signed-only" | "encrypted-only" | "signed-and-encrypted"} FieldProtection */
/** @typedef {{count: number, mailboxes: {name: string, address: string, protection: FieldProtection}[]}} FieldPeople the first ones */
/** @typedef {{from: FieldPeople, sender: FieldPeople, replyTo: FieldPeople, to: FieldPeople, cc: FieldPeople}} MessagePeople */
/**
 * @typedef {{
 *   state: State, reasons: Reason[], sender: string | null, proved: import("../../../wasm_build/ui/formats.js").Mailbox | null, fieldOrigin: string | null, headers: [string, string][],
 *   headerProtection: string, headerProtections: FieldProtection[], people: MessagePeople, date: string | null, layers: LayerReport[], signers: SignerReport[], recipients: RecipientReport[],
 *   certificates: CertificateReport[],
 * }} Report the report of smime_core/report/report.schema.json
 */

/** @param {Report} report */
export function isEncrypted(report) {
  return report.layers.some(({ kind, coversWhole }) => kind === "encrypted" && coversWhole);
}

/**
 * Whether the message is still encrypted because no keys were unlocked.
 * @param {Report} report
 */
export function isClosed(report) {
  return report.reasons.some(({ code }) => code === "not-opened");
}

/**
 * The proved author of verified content as text; null for anything else.
 * @param {Report} report
 * @returns {string | null}
 */
export function provedSender(report) {
  const proved = provedMailbox(report);
  return proved && writeMailbox(proved);
}

const SIGNED = new Set(["signed-only", "signed-and-encrypted"]);
/** With these kinds of header protection, only the protected fields are shown (RFC 9788 section 4.5). */
const WHOLE_HEADERS = new Set(["hp-clear", "hp-cipher", "message-rfc822"]);

/**
 * Whether the signature covers a header field as it is shown, or covers the fact that the message has no such field.
 * @param {Report} report
 * @param {string} name in lower case
 */
export function coversField({ headers, headerProtection, headerProtections }, name) {
  const at = headers.findIndex(([field]) => field.toLowerCase() === name);
  return at < 0 ? WHOLE_HEADERS.has(headerProtection) : SIGNED.has(headerProtections[at] ?? "");
}

/**
 * @param {Report} report
 * @param {string | null} fingerprint
 */
export function findCertificate(report, fingerprint) {
  return report.certificates.find((certificate) => certificate.fingerprint === fingerprint) ?? null;
}
