/** Sealing and opening fields. The origin always is the frame's, as the browser told it. */
import { judgeInRounds, whileChecking } from "../runtime/lookups.js";
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import { siteOf } from "./ancestors.js";
import * as database from "./database.js";
import * as frames from "./frames.js";
import * as jobs from "./jobs.js";
import * as keys from "./keys.js";
import * as memory from "./memory.js";
import * as promptWindow from "./prompt_window.js";
import * as trust from "./trust.js";
import { inTurn } from "./turns.js";
import * as vault from "./vault_link.js";

/** How often an origin may have fields opened: without a budget every page is a decryption oracle. */
const OPENINGS_PER_MINUTE = 20;
const MINUTE_MILLISECONDS = 60_000;

/** @param {any} body @param {chrome.runtime.MessageSender} sender */
export async function write(body, sender) {
  const frame = await frames.ofBroker(body.frame, sender);
  if (frame.kind !== "write") throw new RequestError("bad-request");
  const job = await jobs.create(frame);
  await vault.call("text.hold", { job: job.id, envelope: body.text });
  await promptWindow.open(job).catch(async (error) => {
    await vault.call("text.drop", { job: job.id });
    throw error;
  });
  return { job: job.id };
}

/** @param {any} body @param {chrome.runtime.MessageSender} sender */
export async function open(body, sender) {
  const frame = await frames.ofBroker(body.frame, sender);
  if (frame.kind !== "open") throw new RequestError("bad-request");
  await spendBudget(frame);
  const job = await jobs.create(frame, Array.from(new Uint8Array(body.replyKey)));
  const site = await database.get("sites", siteOf(frame));
  const { identities } = await keys.unlocked();
  if (site && identities.length) await openNow(job);
  else await promptWindow.open(job);
  return { job: job.id };
}

/**
 * Signs and seals a job's text for the chosen people and for the writer.
 * @param {JobRecord} job
 * @param {{identity: string, recipients: string[]}} choice fingerprints
 */
export async function sealNow(job, choice) {
  const frame = await frames.load(job.frame);
  const { own, people, sealKey, identities, certificates } = await sealingWith(frame, choice);
  const at = new Date().toISOString();
  const { armored } = await vault.call("field.seal", {
    job: job.id, origin: frame.origin, sign: frame.sign, identities, sealKey, recipients: certificates, at,
  });
  const taken = await frames.askPage(frame, { type: "field.sealed", armored });
  if (taken !== true) throw new RequestError(taken ?? "page-gone");
  await frames.dropKept(await frames.load(frame.id));
  await rememberReaders(frame.origin, choice.recipients);
  const named = people.map(({ addresses, subject }) => addresses[0] ?? subject);
  const result = { people: named, signedAs: frame.sign ? own.addresses[0] ?? own.subject : null, encrypted: frame.encrypt };
  await jobs.finish(job, { state: "done", result });
}

/** Whom something was sealed for on a site: anybody else is said to be new there. @param {string} origin */
export async function readersAt(origin) {
  const known = await database.get("settings", readersName(origin));
  return /** @type {string[]} */ (known?.fingerprints ?? []);
}

/** @param {string} origin @param {string[]} chosen fingerprints */
export async function rememberReaders(origin, chosen) {
  const fingerprints = [...new Set([...(await readersAt(origin)), ...chosen])];
  await database.put("settings", { name: readersName(origin), fingerprints });
}

/** Under which name they stand among the settings. @param {string} origin */
export function readersName(origin) {
  return `readers at ${origin}`;
}

/**
 * Keys and certificates for what a person chose in the window.
 * @param {{sign: boolean, encrypt: boolean}} wanted
 * @param {{identity: string, recipients: string[]}} choice fingerprints
 */
export async function sealingWith({ sign, encrypt }, { identity, recipients }) {
  const own = (await keys.identities()).find(({ fingerprint }) => fingerprint === identity);
  if (!own) throw new RequestError("no-such-key");
  if (sign && own.locked) throw new RequestError("locked");
  const people = await peopleBy(encrypt ? recipients : []);
  const { sealKey, identities } = sign ? await keys.unlocked(identity) : { sealKey: null, identities: [] };
  // The writer can always read what they wrote.
  const certificates = encrypt ? [own, ...people].map(({ certificate }) => certificate) : [];
  return { own, people, sealKey, identities, certificates };
}

