/** What a report says to people: state, encryption beside it, details in place. */
import { html } from "../runtime/ui/dom.js";
import { lockMark, stateStatement } from "../runtime/ui/state_mark.js";
import { text } from "./i18n.js";

/** @typedef {import("../runtime/ui/catalogue.js").Catalogue} Catalogue */

/**
 * @param {any} report by the core's report.schema.json
 * @param {Catalogue} translate
 * @returns {{headline: HTMLElement[], details: HTMLElement}}
 */
export function describeReport(report, translate) {
  const headline = [stateStatement(report.state, translate, sentenceOf(report, translate))];
  if (report.recipients.length) {
    const sealed = translate("sealed_for", { count: report.recipients.length });
    headline.push(html("p", { class: "sealed-for" }, lockMark(sealed), sealed));
  }
  return { headline, details: detailsOf(report) };
}

/** @param {any} report @param {Catalogue} translate @returns {{sentence?: string}} */
function sentenceOf(report, translate) {
  const { state, reasons, signers } = report;
  if (state === "verified") {
    return { sentence: translate("state_verified_sentence", { sender: nameOf(signers[0], report) }) };
  }
  // The general sentence says best what an unsigned text is; the reasons stand in the details.
  // What stands in brackets is for experts, who find it in the details.
  return reasons.length && state !== "encrypted-only" ? { sentence: reasons[0].sentence.replace(/ \([^()]*\)$/u, "") } : {};
}

/** @param {any} signer @param {any} report */
function nameOf(signer, { certificates }) {
  const found = certificates.find((/** @type {any} */ { fingerprint }) => fingerprint === signer.certificate);
  if (!found) return signer.sid;
  const [address] = found.addresses;
  return address && found.name !== address ? `${found.name} <${address}>` : found.name;
}

/** @param {any} report */
function detailsOf(report) {
  const { reasons, signers, recipients } = report;
  const lines = [
    ...reasons.map((/** @type {any} */ { sentence }) => sentence),
    ...signers.map((/** @type {any} */ signer) => text("detailSigner", nameOf(signer, report), signer.algorithm)),
    ...recipients.map((/** @type {any} */ { rid, algorithm }) => text("detailRecipient", rid, algorithm)),
  ];
  const items = lines.map((line) => html("li", { text: line, dir: "auto" }));
  return html("details", {}, html("summary", { text: text("details") }), html("ul", {}, ...items));
}
