/** The parts of a mail that its signatures and its encryption cover: the whole mail, or single parts of it. */

import { stateWord } from "./state_mark.js";
import { signerText } from "./verdict_words.js";

/** The largest number of signers that the sentence about a part names. */
const NAMED_SIGNERS = 5;

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./mail_text.js").Coverage} Coverage */
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
 * @returns {Coverage}
 */
export function describeCoverage(report, translate, { signed, encrypted }) {
  const parts = report.layers.flatMap((layer, index) => {
    if (layer.coversWhole) return [];
    const signers = report.signers.filter((signer) => signer.layer === index);
    const named = signers.slice(0, NAMED_SIGNERS).map((signer) => signerText(signer, report.certificates));
    const who = [...named, ...(signers.length > named.length ? [`… (+${signers.length - named.length})`] : [])].join(", ");
    const word = stateWord(signers.flatMap(({ state }) => state ?? []), translate);
    return [{ path: layer.path, detached: layer.detached, sentence: layer.kind === "signed" ? signed(word, who) : encrypted }];
  });
  return { parts, isWholeSigned: report.layers.some(({ kind, coversWhole }) => kind === "signed" && coversWhole) };
}

/**
 * The number of people for whom the whole message is encrypted; 0 if it is not encrypted. Readers of only a part do not count,
 * because anybody can attach an encrypted part.
 * @param {{layers: {coversWhole: boolean}[], recipients: {layer: number, rid: string}[]}} report
 */
export function countReaders({ layers, recipients }) {
  return new Set(recipients.filter(({ layer }) => layers[layer]?.coversWhole).map(({ rid }) => rid)).size;
}
