/**
 * Notices about a form that may have been sent without its signature: the page read the form's entries and then left.
 * The page is gone, so the extension's window shows the notice. The person has nothing to decide.
 */
import * as pageJobs from "./page_jobs.js";

/** The window shows at most this number of characters of the address. */
const MAX_ACTION_CHARACTERS = 2_000;

/** @param {{action: string}} body @param {Sender} sender */
export async function report({ action }, sender) {
  return pageJobs.open("unsigned", sender, { notice: { text: action.slice(0, MAX_ACTION_CHARACTERS), isSent: true } });
}

/** The notice that the window shows. @param {JobRecord} job */
export function describe({ origin, notice }) {
  return { kind: "unsigned", origin, notice, sign: false, encrypt: false };
}

/** @param {JobRecord} job */
export function agree(job) {
  return pageJobs.drop(job);
}

/** Does nothing: the document that sent the form is gone. */
export function refuse() {}
