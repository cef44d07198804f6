/** The questions in the extension's own window, and the actions that follow from the answers. */
import { RequestError } from "../../shared/messages.js";
import * as alterations from "./alterations.js";
import { siteOf, sitesAround } from "../browser/ancestors.js";
import * as database from "../../shared/database.js";
import * as fields from "../pages/fields.js";
import * as files from "../pages/files.js";
import * as forms from "../pages/forms.js";
import * as frames from "../browser/frames.js";
import * as jobs from "./jobs.js";
import * as keys from "../keys/keys.js";
import * as mails from "../mail/mails.js";
import * as pageJobs from "./page_jobs.js";
import * as preferences from "../browser/preferences.js";
import * as promptWindow from "../browser/prompt_window.js";
import * as unsigned from "./unsigned.js";
import { inTurn } from "../browser/turns.js";
import * as vault from "../keys/vault_link.js";

/**
 * The module for each kind of job that has no frame.
 * @type {Partial<Record<JobRecord["kind"], typeof forms | typeof files | typeof alterations | typeof unsigned>>}
 */
const PAGE_JOBS = { form: forms, files, altered: alterations, unsigned };
/** The kinds of jobs that only show a notice about a page. They use no key. */
const NOTICES = ["altered", "unsigned"];

/**
 * The content of the window: the choices, and the question to which the answer is bound.
 * @param {BodyOf<"prompt.claim">} body
 */
export async function claim({ job: id, replyKey }) {
  const job = await waitingJob(id);
  const request = job.kind === "write" ? await frames.load(job.frame) : job.files;
  return {
    question: await describe(job),
    identities: NOTICES.includes(job.kind) ? [] : await keys.identities(),
    people: await fields.peopleFor(request),
    readersHere: request?.encrypt ? await fields.readersAt(job.origin) : [],
    directory: (await preferences.read()).directory,
    text: job.kind === "write" ? await vault.call("text.show", { job: id, replyKey }) : null,
  };
}

/** The current question of a job; null if the question was answered. @param {{job: string}} body */
export async function question({ job: id }) {
  const job = await jobs.load(id);
  return job.state === "waiting" ? describe(job) : null;
}

/** @param {JobRecord} job */
async function describe(job) {
  const pageJob = PAGE_JOBS[job.kind];
  if (pageJob) return { ...pageJob.describe(job), around: sitesAround(job) };
  const { sign, encrypt, proposed } = await frames.load(job.frame);
  return {
    kind: job.kind === "write" ? "write" : "open", origin: job.origin, around: sitesAround(job), sign, encrypt, proposed,
    siteKnown: !job.origin || Boolean(await database.get("sites", siteOf(job))),
  };
}

/** @param {BodyOf<"prompt.unlock">} body */
export async function unlock({ job, keyFile, passphrase }) {
  await waitingJob(job);
  await keys.unlock({ keyFile, passphrase });
}

/** @param {BodyOf<"prompt.agree">} body @param {Sender} sender */
export async function agree({ job: id, identity, recipients }, sender) {
  const job = await jobs.load(id);
  // The window sends its answer again if the background ended before it replied.
  if (job.state === "done") return promptWindow.close(sender);
  if (job.state !== "waiting") throw new RequestError("job-gone");
  const pageJob = PAGE_JOBS[job.kind];
  if (pageJob) {
    await pageJob.agree(job, { identity, recipients });
  } else if (job.kind === "write") {
    await fields.encryptNow(job, { identity, recipients });
  } else {
    // The viewer has no origin, so there is no site to remember.
    if (job.origin) await database.put("sites", { origin: siteOf(job), since: new Date().toISOString() });
    await (job.kind === "mail" ? mails : fields).openNow(job);
  }
  return promptWindow.close(sender);
}

/** Lets the page send its own text instead of the encrypted one. @param {{job: string}} body @param {Sender} sender */
export async function leave({ job: id }, sender) {
  const job = await waitingJob(id);
  if (job.kind !== "altered") throw new RequestError("bad-request");
  await alterations.leave(job);
  return promptWindow.close(sender);
}

/** @param {BodyOf<"prompt.refuse">} body @param {Sender} sender */
export async function refuse({ job: id }, sender) {
  // A refusal does not stop a job whose answer is already being carried out.
  await inTurn(`job ${id}`, async () => cancel(await waitingJob(id)));
  promptWindow.close(sender);
}

/** Counts a window that was closed without an answer as a refusal. @param {number} windowId */
export async function closed(windowId) {
  const record = await jobs.ofWindow(windowId);
  if (!record) return;
  await inTurn(`job ${record.id}`, async () => {
    const job = await jobs.ofWindow(windowId);
    if (job) await cancel(job);
  });
}

/** @param {JobRecord} job */
async function cancel(job) {
  const pageJob = PAGE_JOBS[job.kind];
  if (!pageJob) return jobs.finish(job, { state: "cancelled" });
  await pageJobs.drop(job);
  await pageJob.refuse(job);
}

/** @param {string} id */
async function waitingJob(id) {
  const job = await jobs.load(id);
  if (job.state !== "waiting") throw new RequestError("job-gone");
  return job;
}
