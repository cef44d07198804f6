/**
 * The trust of the person: imported authorities, certificates accepted for given addresses, and Mozilla's roots. The
 * extension asks authorities about revocation directly, at addresses that the person has granted.
 */
import { EvidenceStore, joinAnswers, judgeFully } from "../../../wasm_build/vault/server/lookups.js";
import { addressKey } from "../../../wasm_build/ui/formats.js";
import { base64FromBytes } from "../../../wasm_build/vault/values/base64.js";
import { readAtMost } from "../../../wasm_build/vault/server/json_requests.js";
import { api } from "../../shared/api.js";
import { codeOf, RequestError, required } from "../../shared/messages.js";
import { isPublicHost } from "../../shared/public_host.js";
import { digestOf } from "../../shared/question.js";
import * as database from "../../shared/database.js";
import { certificatesIn } from "./certificate_files.js";
import { learn, tellLearned, TURN } from "./learning.js";
import * as memory from "../browser/memory.js";
import * as policy from "../browser/policy.js";
import { inTurn } from "../browser/turns.js";
import * as vault from "../keys/vault_link.js";

/** @typedef {import("../../../wasm_build/vault/server/trust.js").Evidence} Evidence */
/** @typedef {import("../../../wasm_build/vault/server/lookups.js").Lookup} Lookup */
/** @typedef {import("../../../wasm_build/vault/types/verbs.js").Decision} Decision */
/** @typedef {{fingerprint: string, certificates: string[]}} Proposal `certificates`: the proposed one, then those that came with it */
/** @typedef {{fingerprint: string, subject: string, notBefore: string, notAfter: string, addresses: string[], question: object}} OwnAuthority */
/** @typedef {{mozilla: boolean, revocation: MessageKinds["revocation"]}} Settings */
/**
 * The question about the authority of an imported key file. `judgedBy` is the hash of the trust with which `shown` was
 * judged.
 * @typedef {{certificate: string, own: OwnAuthority, shown?: OwnAuthority, judgedBy?: string}} KeptAuthority
 */

const SETTINGS = "trust";
const DECISIONS = "decisions";
const OWN_AUTHORITY = "own authority";
/** The name of the turn in which the stored question is changed. */
const KEEPING = "keeping of the own authority";
const PROPOSALS = "proposals";
/** The limit of waiting proposals, since each of them opens a dialog. */
const MAX_PROPOSALS = 5;
const FOLLOWED = "followed list";
/**
 * The default settings. An authority that the person has added often gives no answers about revocation. With "if-known"
 * a known revocation counts, and a missing answer is only reported.
 * @type {Settings}
 */
const FIRST_SETTINGS = { mozilla: true, revocation: "if-known" };
const TIMEOUT_MILLISECONDS = 10_000;
const MAX_ANSWER_BYTES = 20_000_000;
const OCSP_TYPE = "application/ocsp-request";

/** The answers that authorities have given since the background started. */
export const store = new EvidenceStore();

/**
 * The trust and the time, as arguments for a judgement of the vault. The buffers are copies, since a call to the vault
 * transfers them.
 * @param {Evidence} [evidence] the answers of authorities; by default those in `store`
 */
export async function judging(evidence = store.copy()) {
  const [imported, { anchors: files, trust: fixed }, own, decided, list] = await Promise.all(
    [database.all("anchors"), policy.read(), ownSettings(), decisions(), followed()],
  );
  const anchors = [
    ...(await anchorsIn(files)).map((certificate) => ({ certificate, source: "operator" })),
    ...imported.map(({ certificate }) => ({ certificate, source: "user" })),
  ];
  const { mozilla, revocation } = { ...own, ...fixed };
  return { trust: { anchors, decisions: decided, followed: list, mozilla, revocation, evidence }, at: new Date().toISOString() };
}

/**
 * Judges something with the person's trust and with the answers that `ask` gets from authorities.
 * @template {{lookups: Lookup[]}} R
 * @param {(trusting: Awaited<ReturnType<typeof judging>>) => Promise<R>} judge asks the vault
 * @param {import("../../../wasm_build/vault/server/lookups.js").Asker} [ask]
 * @returns {Promise<R>}
 */
export function judgeWith(judge, ask = askAuthorities) {
  return judgeFully(async (evidence) => judge(await judging(evidence)), { ask, store });
}

/**
 * The certificates in the anchors of the policy. If one file has no certificate, none of the anchors count.
 * @param {ArrayBuffer[]} files @returns {Promise<ArrayBuffer[]>}
 */
