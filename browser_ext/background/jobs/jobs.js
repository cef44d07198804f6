/**
 * A job is the work that follows one click, such as encrypting or opening a text. Jobs are kept in `storage.session`,
 * so that they outlive the service worker. The frame asks for a job's result with a call that waits up to ten seconds
 * and is then repeated. These calls also keep the background alive.
 */
import { whileChecking } from "../../../wasm_build/vault/server/lookups.js";
import { describeError, RequestError } from "../../shared/messages.js";
import * as memory from "../browser/memory.js";
import * as vault from "../keys/vault_link.js";

const WAIT_MILLISECONDS = 10_000;

/** The functions that wake the waiting calls, by the id of the job. @type {Map<string, () => void>} */
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
export function load(id) {
  return memory.find(`job:${id}`, "job-gone");
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

/**
 * The outcome of a job whose mail or field was opened. A good verdict is not shown until the certificate authorities
 * have answered.
 * @param {{report: MessageReport, lookups: object[], receipt?: ShownReceipt | null, label?: string | null}} opened
 * @param {number} openedAt
 * @returns {Partial<JobRecord>}
 */
export function opened({ receipt = null, label = null, ...judged }, openedAt) {
  return { state: "done", result: { ...firstVerdict(judged), openedAt, receipt, label } };
}

/** @param {{report: MessageReport, lookups: object[]}} opened */
export function firstVerdict({ report, lookups }) {
  const settled = lookups.length === 0;
  return { report: settled ? report : whileChecking(report), settled };
}

/** @param {unknown} error @returns {Partial<JobRecord>} */
export function failed(error) {
  return { state: "failed", error: describeError(error) };
}

/** The waiting job of a window that was closed, or null. @param {number} windowId */
export async function ofWindow(windowId) {
  return (await memory.readAll("job:")).find((job) => job.windowId === windowId && job.state === "waiting") ?? null;
}

/** The jobs of a tab that wait for an answer. @param {number} tabId @returns {Promise<JobRecord[]>} */
export async function waitingIn(tabId) {
  return (await memory.readAll("job:")).filter((job) => job.tabId === tabId && job.state === "waiting");
}

export async function isAnyWaiting() {
  return (await memory.readAll("job:")).some(({ state }) => state === "waiting");
}

/**
 * Waits up to ten seconds for the job's outcome, and returns it or the state "waiting". An outcome is returned only
 * once.
 * @param {string} id
 * @param {string} frame
 */
export async function wait(id, frame) {
  // The call registers itself before it reads the job. Otherwise it could miss an outcome that is stored in between.
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

/**
 * Returns a job's outcome for its frame, and forgets the job.
 * @param {JobRecord} job
 * @returns {Promise<{state: "done", result: OpenedResult, error: null, envelope: Envelope}
 *   | {state: JobRecord["state"], result: WrittenResult | null, error: JobRecord["error"] | null, envelope: null}>}
 */
export async function handOut(job) {
  await memory.forget(`job:${job.id}`);
  const { result = null, error = null } = job;
  if (job.kind === "write") await vault.call("text.drop", { job: job.id });
  if (result && "report" in result) {
    return { state: "done", result, error: null, envelope: await vault.call("text.take", { job: job.id }) };
  }
  return { state: job.state, result, error, envelope: null };
}
