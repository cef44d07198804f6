/**
 * The origins of the pages around a frame, as the browser knows them. No message or event of a page is believed.
 *
 * Chromium lists the origins of all ancestors to the content script in the frame. Firefox has no such list: the content
 * script finds the ancestors' numbers there, and each ancestor is asked for its origin by a script that the browser
 * admits only to sites that the person has granted. An ancestor lives as long as the frames in it, so its origin cannot
 * change while the frame is there.
 */
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";

/** More than any page needs; every ancestor costs one question in Firefox. */
const MAX_ANCESTORS = 20;
const WEB_ORIGIN = /^https?:\/\//;

/** @typedef {chrome.runtime.MessageSender} Sender */
/** @typedef {{origin: string, ancestors: string[]}} Place `ancestors` from the parent to the page in the address bar */

/**
 * The origin of the document that sent a message and those of all pages around it.
 *
 * Rejects with `no-origin` for a document that hides its own origin, and with `no-top-origin` where the browser names
 * one of the pages around it not at all, or as opaque.
 * @param {Sender} sender
 * @returns {Promise<Place>}
 */
export async function placeOf(sender) {
  const origin = senderOrigin(sender);
  const ancestors = await ancestorsOf(sender, origin);
  if (!ancestors.every((one) => WEB_ORIGIN.test(one))) throw new RequestError("no-top-origin");
  return { origin, ancestors };
}

/**
 * The origin of the document that sent a message, as the browser knows it.
 * @param {Sender} sender
 */
export function senderOrigin(sender) {
  const origin = sender.origin ?? new URL(sender.url ?? "").origin;
  if (!WEB_ORIGIN.test(origin)) throw new RequestError("no-origin");
  return origin;
}

/** The other sites around a place, each once, from the inside to the outside. @param {Place} place @returns {string[]} */
export function sitesAround({ origin, ancestors }) {
  return [...new Set(ancestors)].filter((one) => one !== origin);
}

/** The origin of the page in the address bar. @param {Place} place @returns {string} */
export function topOriginOf({ origin, ancestors }) {
  return ancestors.at(-1) ?? origin;
}

/**
 * What the person agrees to, by name: a site in pages of other sites is not that site by itself.
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
  const found = await ask({ tabId: tab.id, ...place }, lookAround);
  const { length } = found?.origins ?? found?.frames ?? [];
  // A frame always has an ancestor: where none is listed, the browser hides it.
  if (!found || found.origin !== origin || length === 0 || length > MAX_ANCESTORS) throw new RequestError("no-top-origin");
  if (found.origins) return found.origins;
  const asked = found.frames.map((id) => ask({ tabId: tab.id ?? 0, frameIds: [id] }, () => self.origin));
  return (await Promise.all(asked)).map((one) => one ?? "");
}

/**
 * Runs in the frame, beside the content script: nothing of the page can stand in for what is read here.
 * @returns {{origin: string, origins: string[] | null, frames: number[]}}
 */
function lookAround() {
  const { origin } = self;
  if (location.ancestorOrigins) return { origin, origins: Array.from(location.ancestorOrigins), frames: [] };
  const { runtime } = /** @type {any} */ (globalThis).browser;
  const frames = [];
  for (let around = window.parent; ; around = around.parent) {
    frames.push(runtime.getFrameId(around));
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
