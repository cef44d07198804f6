/**
 * What the vault's judgement still lacks, and the rounds that fetch it: judged at once, asked for, judged again.
 *
 * The vault names look-ups only for certificates that chain to an anchor, and believes no answer unchecked.
 */

/** @typedef {import("./trust.js").Evidence} Evidence */
/** @typedef {{crls: ArrayBuffer[], ocsp: ArrayBuffer[]}} Answer */
/**
 * @typedef {{id: string, kind: "ocsp" | "crl", url: string, body: ArrayBuffer, path: ArrayBuffer[]}} Lookup
 *   `path` are the certificates from the one that is asked about up to its anchor; `body` is what to post.
 */
/**
 * @typedef {(lookups: Lookup[], signal?: AbortSignal) => Promise<{answer: Answer, unavailable: string[]}>} Asker
 *   `unavailable` are the ids of those to which nothing came
 */

const MAX_ROUNDS = 3;
/** What is kept for the next messages of the same people. A larger answer serves its own message only. */
const MAX_KEPT_BYTES = 4_000_000;

/** Answers of this session, so that the same people are judged at once the next time. */
export class EvidenceStore {
  /** The latest last. @type {Answer[]} */
  #kept = [];

  /** Copies, since a call to the vault takes them away. @returns {Answer} */
  copy() {
    return joinAnswers(structuredClone(this.#kept));
  }

  /** @param {Answer} answer */
  keep(answer) {
    this.#kept.push(structuredClone(answer));
    while (this.#kept.reduce((sum, one) => sum + bytesOf(one), 0) > MAX_KEPT_BYTES) this.#kept.shift();
  }

  clear() {
    this.#kept = [];
  }
}

/**
 * Yields the first judgement as soon as it stands, and the last one when there is nothing more to ask.
 * @template {{lookups: Lookup[]}} R
 * @param {(evidence: Evidence) => Promise<R>} judge
 * @param {{ask: Asker, store: EvidenceStore, signal?: AbortSignal}} options
 * @returns {AsyncGenerator<{judged: R, settled: boolean}, void>}
 */
export async function* judgeInRounds(judge, { ask, store, signal }) {
  /** @type {string[]} */
  const asked = [];
  /** @type {string[]} */
  const unavailable = [];
  /** @type {Answer[]} */
  const fresh = [];
  let judged = await judge(store.copy());
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const open = judged.lookups.filter(({ id }) => !asked.includes(id));
    if (open.length === 0) break;
    if (round === 1) yield { judged, settled: false };
    asked.push(...open.map(({ id }) => id));
    const came = await ask(open, signal);
    signal?.throwIfAborted();
    fresh.push(came.answer);
    unavailable.push(...came.unavailable);
    judged = await judge({ ...joinAnswers([store.copy(), ...structuredClone(fresh)]), asked, unavailable });
  }
  for (const answer of fresh) store.keep(answer);
  yield { judged, settled: true };
}

/** The reason that stands in a report while authorities are asked. */
export const BEING_CHECKED = "being-checked";

/**
 * A report as it may be shown before it has settled: what looks good so far is not said to be so yet.
 * @template {{state: string, reasons: {code: string, sentence: string}[], signers: any[]}} R
 * @param {R} report
 * @returns {R}
 */
export function whileChecking(report) {
  const signers = report.signers.map((signer) =>
    (signer.state !== "invalid" && isAsked(signer) ? held(signer) : signer));
  return report.state === "verified" || report.state === "signed-unverified" ? held({ ...report, signers }) : { ...report, signers };
}

/** @param {{trail: {lookups: {kind: string}[]} | null}} signer */
function isAsked({ trail }) {
  return trail?.lookups.some(({ kind }) => kind !== "issuer") ?? false;
}

/**
 * @template {object} T
 * @param {T} verdict of a message or a signer
 * @returns {T}
 */
function held(verdict) {
  const sentence = "Whether the certificate was revoked is being checked.";
  return { ...verdict, state: "signed-unverified", reasons: [{ code: BEING_CHECKED, sentence }] };
}

/** @param {Answer[]} answers @returns {Answer} */
export function joinAnswers(answers) {
  return { crls: answers.flatMap(({ crls }) => crls), ocsp: answers.flatMap(({ ocsp }) => ocsp) };
}

/** @param {Answer} answer */
function bytesOf({ crls, ocsp }) {
  return [...crls, ...ocsp].reduce((sum, { byteLength }) => sum + byteLength, 0);
}
