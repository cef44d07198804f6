/**
 * Updates: what is new is told once, in the page with keys and people; a newer version that waits is taken when nothing
 * of the extension is open, so that no text that somebody writes is lost.
 */
import { api } from "../shared/api.js";
import * as database from "./database.js";
import * as jobs from "./jobs.js";

export const UPDATE_ALARM = "update";
const SETTING = "updated";
const RETRY_MINUTES = 5;

/** A newer version runs for the first time. @param {string} [before] the version that ran until now */
export async function remember(before) {
  const { version } = api.runtime.getManifest();
  // A developer loads the same version again.
  if (before !== version) await database.put("settings", { name: SETTING, version });
}

/** The version whose news the person has not seen yet. @returns {Promise<string | null>} */
export async function readNews() {
  return (await database.get("settings", SETTING))?.version ?? null;
}

export function forgetNews() {
  return database.remove("settings", SETTING);
}

/** Takes the version that waits, now or when nothing is open any more. */
export async function applyWhenIdle() {
  if (await isBusy()) await api.alarms.create(UPDATE_ALARM, { delayInMinutes: RETRY_MINUTES });
  else api.runtime.reload();
}

/** Whether a question waits, or a page or frame of the extension is open anywhere. */
async function isBusy() {
  const contextTypes = /** @type {chrome.runtime.ContextType[]} */ (["TAB", "POPUP"]);
  const open = await api.runtime.getContexts({ contextTypes });
  return open.length > 0 || (await jobs.isAnyWaiting());
}
