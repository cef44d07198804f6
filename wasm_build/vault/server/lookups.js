/**
 * The rounds of a judgement. The vault judges, the page looks up the missing evidence, and the vault judges again.
 *
 * The vault requests look-ups only for certificates that chain to an anchor, and checks every answer.
 */

/** @typedef {import("./trust.js").Evidence} Evidence */
/** @typedef {{crls: ArrayBuffer[], ocsp: ArrayBuffer[]}} Answer */
/**
 * @typedef {{id: string, kind: "ocsp" | "crl", url: string, body: ArrayBuffer, path: ArrayBuffer[]}} Lookup
 *   `path` are the certificates from the certificate in question up to its anchor; `body` is the body to post.
 */
/**
 * @typedef {(lookups: Lookup[], signal?: AbortSignal) => Promise<{answer: Answer, unavailable: string[]}>} Asker
 *   `unavailable` are the ids of the look-ups without an answer
 */

const MAX_ROUNDS = 3;
/** The limit on the answers kept for later messages. A larger answer is used only for the current message. */
const MAX_KEPT_BYTES = 4_000_000;

/** The answers of this session. With them the vault can judge later messages of the same signers without look-ups. */
export class EvidenceStore {
  /** The kept answers, the oldest first. @type {Answer[]} */
  #kept = [];

  /** All kept answers, as copies, because a call to the vault transfers them. @returns {Answer} */
  copy() {
    return joinAnswers(structuredClone(this.#kept));
  }

  /** @param {Answer} answer */
  keep(answer) {
    // A larger answer would push out all other answers, and in the end itself.
    if (bytesOf(answer) > MAX_KEPT_BYTES) return;
    this.#kept.push(structuredClone(answer));
    while (this.#kept.reduce((sum, keptAnswer) => sum + bytesOf(keptAnswer), 0) > MAX_KEPT_BYTES) this.#kept.shift();
  }

  clear() {
    this.#kept = [];
  }
}

/**
 * Yields the first judgement at once if it has open look-ups. Then yields the last judgement, after all look-ups or
 * after `MAX_ROUNDS`.
 * @template {{lookups: Lookup[]}} R
 * @param {(evidence: Evidence) => Promise<R>} judge
 * @param {{ask: Asker, store: EvidenceStore, signal?: AbortSignal}} options
 * @returns {AsyncGenerator<{judged: R, settled: boolean}, void>}
 */
export async function* judgeInRounds(judge, { ask, store, signal }) {
  /** @type {string[]} */
  const askedIds = [];
  /** @type {string[]} */
  const unavailable = [];
  /** @type {Answer[]} */
  const fresh = [];
  let judged = await judge(store.copy());
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const open = judged.lookups.filter(({ id }) => !askedIds.includes(id));
    if (open.length === 0) break;
    if (round === 1) yield { judged, settled: false };
    askedIds.push(...open.map(({ id }) => id));
    const came = await ask(open, signal);
    signal?.throwIfAborted();
    fresh.push(came.answer);
    unavailable.push(...came.unavailable);
    judged = await judge({ ...joinAnswers([store.copy(), ...structuredClone(fresh)]), asked: askedIds, unavailable });
  }
  for (const answer of fresh) store.keep(answer);
  yield { judged, settled: true };
}

/**
 * The last judgement, after all authorities have answered or failed to answer.
 * @template {{lookups: Lookup[]}} R
 * @param {(evidence: Evidence) => Promise<R>} judge
 * @param {{ask: Asker, store: EvidenceStore}} options
 * @returns {Promise<R>}
 */
export async function judgeFully(judge, options) {
  for await (const { judged, settled } of judgeInRounds(judge, options)) if (settled) return judged;
  throw new Error("the rounds ended without a judgement");
}

/** The code of the reason that a report has while its look-ups are open. */
export const BEING_CHECKED = "being-checked";

/**
 * The report to show while look-ups are open. In it, verdicts that a look-up could still change are
 * `signed-unverified`.
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
  const sentence = "The revocation of the certificate is being checked.";
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
