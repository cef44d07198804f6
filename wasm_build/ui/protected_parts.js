/** The parts of a mail that have a protection of their own, each with a sentence that says which. */

import { stateWord } from "./state_mark.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./mail_text.js").ProtectedPart} ProtectedPart */
/**
 * @typedef {{
 *   layers: {kind: string, path: string, detached: boolean, coversWhole: boolean}[],
 *   signers: {layer: number, state: import("./state_mark.js").State | null, addresses: string[], certificate: string | null, sid: string}[],
 *   certificates: {fingerprint: string, name: string}[],
 * }} PartsReport the members of a report that name parts
 */

/**
 * @param {PartsReport} report
 * @param {Catalogue} translate
 * @param {{signed: (word: string, who: string) => string, encrypted: string}} words
 * @returns {ProtectedPart[]}
 */
export function protectedParts(report, translate, { signed, encrypted }) {
  return report.layers.flatMap((layer, index) => {
    if (layer.coversWhole) return [];
    const signers = report.signers.filter((signer) => signer.layer === index);
    const nameOf = (/** @type {string | null} */ certificate) => report.certificates.find(({ fingerprint }) => fingerprint === certificate)?.name;
    const who = signers.map(({ addresses, certificate, sid }) => addresses[0] ?? nameOf(certificate) ?? sid).join(", ");
    const word = stateWord(signers.flatMap(({ state }) => state ?? []), translate);
    return [{ path: layer.path, detached: layer.detached, sentence: layer.kind === "signed" ? signed(word, who) : encrypted }];
  });
}
