/** The person's preferences for the whole extension. Each change is stored at once. */
import { api } from "../shared/api.js";
import { directoryPattern, safeOrigin } from "../shared/directory_address.js";
import { ask } from "../shared/request.js";
import { byId, inputById, tellChange, whenSubmitted } from "./parts.js";

/** @typedef {import("../background/browser/preferences.js").Preferences} Preferences */

/** @type {chrome.permissions.Permissions} */
const DOWNLOADS = { permissions: ["downloads"] };

/** @param {() => Promise<void>} refresh */
export function watchPreferences(refresh) {
  for (const id of ["idle-minutes", "harvest", "strict"]) byId(id).addEventListener("change", () => void change());
  byId("downloads").addEventListener("change", () => void changeDownloads());
  whenSubmitted("directory-form", changeDirectory);

  function change() {
    return tellChange("settings", ask("preferences.change", readForm()), refresh);
  }

  async function changeDownloads() {
    // The permission is requested during the click, because browsers grant it only then.
    const change = inputById("downloads").checked ? api.permissions.request(DOWNLOADS) : api.permissions.remove(DOWNLOADS);
    await change.catch(() => false);
    await refresh();
  }

  async function changeDirectory() {
    const origin = safeOrigin(inputById("directory").value.trim());
    // The permission is requested during the click, because browsers grant access to a site only then.
    if (origin) await api.permissions.request({ origins: [directoryPattern(origin)] }).catch(() => false);
    await change();
  }
}

/** @param {Preferences} preferences */
export function showPreferences({ idleMinutes, harvest, strict, directory }) {
  inputById("idle-minutes").value = String(idleMinutes);
  inputById("harvest").checked = harvest;
  inputById("strict").checked = strict;
  void api.permissions.contains(DOWNLOADS).then((isGranted) => { inputById("downloads").checked = isGranted; });
  // The field keeps text that the person is typing, or that was refused.
  if (document.activeElement !== byId("directory") && !byId("settings-problem").textContent) inputById("directory").value = directory;
}

/** @returns {Preferences} */
function readForm() {
  return {
    idleMinutes: Number(inputById("idle-minutes").value),
    harvest: inputById("harvest").checked,
    strict: inputById("strict").checked,
    directory: inputById("directory").value,
  };
}
