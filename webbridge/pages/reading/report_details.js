/**
 * The state of an opened message: the statement, the mark of encryption, the reasons with advice, and the details.
 *
 * Only the details use the words certificate, key and algorithm.
 */

import { withFewMarks } from "../../../wasm_build/ui/bounded_text.js";
import { createFacts } from "../../../wasm_build/ui/facts.js";
import { html, sentenceNodes } from "../../../wasm_build/ui/dom.js";
import { readersWords } from "../../../wasm_build/ui/protected_parts.js";
import { BEING_CHECKED } from "../../../wasm_build/vault/server/lookups.js";
import {
  STATES, checkingStatement, lockMark, sentenceKey, stateMark, stateStatement, wordKey,
} from "../../../wasm_build/ui/state_mark.js";
import { dayOnly, listOf, longDate } from "../../../wasm_build/ui/formats.js";
import { createLongList } from "../../../wasm_build/ui/long_list.js";
import { fillLongText } from "../../../wasm_build/ui/text_pieces.js";
import {
  openPgpReason, reasonInFull, reasonSentence, shownState, verifiedSentence,
} from "../../../wasm_build/ui/verdict_words.js";
import { certificateFacts } from "../trust/certificate_facts.js";
import { findCertificate, isEncrypted, provedSender } from "./report.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../../wasm_build/ui/state_mark.js").State} State */
/** @typedef {import("./report.js").LayerReport} LayerReport */
/** @typedef {import("./report.js").RecipientReport} RecipientReport */
/** @typedef {import("./report.js").Report} Report */
/** @typedef {import("./report.js").SignerReport} SignerReport */

/** The reasons that only the details show, because readers need not act on them. */
const FOR_DETAILS = new Set([
  "revocation-not-checked", "signed-attributes-resorted", "signing-time-with-offset",
  "signing-time-loose", "signed-with-other-line-ends", "frame-damaged",
  // For these two reasons, a notice above the text shows both certificates.
  "certificate-changed", "certificate-renewed",
  // The sentence beside the state says these two reasons already.
  "openpgp-encrypted", "openpgp-signed",
]);

/** The number of signers that are shown at first, because a signer takes many rows. */
const FIRST_SIGNERS = 5;

/**
 * @param {Catalogue} translate
 * @param {Report} report
 * @param {{from: string, why: HTMLElement | null, unproven?: string, people?: number}} options `from` is the claimed sender
 *   as shown to people, and `why` the section on signers. `unproven` replaces the general sentence for an encrypted message
 *   without a proved sender. `people` is the number of people for whom the message is encrypted, if the message itself
 *   does not say it
 */
export function createState(translate, report, { from, why, unproven, people = 0 }) {
  if (isBeingChecked(report)) return createChecking(translate, report, people);
  const sentence = (report.state === "encrypted-only" && unproven) || stateSentence(translate, report, from);
  const lock = createLock(translate, report, people);
  return {
    element: html(
      "div",
      { class: `state-block state-block-${report.state}`, data: { test: "state", state: report.state } },
      html("div", { class: "state-row" }, stateStatement(shownState(report), translate, { sentence }), lock?.element),
      createReasons(translate, report),
      html("div", { class: "disclosures" }, why, createDetails(translate, report)),
    ),
    spoken: [`${translate(wordKey(shownState(report)))}.`, sentence, lock?.words].filter(Boolean).join(" "),
  };
}

/** @param {Report} report */
function isBeingChecked(report) {
  return report.reasons[0]?.code === BEING_CHECKED;
}

/**
 * The statement while authorities are asked, without a verdict and reasons.
 * @param {Catalogue} translate
 * @param {Report} report
 * @param {number} people
 */
function createChecking(translate, report, people) {
  const lock = createLock(translate, report, people);
  return {
    element: html(
      "div",
      { class: "state-block", data: { test: "state", state: "checking" } },
      html("div", { class: "state-row" }, checkingStatement(translate), lock?.element),
    ),
    spoken: [translate("state_checking_word"), translate("state_checking_sentence"), lock?.words].filter(Boolean).join(" "),
  };
}