/** Whom the window offers as readers. @param {{encrypt: boolean, proposed: string[]} | undefined} wanted */
export async function peopleFor(wanted) {
  return keys.checkPeople(wanted?.encrypt ? await database.all("people") : [], keys.isProposed(wanted?.proposed ?? []));
}

/** @param {string[]} fingerprints @returns {Promise<CertificateInfo[]>} */
export async function peopleBy(fingerprints) {
  const people = await Promise.all(fingerprints.map((fingerprint) => database.get("people", fingerprint)));
  if (people.includes(undefined)) throw new RequestError("no-such-person");
  const checked = await keys.checkPeople(people, () => true);
  if (checked.some(({ usable }) => !usable)) throw new RequestError("certificate-not-usable");
  return checked;
}

/** Opens a job's field; what goes wrong is shown in the frame. @param {JobRecord} job */
export async function openNow(job) {
  const openedAt = Date.now();
  try {
    const frame = await frames.load(job.frame);
    const { sealKey, identities } = await keys.unlocked();
    const { report, lookups } = await vault.call("field.open", {
      job: job.id, cms: frame.cms, origin: frame.origin, replyKey: new Uint8Array(job.replyKey).buffer,
      identities, sealKey, ...(await trust.judging()),
    });
    const settled = lookups.length === 0;
    await jobs.finish(job, { state: "done", result: { report: settled ? report : whileChecking(report), settled, openedAt } });
  } catch (error) {
    const { code = "unknown", message } = /** @type {any} */ (error);
    await jobs.finish(job, { state: "failed", error: { code: String(code), message: String(message) } });
  }
}

/**
 * The verdict on a field that was opened, after authorities were asked; its text stays where it is.
 * @param {any} body @param {chrome.runtime.MessageSender} sender
 */
export async function settle(body, sender) {
  const { judged } = await judgeAgain(await frames.ofBroker(body.frame, sender), trust.askAuthorities);
  return { report: judged.report };
}

/**
 * Keeps a certificate of an opened field for the person's decision, and opens the page where it is made.
 * @param {any} body @param {chrome.runtime.MessageSender} sender
 */
export async function propose({ frame: id, fingerprint }, sender) {
  const { judged } = await judgeAgain(await frames.ofBroker(id, sender), nobodyAsked);
  await proposeOneOf(judged.certificates, fingerprint);
}

/**
 * Keeps one of the certificates that a text carries for the person's decision, and opens the page where it is made.
 * @param {{fingerprint: string, certificate: ArrayBuffer}[]} carried
 * @param {string} fingerprint
 */
export async function proposeOneOf(carried, fingerprint) {
  const chosen = carried.find((one) => one.fingerprint === fingerprint);
  if (!chosen) throw new RequestError("bad-request");
  await trust.propose(fingerprint, chosen.certificate, carried.map(({ certificate }) => certificate));
  await api.runtime.openOptionsPage();
}

/** @type {import("../runtime/lookups.js").Asker} */
export async function nobodyAsked(lookups) {
  return { answer: { crls: [], ocsp: [] }, unavailable: lookups.map(({ id }) => id) };
}

/** @param {FrameRecord} frame @param {import("../runtime/lookups.js").Asker} ask */
async function judgeAgain(frame, ask) {
  const judge = async (/** @type {import("../runtime/trust.js").Evidence} */ evidence) => {
    const { sealKey, identities } = await keys.unlocked();
    const opening = { cms: frame.cms, origin: frame.origin, identities, sealKey };
    return vault.call("field.judge", { ...opening, ...(await trust.judging(evidence)) });
  };
  let last;
  for await (const judgement of judgeInRounds(judge, { ask, store: trust.store })) last = judgement;
  if (!last) throw new RequestError("unknown");
  return last;
}

/** A site and all pages around it pay. @param {import("./ancestors.js").Place} place */
export function spendBudget({ origin, ancestors }) {
  return inTurn("budget", () => spend({ origin, ancestors }));
}

/** @param {import("./ancestors.js").Place} place */
async function spend({ origin, ancestors }) {
  const now = Date.now();
  const budgets = await Promise.all([...new Set([origin, ...ancestors])].map(async (paying) => {
    const name = `budget:${paying}`;
    const spent = /** @type {number[]} */ ((await memory.read(name)) ?? []);
    return { name, recent: spent.filter((time) => time > now - MINUTE_MILLISECONDS) };
  }));
  if (budgets.some(({ recent }) => recent.length >= OPENINGS_PER_MINUTE)) throw new RequestError("budget-spent");
  for (const { name, recent } of budgets) await memory.write(name, [...recent, now]);
}
