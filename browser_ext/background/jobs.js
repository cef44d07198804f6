/**
 * One job is one click: a text to seal or to open, from the click to its result. Jobs stand in `storage.session`, so
 * that they survive the service worker; the frame asks for the result by a call that waits a while and is repeated,
 * which also keeps the background alive.
 */
import { RequestError } from "../shared/messages.js";
import * as memory from "./memory.js";
import * as vault from "./vault_link.js";

const WAIT_MILLISECONDS = 10_000;

/** Whom to wake in this life of the background. @type {Map<string, () => void>} */
const waiting = new Map();

/**
 * @param {FrameRecord} frame
 * @param {number[]} replyKey
 * @returns {Promise<JobRecord>}
 */
export async function create(frame, replyKey = []) {
  const { id: frameId, tabId, kind, origin, ancestors } = frame;
  /** @type {JobRecord} */
  const job = { id: crypto.randomUUID(), frame: frameId, tabId, kind, origin, ancestors, state: "waiting", replyKey };
  await save(job);
  return job;
}

/** @param {string} id @returns {Promise<JobRecord>} */
export async function load(id) {
  const job = await memory.read(`job:${id}`);
  if (!job) throw new RequestError("job-gone");
  return job;
}

/** @param {JobRecord} job */
export function save(job) {
  return memory.write(`job:${job.id}`, job);
}

/**
 * @param {JobRecord} job
 * @param {Partial<JobRecord>} outcome
 */
export async function finish(job, outcome) {
  await save({ ...job, ...outcome });
  waiting.get(job.id)?.();
}

/** The waiting job that a closed window belonged to. @param {number} windowId */
export async function ofWindow(windowId) {
  const jobs = await memory.readAll("job:");
  return jobs.find((job) => job.windowId === windowId && job.state === "waiting") ?? null;
}

/** The jobs of a tab that wait for an answer. @param {number} tabId @returns {Promise<JobRecord[]>} */
export async function waitingIn(tabId) {
  return (await memory.readAll("job:")).filter((job) => job.tabId === tabId && job.state === "waiting");
}

export async function isAnyWaiting() {
  return (await memory.readAll("job:")).some(({ state }) => state === "waiting");
}

/**
 * The job's outcome, or its state after a while. An outcome is handed out once.
 * @param {string} id
 * @param {string} frame
 */
export async function wait(id, frame) {
  // Listening begins before the first look, so that no outcome falls between the two.
  const outcome = new Promise((resolve) => {
    waiting.set(id, () => resolve(undefined));
    setTimeout(resolve, WAIT_MILLISECONDS);
  });
  let job = await load(id);
  if (job.frame !== frame) throw new RequestError("bad-request");
  if (job.state === "waiting") {
    await outcome;
    job = await load(id);
  }
  waiting.delete(id);
  return job.state === "waiting" ? { state: job.state } : handOut(job);
}

/** @param {JobRecord} job */
async function handOut(job) {
  await memory.forget(`job:${job.id}`);
  const opened = job.kind !== "write" && job.state === "done";
  const envelope = opened ? await vault.call("text.take", { job: job.id }) : null;
  if (job.kind === "write") await vault.call("text.drop", { job: job.id });
  return { state: job.state, result: job.result ?? null, error: job.error ?? null, envelope };
}
