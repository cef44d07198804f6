/**
 * Forms to be signed as a whole. Origins are what the browser says of the sender; what the window shows is exactly what
 * is signed.
 */
import { RequestError } from "../shared/messages.js";
import { topOriginOf } from "./ancestors.js";
import * as keys from "./keys.js";
import * as pageJobs from "./page_jobs.js";
import * as promptWindow from "./prompt_window.js";
import * as vault from "./vault_link.js";

/** A window is to be read by a person; `storage.session` holds 10 MB for everything together. */
const MAX_CHARACTERS = 1_000_000;

/** @typedef {{name: string, value: string, label: string, hidden: boolean, size?: number, sha256?: string}} FormEntry */
/**
 * @typedef {{
 *   topOrigin: string, origin: string, action: string, method: string, enctype: string, nonce: string,
 *   entries: FormEntry[], submitter: string[],
 * }} SubmittedForm
 */

/** @param {any} body @param {chrome.runtime.MessageSender} sender */
export async function request({ action, method, enctype, nonce, entries, submitter }, sender) {
  if (!/^https?:\/\//.test(action)) throw new RequestError("bad-request");
  const form = { action, method, enctype, nonce, entries, submitter };
  if (JSON.stringify(form).length > MAX_CHARACTERS) throw new RequestError("form-too-large");
  const job = await pageJobs.create("form", sender, { form });
  await promptWindow.open(job);
  return { job: job.id };
}

/** What the window shows. @param {JobRecord} job */
export function describe(job) {
  return { kind: "form", origin: job.origin, sign: true, encrypt: false, form: whole(job) };
}

/** @param {JobRecord} job @param {{identity: string}} choice a fingerprint */
export async function agree(job, { identity }) {
  const { sealKey, identities } = await keys.unlocked(identity);
  if (!identities.length) throw new RequestError("locked");
  const at = new Date().toISOString();
  const { signature } = await vault.call("form.sign", { form: whole(job), identities, sealKey, at });
  const answer = await pageJobs.tellPage(job, { type: "form.signed", signature });
  // The page has had its answer: what it changed is not what was read, and needs another one.
  await pageJobs.drop(job);
  if (answer === "submitted") return;
  throw new RequestError(answer === "changed" ? "form-changed" : "page-gone");
}

/** @param {JobRecord} job */
export function refuse(job) {
  return pageJobs.tellPage(job, { type: "form.refused" });
}

/** The form as it is shown and signed, with the origins that the browser told. @param {JobRecord} job @returns {SubmittedForm} */
function whole(job) {
  return { ...job.form, origin: job.origin, topOrigin: topOriginOf(job) };
}
