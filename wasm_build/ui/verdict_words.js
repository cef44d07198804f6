/**
 * What the core's verdicts say, in the person's language: reasons by their codes, trust, revocation and the steps of a
 * path by their values. A code without words has the core's own sentence, which is English, as is what the core tells
 * experts: both are marked as technical, for `sentenceNodes`.
 *
 * Every value is isolated, so that an address keeps its order in a sentence that runs the other way; the direction of
 * such a sentence is that of the page, since `dir=auto` would go by the first value.
 */

import { isolate, sameAddress, technical } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {{code: string, sentence: string, values?: Record<string, string>}} Reason */
/** @typedef {(iso: string) => string} Day */
/** @typedef {{certificate: string, source: string, addresses: string[], exact: boolean, distrustAfter: string | null, acceptedAt: string | null}} Anchor */
/** @typedef {{state: string, why?: string, reason?: string, revokedAt?: string | null, source?: string, thisUpdate?: string | null}} Revocation */
/** @typedef {{label: string, position: number, outcome: string, text: string}} Step */
/**
 * @typedef {{
 *   certificates: string[], anchor: Anchor | null, steps: Step[], revocation: (Revocation & {certificate: string})[],
 *   lookups: {kind: string}[],
 * }} Trail by `trail` in report.schema.json
 */
/** @typedef {{name: string, addresses: string[], notAfter: string, isCa: boolean}} Named */
/**
 * @typedef {{
 *   state: string | null, reasons: Reason[], sentence: string, addresses: string[], trail: Trail | null,
 * }} Signer
 */
/** @typedef {{prefix: string, details: Record<string, string>}} Family the keys of a kind of reasons */

const STATUS = "reason_status";
/** @type {Family} */
const OF_A_MESSAGE = {
  prefix: "reason_",
  details: {
    "timestamped": "reason_proof", "proved-by-timestamp": "reason_proof",
    "certificate-expired": "reason_validity", "certificate-expired-since": "reason_validity",
    "certificate-renewed": "reason_renewal", "certificate-changed": "reason_change",
    "certificate-revoked": STATUS, "certificate-revoked-since": STATUS, "revocation-unknown": STATUS,
  },
};
/** @type {Family} */
const OF_A_RECIPIENT = { prefix: "recipient_reason_", details: { "certificate-changed": "reason_change" } };
/** Reasons whose sentence has their value in it: it stands nowhere else. */
const WITH_VALUE = new Set(["headers-altered-outside", "signed-by-sender-field", "display-name-differs", "sender-field-differs"]);
const MOMENTS = new Set(["date", "from", "until", "time"]);
/** What the core tells experts in English, and names of algorithms. */
const TECHNICAL = new Set(["text", "algorithm", "oid", "key"]);

/** What a step says in full without the core's own words behind it. */
const TOLD = new Set(["6.1.3 (a)(2)", "6.1.3 (a)(3)", "6.1.1 (d)"]);
const REVOCATION_STEP = "6.1.3 (a)(3)";

/**
 * A reason of a report without what is for experts.
 * @param {Catalogue} translate
 * @param {Reason} reason
 */
export function reasonSentence(translate, reason) {
  return sentenceOf(translate, reason, OF_A_MESSAGE);
}

/**
 * The same with all that the core gave.
 * @param {Catalogue} translate
 * @param {Reason} reason
 * @param {Day} day
 */
export function reasonInFull(translate, reason, day) {
  return inFull(translate, reason, day, OF_A_MESSAGE);
}

/**
 * A reason or warning about a certificate that mail could be sealed for.
 * @param {Catalogue} translate
 * @param {Reason} reason
 */
export function recipientSentence(translate, reason) {
  return sentenceOf(translate, reason, OF_A_RECIPIENT);
}

/**
 * @param {Catalogue} translate
 * @param {Reason} reason
 * @param {Day} day
 */
export function recipientInFull(translate, reason, day) {
  return inFull(translate, reason, day, OF_A_RECIPIENT);
}

/** @param {Catalogue} translate @param {Reason} reason @param {Family} family */
function sentenceOf(translate, { code, sentence, values = {} }, { prefix }) {
  const key = prefix + slug(code);
  if (!translate.has(key)) return technical(withoutDetail(sentence));
  const isolated = Object.entries(values).map(([name, value]) => [name, marked(name, value)]);
  return translate(key, Object.fromEntries(isolated));
}

/** The sentence without the brackets at its end. @param {string} sentence */
function withoutDetail(sentence) {
  const at = sentence.indexOf(". (");
  return at >= 0 && sentence.endsWith(")") ? sentence.slice(0, at + 1) : sentence;
}

/** @param {Catalogue} translate @param {Reason} reason @param {Day} day @param {Family} family */
function inFull(translate, reason, day, family) {
  if (!translate.has(family.prefix + slug(reason.code))) return technical(reason.sentence);
  const said = sentenceOf(translate, reason, family);
  const detail = WITH_VALUE.has(reason.code) ? "" : detailOf(translate, reason, day, family);
  return detail ? translate("reason_with_detail", { reason: said, detail }) : said;
}

/** @param {string} name @param {string} value */
function marked(name, value) {
  return TECHNICAL.has(name) ? technical(value) : isolate(value);
}

/** @param {Catalogue} translate @param {Reason} reason @param {Day} day @param {Family} family */
function detailOf(translate, { code, values = {} }, day, { details }) {
  const shown = Object.fromEntries(Object.entries(values).map(([name, value]) =>
    [name, marked(name, MOMENTS.has(name) ? day(value) : value)]));
  const key = details[code];
  // Where time ran out there may be words alone.
  if (!key || "text" in values) return Object.values(shown).join(", ");
  if (key !== STATUS) return translate(key, shown);
  const state = code === "revocation-unknown" ? "unknown" : "revoked";
  const status = revocationWords(translate, { state, why: values.why, reason: values.why, revokedAt: values.date }, day);
  return translate(key, { name: shown.name ?? "", status });
}

