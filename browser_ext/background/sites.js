/** Where the content scripts run: on sites that the person granted, and elsewhere on the person's own click. */
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";

const REGISTRATION = "granted-sites";
/** What every granted page gets: it only watches. */
const WATCHER = ["content/content.js"];
const FIELD_SCRIPTS = ["content/frame_host.js", "content/fields.js"];
const ADAPTORS = ["sealwax", "roundcube", "sogo", "gmail", "outlook"].map((name) => `content/adaptors/${name}.js`);
const MAIL_SCRIPTS = ["content/webmail_tools.js", ...ADAPTORS, "content/webmail.js"];
/** What a document gets once there is something to do. @type {Record<string, string[]>} */
const PARTS = { fields: FIELD_SCRIPTS, mail: [...FIELD_SCRIPTS, ...MAIL_SCRIPTS] };

/** Registers the content scripts for every granted origin, and for no other. */
export async function registerGranted() {
  const { origins = [] } = await api.permissions.getAll();
  const declared = new Set((api.runtime.getManifest().content_scripts ?? []).flatMap(({ matches }) => matches ?? []));
  const matches = origins.filter((origin) => !declared.has(origin));
  const known = await api.scripting.getRegisteredContentScripts({ ids: [REGISTRATION] });
  if (known.length) await api.scripting.unregisterContentScripts({ ids: [REGISTRATION] });
  if (!matches.length) return;
  await api.scripting.registerContentScripts([
    { id: REGISTRATION, matches, js: WATCHER, allFrames: true, runAt: "document_idle" },
  ]);
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

/**
 * Puts the content scripts into a tab that the person just clicked for, and has the focused field opened there; where
 * nothing is to be done, the person gets to keys and people.
 * @param {number} tabId
 * @param {number} [frameId]
 */
export async function activate(tabId, frameId) {
  const target = frameId === undefined ? { tabId, allFrames: true } : { tabId, frameIds: [frameId] };
  try {
    await api.scripting.executeScript({ target, files: [...PARTS.mail, ...WATCHER] });
    const found = await api.scripting.executeScript({ target, func: () => globalThis.sealwaxContent.activateFocused() });
    if (found.some(({ result }) => result)) return;
  } catch {
    // The browser's own pages and stores admit no script: there is nothing to protect there.
  }
  await api.runtime.openOptionsPage();
}
