/**
 * Jobs that a page's content script asks for without a frame, such as a form to sign or files to encrypt. A job belongs
 * to the document that asked, in its tab and frame.
 */
import { api } from "../../shared/api.js";
import { RequestError, required } from "../../shared/messages.js";
import { placeOf, senderOrigin } from "../browser/ancestors.js";
import * as jobs from "./jobs.js";
import * as memory from "../browser/memory.js";
import * as promptWindow from "../browser/prompt_window.js";

/**
 * @param {JobRecord["kind"]} kind
 * @param {Sender} sender
 * @param {Partial<JobRecord>} content
 * @returns {Promise<JobRecord>}
 */
async function create(kind, sender, content) {
  const page = pageOf(sender);
  const place = await placeOf(sender);
  /** @type {JobRecord} */
  const job = {
    id: crypto.randomUUID(), frame: "", tabId: page.tabId, kind, ...place, state: "waiting", replyKey: [], page, ...content,
  };
  await jobs.save(job);
  return job;
}

/**
 * Creates a job and opens its window.
 * @param {JobRecord["kind"]} kind
 * @param {Sender} sender
 * @param {Partial<JobRecord>} content
 */
export async function open(kind, sender, content) {
  const job = await create(kind, sender, content);
  await promptWindow.open(job);
  return { job: job.id };
}

/**
 * The job that this document has asked for. Rejects with `bad-request`.
 * @param {string} id
 * @param {Sender} sender
 */
export async function ofPage(id, sender) {
  const job = await jobs.load(id);
  if (!isSamePage(job.page, pageOf(sender)) || job.origin !== senderOrigin(sender)) {
    throw new RequestError("bad-request");
  }
  return job;
}

/**
 * Sends a message to the document that asked. If another document has been loaded there, it does not know the job's id
 * and gives no answer.
 * @param {JobRecord} job
 * @param {object} message
 * @returns {Promise<unknown>} the document's answer, or undefined
 */
export async function tellPage({ id, page }, message) {
  if (!page) return undefined;
  const place = page.documentId ? { documentId: page.documentId } : { frameId: page.frameId };
  return api.tabs.sendMessage(page.tabId, { ...message, frame: id }, place).catch(() => undefined);
}

/** Forgets a job that is over. Nobody waits for its outcome. @param {JobRecord} job */
export function drop({ id }) {
  return memory.forget(`job:${id}`);
}

/** @param {Sender} sender */
function pageOf({ tab, frameId, documentId }) {
  return { tabId: required(tab?.id, "bad-request"), frameId: frameId ?? 0, documentId: documentId ?? "" };
}

/** @param {JobRecord["page"]} page @param {NonNullable<JobRecord["page"]>} other */
function isSamePage(page, other) {
  return page?.tabId === other.tabId && page.frameId === other.frameId && page.documentId === other.documentId;
}
