/**
 * A page that asks for a signature read the form without one and then left: it may have sent the form. The person is told
 * in the extension's window, since the page is gone. A notice; there is nothing to decide.
 */
import * as pageJobs from "./page_jobs.js";
import * as promptWindow from "./prompt_window.js";

/** What is shown of the address. */
const MAX_ACTION_CHARACTERS = 2_000;

/** @param {{action: string}} body @param {chrome.runtime.MessageSender} sender */
export async function report({ action }, sender) {
  const job = await pageJobs.create("unsigned", sender, { notice: { text: action.slice(0, MAX_ACTION_CHARACTERS), isSent: true } });
  await promptWindow.open(job);
  return { job: job.id };
}

/** What the window shows. @param {JobRecord} job */
export function describe({ origin, notice }) {
  return { kind: "unsigned", origin, notice, sign: false, encrypt: false };
}

/** @param {JobRecord} job */
export function agree(job) {
  return pageJobs.drop(job);
}

/** The document that sent the form is gone: nobody waits for an answer. */
export function refuse() {}
