/**
 * The state of an opened message: the statement, the lock beside it, the reasons with what to do, and the details.
 *
 * The words certificate, key and algorithm stand only in the details.
 */

import { html, sentenceNodes } from "./runtime/ui/dom.js";
import { BEING_CHECKED } from "./runtime/lookups.js";
import {
  STATES, checkingStatement, lockMark, sentenceKey, stateMark, stateStatement, wordKey,
} from "./runtime/ui/state_mark.js";
import { dayOnly, listOf, longDate, readMailbox, writeMailbox, writeProved } from "./runtime/ui/formats.js";
import { provingSigner, reasonInFull, reasonSentence } from "./runtime/ui/verdict_words.js";
import { createWhy } from "./why.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./runtime/ui/state_mark.js").State} State */
/** @typedef {import("./runtime/ui/path_tree.js").TreeNode} TreeNode */
/** @typedef {import("./mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("./runtime/ui/verdict_words.js").Reason} Reason */
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
 *   trail: import("./runtime/ui/verdict_words.js").Trail | null,
 * }} SignerReport `layer` is an index; certificates are named by fingerprint
 */
/** @typedef {{layer: number, rid: string, kind: string, algorithm: string, opened: boolean}} RecipientReport */
/**
 * @typedef {{
 *   kind: "signed" | "encrypted" | "compressed" | "certificates", depth: number, algorithm: string,
 *   coversWhole: boolean, detached: boolean, path: string,
 * }} LayerReport
 */
/** @typedef {"unprotected" | "signed-only" | "encrypted-only" | "signed-and-encrypted"} FieldProtection */
/**
 * @typedef {{
 *   state: State, reasons: Reason[], sender: string | null, headers: [string, string][],
 *   headerProtections: FieldProtection[], layers: LayerReport[], signers: SignerReport[], recipients: RecipientReport[],
 *   certificates: CertificateReport[],
 * }} Report by smime_core/cli/report.schema.json
 */

/** Remarks that nobody needs before the details: nothing follows from them for who reads. */
const FOR_DETAILS = new Set([
  "revocation-not-checked", "signed-attributes-resorted",
  // Shown with both certificates above the text.
  "certificate-changed", "certificate-renewed",
]);

/** @param {Report} report */
export function isSealed(report) {
  return report.layers.some(({ kind, coversWhole }) => kind === "encrypted" && coversWhole);
}

/**
 * Whether the message is sealed and still closed, because no keys were unlocked.
 * @param {Report} report
 */
export function isClosed(report) {
  return report.reasons.some(({ code }) => code === "not-opened");
}

/**
 * Who wrote it, as proved: the name comes from the certificate, since the one in From is only a claim.
 * @param {Report} report
 * @returns {string | null}
 */
export function provedSender(report) {
  if (report.state !== "verified") return null;
  const signer = provingSigner(report);
  const certificate = findCertificate(report, signer?.certificate ?? null);
  const address = report.sender ?? signer?.addresses[0];
  if (!address) return null;
  return writeProved({ name: certificate?.name ?? "", address });
}

/**
 * @param {Report} report
 * @param {string | null} fingerprint
 */
export function findCertificate(report, fingerprint) {
  return report.certificates.find((certificate) => certificate.fingerprint === fingerprint) ?? null;
}

/**
 * @param {App} app
 * @param {OpenedMessage} opened
 * @param {string} from the From field as the message shows it
 */
export function createState(app, opened, from) {
  const { translate } = app;
  const { report } = opened;
  if (isBeingChecked(report)) return createChecking(app, report);
  const sentence = stateSentence(app, report, from);
  const lock = createLock(app, report);
  const element = html(
    "div",
    { class: `state-block state-block-${report.state}`, data: { test: "state", state: report.state } },
    html("div", { class: "state-row" }, stateStatement(report.state, translate, { sentence }), lock?.element),
    createReasons(app, report),
    html("div", { class: "disclosures" }, createWhy(app, opened), createDetails(app, report)),
  );
  const spoken = [`${translate(wordKey(report.state))}.`, sentence, lock?.words].filter(Boolean).join(" ");
  return { element, spoken };
}

