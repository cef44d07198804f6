/**
 * The files of the pages that the browser keeps, so that the pages start without a connection. This class handles their
 * service worker from the installation to the removal.
 *
 * The worker exists only on the person's own computer, and only after the person has asked for it. Pages that the extension
 * has checked have no worker, because the browser would load its script unchecked.
 */

import { appWorkerUrl } from "../../../wasm_build/vault/owner/trusted_scripts.js";
import { storageError } from "../../../wasm_build/vault/errors/storage_error.js";
import { ApiError } from "../app/api.js";
import { untilState } from "../app/service_worker_states.js";
import { APP_CACHE, NOT_KEPT, TAKE_OVER } from "./worker_words.js";

/** @typedef {"none" | "unsupported" | "checked" | "installing" | "ready" | "failed"} FilesState */

/** If a worker does not answer a question within this time, it counts as stopped. */
const ANSWER_MILLISECONDS = 5_000;
const NOT_STARTED = "the service worker did not start";

/** Dispatches "change". */
export class AppFiles extends EventTarget {
  #base;
  /** @type {ServiceWorkerRegistration | null} */
  #registration = null;
  /** @type {FilesState} */
  #state = "none";

  /** @param {URL} base the folder of the pages */
  constructor(base) {
    super();
    this.#base = base;
  }

  /** @returns {FilesState} */
  get state() {
    if (document.querySelector("meta[name=sealwax-checked]") !== null) return "checked";
    return "serviceWorker" in navigator && "caches" in globalThis ? this.#state : "unsupported";
  }

  /** Whether all files of a new version are kept. The new version is used when the page is loaded anew. */
  get hasNewVersion() {
    return Boolean(this.#registration?.waiting && this.#registration.active);
  }

  /** Uses the worker that this browser has, and looks for a new version. Installs nothing. */
  async look() {
    if (this.state === "checked" || this.state === "unsupported") return;
    const registration = await navigator.serviceWorker.getRegistration(this.#base.href).catch(() => undefined);
    if (!registration || registration.scope !== this.#base.href) return;
    this.#follow(registration);
    // Without a connection the kept version stays in use.
    await registration.update().catch(() => this.#endIfGone());
  }

  /**
   * Keeps all files, or none. Rejects with `storage-full`, `storage-refused` or `unreachable`. Does nothing on pages and in
   * browsers that can have no worker.
   */
  async install() {
    if (this.state === "checked" || this.state === "unsupported") return;
    this.#say("installing");
    const complaint = new Complaint();
    try {
      const registration = await navigator.serviceWorker.register(appWorkerUrl(this.#base), { scope: this.#base.href, updateViaCache: "none" });
      this.#follow(registration);
      await installed(registration);
      this.#say("ready");
    } catch (error) {
      await this.#clear();
      this.#say("failed");
      throw await complaint.explain(error);
    } finally {
      complaint.end();
    }
  }

  /** Removes all files. */
  async remove() {
    if (this.state === "unsupported") return;
    await this.#clear();
    this.#say("none");
  }

  /**
   * Activates the new version. The caller loads the page anew.
   * @returns {Promise<boolean>} false if other tabs have the earlier version
   */
  async takeOver() {
    const waiting = this.#registration?.waiting;
    if (!waiting) return true;
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data?.isOnly === true);
      setTimeout(() => resolve(false), ANSWER_MILLISECONDS);
    });
    waiting.postMessage({ type: TAKE_OVER }, [port2]);
    const isOnly = await answer;
    port1.close();
    if (isOnly) await untilState(waiting, ["activated"], new TypeError(NOT_STARTED));
    return isOnly;
  }

  /** @param {ServiceWorkerRegistration} registration */
  #follow(registration) {
    if (this.#registration === registration) return;
    this.#registration = registration;
    registration.addEventListener("updatefound", () => this.#watch(registration.installing));
    this.#watch(registration.installing);
    if (registration.active) this.#say("ready");
  }

  /** @param {ServiceWorker | null} worker */
  #watch(worker) {
    worker?.addEventListener("statechange", () => this.dispatchEvent(new Event("change")));
  }

  /** Ends the worker if the server no longer has its script. Otherwise the worker would keep this version for ever. */
  async #endIfGone() {
    const answer = await fetch(new URL("app_worker.js", this.#base), { cache: "no-store" }).catch(() => null);
    if (answer?.status === 404) await this.remove();
  }

  async #clear() {
    const registration = this.#registration ?? await navigator.serviceWorker?.getRegistration(this.#base.href).catch(() => undefined);
    if (registration?.scope === this.#base.href) await registration.unregister().catch(() => false);
    this.#registration = null;
    await caches.delete(APP_CACHE).catch(() => false);
  }

  /** @param {FilesState} state */
  #say(state) {
    this.#state = state;
    this.dispatchEvent(new Event("change"));
  }
}

/** Resolves when a worker has kept all files; rejects if it could not. @param {ServiceWorkerRegistration} registration */
async function installed({ installing, waiting, active }) {
  if (installing || !active) await untilState(installing ?? waiting, ["installed", "activating", "activated"], new TypeError(NOT_STARTED));
}

/** The failure that a worker reports during its installation. The browser says only that the worker did not start. */
class Complaint {
  #name = "";
  #onMessage = (/** @type {MessageEvent} */ { data }) => {
    if (data?.type === NOT_KEPT) this.#name = String(data.name);
  };

  constructor() {
    navigator.serviceWorker.addEventListener("message", this.#onMessage);
    navigator.serviceWorker.startMessages();
  }

  end() {
    navigator.serviceWorker.removeEventListener("message", this.#onMessage);
  }

  /** The error with words for people. @param {unknown} error */
  async explain(error) {
    // The worker's message may come after the worker has ended.
    for (let tries = 0; tries < COMPLAINT_TRIES && !this.#name; tries += 1) await pause(COMPLAINT_MILLISECONDS);
    const name = this.#name || /** @type {Error} */ (error).name;
    return STORAGE_ERRORS.has(name) ? storageError({ name }) : new ApiError("offline-files-missing", String(error));
  }
}

const STORAGE_ERRORS = new Set(["QuotaExceededError", "SecurityError", "NotAllowedError"]);
const COMPLAINT_TRIES = 20;
const COMPLAINT_MILLISECONDS = 50;

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
