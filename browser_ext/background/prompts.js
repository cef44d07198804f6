/** What the person is asked in the extension's own window, and what follows from the answer. */
import { RequestError } from "../shared/messages.js";
import * as alterations from "./alterations.js";
import { siteOf, sitesAround } from "./ancestors.js";
import * as database from "./database.js";
import * as fields from "./fields.js";
import * as files from "./files.js";
import * as forms from "./forms.js";
import * as frames from "./frames.js";
import * as jobs from "./jobs.js";
import * as keys from "./keys.js";
import * as mails from "./mails.js";
import * as pageJobs from "./page_jobs.js";
import * as preferences from "./preferences.js";
import * as promptWindow from "./prompt_window.js";
import * as unsigned from "./unsigned.js";
import { inTurn } from "./turns.js";
import * as vault from "./vault_link.js";

/** What pages ask for without a frame. @type {Record<string, {describe: Function, agree: Function, refuse: Function}>} */
const PAGE_JOBS = { form: forms, files, altered: alterations, unsigned };
/** Notices about a page: no key is used. */
const NOTICES = ["altered", "unsigned"];

/** Everything that the window shows: the question, which the answer is bound to, and what there is to choose from. @param {any} body */
export async function claim({ job: id, replyKey }) {
  const job = await waitingJob(id);
  const wanted = job.kind === "write" ? await frames.load(job.frame) : job.files;
  return {
    question: await describe(job),
    identities: NOTICES.includes(job.kind) ? [] : await keys.identities(),
    people: await fields.peopleFor(wanted),
    readersHere: wanted?.encrypt ? await fields.readersAt(job.origin) : [],
    directory: (await preferences.read()).directory,
    text: job.kind === "write" ? await vault.call("text.show", { job: id, replyKey }) : null,
  };
}

/** The question of a job as it stands; null once it was answered. @param {{job: string}} body */
export async function question({ job: id }) {
  const job = await jobs.load(id);
  return job.state === "waiting" ? describe(job) : null;
}

/** @param {JobRecord} job @returns {Promise<object>} */
async function describe(job) {
  const asked = PAGE_JOBS[job.kind];
  if (asked) return { ...asked.describe(job), around: sitesAround(job) };
  const { sign, encrypt, proposed } = await frames.load(job.frame);
  return {
    kind: job.kind === "write" ? "write" : "open", origin: job.origin, around: sitesAround(job), sign, encrypt, proposed,
    siteKnown: !job.origin || Boolean(await database.get("sites", siteOf(job))),
  };
}

/** @param {any} body */
export async function unlock({ job, keyFile, passphrase }) {
  await waitingJob(job);
  await keys.unlock({ keyFile, passphrase });
}

/** @param {any} body @param {chrome.runtime.MessageSender} sender */
export async function agree({ job: id, identity, recipients }, sender) {
  const job = await jobs.load(id);
  // An answer is sent again when the background ended before its reply.
  if (job.state === "done") return promptWindow.close(sender);
  if (job.state !== "waiting") throw new RequestError("job-gone");
  const asked = PAGE_JOBS[job.kind];
  if (asked) {
    await asked.agree(job, { identity, recipients });
  } else if (job.kind === "write") {
    await fields.sealNow(job, { identity, recipients });
  } else {
    // The viewer is no site.
    if (job.origin) await database.put("sites", { origin: siteOf(job), since: new Date().toISOString() });
    await (job.kind === "mail" ? mails : fields).openNow(job);
  }
  return promptWindow.close(sender);
}

/** The page's own text may be sent instead of the sealed one. @param {{job: string}} body @param {chrome.runtime.MessageSender} sender */
export async function leave({ job: id }, sender) {
  const job = await waitingJob(id);
  if (job.kind !== "altered") throw new RequestError("bad-request");
  await alterations.leave(job);
  return promptWindow.close(sender);
}

/** @param {any} body @param {chrome.runtime.MessageSender} sender */
export async function refuse({ job: id }, sender) {
  // An answer that is being carried out is not taken back in the middle.
  await inTurn(`job ${id}`, async () => cancel(await waitingJob(id)));
  promptWindow.close(sender);
}

/** A window that is closed without an answer is a refusal. @param {number} windowId */
export async function closed(windowId) {
  const found = await jobs.ofWindow(windowId);
  if (!found) return;
  await inTurn(`job ${found.id}`, async () => {
    const job = await jobs.ofWindow(windowId);
    if (job) await cancel(job);
  });
}

/** @param {JobRecord} job */
async function cancel(job) {
  const asked = PAGE_JOBS[job.kind];
  if (!asked) return jobs.finish(job, { state: "cancelled" });
  await pageJobs.drop(job);
  await asked.refuse(job);
}

/** @param {string} id */
async function waitingJob(id) {
  const job = await jobs.load(id);
  if (job.state !== "waiting") throw new RequestError("job-gone");
  return job;
}
