/**
 * The core's verdicts in the person's language. Words for reasons are found by their codes; words for trust, revocation
 * and the steps of a path by their values. A code without words gets the core's English sentence. Details for experts
 * are English too. The English sentences and the details are marked as technical, for `sentenceNodes`.
 *
 * Every value is isolated, so that an address keeps its order in a sentence of the other direction of writing. Such a
 * sentence has the direction of the page, because `dir=auto` would follow the first value.
 */

import { beginningOf } from "./bounded_text.js";
import { isolate, technical } from "./formats.js";
import { cleanAddress, cleanName, nameBeside } from "./shown_names.js";

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
 * }} Trail the object `trail` in report.schema.json
 */
/** @typedef {{name: string, addresses: string[], notAfter: string, isCa: boolean}} Named */
/**
 * @typedef {{
 *   state: string | null, reasons: Reason[], sentence: string, addresses: string[], trail: Trail | null,
 * }} Signer
 */
/** @typedef {{prefix: string, details: Record<string, string>}} Family the catalogue keys for one kind of reasons */

const STATUS = "reason_status";
/** @type {Family} */
const OF_A_MESSAGE = {
  prefix: "reason_",
  details: {
    "timestamped": "reason_proof", "proved-by-timestamp": "reason_proof",
    "certificate-expired": "reason_validity", "certificate-expired-since": "reason_validity",
    "certificate-renewed": "reason_renewal", "certificate-changed": "reason_change",
    "certificate-revoked": STATUS, "certificate-revoked-since": STATUS, "revocation-unknown": STATUS,
    "encrypted-part": "part_named",
  },
};
/** @type {Family} */
const OF_A_RECIPIENT = { prefix: "recipient_reason_", details: { "certificate-changed": "reason_change" } };
/** @type {Family} */
const OF_A_FILE = { prefix: "left_out_", details: {} };
/** Reasons whose sentence contains their values, so that no details follow. */
const WITH_VALUE = new Set([
  "headers-altered-outside", "signed-by-sender-field", "display-name-differs", "sender-field-differs", "sent-by", "sent-by-proved",
]);
/**
 * The sentences about a message that another person has sent for its author. They name this person. Without a signature
 * of that person, the name is only a claim of the message.
 * @type {Record<string, string>}
 */
const SENT_BY = { "sent-by": "state_verified_said_by_sentence", "sent-by-proved": "state_verified_sent_by_sentence" };
const MAX_VALUE_CHARACTERS = 1_024;
const MOMENTS = new Set(["date", "from", "until", "time"]);
/** Values that stay English in every language: details for experts and names of algorithms. */
const TECHNICAL = new Set(["text", "algorithm", "oid", "key"]);

/** Steps whose words are complete without the core's text. */
const TOLD = new Set(["6.1.3 (a)(2)", "6.1.3 (a)(3)", "6.1.1 (d)"]);
const REVOCATION_STEP = "6.1.3 (a)(3)";

/**
 * The reason that names OpenPGP, if a message without S/MIME has it. Such a message is not called unprotected.
 * @param {{state: string, reasons: Reason[]}} report
 */
export function openPgpReason({ state, reasons }) {
  return state === "plain" ? reasons.find(({ code }) => code.startsWith("openpgp-")) : undefined;
}

/**
 * The state as it is shown: "openpgp" in place of "plain" for a message of OpenPGP.
 * @template {string} S @param {{state: S, reasons: Reason[]}} report @returns {S | "openpgp"}
 */
export function shownState(report) {
  return openPgpReason(report) ? "openpgp" : report.state;
}

/**
 * The sentence for a reason in a report, without the details for experts.
 * @param {Catalogue} translate
 * @param {Reason} reason
 */
export function reasonSentence(translate, reason) {
  return sentenceOf(translate, reason, OF_A_MESSAGE);
}

/**
 * The sentence for a reason in a report, with the details for experts.
 * @param {Catalogue} translate
 * @param {Reason} reason
 * @param {Day} day
 */
export function reasonInFull(translate, reason, day) {
  return inFull(translate, reason, day, OF_A_MESSAGE);
}

/**
 * The sentence for a reason or warning about a recipient's certificate, without the details for experts.
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

/**
 * The sentence for a certificate of a file that was not imported. Its values are addresses and no times, so the
 * function needs no `day`.
 * @param {Catalogue} translate
 * @param {Reason} reason
 */
export function leftOutInFull(translate, reason) {
  return inFull(translate, reason, (iso) => iso, OF_A_FILE);
}

/** @param {Catalogue} translate @param {Reason} reason @param {Family} family */
function sentenceOf(translate, { code, sentence, values = {} }, { prefix }) {
  const key = prefix + slug(code);
  if (!translate.has(key)) return technical(withoutDetail(sentence));
  const isolated = Object.entries(values).map(([name, value]) => [name, marked(name, value)]);
  return translate(key, Object.fromEntries(isolated));
}

/** The sentence without the text in brackets at its end. @param {string} sentence */
function withoutDetail(sentence) {
  const at = sentence.indexOf(". (");
  return at >= 0 && sentence.endsWith(")") ? sentence.slice(0, at + 1) : sentence;
}