/**
 * @param {Catalogue} translate
 * @param {Report} report
 * @param {string} from
 */
function stateSentence(translate, report, from) {
  if (report.state === "verified") {
    // The text of a field has a signer, but nobody has sent it.
    const sender = provedSender(report) ?? from;
    return report.fieldOrigin ? translate("state_verified_field_sentence", { sender }) : verifiedSentence(translate, report, sender);
  }
  const first = report.reasons[0];
  if (report.state === "signed-unverified" && first) return reasonSentence(translate, first);
  const openPgp = openPgpReason(report);
  return openPgp ? reasonSentence(translate, openPgp) : translate(sentenceKey(report.state));
}

/**
 * @param {Catalogue} translate
 * @param {Report} report
 * @param {number} people
 */
function createLock(translate, report, people) {
  if (!isEncrypted(report)) return null;
  const words = readersWords(translate, report, people);
  const mark = lockMark("", { size: 24 });
  mark.setAttribute("aria-hidden", "true");
  return { words, element: html("p", { class: "lock-line", data: { test: "lock-mark" } }, mark, words) };
}

/**
 * The list of reasons for the state, each with advice.
 * @param {Catalogue} translate
 * @param {Report} report
 */
function createReasons(translate, report) {
  const reasons = report.reasons.filter(({ code }) => !FOR_DETAILS.has(code));
  if (reasons.length === 0) return null;
  const createItem = (/** @type {Report["reasons"][number]} */ reason, /** @type {number} */ index) => {
    const key = `advice_${reason.code.replaceAll("-", "_")}`;
    const advice = translate(translate.has(key) ? key : "advice_other");
    // In this state, the sentence above the list already says the first reason, so the list has only its advice.
    const isSaidAbove = report.state === "signed-unverified" && index === 0;
    const text = isSaidAbove ? advice : `${reasonSentence(translate, reason)} ${advice}`;
    return html("li", { data: { test: "reason", code: reason.code }, text });
  };
  const list = html("ul", { class: "reasons" });
  const rows = createLongList(list, reasons, createItem, { more: moreIn(translate) });
  return rows.length === 1 ? list : html("div", { class: "stack" }, ...rows);
}

/**
 * @param {Catalogue} translate
 * @param {Report} report
 */
function createDetails(translate, report) {
  if (report.layers.length === 0) return null;
  return html(
    "details",
    { class: "details", data: { test: "details" } },
    html("summary", { text: translate("details") }),
    ...report.reasons.filter(({ code }) => FOR_DETAILS.has(code)).map((remark) =>
      html("p", {}, ...sentenceNodes(reasonInFull(translate, remark, dayOnly)))),
    ...report.layers.map((layer, index) => createLayer(translate, report, layer, index)),
  );
}

/**
 * @param {Catalogue} translate
 * @param {Report} report
 * @param {LayerReport} layer
 * @param {number} index
 */
function createLayer(translate, report, layer, index) {
  const recipients = report.recipients.filter((recipient) => recipient.layer === index);
  const signers = report.signers.filter((signer) => signer.layer === index);
  return html(
    "section",
    { class: "layer" },
    html("h3", { text: translate(`layer_${layer.kind}`) }),
    createFacts([
      [translate("fact_algorithm"), layer.algorithm],
      [translate("fact_covers"), translate(layer.coversWhole ? "covers_whole" : "covers_part", { part: layer.path })],
    ]),
    ...createLongList(html("div"), signers, (signer) => createSigner(translate, report, signer), {
      more: moreIn(translate), first: FIRST_SIGNERS, rowsOfFrame: FIRST_SIGNERS,
    }),
    recipients.length > 0 ? createRecipients(translate, recipients) : null,
  );
}

/**
 * The verdicts on parts with their own protection, shown below the text. A verdict is valid for its part only.
 * @param {Catalogue} translate
 * @param {import("../keys/mail_vault.js").OpenedMessage} opened
 * @param {(path: string) => HTMLElement[]} createOpening makes the button that opens an encrypted part, if it can be opened
 */
