/** Where the content scripts run: on sites that the person granted, and elsewhere on the person's own click. */
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import * as database from "./database.js";
import { readersName } from "./fields.js";
import * as pages from "./pages.js";

/** What every granted page gets: it only guards and watches. By its name at the browser. */
const GUARD = ["content/guard.js"];
const WATCHER = ["content/content.js"];
const WATCHERS = {
  "granted-sites-guard": { js: GUARD, runAt: "document_start" },
  "granted-sites": { js: WATCHER, runAt: "document_idle" },
};
const FIELD_SCRIPTS = ["looks", "frame_host", "notes", "fields", "entries", "forms", "files"].map((name) => `content/${name}.js`);
const ADAPTORS = ["sealwax", "roundcube", "sogo", "gmail", "outlook"].map((name) => `content/adaptors/${name}.js`);
const FORM_SCRIPTS = ["content/mail_words.js", "content/mail_forms.js"];
const MAIL_SCRIPTS = ["content/webmail_tools.js", ...FORM_SCRIPTS, ...ADAPTORS, "content/webmail.js"];
/** What a document gets once there is something to do. @type {Record<string, string[]>} */
const PARTS = { fields: FIELD_SCRIPTS, mail: [...FIELD_SCRIPTS, ...MAIL_SCRIPTS] };

/** Registers the content scripts for every granted origin, and for no other. */
export async function registerGranted() {
  const { origins = [] } = await api.permissions.getAll();
  const declared = new Set((api.runtime.getManifest().content_scripts ?? []).flatMap(({ matches }) => matches ?? []));
  const matches = origins.filter((origin) => !declared.has(origin));
  const known = await api.scripting.getRegisteredContentScripts({ ids: Object.keys(WATCHERS) });
  if (known.length) await api.scripting.unregisterContentScripts({ ids: known.map(({ id }) => id) });
  if (!matches.length) return;
  const scripts = Object.entries(WATCHERS).map(([id, watcher]) => ({ id, matches, allFrames: true, ...watcher }));
  await api.scripting.registerContentScripts(/** @type {chrome.scripting.RegisteredContentScript[]} */ (scripts));
}

/**
 * Brings other scripts into the document that asks; elsewhere they would only cost time.
 * @param {any} body
 * @param {chrome.runtime.MessageSender} sender
 */
export async function load({ part }, { tab, frameId, documentId }) {
  if (tab?.id === undefined || !Object.hasOwn(PARTS, part)) throw new RequestError("bad-request");
  const place = documentId ? { documentIds: [documentId] } : { frameIds: [frameId ?? 0] };
  await api.scripting.executeScript({ target: { tabId: tab.id, ...place }, files: PARTS[part] });
}

/** Forgets that a site's texts may be opened, and whom something was sealed for there. @param {{id: string}} body as `siteOf` names it */
export async function remove({ id: site }) {
  // For a site in a page of another one too, readers are known by its own origin.
  const [origin] = site.split(" ");
  await database.change({ sites: { remove: [site] }, settings: { remove: [readersName(origin)] } });
}

/**
 * Has the focused field of a tab opened that the person just clicked for; where nothing is to be done, the person gets
 * to keys and people.
 * @param {number} tabId
 * @param {number} [frameId]
 */
export async function activate(tabId, frameId) {
  if (await writeMail(tabId)) return;
  const found = (await runIn(tabId, frameId, () => globalThis.sealwaxContent.activateFocused())).some(({ result }) => result);
  if (!found && !(await pages.offer(tabId))) await api.runtime.openOptionsPage();
}

/**
 * Opens the message window where the focus is in a form for mail. Its editor may be a frame of its own, so that every
 * frame of the tab is asked; the frame with the field itself goes before those around it.
 * @param {number} tabId
 * @returns {Promise<boolean>} whether it is
 */
async function writeMail(tabId) {
  const found = await runIn(tabId, undefined, () => globalThis.sealwaxContent.findMailForm());
  const place = ["field", "frame"].map((kind) => found.find(({ result }) => result === kind)).find(Boolean);
  if (!place) return false;
  await runIn(tabId, place.frameId, () => globalThis.sealwaxContent.writeMailForm());
  return true;
}

/**
 * Opens the sealed text that the person has selected.
 * @param {number} tabId
 * @param {number} [frameId]
 */
export async function openSelection(tabId, frameId) {
  await runIn(tabId, frameId, () => globalThis.sealwaxContent.openSelection());
}

/**
 * Puts the content scripts into a tab that the person just clicked for, and runs a function there.
 * @param {number} tabId
 * @param {number | undefined} frameId
 * @template T
 * @param {() => T | Promise<T>} func
 * @returns {Promise<{frameId: number, result?: Awaited<T>}[]>} what it gave in each frame
 */
async function runIn(tabId, frameId, func) {
  const target = frameId === undefined ? { tabId, allFrames: true } : { tabId, frameIds: [frameId] };
  try {
    await api.scripting.executeScript({ target, files: [...GUARD, ...PARTS.mail, ...WATCHER] });
    return await api.scripting.executeScript({ target, func });
  } catch {
    // The browser's own pages and stores admit no script: there is nothing to protect there.
    return [];
  }
}