async function anchorsIn(files) {
  try {
    return (await Promise.all(files.map(certificatesIn))).flat().map(({ certificate }) => certificate);
  } catch (error) {
    if (/** @type {{code?: string}} */ (error).code === "no-certificate-in-file") return [];
    throw error;
  }
}

/** @returns {Promise<Settings>} */
export async function settings() {
  return { ...(await ownSettings()), ...(await policy.read()).trust };
}

/** @returns {Promise<Settings>} */
async function ownSettings() {
  return (await database.get("settings", SETTINGS))?.value ?? FIRST_SETTINGS;
}

/** @param {Settings} value */
export async function changeSettings({ mozilla, revocation }) {
  await learn(() => database.put("settings", { name: SETTINGS, value: { mozilla, revocation } }));
}

/** The person's stored decisions, settings and followed list; for a backup. */
export async function kept() {
  return { decisions: await decisions(), followed: await followed(), trust: await ownSettings() };
}

/** @returns {Promise<ArrayBuffer | null>} */
async function decisions() {
  return (await database.get("settings", DECISIONS))?.value ?? null;
}

/** @returns {Promise<ArrayBuffer | null>} the organisation's list, with its pinned signer */
async function followed() {
  return (await database.get("settings", FOLLOWED))?.value ?? null;
}

/**
 * Follows an organisation's list. The signer of the first list is pinned. Later lists count only if they are newer than
 * the first list and have the same signer.
 * @param {{bytes: ArrayBuffer}} body
 */
export async function followList({ bytes }) {
  const reply = await vault.call("trust.follow", { list: bytes, followed: await followed(), at: new Date().toISOString() });
  const [problem] = reply.problems;
  if (problem) throw new RequestError(problem.code, problem.message);
  if (reply.followed) await database.put("settings", { name: FOLLOWED, value: reply.followed });
}

/** Follows the list that an administrator has set. A list with another signer than the pinned one is ignored. */
export async function followPolicyList() {
  const { organisationList } = await policy.read();
  if (organisationList) await followList({ bytes: organisationList }).catch(() => undefined);
}

/** These settings as a policy for other people, under the names of `policy_schema.json`. @returns {Promise<object>} */
export async function asPolicy() {
  const { mozilla, revocation } = await settings();
  const anchors = (await database.all("anchors")).map(({ certificate }) => base64FromBytes(certificate));
  return { ...(anchors.length ? { anchors } : {}), mozilla, revocation };
}

export function stopFollowing() {
  return database.remove("settings", FOLLOWED);
}

/** Describes the followed list; null if the person follows no list. */
export async function describeList() {
  const followedList = await followed();
  return followedList ? vault.call("trust.follow", { followed: followedList, at: new Date().toISOString() }) : null;
}

/** Describes the accepted certificates. @returns {Promise<Decision[]>} */
export async function listDecisions() {
  const storedDecisions = await decisions();
  return storedDecisions ? (await vault.call("decision.list", { decisions: storedDecisions })).decisions : [];
}

/**
 * Accepts a proposed certificate. Rejects with the vault's reason if the certificate must not be accepted.
 * @param {{fingerprint: string, kind: string, addresses: string[]}} body
 */
export async function accept({ fingerprint, kind, addresses }) {
  await policy.checkOwnDecisions();
  const [certificate, ...intermediates] = (await proposedAs(fingerprint)).certificates.map(decode);
  await changeDecisions(async () =>
    vault.call("decision.make", { certificate, kind, addresses, intermediates, ...(await judging()) }));
  await dropProposal({ fingerprint });
}

/** @param {{id: string}} body a fingerprint */
export async function takeBack({ id }) {
  await changeDecisions(async () => {
    const storedDecisions = await decisions();
    return storedDecisions && vault.call("decision.remove", { decisions: storedDecisions, fingerprint: id });
  });
}

/** @param {() => Promise<{decisions: ArrayBuffer} | null>} act makes the next decisions from those that are kept */
function changeDecisions(act) {
  return inTurn(TURN, async () => {
    const reply = await act();
    if (!reply) return;
    await database.put("settings", { name: DECISIONS, value: reply.decisions });
    tellLearned();
  });
}

/**
 * Keeps a certificate of an opened text until the person decides about it on the extension's own page, which no other
 * page can cover. The certificate waits while a dialog about another certificate is open. Rejects with
 * `too-many-proposals`.
 * @param {string} fingerprint
 * @param {ArrayBuffer} certificate
 * @param {ArrayBuffer[]} carried
 */
