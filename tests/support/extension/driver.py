"""Drives the installed extension as a person does: its pages, its frames in pages, its windows."""

from __future__ import annotations

import contextlib
import dataclasses
import html
import http.server
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.browser.bidi import PATIENCE_SECONDS, BidiError, Json
from tests.support.browser.browsers import Browser, Chromium, Firefox
from tests.support.browser.page import ENTER, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension import kept_records

IN_PAGE = page_scripts("support/extension/driver.js")

# Finds the place of the extension's button by the element around it: the button itself is in a closed shadow root.
# A field without its button yet comes into view itself: a tall neighbour in view would push it out of it.
_BUTTON = IN_PAGE["button"]
# Sends the event that the browser sends after a click in the extension's context menu, which no driver can click.
_FIREFOX_MENU = IN_PAGE["firefoxMenu"]
_CHROMIUM_MENU = """(async (url, info) => {
  const tab = (await chrome.tabs.query({ active: true })).find((one) => one.url === url);
  chrome.contextMenus.onClicked.dispatch(info, tab);
})(%s, %s)"""
_TICK_PROPOSED = IN_PAGE["tickProposed"]
_UNLOCK = IN_PAGE["unlockInPage"]
_FIREFOX_HOST = """(id) => {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  return ExtensionParent.WebExtensionPolicy.getByID(id).mozExtensionHostname;
}"""
# Stops the event page even if it waits for something. Without `disableResetIdleForTest` Firefox would delay that.
_STOP_EVENT_PAGE = IN_PAGE["stopEventPage"]
_EVENT_PAGE_STATE = """(id) => {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  return ExtensionParent.WebExtensionPolicy.getByID(id).extension.backgroundState;
}"""


_HEAD = """<!doctype html><meta name=viewport content="width=device-width"><title>A forum</title>
<link rel=icon href=data:,><style>
  body { font: 16px sans-serif; max-width: 50rem; margin: 1rem auto; padding: 0 1rem }
  textarea { inline-size: 100% }
</style>"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The extension's frame in a page. `around`: the frame with state and buttons. `text`: the view in it."""

    around: Page
    text: Page


