/**
 * The service worker that starts the pages without a connection.
 *
 * The build writes the list of the pages' files, with the hash of each file. The worker keeps all files or is not
 * installed. The worker answers only with these files, and never with bytes of another hash, so that a page never gets
 * files of two versions. It answers no request to bridge or key server, and keeps no mail. For `config.json` the worker
 * asks the server first.
 */

import { FILES } from "./pinned.js";
import { APP_CACHE, LARGE_BYTES, NOT_KEPT, TAKE_OVER } from "./worker_words.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const DOCUMENT = "index.html";
const CONFIGURATION = "config.json";
/** A server that does not answer within this time counts as unreachable. */
const ANSWER_MILLISECONDS = 4_000;
/** The header fields that are kept with a file. Length and encoding described the bytes on the network. */
const KEPT_FIELDS = [
  "content-security-policy", "content-type", "cross-origin-opener-policy", "cross-origin-resource-policy", "permissions-policy",
  "referrer-policy", "strict-transport-security", "x-content-type-options", "x-frame-options",
];

worker.addEventListener("install", (event) => event.waitUntil(keepAll().catch(tell)));
worker.addEventListener("activate", (event) => event.waitUntil(dropOthers()));
worker.addEventListener("message", (event) => {
  if (event.data?.type === TAKE_OVER) event.waitUntil(takeOver(/** @type {MessagePort | undefined} */ (event.ports[0])));
});
worker.addEventListener("fetch", (event) => {
  const name = nameOf(event.request);
  if (name === null) return;
  if (name === CONFIGURATION) event.respondWith(answerConfiguration());
  else if (name === DOCUMENT) event.respondWith(answerDocument());
  // The vault compares its own files with their hashes. It requests a damaged file again with `reload`, from the server.
  else if (event.request.cache !== "reload") event.respondWith(answerFile(name));
});

/** The name of the requested file; null for a request that this worker does not answer. @param {Request} request */
function nameOf({ method, url, mode }) {
  const { origin, pathname, search } = new URL(url);
  const scope = new URL(worker.registration.scope);
  if (method !== "GET" || origin !== scope.origin || search !== "" || !pathname.startsWith(scope.pathname)) return null;
  const name = pathname.slice(scope.pathname.length) || DOCUMENT;
  if (mode === "navigate" && name !== DOCUMENT) return null;
  return name === CONFIGURATION || Object.hasOwn(FILES, name) ? name : null;
}

/** Keeps every file. Rejects if a file cannot be kept. Files that are kept already are not fetched again. */
async function keepAll() {
  const cache = await caches.open(APP_CACHE);
  for (const name of Object.keys(FILES)) {
    if (!(await cache.match(placeOf(name)))) await cache.put(placeOf(name), await fetchPinned(name));
  }
  const configuration = await fetch(urlOf(CONFIGURATION), { cache: "no-cache" });
  if (!configuration.ok) throw new TypeError("the configuration did not come");
  await cache.put(urlOf(CONFIGURATION), configuration);
}

/** Reports to the pages why the files are not kept, and rejects. @param {unknown} error @returns {Promise<never>} */
async function tell(error) {
  for (const page of await worker.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    page.postMessage({ type: NOT_KEPT, name: /** @type {Error} */ (error).name });
  }
  throw error;
}

/** @param {string} name */
async function fetchPinned(name) {
  const { integrity } = pinOf(name);
  // The browser compares the bytes with their hash, and rejects other bytes.
  const response = await fetch(urlOf(name === DOCUMENT ? "" : name), { integrity, redirect: "error" });
  if (!response.ok) throw new TypeError(`${name} did not come`);
  return response;
}

/** Removes the files of other versions. */
async function dropOthers() {
  const cache = await caches.open(APP_CACHE);
  const ownUrls = new Set([urlOf(CONFIGURATION), ...Object.keys(FILES).map(placeOf)]);
  for (const { url } of await cache.keys()) if (!ownUrls.has(url)) await cache.delete(url);
}