/**
 * The signer who proves the sender of a verified message: one of the signers inside every encryption that was opened,
 * since whoever signs outside it may never have read the text (RFC 8551 section 3.7).
 * @template {{layer: number, state: string | null, addresses: string[]}} S
 * @param {{
 *   sender: string | null, layers: {coversWhole: boolean}[], signers: S[],
 *   recipients: {layer: number, opened: boolean}[],
 * }} report by report.schema.json
 * @returns {S | null}
 */
export function provingSigner({ sender, layers, signers, recipients }) {
  const opened = recipients.filter((recipient) => recipient.opened).map(({ layer }) => layer);
  const innermost = Math.max(-1, ...opened);
  const verified = signers.filter(({ layer, state }) => state === "verified" && layer > innermost && layers[layer]?.coversWhole);
  const isSender = (/** @type {string} */ address) => sender !== null && sameAddress(address, sender);
  return verified.find(({ addresses }) => addresses.some(isSender)) ?? verified[0] ?? null;
}

/**
 * Who vouches for a signer, until when, checked how; or the first reason why that is not known.
 * @param {Catalogue} translate
 * @param {Signer} signer
 * @param {{find: (fingerprint: string) => Named | null, day: Day}} options
 */
export function verdictSentence(translate, { state, reasons, sentence, addresses, trail }, { find, day }) {
  const [first] = reasons;
  const [own, top] = [trail?.certificates[0] ?? "", trail?.anchor?.certificate ?? ""];
  const [holder, anchor] = [find(own), find(top)];
  if (state !== "verified" || !trail?.anchor || !holder || !anchor) {
    return first ? reasonSentence(translate, first) : translate.has("verdict_unknown") ? translate("verdict_unknown") : sentence;
  }
  const values = { who: isolate(addresses.join(", ") || holder.name), trust: anchorWords(translate, trail.anchor, { find, day }) };
  if (own === top) return translate("verdict_exact", values);
  const proof = reasons.find(({ code }) => code === "proved-by-timestamp");
  const status = trail.revocation.find(({ certificate }) => certificate === own);
  const said = translate(proof ? "verdict_vouched_then" : "verdict_vouched", {
    ...values, anchor: isolate(anchor.name), until: isolate(day(holder.notAfter)),
    revocation: status ? revocationWords(translate, status, day) : translate("revocation_not_checked"),
  });
  return proof ? `${said} ${reasonSentence(translate, proof)}` : said;
}

/**
 * Where the trust in an anchor comes from, and how far it reaches.
 * @param {Catalogue} translate
 * @param {Anchor} anchor
 * @param {{find: (fingerprint: string) => {isCa?: boolean} | null, day: Day}} options
 */
export function anchorWords(translate, { certificate, source, addresses, exact, distrustAfter, acceptedAt }, { find, day }) {
  let trust = translate(`anchor_${source}`);
  if (acceptedAt) trust = translate("anchor_on", { trust, date: isolate(day(acceptedAt)) });
  if (addresses.length) trust = translate("anchor_for", { trust, addresses: isolate(addresses.join(", ")) });
  if (distrustAfter) trust = translate("anchor_distrusted", { trust, date: isolate(day(distrustAfter)) });
  return exact && find(certificate)?.isCa ? translate("anchor_alone", { trust }) : trust;
}

/**
 * Whether a certificate was revoked, and how that is known.
 * @param {Catalogue} translate
 * @param {Revocation} status
 * @param {Day} day
 */
export function revocationWords(translate, { state, why, reason, revokedAt, source, thisUpdate }, day) {
  if (state === "revoked") {
    const revoked = revokedAt ? translate("revocation_revoked_on", { date: isolate(day(revokedAt)) }) : translate("revocation_revoked");
    const key = `revoked_${reason}`;
    return translate.has(key) ? translate("revocation_because", { revoked, why: translate(key) }) : revoked;
  }
  if (state === "unknown") {
    const key = `unknown_${slug(why ?? "")}`;
    return translate(translate.has(key) ? key : "revocation_unknown");
  }
  const key = `revocation_good_${source}`;
  return thisUpdate && translate.has(key) ? translate(key, { date: isolate(day(thisUpdate)) }) : translate("revocation_good");
}

/**
 * What is wrong with the certificate at one place of a path, or unknown of it.
 * @param {Catalogue} translate
 * @param {Trail} trail
 * @param {string} certificate its fingerprint
 * @returns {string[]}
 */
export function problemWords(translate, trail, certificate) {
  const hasStatus = trail.revocation.some((status) => status.certificate === certificate);
  const told = trail.steps.filter(({ label, position, outcome }) =>
    outcome !== "passed" && trail.certificates[position] === certificate && !(hasStatus && label === REVOCATION_STEP));
  return [...new Set(told.map((step) => stepWords(translate, step, trail)))];
}

/** @param {Catalogue} translate @param {Step} step @param {Trail} trail */
function stepWords(translate, { label, text }, { anchor }) {
  const key = label === "6.1.1 (d)" && anchor ? "step_beyond_trust" : `step_${slug(label)}`;
  // The core's own words say more, in English.
  if (translate.locale.startsWith("en") || !translate.has(key)) return technical(text);
  const said = translate(key);
  return TOLD.has(label) && key !== "step_beyond_trust" ? said : `${said} (${technical(text)})`;
}

/** The part of a key that names a code or a step. @param {string} code */
function slug(code) {
  return code.match(/[a-z0-9]+/gu)?.join("_") ?? "";
}
