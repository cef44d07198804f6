/** Encrypts and decrypts the fields of pages. The origin is always the frame's origin as the browser reports it. */
import { holderText } from "../../../wasm_build/ui/shown_names.js";
import { RequestError, required } from "../../shared/messages.js";
import { siteOf } from "../browser/ancestors.js";
import * as database from "../../shared/database.js";
import * as frames from "../browser/frames.js";
import * as jobs from "../jobs/jobs.js";
import * as keys from "../keys/keys.js";
import * as memory from "../browser/memory.js";
import * as optionsPage from "../browser/options_page.js";
import * as promptWindow from "../browser/prompt_window.js";
import { showTab } from "../browser/tabs.js";
import * as trust from "../people/trust.js";
import { inTurn } from "../browser/turns.js";
import * as vault from "../keys/vault_link.js";

/**
 * The number of texts that an origin may ask to open per minute. Without this limit a page could use the extension as a
 * decryption oracle.
 */
const OPENINGS_PER_MINUTE = 20;
const MINUTE_MILLISECONDS = 60_000;

/** @param {BodyOf<"field.write">} body @param {Sender} sender */
export async function write(body, sender) {
  const frame = await frames.ofBroker(body.frame, sender, "write");
  const job = await jobs.create(frame);
  await vault.call("text.hold", { job: job.id, envelope: body.text });
  await promptWindow.open(job).catch(async (error) => {
    await vault.call("text.drop", { job: job.id });
    throw error;
  });
  return { job: job.id };
}

/** Tells the page that the person continues writing in an encrypted field. @param {BodyOf<"field.change">} body @param {Sender} sender */
export async function change({ frame }, sender) {
  await frames.tellPage(await frames.ofBroker(frame, sender), { type: "field.changing" });
}

/** @param {BodyOf<"field.verify">} body @param {Sender} sender */
export async function verify(body, sender) {
  const frame = await frames.ofBroker(body.frame, sender, "open");
  await spendBudget(frame);
  const job = await jobs.create(frame, Array.from(new Uint8Array(body.replyKey)));
  const site = await database.get("sites", siteOf(frame));
  const { identities } = await keys.unlocked();
  if (site && identities.length) await openNow(job);
  else await promptWindow.open(job);
  return { job: job.id };
}

/**
 * Signs and encrypts a job's text for the chosen people and for the writer.
 * @param {JobRecord} job
 * @param {{identity: string, recipients: string[]}} choice fingerprints
 */
export async function encryptNow(job, choice) {
  const frame = await frames.load(job.frame);
  const { own, people, sealKey, identities, certificates } = await encryptingWith(frame, choice);
  const { armored } = await vault.call("field.encrypt", {
    job: job.id, origin: frame.origin, sign: frame.sign, identities, sealKey, recipients: certificates, at: new Date().toISOString(),
  });
  // An editor accepts a text only while it has the focus, and it cannot have the focus while its window is in the
  // background.
  if (!frame.inWindow) await showTab(frame.tabId).catch(() => {});
  const taken = await frames.askPage(frame, { type: "field.encrypted", armored });
  if (taken !== true) {
    await promptWindow.show(job);
    throw new RequestError(taken ?? "page-gone");
  }
  await rememberReaders(frame.origin, choice.recipients);
  const result = { people: people.map(holderText), signedAs: frame.sign ? holderText(own) : null, encrypted: frame.encrypt };
  await jobs.finish(job, { state: "done", result });
}

/**
 * The fingerprints of readers for whom something was encrypted on a site. The window marks all other readers as new.
 * @param {string} origin
 */
export async function readersAt(origin) {
  return (await database.get("settings", readersName(origin)))?.fingerprints ?? [];
}

/** @param {string} origin @param {string[]} chosen fingerprints */
export async function rememberReaders(origin, chosen) {
  const fingerprints = [...new Set([...(await readersAt(origin)), ...chosen])];
  await database.put("settings", { name: readersName(origin), fingerprints });
}

/** The entry of a site's readers in the store `settings`. @param {string} origin @returns {`readers at ${string}`} */
export function readersName(origin) {
  return `readers at ${origin}`;
}

/**
 * The keys and certificates that a person chose in the window.
 * @param {{sign: boolean, encrypt: boolean}} protection
 * @param {{identity: string, recipients: string[]}} choice fingerprints
 */
