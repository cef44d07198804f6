/** The names that the pages share with the service worker of notifications. */

/** The tag of notifications. Notifications with the same tag replace each other, so that only one is shown. */
export const TAG = "sealwax-new-mail";
/** The type of the worker's message to a page whose notification was pressed. */
export const SHOW_INBOX = "inbox.show";
/** The name of the cache with the title. A worker that a push message has started has no catalogue. */
const CACHE = "sealwax-new-mail";
const OTHERWISE = "New mail";

/**
 * Keeps the title of notifications in the person's language.
 * @param {ServiceWorkerRegistration} registration @param {string} title
 */
export async function keepTitle(registration, title) {
  await (await caches.open(CACHE)).put(titleUrl(registration), new Response(title));
}

/** @param {ServiceWorkerRegistration} registration */
export async function keptTitle(registration) {
  const stored = await caches.match(titleUrl(registration)).catch(() => undefined);
  return await stored?.text() || OTHERWISE;
}

export async function forgetTitle() {
  await caches.delete(CACHE);
}

/** @param {ServiceWorkerRegistration} registration */
function titleUrl({ scope }) {
  return new URL("title", scope);
}
