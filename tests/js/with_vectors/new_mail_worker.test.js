/** The service worker of notifications, as the build makes it, with a browser of the test's own around it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import vm from "node:vm";

import { testWith } from "./vectors.js";

/**
 * Runs the worker, sends it a push message with content, then presses the notification.
 * @param {string} file the built worker @param {{page?: string, title?: string}} [given] the visibility of an open page
 */
async function runWorker(file, { page: visibility = "", title = "" } = {}) {
  /** @type {unknown[]} */
  const did = [];
  /** @type {Record<string, (event: object) => void>} */
  const listeners = {};
  const page = visibility && {
    visibilityState: visibility, focus: async () => { did.push("focus"); },
    postMessage: (/** @type {object} */ message) => did.push(message),
  };
  const self = {
    addEventListener: (/** @type {string} */ name, /** @type {(event: object) => void} */ listener) => {
      listeners[name] = listener;
    },
    skipWaiting: async () => {},
    registration: {
      scope: "https://mail.example.test/new-mail/",
      showNotification: async (/** @type {unknown[]} */ ...shown) => { did.push(shown); },
    },
    clients: {
      matchAll: async (/** @type {ClientQueryOptions} */ { type, includeUncontrolled }) =>
        (page && type === "window" && includeUncontrolled ? [page] : []),
      openWindow: async (/** @type {URL} */ url) => { did.push(String(url)); },
    },
  };
  const caches = { match: async () => (title ? new Response(title) : undefined) };
  vm.runInNewContext(readFileSync(file, "utf8"), { self, caches, URL, Response });
  const run = async (/** @type {string} */ name, /** @type {object} */ event) => {
    let done;
    // A copy of the event would read its content.
    Object.assign(event, { waitUntil: (/** @type {Promise<unknown>} */ promise) => { done = promise; } });
    listeners[name](event);
    await done;
  };
  await run("push", { get data() { throw new Error("the content was read"); } });
  await run("notificationclick", { notification: { close: () => did.push("close") } });
  // Objects of the worker's context have other prototypes.
  return { listeners: Object.keys(listeners).sort(), did: JSON.parse(JSON.stringify(did)) };
}

testWith("a push message shows the kept title and nothing of its content", async (/** @type {string} */ file) => {
  const { listeners, did: [shown, ...others] } = await runWorker(file, { title: "Neue E-Mail" });
  assert.deepEqual(shown, ["Neue E-Mail", { tag: "sealwax-new-mail" }]);
  // Without a page a click opens one. The worker answers no requests.
  assert.deepEqual(others, ["close", "https://mail.example.test/#/folder/inbox"]);
  assert.deepEqual(listeners, ["install", "notificationclick", "push"]);
});

testWith("without a kept title the notification has one all the same", async (/** @type {string} */ file) => {
  assert.deepEqual((await runWorker(file)).did[0], ["New mail", { tag: "sealwax-new-mail" }]);
});

testWith("a click leads to the open page", async (/** @type {string} */ file) => {
  assert.deepEqual((await runWorker(file, { page: "hidden" })).did.slice(1), ["close", "focus", { type: "inbox.show" }]);
});

testWith("a push message shows nothing while a page is visible", async (/** @type {string} */ file) => {
  assert.deepEqual((await runWorker(file, { page: "visible" })).did, ["close", "focus", { type: "inbox.show" }]);
});