/** Takes over if no other tab is open. Another tab would have the files of the earlier version. @param {MessagePort} [port] */
async function takeOver(port) {
  const tabs = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const isOnly = tabs.length <= 1;
  if (isOnly) await worker.skipWaiting();
  port?.postMessage({ isOnly });
}

/** The document, with the header fields that the server sends now, or else as it was kept. */
async function answerDocument() {
  const copy = keptCopy(placeOf(DOCUMENT));
  const fresh = await askServer("").catch(() => null);
  const content = fresh?.ok ? await fresh.arrayBuffer().catch(() => null) : null;
  // A document with another hash belongs to another version, and that version's worker handles it.
  if (fresh && content && (await hashOf(content)) === pinOf(DOCUMENT).integrity) return withFields(content, fresh);
  return (await checked(DOCUMENT, await copy)) ?? fetch(urlOf(""));
}

async function answerConfiguration() {
  const fresh = await askServer(CONFIGURATION).catch(() => null);
  if (fresh?.ok) {
    await tryToKeep(urlOf(CONFIGURATION), fresh.clone());
    return fresh;
  }
  return (await keptCopy(urlOf(CONFIGURATION))) ?? fresh ?? Response.error();
}

/** @param {string} name */
async function answerFile(name) {
  const copy = await checked(name, await keptCopy(placeOf(name)));
  if (copy) return copy;
  const response = await fetch(urlOf(name), { cache: "no-cache" }).catch(() => null);
  if (!response?.ok) return Response.error();
  const content = await response.arrayBuffer();
  if ((await hashOf(content)) === pinOf(name).integrity) {
    await tryToKeep(placeOf(name), withFields(content.slice(0), response));
    return withFields(content, response);
  }
  // The server has another version by now, and this version is no longer complete. The next start is without this worker.
  await worker.registration.unregister();
  return Response.error();
}

/** The kept answer; undefined if there is none, or if the disk is damaged. @param {string} url */
async function keptCopy(url) {
  try {
    return await (await caches.open(APP_CACHE)).match(url);
  } catch {
    return undefined;
  }
}

/** Tries to keep an answer. A full or damaged disk is no error. @param {string} url @param {Response} response */
async function tryToKeep(url, response) {
  await caches.open(APP_CACHE).then((cache) => cache.put(url, response)).catch(() => undefined);
}

/**
 * The kept copy of a file if its bytes have the hash of the list; undefined otherwise. The vault itself checks large files.
 * @param {string} name @param {Response | undefined} [copy]
 */
async function checked(name, copy) {
  const { integrity, bytes } = pinOf(name);
  if (!copy || bytes > LARGE_BYTES) return copy;
  const content = await copy.arrayBuffer().catch(() => null);
  return content && (await hashOf(content)) === integrity ? withFields(content, copy) : undefined;
}

/** @param {string} path */
function askServer(path) {
  return fetch(urlOf(path), { cache: "no-cache", redirect: "error", signal: AbortSignal.timeout(ANSWER_MILLISECONDS) });
}

/** @param {ArrayBuffer} content @param {Response} response whose header fields count */
function withFields(content, { headers }) {
  return new Response(content, { headers: [...headers].filter(([name]) => KEPT_FIELDS.includes(name)) });
}

/** @param {string} name */
function pinOf(name) {
  const pin = FILES[name];
  if (!pin) throw new TypeError(`${name} is no file of the pages`);
  return pin;
}

/** @param {string} path */
function urlOf(path) {
  return new URL(path, worker.registration.scope).href;
}

/** The address under which a file is kept. Files are named by their content, so that two versions share unchanged files. @param {string} name */
function placeOf(name) {
  return urlOf(`kept/${encodeURIComponent(pinOf(name).integrity)}`);
}

/** @param {ArrayBuffer} content */
async function hashOf(content) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", content));
  return `sha384-${btoa(String.fromCharCode(...digest))}`;
}