class Extension:
    """The extension in one browser."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser = browser
        self.is_locked = True
        self._tabs_before = browser.tabs().keys()
        self.id = browser.install_extension(folder)
        if isinstance(browser, Firefox):
            self.base = f"moz-extension://{browser.chrome_js(_FIREFOX_HOST, self.id)}/"
        else:
            self.base = f"chrome-extension://{self.id}/"
        # The guide that opens at the first start would take the focus from the test's page.
        browser.wait_for_page("welcome.html").close()

    def uninstall(self) -> None:
        self.browser.uninstall_extension(self.id)
        # Close tabs that a failed test has left open: the next test would take them for its own.
        for context in self.browser.tabs().keys() - self._tabs_before:
            self.browser.close_tab(context)

    def open_options(self) -> Page:
        """Open the page with keys, people and authorities."""
        page = self.browser.open(self.base + "options/options.html")
        page.wait_for("() => document.querySelector('[data-test=state]')?.textContent")
        return page

    def import_keys(self, file: Path, passphrase: str, *, expect: str) -> None:
        """Import a key file, and wait until the page shows the text `expect`."""
        page = self.open_options()
        page.choose_files("#p12", [file])
        page.click("[data-test=passphrase]")
        page.type(passphrase)
        page.click("[data-test=import-keys]")
        # The first operation waits until Python has started, which takes long on a busy machine.
        page.wait_for_text(expect, timeout_seconds=60)
        page.close()

    def unlock(self, file: Path, passphrase: str) -> None:
        """Unlock the keys of a file, unless keys are unlocked already."""
        if self.is_locked:
            self.open_keys(file, passphrase)

    def open_keys(self, file: Path, passphrase: str) -> None:
        """Store a key file without the import page, and unlock it.

        The passphrase becomes a JavaScript string, so tests that search memory for secrets must use `import_keys`.
        """
        keys = kept_records.key_file(file, passphrase)
        with self._page_for_requests() as page:
            kept_records.put(page, {"keyFiles": [keys]})
            page.js(_UNLOCK, keys["id"], passphrase)
        self.is_locked = False

    def unlock_kept(self, key_file: str, passphrase: str) -> None:
        """Unlock a key file that the extension has."""
        with self._page_for_requests() as page:
            page.js(_UNLOCK, key_file, passphrase)
        self.is_locked = False

    def keep(self, *, people: Sequence[Path] = (), anchors: Sequence[Path] = ()) -> None:
        """Store the certificates of files without the import page."""
        records = {
            "people": [certificate for file in people for certificate in kept_records.certificates(file)],
            "anchors": [certificate for file in anchors for certificate in kept_records.certificates(file)],
        }
        with self._page_for_requests() as page:
            kept_records.put(page, records)

    @contextlib.contextmanager
    def _page_for_requests(self) -> Iterator[Page]:
        """Open a page of the extension that sends no requests to the vault by itself."""
        page = self.browser.open(self.base + "viewer/page_viewer.html")
        page.wait_for("() => document.readyState === 'complete'")
        try:
            yield page
        finally:
            page.close()

    def lock(self) -> None:
        page = self.open_options()
        page.click("[data-test=lock]")
        page.wait_for_text("Your keys are locked")
        page.close()
        self.is_locked = True

    def leave_alone(self) -> None:
        """Detach the driver from the background. Otherwise the background could not stop, or would wait to start."""
        if isinstance(self.browser, Chromium):
            self.browser.leave_service_workers_alone()

    def stop_background(self) -> None:
        """Stop the background, as the browser does when it is idle."""
        self.leave_alone()
        if isinstance(self.browser, Chromium):
            self.browser.cdp("ServiceWorker.enable")
            self.browser.cdp("ServiceWorker.stopAllWorkers")
        elif isinstance(self.browser, Firefox):
            self.browser.chrome_js(_STOP_EVENT_PAGE, self.id)

    def is_background_running(self) -> bool:
        if isinstance(self.browser, Chromium):
            return bool(self.browser.service_workers(self.id))
        assert isinstance(self.browser, Firefox)
        return bool(self.browser.chrome_js(_EVENT_PAGE_STATE, self.id) == "running")

    def click_button(self, page: Page, field: str) -> None:
        """Click the extension's button beside a field. Brings the tab to the front, where the button is offered."""
        place = self.wait_for_button(page, field)
        page.click_at(place["x"], place["y"])

    def wait_for_button(self, page: Page, field: str) -> dict[str, int]:
        """Wait for the extension's button beside a field, and return its place."""
        page.activate()
        place: dict[str, int] = page.wait_for(_BUTTON, field, "nextElementSibling")
        return place

    def click_button_above(self, page: Page, element: str) -> None:
        """Click the extension's button above a mail."""
        place = self.wait_for_button_above(page, element)
        page.click_at(place["x"], place["y"])

    def wait_for_button_above(self, page: Page, element: str) -> dict[str, int]:
        """Wait until the extension's button stands above an element, and return its place."""
        page.activate()
        place: dict[str, int] = page.wait_for(_BUTTON, element, "previousElementSibling")
        return place

    def choose_from_menu(self, page: Page, entry: str, **info: str) -> None:
        """Choose an entry of the extension's context menu, in a tab that comes to the front."""
        page.activate()
        click = {"menuItemId": entry, "frameId": 0, **info}
        if isinstance(self.browser, Firefox):
            self.browser.chrome_js(_FIREFOX_MENU, self.id, click)
        else:
            assert isinstance(self.browser, Chromium)
            self.browser.run_in_service_worker(self.id, _CHROMIUM_MENU % (json.dumps(page.url), json.dumps(click)))

    def frame_in(self, page: Page) -> Frame:
        """Wait for the frame that replaces a field, and return it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            text = page.wait_for_frame("view.html")
            # A frame that loaded before the click may be replaced by another one.
            with contextlib.suppress(BidiError):
                around = text.around()
                if around is not None and around.is_loaded():
                    return Frame(around=around, text=text)
            assert time.monotonic() < deadline, "the frame has not loaded"
            time.sleep(0.05)

    def write(self, page: Page, field: str, text: str) -> Frame:
        """Open the extension's editor at a field and type into it."""
        self.click_button(page, field)
        frame = self.frame_in(page)
        frame.around.wait_for_selector("[data-test=encrypt]")
        frame.text.click(".text")
        frame.text.type(text)
        return frame

    def window(self, *, tick_proposed: bool = True) -> Page:
        """Wait for the extension's window with a question, and return it. Ticks the readers that the page proposes."""
        window = self.browser.wait_for_page(self.base + "prompt/prompt.html")
        window.wait_for_selector("[data-test=refuse]", timeout_seconds=30)
        if tick_proposed:
            window.js(_TICK_PROPOSED)
        return window

    def window_after_click(self, page: Page, control: str) -> Page:
        """Click a control, and return the extension's window that opens.

        The guard stops clicks while the scripts of the page are not loaded. So the click is repeated every 5 seconds.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.has_window() and time.monotonic() < deadline:
            page.click(control)
            held_back = time.monotonic() + 5
            while not self.has_window() and time.monotonic() < held_back:
                time.sleep(0.05)
        return self.window()

    def has_window(self) -> bool:
        """Whether the extension's window with a question is open."""
        return any("prompt.html" in context["url"] for context in self.browser.contexts())

    def wait_until_window_is_gone(self) -> None:
        for _ in range(600):
            if not self.has_window():
                return
            time.sleep(0.05)
        shown = self.browser.wait_for_page(self.base + "prompt/prompt.html").text()
        raise AssertionError(f"the extension's window is still open: {shown}")

    def answer(self, passphrase: str | None = None) -> None:
        """Agree in the extension's window, with the passphrase if one is given."""
        window = self.window()
        with window.closing():
            if passphrase is None:
                agree_in(window)
            else:
                for_writer_only = is_for_writer_only(window)
                window.click("[data-test=passphrase]")
                window.type(passphrase)
                window.press(ENTER)
                if for_writer_only:
                    window.click("[data-test=writer-only-go]")
        self.wait_until_window_is_gone()


