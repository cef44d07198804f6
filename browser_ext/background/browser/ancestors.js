/**
 * The origins of the pages around a frame, as the browser reports them. No message or event of a page determines these
 * origins.
 *
 * In Chromium a script in the frame reads the list of its ancestors' origins. Firefox has no such list. There a script
 * in the frame finds the ancestors' frame numbers, and a second script in each ancestor reads its origin. Firefox runs
 * the second script only on sites that the person has granted. An ancestor lives as long as the frames in it, so its
 * origin cannot change while the frame is there.
 */
import { api } from "../../shared/api.js";
import { RequestError } from "../../shared/messages.js";

/** The limit of ancestors. No page needs so many, and Firefox runs a script in each of them. */
const MAX_ANCESTORS = 20;
const WEB_ORIGIN = /^https?:\/\//;

/**
 * A document's origin, and the origins of the pages around the document, from its parent to the page in the address
 * bar.
 * @typedef {{origin: string, ancestors: string[]}} Place
 */

/**
 * The origin of the document that sent a message, and the origins of all pages around the document.
 *
 * Rejects with `no-origin` if the document's own origin is opaque. Rejects with `no-top-origin` if the origin of a page
 * around the document is opaque, or if the browser does not report that origin.
 * @param {Sender} sender
 * @returns {Promise<Place>}
 */
export async function placeOf(sender) {
  const origin = senderOrigin(sender);
  const ancestors = await ancestorsOf(sender, origin);
  if (!ancestors.every((ancestor) => WEB_ORIGIN.test(ancestor))) throw new RequestError("no-top-origin");
  return { origin, ancestors };
}

/**
 * The origin of the document that sent a message, as the browser reports it. Throws `no-origin` if this origin is
 * opaque.
 * @param {Sender} sender
 */
export function senderOrigin(sender) {
  const origin = sender.origin ?? new URL(sender.url ?? "").origin;
  if (!WEB_ORIGIN.test(origin)) throw new RequestError("no-origin");
  return origin;
}

/**
 * The origins of the pages around a document that differ from the document's own origin. Each is listed once, the
 * innermost first.
 * @param {Place} place @returns {string[]}
 */
export function sitesAround({ origin, ancestors }) {
  return [...new Set(ancestors)].filter((ancestor) => ancestor !== origin);
}

/** The origin of the page in the address bar. @param {Place} place @returns {string} */
export function topOriginOf({ origin, ancestors }) {
  return ancestors.at(-1) ?? origin;
}

/**
 * The name under which the person's consent for a site is kept. A site inside pages of other sites has another name
 * than the same site in a tab of its own, so it needs a separate consent.
 * @param {Place} place
 */
export function siteOf(place) {
  const around = sitesAround(place);
  return around.length ? `${place.origin} (${around.join(", ")})` : place.origin;
}

/** @param {Sender} sender @param {string} origin @returns {Promise<string[]>} */
async function ancestorsOf({ tab, frameId, documentId }, origin) {
  if (frameId === 0) return [];
  if (tab?.id === undefined || frameId === undefined) throw new RequestError("no-top-origin");
  const place = documentId ? { documentIds: [documentId] } : { frameIds: [frameId] };
  const surroundings = await ask({ tabId: tab.id, ...place }, lookAround);
  const { length } = surroundings?.origins ?? surroundings?.frames ?? [];
  // A frame always has an ancestor. An empty list means that the browser hides the ancestors.
  if (!surroundings || surroundings.origin !== origin || length === 0 || length > MAX_ANCESTORS) throw new RequestError("no-top-origin");
  if (surroundings.origins) return surroundings.origins;
  const answers = surroundings.frames.map((id) => ask({ tabId: tab.id ?? 0, frameIds: [id] }, () => self.origin));
  return (await Promise.all(answers)).map((answer) => answer ?? "");
}

/**
 * Reads the origins of the ancestors, or in Firefox their frame numbers. This function runs in the frame, in the world
 * of the content scripts, where the page cannot replace the values that are read.
 * @returns {{origin: string, origins: string[] | null, frames: number[]}}
 */
function lookAround() {
  const { origin } = self;
  if (location.ancestorOrigins) return { origin, origins: Array.from(location.ancestorOrigins), frames: [] };
  const frames = [];
  for (let around = window.parent; ; around = around.parent) {
    frames.push(globalThis.browser?.runtime.getFrameId(around) ?? 0);
    if (around === around.parent) return { origin, origins: null, frames };
  }
}

/**
 * @template T
 * @param {chrome.scripting.InjectionTarget} target one document
 * @param {() => T} func
 * @returns {Promise<T | undefined>} undefined where the browser admits no script
 */
async function ask(target, func) {
  const ran = await api.scripting.executeScript({ target, func }).catch(() => []);
  return /** @type {T | undefined} */ (ran[0]?.result);
}