/** @param {Catalogue} translate @param {Reason} reason @param {Day} day @param {Family} family */
function inFull(translate, reason, day, family) {
  if (!translate.has(family.prefix + slug(reason.code))) return technical(reason.sentence);
  const sentence = sentenceOf(translate, reason, family);
  const detail = WITH_VALUE.has(reason.code) ? "" : detailOf(translate, reason, day, family);
  return detail ? translate("reason_with_detail", { reason: sentence, detail }) : sentence;
}

/** @param {string} name @param {string} whole */
function marked(name, whole) {
  // A value can come from the message and have any length, such as a display name of a megabyte.
  const value = beginningOf(whole, MAX_VALUE_CHARACTERS);
  return TECHNICAL.has(name) ? technical(value) : isolate(value);
}

/** @param {Catalogue} translate @param {Reason} reason @param {Day} day @param {Family} family */
function detailOf(translate, { code, values = {} }, day, { details }) {
  const shown = Object.fromEntries(Object.entries(values).map(([name, value]) =>
    [name, marked(name, MOMENTS.has(name) ? day(value) : value)]));
  const key = details[code];
  // Some reasons, such as a timeout, have only a text as value.
  if (!key || "text" in values) return Object.values(shown).join(", ");
  if (key !== STATUS) return translate(key, shown);
  const state = code === "revocation-unknown" ? "unknown" : "revoked";
  const status = revocationWords(translate, { state, why: values.why, reason: values.why, revokedAt: values.date }, day);
  return translate(key, { name: shown.name ?? "", status });
}

/**
 * The proved author of verified content, as the core names them; null for other content, and while authorities are
 * asked. The name is from the certificate, because the name in From is only a claim.
 * @param {{state: string | null, proved: import("./formats.js").Mailbox | null}} report
 */
export function provedMailbox({ state, proved }) {
  return state === "verified" ? proved : null;
}

/**
 * A signer as text: all addresses that the path covers, because the first address may not be the author's. Without
 * addresses, it is the unchecked name in the certificate.
 * @param {{addresses: string[], certificate: string | null, sid: string}} signer
 * @param {{fingerprint: string, name: string}[]} certificates
 */
export function signerText({ addresses, certificate, sid }, certificates) {
  const name = certificates.find(({ fingerprint }) => fingerprint === certificate)?.name ?? "";
  return addresses.map(cleanAddress).join(", ") || nameBeside(name) || cleanName(sid);
}

/**
 * The sentence for a verified message. It names the sender. If several people share the address, it also names the
 * person who has sent the message.
 * @param {Catalogue} translate
 * @param {{reasons: Reason[]}} report
 * @param {string} sender isolated
 */
export function verifiedSentence(translate, { reasons }, sender) {
  const reason = reasons.find(({ code }) => Object.hasOwn(SENT_BY, code));
  const person = reason?.values?.person;
  if (!reason || person === undefined) return translate("state_verified_sentence", { sender });
  return translate(SENT_BY[reason.code], { sender, person: isolate(person) });
}

/**
 * The sentence that says which authority vouches for a signer, until when, and how revocation was checked. If no
 * authority vouches for the signer, it is the sentence of the first reason.
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
  const verdict = translate(proof ? "verdict_vouched_then" : "verdict_vouched", {
    ...values, anchor: isolate(anchor.name), until: isolate(day(holder.notAfter)),
    revocation: status ? revocationWords(translate, status, day) : translate("revocation_not_checked"),
  });
  return proof ? `${verdict} ${reasonSentence(translate, proof)}` : verdict;
}

/**
 * The words for the source of the trust in an anchor, and for its limits.
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
 * The words for the revocation status of a certificate, and for the source of the status.
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
 * The sentences about the problems of a certificate in a path, and about facts that could not be checked.
 * @param {Catalogue} translate
 * @param {Trail} trail
 * @param {string} certificate its fingerprint
 * @returns {string[]}
 */
export function problemWords(translate, trail, certificate) {
  const hasStatus = trail.revocation.some((status) => status.certificate === certificate);
  const steps = trail.steps.filter(({ label, position, outcome }) =>
    outcome !== "passed" && trail.certificates[position] === certificate && !(hasStatus && label === REVOCATION_STEP));
  return [...new Set(steps.map((step) => stepWords(translate, step, trail)))];
}

/** @param {Catalogue} translate @param {Step} step @param {Trail} trail */
function stepWords(translate, { label, text }, { anchor }) {
  const key = label === "6.1.1 (d)" && anchor ? "step_beyond_trust" : `step_${slug(label)}`;
  // In English the core's own text is used, because it is more precise.
  if (translate.locale.startsWith("en") || !translate.has(key)) return technical(text);
  const translation = translate(key);
  return TOLD.has(label) && key !== "step_beyond_trust" ? translation : `${translation} (${technical(text)})`;
}

/** The code of a reason or a step in the form for catalogue keys. @param {string} code */
function slug(code) {
  return code.match(/[a-z0-9]+/gu)?.join("_") ?? "";
}
