/**
 * The extension's own window for a waiting job, where a page can neither cover nor steal the focus: passphrase, consent,
 * recipients, and the first opening for a site. One waits for each tab, whichever of its frames asked.
 */
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import * as jobs from "./jobs.js";
import * as memory from "./memory.js";
import { inTurn } from "./turns.js";

const PAGE = "prompt.html";
const SIZE = { width: 560, height: 720 };

/**
 * Rejects with `already-asked` while the person has another window of this tab to answer, which comes to the front; the
 * job is gone then.
 * @param {JobRecord} job
 */
export function open(job) {
  return openUnlessAsking(job.tabId, () => openNow(job)).catch(async (error) => {
    await memory.forget(`job:${job.id}`);
    throw error;
  });
}

/**
 * Opens another window for a tab, unless a question of that tab waits.
 * @param {number} tabId
 * @param {() => Promise<unknown>} openWindow
 */
export function openUnlessAsking(tabId, openWindow) {
  // Looking and opening are one turn: two frames that ask at once get one window.
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
  // The window may have been answered by now.
  const answered = await jobs.load(job.id).catch(() => null);
  if (answered) await jobs.save({ ...answered, windowId: opened?.id });
}

/** The window in which a question of a tab waits. @param {number} tabId @returns {Promise<number | null>} */
async function windowOf(tabId) {
  for (const { windowId } of await jobs.waitingIn(tabId)) {
    if (windowId !== undefined && (await api.windows.get(windowId).catch(() => null))) return windowId;
  }
  return null;
}

/** Firefox lets no script close a window that an extension opened. @param {chrome.runtime.MessageSender} sender */
export function close(sender) {
  if (sender.tab) void api.windows.remove(sender.tab.windowId).catch(() => {});
}
