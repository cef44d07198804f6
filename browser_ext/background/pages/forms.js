/**
 * Forms that a page wants to have signed as a whole. The origins in the signed form come from the browser, not from the
 * page. The window shows exactly the form that is signed.
 */
import { RequestError, required } from "../../shared/messages.js";
import { topOriginOf } from "../browser/ancestors.js";
import * as keys from "../keys/keys.js";
import * as pageJobs from "../jobs/page_jobs.js";
import * as vault from "../keys/vault_link.js";

/** The limit of a form. A person has to read the form, and `storage.session` has 10 MB for all values together. */
const MAX_CHARACTERS = 1_000_000;

/**
 * @typedef {{
 *   topOrigin: string, origin: string, action: string, method: string, enctype: string, nonce: string,
 *   entries: FormEntry[], submitter: string[],
 * }} SubmittedForm
 */

/** @param {BodyOf<"form.request">} body @param {Sender} sender */
export async function request({ action, method, enctype, nonce, entries, submitter }, sender) {
  if (!/^https?:\/\//.test(action)) throw new RequestError("bad-request");
  const form = { action, method, enctype, nonce, entries, submitter };
  if (JSON.stringify(form).length > MAX_CHARACTERS) throw new RequestError("form-too-large");
  return pageJobs.open("form", sender, { form });
}

/** The question that the window shows. @param {JobRecord} job */
export function describe(job) {
  return { kind: "form", origin: job.origin, sign: true, encrypt: false, form: whole(job) };
}

/** @param {JobRecord} job @param {{identity: string}} choice a fingerprint */
export async function agree(job, { identity }) {
  const { sealKey, identities } = await keys.unlocked(identity);
  if (!identities.length) throw new RequestError("locked");
  const { signature } = await vault.call("form.sign", { form: whole(job), identities, sealKey, at: new Date().toISOString() });
  const answer = await pageJobs.tellPage(job, { type: "form.signed", signature });
  // The job ends even if the page has changed the form meanwhile and refuses the signature. A changed form needs a new
  // signature.
  await pageJobs.drop(job);
  if (answer === "submitted") return;
  throw new RequestError(answer === "changed" ? "form-changed" : "page-gone");
}

/** @param {JobRecord} job */
export function refuse(job) {
  return pageJobs.tellPage(job, { type: "form.refused" });
}

/**
 * The form as it is shown and signed, with the origins that the browser reports.
 * @param {JobRecord} job @returns {SubmittedForm}
 */
function whole(job) {
  return { ...required(job.form, "bad-request"), origin: job.origin, topOrigin: topOriginOf(job) };
}