/** @param {Report} report */
function isBeingChecked(report) {
  return report.reasons[0]?.code === BEING_CHECKED;
}

/**
 * The state while authorities are asked: neither good nor bad, and without reasons to worry.
 * @param {App} app
 * @param {Report} report
 */
function createChecking(app, report) {
  const { translate } = app;
  const lock = createLock(app, report);
  const element = html(
    "div",
    { class: "state-block", data: { test: "state", state: "checking" } },
    html("div", { class: "state-row" }, checkingStatement(translate), lock?.element),
  );
  const spoken = [translate("state_checking_word"), translate("state_checking_sentence"), lock?.words];
  return { element, spoken: spoken.filter(Boolean).join(" ") };
}

/**
 * @param {App} app
 * @param {Report} report
 * @param {string} from
 */
function stateSentence({ translate }, report, from) {
  if (report.state === "verified") {
    return translate("state_verified_sentence", { sender: provedSender(report) ?? writeMailbox(readMailbox(from)) });
  }
  const first = report.reasons[0];
  if (report.state === "signed-unverified" && first) return reasonSentence(translate, first);
  return translate(sentenceKey(report.state));
}

/**
 * @param {App} app
 * @param {Report} report
 */
function createLock({ translate }, report) {
  if (!isSealed(report)) return null;
  const count = new Set(report.recipients.map(({ rid }) => rid)).size;
  const words = translate("sealed_for", { count });
  const mark = lockMark("", { size: 24 });
  mark.setAttribute("aria-hidden", "true");
  return { words, element: html("p", { class: "lock-line", data: { test: "lock-mark" } }, mark, words) };
}

/**
 * Every reason why the state is not better and every remark on a good one, each with what to do.
 * @param {App} app
 * @param {Report} report
 */
function createReasons({ translate }, report) {
  const reasons = report.reasons.filter(({ code }) => !FOR_DETAILS.has(code));
  if (reasons.length === 0) return null;
  const items = reasons.map((reason, index) => {
    const key = `advice_${reason.code.replaceAll("-", "_")}`;
    const advice = translate(translate.has(key) ? key : "advice_other");
    // The first reason of this state is its sentence already.
    const said = report.state === "signed-unverified" && index === 0;
    const text = said ? advice : `${reasonSentence(translate, reason)} ${advice}`;
    return html("li", { data: { test: "reason", code: reason.code }, text });
  });
  return html("ul", { class: "reasons" }, ...items);
}

/**
 * @param {App} app
 * @param {Report} report
 */
function createDetails(app, report) {
  if (report.layers.length === 0) return null;
  const { translate } = app;
  const remarks = report.reasons.filter(({ code }) => FOR_DETAILS.has(code));
  return html(
    "details",
    { class: "details", data: { test: "details" } },
    html("summary", { text: translate("details") }),
    ...remarks.map((remark) => html("p", {}, ...sentenceNodes(reasonInFull(translate, remark, dayOnly)))),
    ...report.layers.map((layer, index) => createLayer(app, report, layer, index)),
  );
}

/**
 * @param {App} app
 * @param {Report} report
 * @param {LayerReport} layer
 * @param {number} index
 */
function createLayer(app, report, layer, index) {
  const { translate } = app;
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
    ...signers.map((signer) => createSigner(app, report, signer)),
    recipients.length > 0 ? createRecipients(app, recipients) : null,
  );
}

/**
 * The verdicts on parts that have a protection of their own, for below the text: each covers its part alone.
 * @param {App} app
 * @param {import("./mail_vault.js").OpenedMessage} opened
 */