export async function encryptingWith({ sign, encrypt }, { identity, recipients }) {
  const own = await keys.findIdentity(identity);
  if (sign && own.locked) throw new RequestError("locked");
  const people = await peopleBy(encrypt ? recipients : []);
  const { sealKey, identities } = sign ? await keys.unlocked(identity) : { sealKey: null, identities: [] };
  // The writer can always read what they wrote.
  const certificates = encrypt ? [own, ...people].map(({ certificate }) => certificate) : [];
  return { own, people, sealKey, identities, certificates };
}

/** The people that the window offers as readers. @param {{encrypt: boolean, proposed: string[]} | undefined} wanted */
export async function peopleFor(wanted) {
  return keys.checkPeople(wanted?.encrypt ? await database.all("people") : [], keys.isProposed(wanted?.proposed ?? []));
}

/** @param {string[]} fingerprints */
async function peopleBy(fingerprints) {
  const records = await Promise.all(fingerprints.map((fingerprint) => database.get("people", fingerprint)));
  const people = records.filter((person) => person !== undefined);
  if (people.length < records.length) throw new RequestError("no-such-person");
  const checked = await keys.checkPeople(people, () => true);
  if (checked.some(({ usable }) => !usable)) throw new RequestError("certificate-not-usable");
  return checked;
}

/** Opens a job's field. An error becomes the job's outcome, which the frame shows. @param {JobRecord} job */
export async function openNow(job) {
  const openedAt = Date.now();
  try {
    const frame = await frames.load(job.frame);
    const opened = await vault.call("field.verify", {
      job: job.id, cms: frame.cms, origin: frame.origin, replyKey: new Uint8Array(job.replyKey).buffer,
      ...(await keys.unlocked()), ...(await trust.judging()),
    });
    await jobs.finish(job, jobs.opened(opened, openedAt));
  } catch (error) {
    await jobs.finish(job, jobs.failed(error));
  }
}

/**
 * Asks the certificate authorities, and judges an opened field again. Returns only the verdict, since the frame already
 * has the text.
 * @param {BodyOf<"field.settle">} body @param {Sender} sender
 */
export async function settle(body, sender) {
  const { report } = await judgeAgain(await frames.ofBroker(body.frame, sender), trust.askAuthorities);
  return { report };
}

/**
 * Keeps a certificate of an opened field, and opens the page on which the person decides whether to trust it.
 * @param {BodyOf<"trust.propose">} body @param {Sender} sender
 */
export async function propose({ frame: id, fingerprint }, sender) {
  const { certificates } = await judgeAgain(await frames.ofBroker(id, sender), nobodyAsked);
  await proposeOneOf(certificates, fingerprint);
}

/**
 * Keeps one of the certificates that came with a text, and opens the page on which the person decides whether to trust
 * it.
 * @param {{fingerprint: string, certificate: ArrayBuffer}[]} carried
 * @param {string} fingerprint
 */
export async function proposeOneOf(carried, fingerprint) {
  const chosen = required(carried.find((certificate) => certificate.fingerprint === fingerprint), "bad-request");
  await trust.propose(fingerprint, chosen.certificate, carried.map(({ certificate }) => certificate));
  await optionsPage.open({ section: "trust" });
}

/** Asks no authority. Every answer counts as unavailable. @type {import("../../../wasm_build/vault/server/lookups.js").Asker} */
export async function nobodyAsked(lookups) {
  return { answer: { crls: [], ocsp: [] }, unavailable: lookups.map(({ id }) => id) };
}

/** @param {FrameRecord} frame @param {import("../../../wasm_build/vault/server/lookups.js").Asker} ask */
function judgeAgain({ cms, origin }, ask) {
  return trust.judgeWith(async (judging) => vault.call("field.judge", { cms, origin, ...(await keys.unlocked()), ...judging }), ask);
}

/**
 * Counts one more opening for a site and for each page around the site. Rejects with `budget-spent`.
 * @param {import("../browser/ancestors.js").Place} place
 */
export function spendBudget({ origin, ancestors }) {
  return inTurn("budget", async () => {
    const now = Date.now();
    const budgets = await Promise.all([...new Set([origin, ...ancestors])].map(async (paying) => {
      const name = /** @type {const} */ (`budget:${paying}`);
      return { name, recent: ((await memory.read(name)) ?? []).filter((time) => time > now - MINUTE_MILLISECONDS) };
    }));
    if (budgets.some(({ recent }) => recent.length >= OPENINGS_PER_MINUTE)) throw new RequestError("budget-spent");
    for (const { name, recent } of budgets) await memory.write(name, [...recent, now]);
  });
}
