/**
 * The extension's own window for a waiting job. A page can neither cover it nor take its focus. The window asks for a
 * passphrase, for recipients, or for consent, such as consent to the first opening on a site. A tab, including its
 * frames, has at most one such window at a time.
 */
import { api } from "../../shared/api.js";
import { RequestError } from "../../shared/messages.js";
import * as jobs from "../jobs/jobs.js";
import * as memory from "./memory.js";
import { inTurn } from "./turns.js";

const PAGE = "prompt/prompt.html";
const SIZE = { width: 560, height: 720 };

/**
 * Opens the window for a job. Rejects with `already-asked` while another window of this tab waits for an answer. In
 * that case the other window comes to the front, and the new job is dropped.
 * @param {JobRecord} job
 */
export function open(job) {
  return openUnlessAsking(job.tabId, () => openNow(job)).catch(async (error) => {
    await memory.forget(`job:${job.id}`);
    throw error;
  });
}

/**
 * Opens another window for a tab. Rejects with `already-asked` while a question of that tab waits.
 * @param {number} tabId
 * @param {() => Promise<unknown>} openWindow
 */
export function openUnlessAsking(tabId, openWindow) {
  // The check and the opening are one turn, so two frames that ask at the same time get only one window.
  return inTurn(`window for tab ${tabId}`, async () => {
    const waiting = await windowOf(tabId);
    if (waiting === null) return openWindow();
    await api.windows.update(waiting, { focused: true });
    throw new RequestError("already-asked");
  });
}

/** @param {JobRecord} job */
async function openNow(job) {
  const opened = await api.windows.create({ url: api.runtime.getURL(`${PAGE}?job=${job.id}`), type: "popup", ...SIZE });
  // The person may have answered already.
  const answered = await jobs.load(job.id).catch(() => null);
  if (answered) await jobs.save({ ...answered, windowId: opened?.id });
}

/** Brings the window of a job to the front, if it is open. @param {JobRecord} job */
export async function show(job) {
  const { windowId } = await jobs.load(job.id).catch(() => job);
  if (windowId !== undefined) await api.windows.update(windowId, { focused: true }).catch(() => {});
}

/** The window in which a question of a tab waits. @param {number} tabId @returns {Promise<number | null>} */
async function windowOf(tabId) {
  for (const { windowId } of await jobs.waitingIn(tabId)) {
    if (windowId !== undefined && (await api.windows.get(windowId).catch(() => null))) return windowId;
  }
  return null;
}

/**
 * Closes the sender's window. In Firefox `window.close()` cannot close a window that an extension has opened.
 * @param {Sender} sender
 */
export function close(sender) {
  if (sender.tab) void api.windows.remove(sender.tab.windowId).catch(() => {});
}