export function propose(fingerprint, certificate, carried) {
  return inTurn(PROPOSALS, async () => {
    const others = (await proposals()).filter((candidate) => candidate.fingerprint !== fingerprint);
    if (others.length >= MAX_PROPOSALS) throw new RequestError("too-many-proposals");
    await memory.write(PROPOSALS, [...others, { fingerprint, certificates: [certificate, ...carried].map(encode) }]);
  });
}

/** The certificate that was proposed last, with the question about it, for the dialog; null for none. */
export async function proposal() {
  const newest = (await proposals()).at(-1);
  return newest ? describeProposal(newest) : null;
}

/** The question about a proposed certificate. @param {{fingerprint: string}} body */
export async function question({ fingerprint }) {
  return (await describeProposal(await proposedAs(fingerprint))).question;
}

/** @param {{fingerprint: string}} body */
export function dropProposal({ fingerprint }) {
  return inTurn(PROPOSALS, async () => {
    await memory.write(PROPOSALS, (await proposals()).filter((candidate) => candidate.fingerprint !== fingerprint));
  });
}

/** @param {Proposal} proposed */
async function describeProposal({ certificates: [certificate] }) {
  const { certificates: [info] } = await vault.call("certificate.describe", { certificates: [decode(certificate)], ...(await judging()) });
  const { fingerprint, subject, issuer, addresses, notBefore, notAfter, isCa } = info;
  return { ...info, question: { kind: "accept", fingerprint, subject, issuer, addresses, notBefore, notAfter, isCa } };
}

/** @param {string} fingerprint */
async function proposedAs(fingerprint) {
  return required((await proposals()).find((candidate) => candidate.fingerprint === fingerprint), "question-changed");
}

/** @returns {Promise<Proposal[]>} */
async function proposals() {
  return (await memory.read(PROPOSALS)) ?? [];
}

/**
 * Stores the authority of a newly imported key file. The person is asked whether to trust this authority for the
 * domains of the file's addresses. The vault judges the authority later, when a page asks for the question, so the
 * import is not delayed.
 * @param {CertificateInfo} authority @param {string[]} names the addresses of the key file
 */
export async function proposeOwnAuthority(authority, names) {
  await dropOwnAuthority();
  const domainOf = (/** @type {string} */ address) => addressKey(address.slice(address.lastIndexOf("@")));
  const addresses = [...new Set(names.filter((address) => address.includes("@")).map(domainOf))];
  if (!addresses.length || !(await policy.read()).ownDecisions) return;
  const { certificate, fingerprint, subject, issuer, notBefore, notAfter } = authority;
  const question = { kind: "own-authority", fingerprint, subject, issuer, notBefore, notAfter, addresses };
  const own = { fingerprint, subject, notBefore, notAfter, addresses, question };
  await inTurn(KEEPING, () => memory.write(OWN_AUTHORITY, { certificate: encode(certificate), own }));
}

/**
 * Whether the vault would accept this authority. The vault refuses an authority that must not be accepted, or that is
 * trusted already.
 * @param {ArrayBuffer} certificate @param {string[]} addresses
 */
async function canAccept(certificate, addresses) {
  try {
    await decideOnAuthority(certificate, addresses);
    return true;
  } catch (error) {
    if (codeOf(error).startsWith("decision-refused")) return false;
    throw error;
  }
}

/** The authority of the person's own certificate, with the question about it; null for none. */
export async function ownAuthority() {
  const authority = await memory.read(OWN_AUTHORITY);
  if (!authority) return null;
  return authority.shown && authority.judgedBy === (await digestOf(await reliedOn())) ? authority.shown : judgeOwnAuthority(authority);
}

/**
 * Judges the question. Stores the result with a hash of the trust, since a judgement takes a second of processor time.
 * Returns null and forgets the question if the person has decided already, or if the vault would refuse the decision.
 * @param {KeptAuthority} authority
 */
async function judgeOwnAuthority({ certificate, own }) {
  const judgedBy = await digestOf(await reliedOn());
  const shown = await withDecidedAddresses(own);
  const isPossible = shown !== null && (await canAccept(decode(certificate), shown.addresses));
  // An answer or another import may have changed the question meanwhile. This result is then out of date.
  return inTurn(KEEPING, async () => {
    const now = await memory.read(OWN_AUTHORITY);
    if (!now || (await digestOf(now.own)) !== (await digestOf(own))) return null;
    if (isPossible) await memory.write(OWN_AUTHORITY, { certificate, own, shown, judgedBy });
    else await memory.forget(OWN_AUTHORITY);
    return isPossible ? shown : null;
  });
}

