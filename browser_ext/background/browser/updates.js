/**
 * Updates of the extension. A newer version is installed when no page of the extension is open, so that no unsent text
 * is lost. The page with keys and people then shows the news once.
 */
import { api } from "../../shared/api.js";
import * as database from "../../shared/database.js";
import * as jobs from "../jobs/jobs.js";

export const UPDATE_ALARM = "update";
const SETTING = "updated";
const RETRY_MINUTES = 5;

/** Stores that the person has not read the news of this version. @param {string} [before] the version that ran until now */
export async function remember(before) {
  const { version } = api.runtime.getManifest();
  // Developers reload the same version, which has no news.
  if (before !== version) await database.put("settings", { name: SETTING, version });
}

/** The version whose news the person has not seen yet. @returns {Promise<string | null>} */
export async function readNews() {
  return (await database.get("settings", SETTING))?.version ?? null;
}

export function forgetNews() {
  return database.remove("settings", SETTING);
}

/** Installs the waiting version, or tries again later if a page of the extension is open. */
export async function applyWhenIdle() {
  if (await isBusy()) await api.alarms.create(UPDATE_ALARM, { delayInMinutes: RETRY_MINUTES });
  else api.runtime.reload();
}

/** Whether a question waits for an answer, or a page or frame of the extension is open anywhere. */
async function isBusy() {
  const contextTypes = /** @type {chrome.runtime.ContextType[]} */ (["TAB", "POPUP"]);
  return (await api.runtime.getContexts({ contextTypes })).length > 0 || (await jobs.isAnyWaiting());
}
