/**
 * The service worker of notifications. It shows a notification when a push message comes, and the inbox when the person
 * presses the notification.
 *
 * The worker's scope is a path without pages, so it answers no request of a page, and no page runs what it sends. Push
 * messages have no content, and the worker would not read any.
 */

import { keptTitle, SHOW_INBOX, TAG } from "./new_mail_words.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("push", (event) => event.waitUntil(notify()));
worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(showInbox());
});

async function notify() {
  // The person sees the list, in which the message appears.
  if ((await findPages()).some(({ visibilityState }) => visibilityState === "visible")) return;
  await worker.registration.showNotification(await keptTitle(worker.registration), { tag: TAG });
}

async function showInbox() {
  const [page] = await findPages();
  if (!page) {
    await worker.clients.openWindow(new URL("../#/folder/inbox", worker.registration.scope));
    return;
  }
  await page.focus();
  page.postMessage({ type: SHOW_INBOX });
}

function findPages() {
  return worker.clients.matchAll({ type: "window", includeUncontrolled: true });
}
