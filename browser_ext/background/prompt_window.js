/**
 * The extension's own window for a waiting job, where a page can neither cover nor steal the focus: passphrase, consent,
 * recipients, and the first opening for a site.
 */
import { api } from "../shared/api.js";
import * as jobs from "./jobs.js";

const PAGE = "prompt.html";
const SIZE = { width: 560, height: 720 };

/** @param {JobRecord} job */
export async function open(job) {
  const opened = await api.windows.create({ url: api.runtime.getURL(`${PAGE}?job=${job.id}`), type: "popup", ...SIZE });
  // The window may have been answered by now.
  await jobs.save({ ...(await jobs.load(job.id)), windowId: opened?.id });
}

/** Firefox lets no script close a window that an extension opened. @param {chrome.runtime.MessageSender} sender */
export function close(sender) {
  if (sender.tab) void api.windows.remove(sender.tab.windowId).catch(() => {});
}
