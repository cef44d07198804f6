/**
 * Asks the person about a field in which the page has altered the encrypted text. The question is in the extension's
 * window, since no page can fake that window. A stopped submission stays stopped until the person decides. Closing the
 * window decides nothing.
 */
import { RequestError } from "../../shared/messages.js";
import * as pageJobs from "./page_jobs.js";

/** The window shows at most this number of characters of the page's text. */
const MAX_SHOWN_CHARACTERS = 100_000;

/** @param {BodyOf<"field.altered">} body @param {Sender} sender */
export async function report({ text, isSent }, sender) {
  const notice = { text: text.slice(0, MAX_SHOWN_CHARACTERS), isSent, isCut: text.length > MAX_SHOWN_CHARACTERS };
  return pageJobs.open("altered", sender, { notice });
}

/** The question that the window shows. @param {JobRecord} job */
export function describe({ origin, notice }) {
  return { kind: "altered", origin, notice, sign: false, encrypt: false };
}

/** Puts the encrypted text back into the field. @param {JobRecord} job */
export async function agree(job) {
  await pageJobs.drop(job);
  await pageJobs.tellPage(job, { type: "field.restore" });
}

/**
 * Leaves the altered text in the field, where it may be sent. Rejects with `bad-request` if the window did not show all
 * of the text.
 * @param {JobRecord} job
 */
export async function leave(job) {
  if (job.notice?.isCut) throw new RequestError("bad-request");
  await pageJobs.drop(job);
  await pageJobs.tellPage(job, { type: "field.leave" });
}

/** Decides nothing: the next submission is stopped again. @param {JobRecord} job */
export async function refuse(job) {
  await pageJobs.tellPage(job, { type: "field.undecided" });
}
