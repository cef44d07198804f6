"""The service worker of notifications, as the build makes it, with a browser of the test's own around it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from webbridge.pages_app import BUILT_PAGES

# Runs the worker, sends it a push message with content, then presses the notification. Prints what it did.
HARNESS = """
const fs = require("node:fs"), vm = require("node:vm");
const [file, visibility, title] = process.argv.slice(1);
const did = [], listeners = {};
const page = visibility && {
  visibilityState: visibility,
  focus: async () => { did.push("focus"); },
  postMessage: (message) => did.push(message),
};
const self = {
  addEventListener: (name, listener) => { listeners[name] = listener; },
  skipWaiting: async () => {},
  registration: {
    scope: "https://mail.example.test/new-mail/",
    showNotification: async (...shown) => { did.push(shown); },
  },
  clients: {
    matchAll: async ({ type, includeUncontrolled }) => (page && type === "window" && includeUncontrolled ? [page] : []),
    openWindow: async (url) => { did.push(String(url)); },
  },
};
const caches = { match: async () => (title ? new Response(title) : undefined) };
vm.runInNewContext(fs.readFileSync(file, "utf8"), { self, caches, URL, Response });
const run = async (name, event) => {
  let done;
  // A copy of the event would read its content.
  event.waitUntil = (promise) => { done = promise; };
  listeners[name](event);
  await done;
};
(async () => {
  await run("push", { get data() { throw new Error("the content was read"); } });
  await run("notificationclick", { notification: { close: () => did.push("close") } });
  console.log(JSON.stringify([Object.keys(listeners).sort(), did]));
})();
"""


def run_worker(*, page: str = "", title: str = "") -> Any:
    command = ["node", "-e", HARNESS, str(BUILT_PAGES / "new_mail_worker.js"), page, title]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_a_push_message_shows_the_kept_title_and_nothing_of_its_content() -> None:
    listeners, did = run_worker(title="Neue E-Mail")
    assert did[0] == ["Neue E-Mail", {"tag": "sealwax-new-mail"}]
    # Without a page a click opens one. The worker answers no requests.
    assert did[1:] == ["close", "https://mail.example.test/#/folder/inbox"]
    assert listeners == ["install", "notificationclick", "push"]


def test_without_a_kept_title_the_notification_has_one_all_the_same() -> None:
    assert run_worker()[1][0] == ["New mail", {"tag": "sealwax-new-mail"}]


def test_a_click_leads_to_the_open_page() -> None:
    assert run_worker(page="hidden")[1][1:] == ["close", "focus", {"type": "inbox.show"}]


def test_a_push_message_shows_nothing_while_a_page_is_visible() -> None:
    assert run_worker(page="visible")[1] == ["close", "focus", {"type": "inbox.show"}]
