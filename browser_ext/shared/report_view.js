/** Draws the report on a message: its state and encryption, remarks about the sender, and the details. */
import { BEING_CHECKED } from "../../wasm_build/vault/server/lookups.js";
import { html, sentenceNodes } from "../../wasm_build/ui/dom.js";
import { isolate, technical, writeMailbox } from "../../wasm_build/ui/formats.js";
import { createLongList } from "../../wasm_build/ui/long_list.js";
import { createAcceptButton, describeSigner } from "../../wasm_build/ui/signer_path.js";
import { countReaders, readersWords } from "../../wasm_build/ui/protected_parts.js";
import { checkingStatement, lockMark, stateStatement, stateWord } from "../../wasm_build/ui/state_mark.js";
import { provedMailbox, reasonInFull, reasonSentence, shownState, signerText, verifiedSentence } from "../../wasm_build/ui/verdict_words.js";
import { day, translate } from "../texts/texts.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

/** The number of signers that are shown at first. A signer needs many rows. */
const FIRST_SIGNERS = 5;
/**
 * The codes of the remarks that are shown beside the verdict, so that nobody overlooks them, each with its CSS class. A
 * `calm-remark` is not a warning.
 */
const REMARKS = new Map([
  ["display-name-differs", "remark"], ["sender-read-otherwise", "remark"], ["sender-field-differs", "remark"], ["sent-by", "remark"], ["encrypted-part", "remark calm-remark"],
]);

/**
 * @param {MessageReport} report
 * @param {Catalogue} translate
 * @param {{onAccept: (fingerprint: string) => void}} options
 * @returns {{headline: HTMLElement[], details: HTMLElement}}
 */
export function describeReport(report, translate, { onAccept }) {
  const isChecking = report.reasons[0]?.code === BEING_CHECKED;
  const statement = isChecking
    ? checkingStatement(translate)
    : stateStatement(shownState(report), translate, sentenceOf(report, translate));
  const encrypted = countReaders(report) > 0 ? readersWords(translate, report) : "";
  const { reason: mainReason } = sentenceOf(report, translate);
  const remarks = isChecking ? [] : report.reasons.filter((reason) => REMARKS.has(reason.code) && reason !== mainReason);
  const headline = [
    statement, ...(encrypted ? [html("p", { class: "encrypted-for" }, lockMark(encrypted), encrypted)] : []),
    ...remarks.map((remark) =>
      html("p", { class: REMARKS.get(remark.code), text: reasonSentence(translate, remark), data: { test: remark.code } })),
  ];
  const why = isChecking ? null : whyOf(report, translate, onAccept);
  return { headline, details: html("div", { class: "disclosures" }, why, detailsOf(report, translate)) };
}

/**
 * Draws the certificate path of each signer. A signer for whom no authority vouches gets a button, which opens the
 * extension's own page. There the person decides whether to accept the signer.
 * @param {MessageReport} report
 * @param {Catalogue} translate
 * @param {(fingerprint: string) => void} onAccept
 */
function whyOf({ signers, certificates }, translate, onAccept) {
  if (!signers.length) return null;
  const createTree = (/** @type {MessageReport["signers"][number]} */ signer) => html("section", {}, ...describeSigner(translate, signer, {
    certificates, day,
    action: (certificate, mayAccept) =>
      (mayAccept ? createAcceptButton(translate, certificate, () => onAccept(certificate.fingerprint)) : null),
  }));
  const trees = createLongList(html("div"), signers, createTree, { more: moreIn(translate), first: FIRST_SIGNERS, rowsOfFrame: FIRST_SIGNERS });
  return html("details", { data: { test: "why" } }, html("summary", { text: translate("why") }), ...trees);
}

/**
 * The sentence for the report's state, and the reason that this sentence explains.
 * @param {MessageReport} report @param {Catalogue} translate @returns {{sentence?: string, reason?: MessageReport["reasons"][number]}}
 */
function sentenceOf(report, translate) {
  const { state, reasons } = report;
  if (state === "verified") {
    const sender = isolate(provedSender(report));
    // The text of a form's field has a signer, but no sender.
    if (report.fieldOrigin) return { sentence: translate("state_verified_field_sentence", { sender }) };
    return { sentence: verifiedSentence(translate, report, sender) };
  }
  // An unsigned text gets the general sentence of its state. Otherwise the first reason is shown. Its technical words,
  // in brackets, are shown only in the details.
  const [reason] = reasons;
  return reason && state !== "encrypted-only" ? { sentence: reasonSentence(translate, reason), reason } : {};
}

/**
 * The proved author of verified content as text; "" for anything else.
 * @param {MessageReport} report
 */
export function provedSender(report) {
  const proved = provedMailbox(report);
  return proved ? writeMailbox(proved) : "";
}

/** The label of the button that shows more rows. @param {Catalogue} translate */
function moreIn(translate) {
  return (/** @type {number} */ count) => translate("rows_more", { count });
}

/** @param {MessageReport} report @param {Catalogue} translate */
function detailsOf(report, translate) {
  const lines = [
    ...report.reasons.map((reason) => () => reasonInFull(translate, reason, day)),
    // The outermost layer comes first, so that triple wrapping shows which signature is inside the encryption.
    ...report.layers.flatMap((_, index) => layerLines(report, translate, index)),
  ];
  const createItem = (/** @type {() => string} */ write) => html("li", {}, ...sentenceNodes(write()));
  const rows = createLongList(html("ul"), lines, createItem, { more: moreIn(translate) });
  return html("details", {}, html("summary", { text: translate("details") }), ...rows);
}

/**
 * The signers of a layer with their verdicts, and its recipients. Each line is written when it is shown.
 * @param {MessageReport} report @param {Catalogue} translate @param {number} index
 */
function layerLines(report, translate, index) {
  const { signers, recipients } = report;
  const isHere = (/** @type {{layer: number}} */ { layer }) => layer === index;
  const signed = signers.filter(isHere).map((signer) => () => {
    const word = stateWord([signer.state], translate);
    const who = isolate(signerText(signer, report.certificates));
    return signer.algorithm ? translate("detail_signer", { signer: who, algorithm: technical(signer.algorithm), verdict: word }) : translate("detail_signer_only", { signer: who, verdict: word });
  });
  const encrypted = recipients.filter(isHere).map(({ rid, algorithm }) => () =>
    translate("detail_recipient", { recipient: technical(rid), algorithm: technical(algorithm) }));
  return [...signed, ...encrypted];
}
