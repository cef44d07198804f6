/**
 * Mail that is read: held by the vault's owner, opened for a frame in a page or for the viewer.
 *
 * What is not sealed needs no key and no consent. What is sealed is opened like a field: by a click, with the site's
 * permission and within its budget; the viewer is the extension's own page, and the click there is the consent.
 */
import { judgeInRounds, whileChecking } from "../runtime/lookups.js";
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import { siteOf } from "./ancestors.js";
import * as contacts from "./contacts.js";
import * as database from "./database.js";
import * as fields from "./fields.js";
import * as frames from "./frames.js";
import * as jobs from "./jobs.js";
import * as keys from "./keys.js";
import * as promptWindow from "./prompt_window.js";
import * as trust from "./trust.js";
import * as vault from "./vault_link.js";

/** @typedef {chrome.runtime.MessageSender} Sender */

/** @param {{bytes: ArrayBuffer, name: string}} body @returns {Promise<{mail: string}>} */
export function hold({ bytes, name }) {
  return vault.call("mail.hold", { bytes, name });
}

/** Opens the viewer in a tab, with a mail that is held. @param {{mail: string}} body */
export async function openViewer({ mail }) {
  await api.tabs.create({ url: api.runtime.getURL(`viewer.html${mail ? `?mail=${encodeURIComponent(mail)}` : ""}`) });
}

/** What the viewer shows gets a record like a frame in a page. @param {{mail: string, content: string}} body @param {Sender} sender */
export async function claimViewer(body, sender) {
  return { frame: (await frames.createForViewer(body, sender)).id };
}

/** What a held file is, by the names of `bytes.inspect`. @param {{mail: string}} body */
export function inspect({ mail }) {
  return vault.call("mail.inspect", { mail });
}

/** The certificates in a held file, as the vault judges them. @param {{mail: string}} body */
export async function certificates({ mail }) {
  return vault.call("mail.certificates", { mail, ...(await trust.judging()) });
}

/** @param {{frame: string, replyKey: ArrayBuffer}} body @param {Sender} sender */
export async function open({ frame: id, replyKey }, sender) {
  const frame = await mailFrame(id, sender);
  if (frame.origin) await fields.spendBudget(frame);
  const job = await jobs.create(frame, Array.from(new Uint8Array(replyKey)));
  const mayDecrypt = !frame.origin || (await database.get("sites", siteOf(frame)));
  const opened = await tryToOpen(job, { withKeys: Boolean(mayDecrypt) });
  if (opened) return { job: job.id };
  const { identities } = await keys.unlocked();
  if (mayDecrypt && identities.length) await fail(job, new RequestError("no-key-open"));
  else await promptWindow.open(job);
  return { job: job.id };
}

/** Opens a job's mail once the person has agreed. @param {JobRecord} job */
export async function openNow(job) {
  if (!(await tryToOpen(job, { withKeys: true }))) await fail(job, new RequestError("no-key-open"));
}

/**
 * @param {JobRecord} job
 * @param {{withKeys: boolean}} options
 * @returns {Promise<boolean>} false when it is sealed and no key that may be used opens it
 */
async function tryToOpen(job, { withKeys }) {
  const openedAt = Date.now();
  try {
    const frame = await frames.load(job.frame);
    const [held, judging, known] = await Promise.all([
      withKeys ? keys.unlocked() : { sealKey: null, identities: [] }, trust.judging(), contacts.read(),
    ]);
    const { isClosed, report, lookups, harvest } = await vault.call("mail.open", {
      job: job.id, frame: frame.id, mail: frame.mail, content: frame.content, replyKey: new Uint8Array(job.replyKey).buffer,
      ...held, ...judging, contacts: known?.slice(0) ?? null,
    });
    if (isClosed) return false;
    const settled = lookups.length === 0;
    await jobs.finish(job, { state: "done", result: { report: settled ? report : whileChecking(report), settled, openedAt } });
    // Only the last word on a mail lets its sender be remembered; the mail is shown meanwhile, and whatever becomes of it.
    if (settled) void contacts.keepHarvest(harvest, known).catch(() => undefined);
  } catch (error) {
    await fail(job, error);
  }
  return true;
}

/** @param {JobRecord} job @param {any} error */
function fail(job, error) {
  const { code = "unknown", message } = error;
  return jobs.finish(job, { state: "failed", error: { code: String(code), message: String(message) } });
}

/** The verdict on a mail that was opened, after authorities were asked. @param {any} body @param {Sender} sender */
export async function settle({ frame: id }, sender) {
  const { report, harvest, known } = await judgeAgain(await mailFrame(id, sender), trust.askAuthorities);
  void contacts.keepHarvest(harvest, known).catch(() => undefined);
  return { report };
}

/**
 * Keeps a certificate of an opened mail for the person's decision, and opens the page where it is made.
 * @param {{frame: string, fingerprint: string}} body
 * @param {Sender} sender
 */
export async function propose({ frame: id, fingerprint }, sender) {
  const judged = await judgeAgain(await mailFrame(id, sender), fields.nobodyAsked);
  await fields.proposeOneOf(judged.certificates, fingerprint);
}

/** One file of an opened mail, sealed to its view. @param {{frame: string, file: number}} body @param {Sender} sender */
export async function file({ frame: id, file: index }, sender) {
  await mailFrame(id, sender);
  return vault.call("mail.file", { frame: id, file: index });
}

/**
 * Opens a message that was attached to another in a viewer of its own.
 * @param {{frame: string, name: string, envelope: Envelope}} body
 * @param {Sender} sender
 */
export async function openAttached({ frame: id, name, envelope }, sender) {
  await mailFrame(id, sender);
  await openViewer(await vault.call("mail.hold-sealed", { envelope, name }));
}

/**
 * Answers or forwards the mail in a page's frame: its content script knows how that webmail sends.
 * @param {{frame: string, kind: string}} body
 * @param {Sender} sender
 */
export async function answer({ frame: id, kind }, sender) {
  const problem = await frames.askPage(await mailFrame(id, sender), { type: "mail.answer", kind });
  if (problem !== true) throw new RequestError(problem ?? "mail-gone");
}

/** @param {FrameRecord} frame @param {import("../runtime/lookups.js").Asker} ask */
async function judgeAgain(frame, ask) {
  const judge = async (/** @type {import("../runtime/trust.js").Evidence} */ evidence) => {
    const opening = { mail: frame.mail, content: frame.content, ...(await keys.unlocked()), ...(await trust.judging(evidence)) };
    const known = await contacts.read();
    return { ...(await vault.call("mail.judge", { ...opening, contacts: known?.slice(0) ?? null })), known };
  };
  let last;
  for await (const judgement of judgeInRounds(judge, { ask, store: trust.store })) last = judgement;
  if (!last) throw new RequestError("unknown");
  return last.judged;
}

/** @param {string} id @param {Sender} sender */
async function mailFrame(id, sender) {
  const frame = await frames.ofBroker(id, sender);
  if (frame.kind !== "mail") throw new RequestError("bad-request");
  return frame;
}
