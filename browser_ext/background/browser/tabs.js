/** The tabs of the browser. */
import { api } from "../../shared/api.js";

/** Whether a tab is still open. @param {number} tabId @returns {Promise<boolean>} */
export function hasTab(tabId) {
  return api.tabs.get(tabId).then(() => true, () => false);
}

/** Brings a tab to the front. Rejects if the tab is gone. @param {number} tabId */
export async function showTab(tabId) {
  const { windowId } = await api.tabs.update(tabId, { active: true }) ?? {};
  if (windowId !== undefined) await api.windows.update(windowId, { focused: true });
}
