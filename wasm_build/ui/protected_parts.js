/** The parts of a mail that its signatures and its encryption cover: the whole mail, or single parts of it. */

import { stateWord } from "./state_mark.js";
import { isolate, sameAddress } from "./formats.js";
import { shortName } from "./shown_names.js";
import { provedMailbox, signerText } from "./verdict_words.js";

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
 * @typedef {{
 *   state: string | null, proved: import("./formats.js").Mailbox | null, layers: {coversWhole: boolean}[],
 *   recipients: {layer: number, rid: string, opened: boolean}[],
 *   signers: {state: import("./state_mark.js").State | null, addresses: string[], certificate: string | null}[],
 *   certificates: {fingerprint: string, issuer: string, serialNumber: string}[],
 * }} ReadersReport the members of a report that name the readers
 */

/**
 * The number of people for whom the whole message is encrypted; 0 if it is not encrypted. Readers of only a part do not count,
 * because anybody can attach an encrypted part.
 * @param {Pick<ReadersReport, "layers" | "recipients">} report
 */
export function countReaders(report) {
  return new Set(readersOfWhole(report).map(({ rid }) => rid)).size;
}

/**
 * The words on the people for whom the whole message is encrypted: "for you and Alice". They never give a count of people,
 * because such a count includes the sender.
 * @param {Catalogue} translate
 * @param {ReadersReport} report
 * @param {number} [people] the number of readers, if the message itself does not name them and was opened
 */
export function readersWords(translate, report, people = 0) {
  const readers = people || countReaders(report);
  const isOpened = people > 0 || readersOfWhole(report).some(({ opened }) => opened);
  if (!isOpened) return translate("encrypted_for_recipients");
  if (readers === 1) return translate("encrypted_for_you");
  const sender = people ? "" : provedReader(report);
  if (!sender) return translate(readers === 2 ? "encrypted_for_you_and_another" : "encrypted_for_you_and_others");
  return translate(readers === 2 ? "encrypted_for_you_and" : "encrypted_for_you_name_and_others", { name: isolate(sender) });
}

/** @param {Pick<ReadersReport, "layers" | "recipients">} report */
function readersOfWhole({ layers, recipients }) {
  return recipients.filter(({ layer }) => layers[layer]?.coversWhole);
}

/**
 * The name of the proved sender, if the sender can read the message too; "" otherwise. No other reader is named, because anybody
 * can choose the name in a certificate.
 * @param {ReadersReport} report
 */
function provedReader(report) {
  const proved = provedMailbox(report);
  if (!proved) return "";
  const others = readersOfWhole(report).filter(({ opened }) => !opened).map(({ rid }) => rid);
  const own = report.signers
    .filter(({ state, addresses }) => state === "verified" && addresses.some((address) => sameAddress(address, proved.address)))
    .map(({ certificate }) => report.certificates.find(({ fingerprint }) => fingerprint === certificate));
  // The core writes the identifier of a recipient's certificate in this form.
  return own.some((certificate) => certificate && others.includes(`${certificate.issuer}, #${certificate.serialNumber}`))
    ? shortName(proved)
    : "";
}