def agree_in(window: Page) -> None:
    """Agree in the extension's window, also to encrypt for the writer only if no reader is ticked."""
    for_writer_only = is_for_writer_only(window)
    window.click("[data-test=agree]")
    if for_writer_only:
        window.click("[data-test=writer-only-go]")


def note_after(page: Page, selector: str) -> str:
    """The sentences that the extension shows after an element of a page, in a closed shadow root."""
    return " ".join(
        _texts_in(_tree_of(page, "(selector) => document.querySelector(selector).nextElementSibling", selector))
    )


def notes_below(page: Page, selector: str) -> str:
    """The sentences in closed shadow roots below an element of a page, at any depth."""
    return " ".join(
        _shadow_texts_in(_tree_of(page, "(selector) => document.querySelector(selector)", selector, depth=60))
    )


def _tree_of(page: Page, function: str, selector: str, *, depth: int = 10) -> Json:
    answer = page.browser.bidi.command(
        "script.callFunction",
        functionDeclaration=function,
        arguments=[{"type": "string", "value": selector}],
        target={"context": page.context},
        awaitPromise=False,
        serializationOptions={"maxDomDepth": depth, "includeShadowTree": "all"},
    )
    return answer["result"]["value"]


def _shadow_texts_in(node: Json) -> Iterator[str]:
    if root := node.get("shadowRoot"):
        yield from _texts_in(root["value"])
    for child in node.get("children", []):
        yield from _shadow_texts_in(child["value"])


def _texts_in(node: Json) -> Iterator[str]:
    if "nodeValue" in node:
        yield node["nodeValue"]
    for child in [node.get("shadowRoot"), *node.get("children", [])]:
        if child:
            yield from _texts_in(child["value"])


def is_for_writer_only(window: Page) -> bool:
    """Whether the window encrypts and no reader is ticked. It then asks once more before it encrypts."""
    lonely: bool = window.js("""() => {
      const boxes = [...document.querySelectorAll("[data-test=readers] [type=checkbox]")];
      return document.querySelector("[data-test=readers]") !== null && !boxes.some((box) => box.checked);
    }""")
    return lonely


class Site:
    """A foreign web site with two origins. The address of a page contains the page's markup."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.other_origin = f"http://localhost:{port}"

    def page_with(self, markup: str, *, origin: str | None = None, policy: str = "") -> str:
        """The address of a page with this markup and this Content-Security-Policy."""
        query = urllib.parse.urlencode({"markup": markup, "policy": policy})
        return f"{origin or self.origin}/?{query}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        markup, policy = query.get("markup", [""])[0], query.get("policy", [""])[0]
        if "wait" in query:
            # The request is for a script that delays the page.
            time.sleep(float(query["wait"][0]))
        self.send_response(200)
        self.send_header("Content-Type", f"text/{'javascript' if 'wait' in query else 'html'}; charset=utf-8")
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(b"" if "wait" in query else f"{_HEAD}<h1>A forum</h1>{markup}".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""


@contextlib.contextmanager
def running_site() -> Iterator[Site]:
    """Run the server of a `Site` on loopback during the block."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Site(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def close_proposal(options: Page) -> None:
    """Close the dialog about a certificate without an answer, and wait until the background has forgotten it."""
    options.js(IN_PAGE["closeProposal"])


def textarea(name: str, *, text: str = "", **attributes: str) -> str:
    """The markup of a textarea. `name` is its id. The argument `data_smime` becomes the attribute `data-smime`."""
    written = "".join(f' {key.replace("_", "-")}="{html.escape(value)}"' for key, value in attributes.items())
    return f'<textarea id="{name}" rows=6{written}>\n{html.escape(text)}</textarea>'