export function createPartVerdicts(translate, { report, parts }, createOpening) {
  const items = report.layers.flatMap((layer, index) => {
    if (layer.coversWhole) return [];
    const signers = report.signers.filter((signer) => signer.layer === index);
    const state = worstState(signers);
    const who = listOf(signers.map((signer) => signerName(report, signer)), translate);
    const text = translate(`part_${layer.kind}`, { part: layer.path, word: state ? translate(wordKey(state)) : "", who });
    const mark = state ? stateMark(state, translate, { size: 20 }) : lockMark("", { size: 20 });
    mark.setAttribute("aria-hidden", "true");
    const covered = parts.find(({ path }) => path === layer.path)?.text;
    const opening = layer.kind === "encrypted" ? createOpening(layer.path) : [];
    return [html(
      "li", { class: "part", data: { state: state ?? layer.kind } }, mark,
      html(
        "div", { class: "stack" },
        html("p", { text, data: { test: "part" } }), covered ? createCovered(translate, covered) : null, ...opening,
      ),
    )];
  });
  if (items.length === 0) return null;
  return html(
    "section",
    { class: "parts" },
    html("h3", { text: translate("parts") }),
    html("ul", { class: "part-rows" }, ...items),
    html("p", { class: "field-hint", text: translate("parts_meaning") }),
  );
}

/**
 * @param {Catalogue} translate
 * @param {string} text
 */
function createCovered(translate, text) {
  return html(
    "details",
    { data: { test: "part-words" } },
    html("summary", { text: translate("part_words") }),
    ...fillLongText(html("blockquote", { class: "part-words", dir: "auto", translate: "no" }), withFewMarks(text), translate("text_more")),
  );
}

/**
 * The addresses of a signer that the path proves. If there are none, the name in the certificate or the signer identifier.
 * The certificate's unproved addresses are not shown.
 * @param {Report} report
 * @param {SignerReport} signer
 */
function signerName(report, signer) {
  return signer.addresses.join(", ") || findCertificate(report, signer.certificate)?.name || signer.sid;
}

/** The words on the button below the first rows. @param {Catalogue} translate */
function moreIn(translate) {
  return (/** @type {number} */ count) => translate("rows_more", { count });
}

/**
 * @param {SignerReport[]} signers
 * @returns {State | null}
 */
function worstState(signers) {
  return STATES.findLast((state) => signers.some((signer) => signer.state === state)) ?? null;
}

/**
 * @param {Catalogue} translate
 * @param {Report} report
 * @param {SignerReport} signer
 */
function createSigner(translate, report, signer) {
  const certificate = findCertificate(report, signer.certificate);
  return html(
    "div",
    {},
    createFacts([
      [translate("fact_signer"), signerName(report, signer)],
      [translate("fact_verdict"), signer.state ? translate(wordKey(signer.state)) : ""],
      [translate("fact_why"), signer.reasons.map((reason) => reasonInFull(translate, reason, dayOnly)).join(" ")],
      [translate("fact_signed_at"), longDate(signer.signingTime)],
      [translate("fact_signature"), signer.algorithm],
      ...(certificate ? certificateFacts(translate, certificate) : [missing(translate, signer)]),
    ]),
  );
}

/** @param {Catalogue} translate @param {SignerReport} signer @returns {[string, string]} */
function missing(translate, { reasons }) {
  const isThere = reasons.some(({ code }) => code === "certificate-unreadable");
  return [translate("fact_subject"), translate(isThere ? "not_readable" : "not_carried")];
}

/**
 * @param {Catalogue} translate
 * @param {RecipientReport[]} recipients
 */
function createRecipients(translate, recipients) {
  // The recipient whose key has opened the message comes first.
  const sorted = recipients.toSorted((one, other) => Number(other.opened) - Number(one.opened));
  return html(
    "div", {}, html("p", { class: "facts-title", text: translate("fact_recipients") }),
    ...createLongList(html("ul"), sorted, ({ rid, algorithm, opened }) => html(
      "li", {}, html("bdi", { text: rid }), ` (${algorithm}${opened ? `, ${translate("opened_with_this")}` : ""})`,
    ), { more: moreIn(translate) }),
  );
}
