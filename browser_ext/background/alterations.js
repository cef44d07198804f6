/**
 * A page that altered sealed text in its field before it was sent: the person is told in the extension's window, which
 * no page can fake, and decides. The submission stays stopped until they have: closing the window decides nothing.
 */
import { RequestError } from "../shared/messages.js";
import * as pageJobs from "./page_jobs.js";
import * as promptWindow from "./prompt_window.js";

/** What is shown of a text that the page would send. */
const MAX_SHOWN_CHARACTERS = 100_000;

/** @param {any} body @param {chrome.runtime.MessageSender} sender */
export async function report({ text, isSent }, sender) {
  const notice = { text: text.slice(0, MAX_SHOWN_CHARACTERS), isSent, isCut: text.length > MAX_SHOWN_CHARACTERS };
  const job = await pageJobs.create("altered", sender, { notice });
  await promptWindow.open(job);
  return { job: job.id };
}

/** What the window shows. @param {JobRecord} job */
export function describe({ origin, notice }) {
  return { kind: "altered", origin, notice, sign: false, encrypt: false };
}

/** The sealed text goes back into the field. @param {JobRecord} job */
export async function agree(job) {
  await pageJobs.drop(job);
  await pageJobs.tellPage(job, { type: "field.restore" });
}

/** The text that the window showed stays in the field, and may be sent. @param {JobRecord} job */
export async function leave(job) {
  if (job.notice?.isCut) throw new RequestError("bad-request");
  await pageJobs.drop(job);
  await pageJobs.tellPage(job, { type: "field.leave" });
}

/** Nothing is decided: the next submission is stopped again. @param {JobRecord} job */
export async function refuse(job) {
  await pageJobs.tellPage(job, { type: "field.undecided" });
}