export function createPartVerdicts({ translate }, { report, parts }) {
  const items = report.layers.flatMap((layer, index) => {
    if (layer.coversWhole) return [];
    const signers = report.signers.filter((signer) => signer.layer === index);
    const state = worstState(signers);
    const who = signers.map((signer) => signerName(report, signer));
    const values = { part: layer.path, word: state ? translate(wordKey(state)) : "", who: listOf(who, translate) };
    const mark = state ? stateMark(state, translate, { size: 20 }) : lockMark("", { size: 20 });
    mark.setAttribute("aria-hidden", "true");
    const verdict = html("p", { dir: "auto", text: translate(`part_${layer.kind}`, values), data: { test: "part" } });
    const covered = parts.find(({ path }) => path === layer.path)?.text;
    const words = html("div", { class: "stack" }, verdict, covered ? createCovered(translate, covered) : null);
    return [html("li", { class: "part", data: { state: state ?? layer.kind } }, mark, words)];
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
 * @param {App["translate"]} translate
 * @param {string} text
 */
function createCovered(translate, text) {
  return html(
    "details",
    { data: { test: "part-words" } },
    html("summary", { text: translate("part_words") }),
    html("blockquote", { class: "part-words", dir: "auto", translate: "no", text }),
  );
}

/**
 * The addresses of a signer that the path covers. Where it covers none, the certificate's own name: what a certificate
 * says of its addresses is worth nothing without a path.
 * @param {Report} report
 * @param {SignerReport} signer
 */
function signerName(report, signer) {
  return signer.addresses.join(", ") || findCertificate(report, signer.certificate)?.name || signer.sid;
}

/**
 * @param {SignerReport[]} signers
 * @returns {State | null}
 */
function worstState(signers) {
  const states = signers.map(({ state }) => state);
  return STATES.findLast((state) => states.includes(state)) ?? null;
}

/**
 * @param {App} app
 * @param {Report} report
 * @param {SignerReport} signer
 */
function createSigner({ translate }, report, signer) {
  const certificate = findCertificate(report, signer.certificate);
  return html(
    "div",
    {},
    createFacts([
      [translate("fact_signer"), signerName(report, signer)],
      [translate("fact_verdict"), signer.state ? translate(wordKey(signer.state)) : ""],
      [translate("fact_why"), signer.reasons.map((one) => reasonInFull(translate, one, dayOnly)).join(" ")],
      [translate("fact_signed_at"), longDate(signer.signingTime)],
      [translate("fact_signature"), signer.algorithm],
      ...certificateFacts(translate, certificate),
    ]),
  );
}

/**
 * @param {App["translate"]} translate
 * @param {CertificateReport | null} certificate
 * @returns {[string, string][]}
 */
export function certificateFacts(translate, certificate) {
  if (!certificate) return [[translate("fact_subject"), translate("not_carried")]];
  return [
    [translate("fact_subject"), certificate.subject],
    [translate("fact_issuer"), certificate.issuer],
    [translate("fact_valid"), `${dayOnly(certificate.notBefore)} – ${dayOnly(certificate.notAfter)}`],
    [translate("fact_key"), certificate.key],
    [translate("fact_fingerprint"), certificate.fingerprint],
  ];
}

/**
 * @param {App} app
 * @param {RecipientReport[]} recipients
 */
function createRecipients({ translate }, recipients) {
  const items = recipients.map(({ rid, algorithm, opened }) => html(
    "li",
    {},
    html("bdi", { text: rid }),
    ` (${algorithm}${opened ? `, ${translate("opened_with_this")}` : ""})`,
  ));
  const title = html("p", { class: "facts-title", text: translate("fact_recipients") });
  return html("div", {}, title, html("ul", {}, ...items));
}

/**
 * Terms and their facts; what is not known is left out.
 * @param {[string, string][]} facts
 */
export function createFacts(facts) {
  const known = facts.filter(([, value]) => value !== "");
  return html(
    "dl",
    { class: "facts" },
    ...known.flatMap(([term, value]) => [html("dt", { text: term }), html("dd", { dir: "auto", text: value })]),
  );
}
