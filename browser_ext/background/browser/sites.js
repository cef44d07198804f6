/** Runs content scripts in pages: always on sites that the person has granted, and on other pages after a click. */
import { api } from "../../shared/api.js";
import { RequestError } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import { keepRegistered } from "./content_scripts.js";
import { readersName } from "../pages/fields.js";

/**
 * The scripts that every granted page gets. They stop content that must not leave unencrypted, and look for fields and
 * mail.
 */
const GUARD = ["content/guard.js"];
const WATCHER = ["content/content.js"];
const WATCHERS = {
  "granted-sites-guard": { js: GUARD, runAt: "document_start" },
  "granted-sites": { js: WATCHER, runAt: "document_idle" },
};
/** Further scripts, for a document that has fields or mail. @type {Record<string, string[]>} */
const PARTS = { fields: ["content/field_scripts.js"], mail: ["content/mail_scripts.js"] };

/** Registers the content scripts for every granted origin, and for no other. */
export function registerGranted() {
  return keepRegistered(Object.entries(WATCHERS).map(([id, watcher]) => ({ id, allFrames: true, ...watcher })), findGranted);
}

async function findGranted() {
  const { origins = [] } = await api.permissions.getAll();
  const declared = new Set((api.runtime.getManifest().content_scripts ?? []).flatMap(({ matches }) => matches ?? []));
  return origins.filter((origin) => !declared.has(origin));
}

/**
 * Loads further scripts into the document that asks for them. In documents that do not ask, these scripts would only
 * cost time.
 * @param {BodyOf<"content.load">} body
 * @param {Sender} sender
 */
export async function load({ part }, { tab, frameId, documentId }) {
  if (tab?.id === undefined || !Object.hasOwn(PARTS, part)) throw new RequestError("bad-request");
  const place = documentId ? { documentIds: [documentId] } : { frameIds: [frameId ?? 0] };
  await api.scripting.executeScript({ target: { tabId: tab.id, ...place }, files: PARTS[part] });
}

/**
 * Forgets the person's consent for a site, and the readers for whom text was encrypted on that site.
 * @param {{id: string}} body as `siteOf` names it
 */
export async function remove({ id: site }) {
  // The readers of a site are kept under the site's own origin, even if the site is inside another page.
  const [origin] = site.split(" ");
  await database.change({ sites: { remove: [site] }, settings: { remove: [readersName(origin)] } });
}

/** The longest wait for all frames of a page. A page can have frames that are busy or never finish loading. */
const FRAMES_MILLISECONDS = 2000;

/**
 * Puts the content scripts into a tab after a click of the person, and runs a function there. If not all frames answer,
 * only the top frame gets them.
 * @param {number} tabId
 * @param {number | undefined} frameId
 * @template T
 * @param {() => T | Promise<T>} func
 * @returns {Promise<{frameId: number, result?: Awaited<T>}[]>} the function's result in each frame
 */
export async function runIn(tabId, frameId, func) {
  if (frameId !== undefined) return runAt({ tabId, frameIds: [frameId] }, func);
  return await inTime(runAt({ tabId, allFrames: true }, func)) ?? await inTime(runAt({ tabId, frameIds: [0] }, func)) ?? [];
}

/**
 * @param {chrome.scripting.InjectionTarget} target
 * @template T
 * @param {() => T | Promise<T>} func
 * @returns {Promise<{frameId: number, result?: Awaited<T>}[]>}
 */
async function runAt(target, func) {
  try {
    // Run the function at once, even in a frame that is still loading.
    await api.scripting.executeScript({ target, files: [...GUARD, ...PARTS.mail, ...WATCHER], injectImmediately: true });
    return await api.scripting.executeScript({ target, func, injectImmediately: true });
  } catch {
    // The browser's own pages and stores admit no script, and have nothing to protect.
    return [];
  }
}

/** The result of all frames, or null if it takes too long. @template T @param {Promise<T>} result @returns {Promise<T | null>} */
export function inTime(result) {
  return Promise.race([result, new Promise((done) => { setTimeout(() => done(null), FRAMES_MILLISECONDS); })]);
}
