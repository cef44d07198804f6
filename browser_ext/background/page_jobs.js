/**
 * Jobs that a page's content script asks for without a frame: a form to sign, files to seal. They belong to the tab,
 * frame and origin of the document that asked.
 */
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import { placeOf, senderOrigin } from "./ancestors.js";
import * as jobs from "./jobs.js";
import * as memory from "./memory.js";

/**
 * @param {JobRecord["kind"]} kind
 * @param {chrome.runtime.MessageSender} sender
 * @param {Partial<JobRecord>} content
 * @returns {Promise<JobRecord>}
 */
export async function create(kind, sender, content) {
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
 * The job that this document has asked for.
 * @param {string} id
 * @param {chrome.runtime.MessageSender} sender
 */
export async function ofPage(id, sender) {
  const job = await jobs.load(id);
  if (!isSamePage(job.page, pageOf(sender)) || job.origin !== senderOrigin(sender)) {
    throw new RequestError("bad-request");
  }
  return job;
}

/**
 * Tells the document that asked; a later one in its place does not know the job's id and gives no answer.
 * @param {JobRecord} job
 * @param {object} message
 * @returns {Promise<any>} its answer, or undefined
 */
export async function tellPage({ id, page }, message) {
  if (!page) return undefined;
  const place = page.documentId ? { documentId: page.documentId } : { frameId: page.frameId };
  const sent = api.tabs.sendMessage(page.tabId, { ...message, frame: id }, place);
  return sent.catch(() => undefined);
}

/** The job is over, and nobody waits for its outcome. @param {JobRecord} job */
export function drop({ id }) {
  return memory.forget(`job:${id}`);
}

/** @param {chrome.runtime.MessageSender} sender */
function pageOf({ tab, frameId, documentId }) {
  if (tab?.id === undefined) throw new RequestError("bad-request");
  return { tabId: tab.id, frameId: frameId ?? 0, documentId: documentId ?? "" };
}

/** @param {JobRecord["page"]} one @param {NonNullable<JobRecord["page"]>} other */
function isSamePage(one, other) {
  return one?.tabId === other.tabId && one.frameId === other.frameId && one.documentId === other.documentId;
}
