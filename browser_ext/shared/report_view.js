/** What a report says to people: state, encryption beside it, why it is so, details in place. */
import { BEING_CHECKED } from "../runtime/lookups.js";
import { html, sentenceNodes } from "../runtime/ui/dom.js";
import { createPathTree } from "../runtime/ui/path_tree.js";
import { isolate, technical, writeProved } from "../runtime/ui/formats.js";
import { checkingStatement, lockMark, stateStatement, stateWord } from "../runtime/ui/state_mark.js";
import { provingSigner, reasonInFull, reasonSentence, verdictSentence } from "../runtime/ui/verdict_words.js";
import { day, text } from "./i18n.js";

/** @typedef {import("../runtime/ui/catalogue.js").Catalogue} Catalogue */

/** Remarks on a good verdict that nobody may overlook. */
const ABOUT_THE_SENDER = new Set(["display-name-differs", "sender-field-differs"]);

/**
 * @param {any} report by the core's report.schema.json
 * @param {Catalogue} translate
 * @param {{onAccept: (fingerprint: string) => void}} options
 * @returns {{headline: HTMLElement[], details: HTMLElement}}
 */
export function describeReport(report, translate, { onAccept }) {
  const isChecking = report.reasons[0]?.code === BEING_CHECKED;
  const statement = isChecking
    ? checkingStatement(translate)
    : stateStatement(report.state, translate, sentenceOf(report, translate));
  const headline = [statement];
  if (report.recipients.length) {
    const sealed = translate("sealed_for", { count: report.recipients.length });
    headline.push(html("p", { class: "sealed-for" }, lockMark(sealed), sealed));
  }
  const remarks = isChecking ? [] : report.reasons.filter((/** @type {any} */ { code }) => ABOUT_THE_SENDER.has(code));
  for (const remark of remarks) {
    headline.push(html("p", { class: "remark", text: reasonSentence(translate, remark), data: { test: remark.code } }));
  }
  const why = isChecking ? null : whyOf(report, translate, onAccept);
  return { headline, details: html("div", { class: "disclosures" }, why, detailsOf(report, translate)) };
}

/**
 * The path to each signer. Accepting one that nobody vouches for begins here, and is done in the extension's own page.
 * @param {any} report
 * @param {Catalogue} translate
 * @param {(fingerprint: string) => void} onAccept
 */
function whyOf({ signers, certificates }, translate, onAccept) {
  if (!signers.length) return null;
  const find = (/** @type {string} */ wanted) =>
    certificates.find((/** @type {any} */ { fingerprint }) => fingerprint === wanted) ?? null;
  const trees = signers.map((/** @type {any} */ signer) => {
    const reachesNobody = signer.reasons.some((/** @type {any} */ { code }) => code === "untrusted-anchor");
    const action = (/** @type {import("../runtime/ui/path_tree.js").TreeNode} */ { certificate }) =>
      certificate && reachesNobody ? acceptButton(translate, find(certificate), onAccept) : null;
    const tree = createPathTree(translate, signer.tree, { find, day, action, trail: signer.trail });
    const verdict = verdictSentence(translate, signer, { find, day });
    return html("section", {}, html("p", {}, ...sentenceNodes(verdict)), tree);
  });
  return html("details", { data: { test: "why" } }, html("summary", { text: translate("why") }), ...trees);
}

/** @param {Catalogue} translate @param {any} certificate @param {(fingerprint: string) => void} onAccept */
function acceptButton(translate, { isCa, fingerprint }, onAccept) {
  const kind = isCa ? "authority" : "exact";
  const on = { click: () => onAccept(fingerprint) };
  return html("button", { type: "button", text: translate(`accept_${kind}_button`), data: { test: `accept-${kind}` }, on });
}

/** @param {any} report @param {Catalogue} translate @returns {{sentence?: string}} */
function sentenceOf(report, translate) {
  const { state, reasons } = report;
  const signer = provingSigner(report);
  if (state === "verified" && signer) {
    return { sentence: translate("state_verified_sentence", { sender: isolate(nameOf(signer, report)) }) };
  }
  // The general sentence says best what an unsigned text is; the reasons stand in the details.
  // What stands in brackets is for experts, who find it in the details.
  return reasons.length && state !== "encrypted-only" ? { sentence: reasonSentence(translate, reasons[0]) } : {};
}

/**
 * Who wrote it, as proved: the name comes from the certificate, since the one in From is only a claim.
 * @param {any} report
 * @returns {string} "" where nobody is proved
 */
export function provedSender(report) {
  /** @type {any} */
  const signer = provingSigner(report);
  if (report.state !== "verified" || !signer || report.reasons[0]?.code === BEING_CHECKED) return "";
  const found = report.certificates.find((/** @type {any} */ { fingerprint }) => fingerprint === signer.certificate);
  const address = report.sender ?? signer.addresses[0] ?? "";
  return writeProved({ name: found?.name ?? "", address });
}

/** The name of a signer, and the address that the path covers. @param {any} signer @param {any} report */
function nameOf(signer, { certificates }) {
  const found = certificates.find((/** @type {any} */ { fingerprint }) => fingerprint === signer.certificate);
  if (!found) return signer.sid;
  return writeProved({ name: found.name, address: signer.addresses[0] ?? "" });
}

/** @param {any} report @param {Catalogue} translate */
function detailsOf(report, translate) {
  const lines = [
    ...report.reasons.map((/** @type {any} */ reason) => reasonInFull(translate, reason, day)),
    // Outermost first, so that triple wrapping shows which signature stands inside the encryption.
    ...report.layers.flatMap((/** @type {any} */ _, /** @type {number} */ index) => layerLines(report, translate, index)),
  ];
  const items = lines.map((line) => html("li", {}, ...sentenceNodes(line)));
  return html("details", {}, html("summary", { text: text("details") }), html("ul", {}, ...items));
}

/** Whose layer it is, and each signer's own verdict. @param {any} report @param {Catalogue} translate @param {number} index */
function layerLines(report, translate, index) {
  const { signers, recipients } = report;
  const isHere = (/** @type {any} */ { layer }) => layer === index;
  const signed = signers.filter(isHere).map((/** @type {any} */ signer) => {
    const word = stateWord([signer.state], translate);
    return text("detailSigner", isolate(nameOf(signer, report)), technical(signer.algorithm), word);
  });
  const sealed = recipients.filter(isHere).map((/** @type {any} */ { rid, algorithm }) =>
    text("detailRecipient", technical(rid), technical(algorithm)));
  return [...signed, ...sealed];
}