/**
 * The question with the domains of the keys and the domains already accepted for this authority. It needs both, since a
 * new decision replaces the earlier decision. Returns null if no domain is new.
 * @param {OwnAuthority} own @returns {Promise<OwnAuthority | null>}
 */
async function withDecidedAddresses(own) {
  const decision = (await listDecisions()).find(({ fingerprint }) => fingerprint === own.fingerprint);
  if (!decision) return own;
  const decided = new Set(decision.acceptedFor.map(addressKey));
  const added = own.addresses.filter((address) => !decided.has(address));
  const addresses = [...decision.acceptedFor, ...added];
  return added.length ? { ...own, addresses, question: { ...own.question, addresses } } : null;
}

/** The person's trust, without the answers of authorities. */
async function reliedOn() {
  const { evidence: _, ...relied } = (await judging()).trust;
  return relied;
}

/** The question about the authority of an imported key file. @param {{fingerprint: string}} body */
export async function ownAuthorityQuestion({ fingerprint }) {
  const shown = await ownAuthority();
  if (shown?.fingerprint !== fingerprint) throw new RequestError("question-changed");
  return shown.question;
}

/**
 * Accepts the authority of the key file. `questions.js` has checked that the answer is for the current question.
 * @param {{addresses: string[]}} body
 */
export async function acceptOwnAuthority({ addresses }) {
  await policy.checkOwnDecisions();
  const { certificate } = await memory.find(OWN_AUTHORITY, "question-changed");
  await changeDecisions(() => decideOnAuthority(decode(certificate), addresses));
  await dropOwnAuthority();
}

export function dropOwnAuthority() {
  return inTurn(KEEPING, () => memory.forget(OWN_AUTHORITY));
}

/** @param {ArrayBuffer} certificate @param {string[]} addresses */
async function decideOnAuthority(certificate, addresses) {
  return vault.call("decision.make", { certificate, kind: "authority", addresses, intermediates: [], ...(await judging()) });
}

/**
 * Asks authorities about revocation, at the web addresses in certificates, if the person has granted these addresses.
 * @type {import("../../../wasm_build/vault/server/lookups.js").Asker}
 */
export async function askAuthorities(lookups) {
  const answers = await Promise.all(lookups.map((lookup) => askOne(lookup).catch(() => null)));
  const came = lookups.flatMap(({ kind }, index) => {
    const answer = answers[index];
    if (!answer) return [];
    return [kind === "ocsp" ? { crls: [], ocsp: [answer] } : { crls: [answer], ocsp: [] }];
  });
  return { answer: joinAnswers(came), unavailable: lookups.filter((_, index) => !answers[index]).map(({ id }) => id) };
}

/**
 * @param {Lookup} lookup @returns {Promise<ArrayBuffer | null>} null if the address is not granted or gives no answer
 */
async function askOne({ kind, url, body }) {
  if (!(await mayAsk(new URL(url)))) return null;
  const question = kind === "ocsp" ? { method: "POST", body, headers: { "Content-Type": OCSP_TYPE } } : {};
  const response = await fetch(url, {
    ...question, redirect: "error", credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store",
    signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
  });
  return response.ok ? readBounded(response) : null;
}

/**
 * Whether the extension may ask an address. If the person has granted all sites, this includes public names at the
 * usual port. Any other host needs a grant of its own, so that a certificate cannot make the extension ask hosts in the
 * person's network.
 * @param {URL} url
 */
async function mayAsk({ protocol, hostname, port }) {
  if (protocol !== "http:" && protocol !== "https:") return false;
  const { origins = [] } = await api.permissions.getAll();
  // A match pattern names no port.
  const ownGrant = `${protocol}//${hostname}/*`;
  if (origins.includes(ownGrant)) return true;
  if (port !== "" || !isPublicHost(hostname)) return false;
  return api.permissions.contains({ origins: [ownGrant] });
}

/** The body of an answer; null if it is too long. @param {Response} response */
export function readBounded(response) {
  return readAtMost(response, MAX_ANSWER_BYTES).catch(() => null);
}

/** @param {ArrayBuffer} bytes */
function encode(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
}

/** @param {string} text @returns {ArrayBuffer} */
function decode(text) {
  return Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer;
}
