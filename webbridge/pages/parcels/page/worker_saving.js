/**
 * Passes a file to the browser's downloads through a service worker, which answers the download with the decrypted chunks.
 *
 * The worker asks for a chunk when the browser has written the chunk before, so that little of the file is in memory. The
 * worker's scope is a path without pages, so it answers no request of a page.
 */

import { giveChunks } from "../../../../wasm_build/vault/values/chunk_port.js";
import { html } from "../../../../wasm_build/ui/dom.js";
import { ApiError } from "../../../../wasm_build/vault/server/json_requests.js";
import { untilState } from "../../app/service_worker_states.js";
import { GIVE, READY, SCOPE, STAY } from "./save_words.js";

/** @typedef {import("../../../../wasm_build/parcels/saving.js").FileToSave} FileToSave */
/** @typedef {import("../../../../wasm_build/parcels/saving.js").Save} Save */

/** The longest wait until the worker starts, and until the browser asks it for the file. */
const START_MILLISECONDS = 10_000;
/** The time between two messages to the worker, because browsers end a worker without events after 30 seconds. */
const STAY_MILLISECONDS = 10_000;

/**
 * Starts the worker. Rejects if this browser window allows none.
 * @param {FileToSave} file
 * @param {URL} base the folder of the pages
 * @param {(base: URL) => string} workerUrl returns the address of the worker
 * @returns {Promise<Save>}
 */
export async function saveByWorker({ name, bytes }, base, workerUrl) {
  if (!navigator.serviceWorker) throw new ApiError("parcel-save-refused", "no service worker");
  const scope = new URL(SCOPE, base);
  const { installing, waiting, active } = await navigator.serviceWorker.register(workerUrl(base), {
    scope: scope.href, updateViaCache: "none",
  });
  const refusal = new ApiError("parcel-save-refused", "the service worker did not start");
  const worker = await within(untilState(installing ?? waiting ?? active, ["activated"], refusal));
  return async (chunks, signal) => {
    const token = crypto.randomUUID();
    const { port1, port2 } = new MessageChannel();
    const delivery = give(port1, chunks, signal);
    // The person may end the download before the browser has asked for the first chunk.
    delivery.done.catch(() => {});
    const staying = setInterval(() => worker.postMessage({ type: STAY }), STAY_MILLISECONDS);
    try {
      await within(prepared(worker, { type: GIVE, token, name, bytes }, port2));
      // With the attribute `download` Chromium does not ask the worker. The answer is an attachment, so the page stays.
      html("a", { href: new URL(token, scope).href }).click();
      await within(delivery.begun);
      await delivery.done;
    } finally {
      clearInterval(staying);
      port1.close();
      await chunks.return();
    }
  };
}

/** Removes the worker, which no longer has a file. @param {URL} base the folder of the pages */
export async function removeSaveWorker(base) {
  const scope = new URL(SCOPE, base).href;
  const registration = await navigator.serviceWorker?.getRegistration(scope).catch(() => undefined);
  if (registration?.scope === scope) await registration.unregister().catch(() => false);
}

/**
 * Passes the chunks on as they are requested.
 * @param {MessagePort} port
 * @param {AsyncGenerator<ArrayBuffer, void>} chunks
 * @param {AbortSignal} signal
 */
function give(port, chunks, signal) {
  let isAtEnd = false;
  /** @type {() => void} */
  let begin = () => {};
  const begun = new Promise((resolve) => { begin = () => resolve(undefined); });
  const done = new Promise((resolve, reject) => {
    const next = async () => {
      begin();
      try {
        signal.throwIfAborted();
        const { value, done: isEnd } = await chunks.next();
        isAtEnd = Boolean(isEnd);
        return value ?? null;
      } catch (error) {
        reject(error);
        throw error;
      }
    };
    giveChunks(port, next, () => {
      if (isAtEnd) resolve(undefined);
      else reject(new ApiError("parcel-download-ended", "the browser ended the download"));
    });
  });
  return { begun, done };
}

/**
 * Resolves when the worker has the file.
 * @param {ServiceWorker} worker
 * @param {object} message
 * @param {MessagePort} port
 */
function prepared(worker, message, port) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      if (data?.type === READY) resolve(undefined);
      port1.close();
    };
    worker.postMessage(message, [port, port2]);
  });
}

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
function within(promise) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new ApiError("parcel-save-refused", "the service worker did not answer")), START_MILLISECONDS);
  });
  return Promise.race([promise, /** @type {Promise<never>} */ (late)]);
}
