/**
 * Files for a page's upload control. The person chooses the files in the extension's window, and the page gets only the
 * signed or encrypted files.
 */
import { RequestError } from "../../shared/messages.js";
import * as fields from "./fields.js";
import * as frames from "../browser/frames.js";
import * as jobs from "../jobs/jobs.js";
import * as pageJobs from "../jobs/page_jobs.js";
import * as vault from "../keys/vault_link.js";

/** @param {BodyOf<"files.request">} body @param {Sender} sender */
export async function request({ smime, proposed, multiple }, sender) {
  const files = { ...frames.protectionOf(smime), proposed: proposed.slice(0, frames.MAX_PROPOSED), multiple };
  return pageJobs.open("files", sender, { files });
}

/** The question that the window shows. @param {JobRecord} job */
export function describe(job) {
  return { kind: "files", origin: job.origin, ...job.files };
}

/**
 * Passes a part of a chosen file to the vault's owner. The part is encrypted for this owner.
 * @param {BodyOf<"files.part">} body
 */
export async function holdPart({ job: id, ...part }) {
  const job = await jobs.load(id);
  if (job.kind !== "files" || job.state !== "waiting") throw new RequestError("job-gone");
  await vault.call("files.hold", { job: id, ...part });
}

/** @param {JobRecord} job @param {{identity: string, recipients: string[]}} choice fingerprints */
export async function agree(job, choice) {
  const { sign = false, encrypt = false } = job.files ?? {};
  const { sealKey, identities, certificates } = await fields.encryptingWith({ sign, encrypt }, choice);
  const { sizes } = await vault.call("files.encrypt", {
    job: job.id, sign, identities, sealKey, recipients: certificates, at: new Date().toISOString(),
  });
  await jobs.save({ ...job, state: "done" });
  const answer = await pageJobs.tellPage(job, { type: "files.encrypted", files: nameAll(sizes, encrypt) });
  await forget(job);
  await fields.rememberReaders(job.origin, choice.recipients);
  if (answer !== "taken") throw new RequestError("page-gone");
}

/** @param {JobRecord} job */
export async function refuse(job) {
  await forget(job);
  await pageJobs.tellPage(job, { type: "files.refused" });
}

/** A part of an encrypted file, for the page that asked. @param {BodyOf<"files.take">} body @param {Sender} sender */
export async function take({ job: id, index, offset }, sender) {
  const job = await pageJobs.ofPage(id, sender);
  if (job.kind !== "files" || job.state !== "done") throw new RequestError("bad-request");
  return (await vault.call("files.take", { job: id, index, offset })).bytes;
}

/** The sizes of the files, with names that reveal nothing. @param {number[]} sizes @param {boolean} encrypt */
function nameAll(sizes, encrypt) {
  const [stem, ending] = encrypt ? ["sealed", "p7m"] : ["signed", "eml"];
  return sizes.map((size, index) => ({ size, name: `${stem}${index ? `-${index + 1}` : ""}.${ending}` }));
}

/** @param {JobRecord} job */
async function forget(job) {
  await vault.call("files.drop", { job: job.id });
  await pageJobs.drop(job);
}
