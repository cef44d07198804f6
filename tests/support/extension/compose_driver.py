"""Drives the window for writing letters. A test page that plays a webmail opens the window."""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import time
from pathlib import Path
from typing import Any

from tests.support.browser.page import ENTER, Page
from tests.support.extension.driver import Extension, Site

_FAKE = Path(__file__).parent / "fake_webmail.js"
_ASK = """(detail) => {
  delete document.documentElement.dataset.opened;
  document.dispatchEvent(new CustomEvent("webmail-writes", { detail }));
}"""
_OBSTACLES = "() => [...document.querySelectorAll('[data-test=obstacle]')].map(({ dataset }) => dataset.code)"
_OPENED = "() => document.documentElement.dataset.opened ?? null"


def add_fake_webmail(folder: Path, out: Path) -> Path:
    """Copy the extension to `out`, with one more content script, which plays a webmail's adaptor."""
    shutil.copytree(folder, out)
    shutil.copy(_FAKE, out / "content" / _FAKE.name)
    manifest_file = out / "manifest.json"
    manifest = json.loads(manifest_file.read_text())
    # If the manifest declares content scripts, none are registered at run time: declare the usual ones here too.
    places = ["*://127.0.0.1/*"]
    manifest["content_scripts"] = [
        {"matches": places, "js": ["content/guard.js"], "run_at": "document_start", "all_frames": True},
        {"matches": places, "js": ["content/content.js", f"content/{_FAKE.name}"], "all_frames": True},
    ]
    manifest_file.write_text(json.dumps(manifest))
    return out


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that the extension has given to the webmail."""

    envelope: dict[str, Any]
    subject: str
    deliver: str
    more: bool
    length: int
    message: bytes


class Webmail:
    """A page that plays a webmail, and the windows for writing that it opens."""

    def __init__(self, extension: Extension, site: Site, *, around: str = "") -> None:
        """Open the page. With `around`, a page of that origin contains the webmail in a frame."""
        self.extension = extension
        address = site.page_with("<p>Mail</p>")
        if around:
            framing = site.page_with(f"<iframe src='{address}'></iframe>", origin=around)
            self.tab = extension.browser.open(framing)
            self.page = self.tab.wait_for_frame(address)
        else:
            self.tab = self.page = extension.browser.open(address)
        # Content scripts start after the page has loaded.
        self.page.wait_for("() => document.documentElement.dataset.webmail === 'ready'")

    def write(self, *, kind: str = "new", mail: bytes = b"", **changes: Any) -> Page:
        """Have the webmail open a window for a letter, and return the window."""
        body = {
            "kind": kind, "from": "alice@example.test", "to": [], "cc": [], "subject": "", "text": "", "deliver": "raw",
            "mail": base64.b64encode(mail).decode(), **changes,
        }  # fmt: skip
        self.page.js(_ASK, json.dumps(body))
        opened = json.loads(self.page.wait_for(_OPENED))
        if "error" in opened:
            raise AssertionError(opened)
        return self.window(opened["value"]["compose"])

    def window(self, composition: str) -> Page:
        """Wait until the window of a composition can be used, and return it."""
        window = self.extension.browser.wait_for_page(f"compose.html?composition={composition}")
        window.wait_for_selector("[data-test=send], [data-test=problem]", timeout_seconds=60)
        return window

    def other_window(self, window: Page) -> Page:
        """Wait for another window for writing than this one, and return it."""
        for _ in range(600):
            for context in self.extension.browser.contexts():
                if "compose.html" in context["url"] and context["context"] != window.context:
                    other = Page(self.extension.browser, context["context"]).when_loaded()
                    other.wait_for_selector("[data-test=send]", timeout_seconds=60)
                    return other
            time.sleep(0.05)
        raise AssertionError("there is no second window")

    def mood(self, mood: str) -> None:
        """Set how the webmail treats messages from now on: `sends`, `refuses`, `refuses-last` or `silent`."""
        self.page.js("(mood) => { document.documentElement.dataset.mood = mood; }", mood)

    def taken(self, count: int = 1) -> list[Taken]:
        """Wait until the webmail has got at least `count` messages, and return all its messages."""
        messages = self.page.wait_for(
            "(count) => { const all = JSON.parse(document.documentElement.dataset.taken ?? '[]');"
            " return all.length >= count && all; }",
            count,
            timeout_seconds=60,
        )
        return [Taken(**{**message, "message": base64.b64decode(message["message"])}) for message in messages]

    def forget(self) -> None:
        self.page.js("() => { delete document.documentElement.dataset.taken; }")

    def close(self) -> None:
        self.tab.close()


def address(window: Page, field: str, *addresses: str) -> None:
    """Type addresses into a field and wait until each has a result."""
    focus_line(window, field)
    for recipient in addresses:
        window.type(recipient)
        window.press(ENTER)
    for recipient in addresses:
        known = f"[data-test=recipient][data-address='{recipient}']:not([data-readiness=asking])"
        window.wait_for_selector(known, timeout_seconds=60)


def focus_line(window: Page, field: str) -> None:
    """Put the caret into one of the lines for recipients. Cc and Bcc are folded until they are used."""
    shown = "(selector) => document.querySelector(selector).getClientRects().length > 0"
    if not window.js(shown, f"[data-test={field}]"):
        window.click("[data-test=unfold-cc-bcc]")
    window.click(f"[data-test={field}]")


def readiness(window: Page) -> dict[str, str]:
    """The state of each recipient, by address."""
    states: dict[str, str] = window.js(
        "() => Object.fromEntries([...document.querySelectorAll('[data-test=recipient]')]"
        ".map(({ dataset }) => [dataset.address, dataset.readiness]))"
    )
    return states


def obstacles(window: Page) -> list[str]:
    """The codes of the obstacles to sending."""
    codes: list[str] = window.js(
        "() => [...document.querySelectorAll('[data-test=obstacle]')].map(({ dataset }) => dataset.code)"
    )
    return codes


def wait_for_obstacles(window: Page, *codes: str) -> None:
    """Wait until exactly these obstacles are shown."""
    window.wait_for(
        "(codes) => JSON.stringify([...document.querySelectorAll('[data-test=obstacle]')]"
        ".map(({ dataset }) => dataset.code)) === JSON.stringify(codes)",
        list(codes),
        timeout_seconds=60,
    )


def wait_until_sendable(window: Page) -> None:
    """Wait until no look-up is under way: a letter sent before stays if one brings a warning, which is to be read."""
    window.wait_for_selector("[data-test=send]:not([aria-disabled])", timeout_seconds=60)


def send(window: Page) -> None:
    """Send when no look-up is under way. Raises AssertionError if the window shows an error."""
    wait_until_sendable(window)
    send_at_once(window)


def send_at_once(window: Page) -> None:
    """Press Send, also while an obstacle is shown, and wait until the letter was sent.

    Raises AssertionError if the window shows an error.
    """
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=sent], [data-test=send-error]:not(:empty)", timeout_seconds=90)
    problem = window.js("() => document.querySelector('[data-test=send-error]')?.textContent ?? ''")
    if problem:
        raise AssertionError(problem)


def quote_original(window: Page) -> None:
    """Agree to the decryption of the answered message, and wait until its state is shown."""
    window.click("[data-test=read-original]")
    window.wait_for_selector("[data-test=original-state]", timeout_seconds=60)


def remove(window: Page, person: str) -> None:
    window.click(f"[data-address='{person}'] .chip-remove")
