/**
 * Downloaded messages. If the person has granted the permission for downloads, the toolbar button offers finished
 * files. Each offered file has a name that is usual for a message, and came from a site that the person has granted.
 *
 * An extension cannot read a downloaded file, so the file is fetched again by GET. No browser says whether the file
 * came by GET. So the file is fetched only if a page of its site still links to it. Otherwise the viewer asks the
 * person for the file.
 */
import { api } from "../../shared/api.js";
import { directoryPattern } from "../../shared/directory_address.js";
import * as mails from "../mail/mails.js";
import * as memory from "./memory.js";
import * as pages from "../pages/pages.js";
import { inTime } from "./sites.js";
import { inTurn } from "./turns.js";

/** @typedef {{id: number, name: string, url: string, at: number}} Download `at` in milliseconds since 1970 */

export const ALARM = "downloads";
const MESSAGE_NAME = /\.(eml|p7m|p7s)$/iu;
const MAX_KEPT = 5;
const KEPT_MILLISECONDS = 3_600_000;
/** The first bytes of a file; enough to find the first tag after blank lines. */
const HEAD_BYTES = 128;
let isListening = false;

/** Watches the downloads as soon as the person has granted the permission. */
export function watch() {
  if (isListening || !api.downloads) return;
  isListening = true;
  api.downloads.onChanged.addListener(({ id, state }) => void (state?.current === "complete" && keep(id)));
}

/** The downloads that are offered, the newest first. @returns {Promise<Download[]>} */
export async function offered() {
  return ((await memory.read("downloads")) ?? []).filter(({ at }) => at > Date.now() - KEPT_MILLISECONDS);
}

/** Forgets the downloads of more than an hour ago. */
export function forgetOld() {
  return inTurn("downloads", async () => replaceBy(await offered()));
}

/** Opens an offered download, and forgets it. @param {number} id */
export async function open(id) {
  const chosen = (await offered()).find((download) => download.id === id);
  if (!chosen) return mails.openViewer({ mail: "" });
  await inTurn("downloads", async () => replaceBy((await offered()).filter((download) => download.id !== id)));
  const mail = await fetchAgain(chosen);
  if (mail) return mails.openViewer({ mail });
  await api.tabs.create({ url: api.runtime.getURL(`viewer/viewer.html?drop=${encodeURIComponent(chosen.name)}`) });
}

/** @param {number} id */
async function keep(id) {
  const [item] = await api.downloads.search({ id });
  const name = item?.filename.split(/[\\/]/u).at(-1) ?? "";
  if (!item || item.incognito || !MESSAGE_NAME.test(name) || !(await isGranted(item.url))) return;
  const download = { id, name, url: item.url, at: Date.now() };
  await inTurn("downloads", async () => replaceBy([download, ...(await offered())].slice(0, MAX_KEPT)));
}

/** @param {Download[]} downloads */
async function replaceBy(downloads) {
  await memory.write("downloads", downloads);
  await api.action.setBadgeText({ text: downloads.length ? String(downloads.length) : "" });
  const oldest = downloads.at(-1);
  if (oldest) await api.alarms.create(ALARM, { when: oldest.at + KEPT_MILLISECONDS });
}

/** @param {string} address */
async function isGranted(address) {
  return /^https?:/u.test(address) && api.permissions.contains({ origins: [directoryPattern(address)] });
}

/**
 * Fetches a downloaded file again, and returns the id of the held message. Returns null if no page links to the file,
 * or if the site no longer has the file.
 * @param {Download} download
 */
async function fetchAgain({ name, url }) {
  for (const tab of await api.tabs.query({ url: directoryPattern(url) })) {
    if (tab.id === undefined || !(await isLinked(tab.id, url))) continue;
    const bytes = await pages.fetchLink(tab.id, url);
    if (bytes && !isMarkup(bytes)) return (await mails.hold({ bytes, name })).mail;
  }
  return null;
}

/** Whether an answer is a web page, such as a page for signing in. @param {ArrayBuffer} bytes */
function isMarkup(bytes) {
  return new TextDecoder().decode(bytes.slice(0, HEAD_BYTES)).trimStart().startsWith("<");
}

/** @param {number} tabId @param {string} url */
async function isLinked(tabId, url) {
  const hasLink = (/** @type {string} */ address) => Array.from(
    Document.prototype.querySelectorAll.call(document, "a[href]"),
  ).some((link) => link instanceof HTMLAnchorElement && link.href === address);
  const target = { tabId, allFrames: true };
  const injection = api.scripting.executeScript({ target, func: hasLink, args: [url], injectImmediately: true });
  return (await inTime(injection.catch(() => [])) ?? []).some(({ result }) => result === true);
}
