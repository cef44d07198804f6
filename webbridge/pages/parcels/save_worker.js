/**
 * The service worker that saves files of a parcel. It answers the download of an address in its scope with the chunks from
 * the page. It keeps nothing.
 */

import { ChunkTaker } from "../../../wasm_build/vault/values/chunk_port.js";
import { giveBackReceived, overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { GIVE, READY, STAY } from "./page/save_words.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** The time for which a message keeps the worker running. */
const STAY_MILLISECONDS = 15_000;
/** The time after which a file without a download is forgotten. */
const FORGET_MILLISECONDS = 60_000;

/** The files by their tokens, each for one download. @type {Map<string, {name: string, bytes: number, taker: ChunkTaker}>} */
const files = new Map();

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("message", (event) => {
  const { type, token, name, bytes } = event.data ?? {};
  if (type === STAY) event.waitUntil(new Promise((resolve) => setTimeout(resolve, STAY_MILLISECONDS)));
  if (type !== GIVE) return;
  const [port, answer] = event.ports;
  files.set(token, { name, bytes, taker: new ChunkTaker(port) });
  setTimeout(() => files.delete(token), FORGET_MILLISECONDS);
  answer.postMessage({ type: READY });
});
worker.addEventListener("fetch", (event) => {
  const token = event.request.url.slice(worker.registration.scope.length);
  const file = files.get(token);
  files.delete(token);
  // An answer without content does not navigate away from the page.
  event.respondWith(file ? download(file) : new Response(null, { status: 204 }));
});

/** @param {{name: string, bytes: number, taker: ChunkTaker}} file */
function download({ name, bytes, taker }) {
  /** The latest chunk. When the browser asks for the next chunk, it has written this one. @type {ArrayBuffer | null} */
  let latest = null;
  const drop = () => {
    if (!latest) return;
    overwrite(latest);
    // The memory is given back now. The garbage collector would leave several chunks in memory.
    giveBackReceived(latest);
    latest = null;
  };
  const stream = new ReadableStream({
    async pull(controller) {
      drop();
      latest = await taker.take();
      if (latest === null) controller.close();
      else controller.enqueue(new Uint8Array(latest));
    },
    cancel: () => {
      drop();
      taker.stop();
    },
  }, { highWaterMark: 0 });
  return new Response(stream, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Length": String(bytes),
      "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/gu, percent)}`,
      "Content-Security-Policy": "default-src 'none'; sandbox",
      "X-Content-Type-Options": "nosniff",
    },
  });
}

/** RFC 8187 section 3.2.1 allows fewer characters than `encodeURIComponent` leaves. @param {string} character */
function percent(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
