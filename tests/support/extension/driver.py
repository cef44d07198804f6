"""Drives the installed extension as a person would: its pages, its frames in pages, its windows."""

from __future__ import annotations

import dataclasses
import html
import http.server
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.browser import kept_records
from tests.browser.bidi import PATIENCE_SECONDS
from tests.browser.browsers import Browser, Chromium, Firefox
from tests.browser.page import ENTER, Page

# The extension's button stands in a closed shadow root: only its place is known, from the element around it.
_BUTTON = """(selector, sibling) => {
  const box = document.querySelector(selector)?.[sibling];
  box?.scrollIntoView({ block: "center", behavior: "instant" });
  const { x, y, height } = box?.getBoundingClientRect() ?? { height: 0 };
  return height >= 44 && height < 100 && { x: Math.round(x + 24), y: Math.round(y + 24) };
}"""
# As the browser tells the extension of a click in its menu, which no driver can reach.
_FIREFOX_MENU = """(id, info) => {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  const window = Services.wm.getMostRecentWindow("navigator:browser");
  const { extension } = ExtensionParent.WebExtensionPolicy.getByID(id);
  extension.emit("webext-menu-menuitem-click", info, window.gBrowser.selectedTab);
}"""
_CHROMIUM_MENU = """(async (url, info) => {
  const tab = (await chrome.tabs.query({ active: true })).find((one) => one.url === url);
  chrome.contextMenus.onClicked.dispatch(info, tab);
})(%s, %s)"""
_TICK_PROPOSED = """() => {
  for (const note of document.querySelectorAll("[data-test=proposed]")) {
    note.closest("li").querySelector("input:not(:checked, :disabled)")?.click();
  }
}"""
_UNLOCK = """async (keyFile, passphrase) => {
  const { askWithSecrets } = await import("/shared/request.js");
  const buffer = new Uint8Array(4096);
  const { written } = new TextEncoder().encodeInto(passphrase, buffer);
  await askWithSecrets("page.unlock", { keyFile }, { passphrase: { buffer: buffer.buffer, length: written } });
}"""
_FIREFOX_HOST = """(id) => {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  return ExtensionParent.WebExtensionPolicy.getByID(id).mozExtensionHostname;
}"""
# Whatever it waits for; without "Test" Firefox would put it off.
_STOP_EVENT_PAGE = """async (id) => {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  const { extension } = ExtensionParent.WebExtensionPolicy.getByID(id);
  await extension.terminateBackground({ ignoreDevToolsAttached: true, disableResetIdleForTest: true });
}"""
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
    """The extension's frame in a page: `around` holds state and buttons, `text` the text."""

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
        # The guide of the first run would take the focus from the test's own page.
        browser.wait_for_page("welcome.html").close()

    def uninstall(self) -> None:
        self.browser.bidi.command("webExtension.uninstall", extension=self.id)
        # What a failed test left open would be taken for the next extension's, and go on asking a background in vain.
        for context in self.browser.tabs().keys() - self._tabs_before:
            self.browser.close_tab(context)

    def open_options(self) -> Page:
        """The page with keys, people and authorities."""
        page = self.browser.open(self.base + "options.html")
        page.wait_for("() => document.querySelector('[data-test=state]')?.textContent")
        return page

    def import_keys(self, file: Path, passphrase: str, *, expect: str) -> None:
        """Import a key file and wait for a text on the page."""
        page = self.open_options()
        page.choose_files("#p12", [file])
        page.click("[data-test=passphrase]")
        page.type(passphrase)
        page.click("[data-test=import-keys]")
        # The first operation waits for Python to start, on a machine that may have other things to do.
        page.wait_for_text(expect, timeout_seconds=60)
        page.close()

    def unlock(self, file: Path, passphrase: str) -> None:
        """Open the keys in a file, unless some are open already."""
        if self.is_locked:
            self.open_keys(file, passphrase)

    def open_keys(self, file: Path, passphrase: str) -> None:
        """Keep a key file without an import and open it.

        The passphrase becomes a string of JavaScript: what looks for secrets in memory wants `import_keys`.
        """
        keys = kept_records.key_file(file, passphrase)
        with self._page_for_requests() as page:
            kept_records.put(page, {"keyFiles": [keys]})
            page.js(_UNLOCK, keys["id"], passphrase)
        self.is_locked = False

    def keep(self, *, people: Sequence[Path] = (), anchors: Sequence[Path] = ()) -> None:
        """Keep the certificates of files without an import."""
        records = {
            "people": [one for file in people for one in kept_records.certificates(file)],
            "anchors": [one for file in anchors for one in kept_records.certificates(file)],
        }
        with self._page_for_requests() as page:
            kept_records.put(page, records)

    @contextmanager
    def _page_for_requests(self) -> Iterator[Page]:
        """A page of the extension that asks the vault for nothing by itself."""
        page = self.browser.open(self.base + "page_viewer.html")
        page.wait_for("() => document.readyState === 'complete'")
        yield page
        page.close()

    def lock(self) -> None:
        page = self.open_options()
        page.click("[data-test=lock]")
        page.wait_for_text("Your keys are locked")
        page.close()
        self.is_locked = True

    def leave_alone(self) -> None:
        """From now on the driver keeps no background alive, and none waits for it."""
        if isinstance(self.browser, Chromium):
            self.browser.leave_service_workers_alone()

    def stop_background(self) -> None:
        """End the background, as the browser does when it idles."""
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
        """Click the extension's button beside a field, in the tab that is in front: nothing is offered in any other."""
        place = self.wait_for_button(page, field)
        page.click_at(place["x"], place["y"])

    def wait_for_button(self, page: Page, field: str) -> dict[str, int]:
        """Where the extension's button beside a field is."""
        page.activate()
        place: dict[str, int] = page.wait_for(_BUTTON, field, "nextElementSibling")
        return place

    def click_button_above(self, page: Page, element: str) -> None:
        """Click the extension's button above a mail."""
        page.activate()
        place = page.wait_for(_BUTTON, element, "previousElementSibling")
        page.click_at(place["x"], place["y"])

    def choose_from_menu(self, page: Page, entry: str, **info: str) -> None:
        """Choose an entry of the context menu in a tab, which comes to the front."""
        page.activate()
        told = {"menuItemId": entry, "frameId": 0, **info}
        if isinstance(self.browser, Firefox):
            self.browser.chrome_js(_FIREFOX_MENU, self.id, told)
        else:
            assert isinstance(self.browser, Chromium)
            self.browser.run_in_service_worker(self.id, _CHROMIUM_MENU % (json.dumps(page.url), json.dumps(told)))

    def frame_in(self, page: Page) -> Frame:
        """The frame that has taken a field's place."""
        text = page.wait_for_frame("view.html")
        around = text.around()
        assert around is not None
        return Frame(around=around.when_loaded(), text=text)

    def write(self, page: Page, field: str, text: str) -> Frame:
        """Open the private editor at a field and type into it."""
        self.click_button(page, field)
        frame = self.frame_in(page)
        frame.around.wait_for_selector("[data-test=seal]")
        frame.text.click(".text")
        frame.text.type(text)
        return frame

    def window(self, *, tick_proposed: bool = True) -> Page:
        """The extension's window, once it asks something; whom the page proposes is ticked, as a person would."""
        window = self.browser.wait_for_page(self.base + "prompt.html")
        window.wait_for_selector("[data-test=refuse]", timeout_seconds=30)
        if tick_proposed:
            window.js(_TICK_PROPOSED)
        return window

    def window_after_click(self, page: Page, control: str) -> Page:
        """The extension's window that a click asks for.

        A click on a page whose scripts are not there yet is held back, and a person repeats it.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.has_window() and time.monotonic() < deadline:
            page.click(control)
            held_back = time.monotonic() + 5
            while not self.has_window() and time.monotonic() < held_back:
                time.sleep(0.05)
        return self.window()

    def has_window(self) -> bool:
        """Whether the extension asks something."""
        return any("prompt.html" in context["url"] for context in self.browser.contexts())

    def wait_until_window_is_gone(self) -> None:
        for _ in range(600):
            if not self.has_window():
                return
            time.sleep(0.05)
        shown = self.browser.wait_for_page(self.base + "prompt.html").text()
        raise AssertionError(f"the extension's window is still open: {shown}")

    def answer(self, passphrase: str | None = None) -> None:
        """Agree in the extension's window."""
        window = self.window()
        if passphrase is not None:
            window.click("[data-test=passphrase]")
            window.type(passphrase)
        with window.closing():
            if passphrase is None:
                window.click("[data-test=agree]")
            else:
                window.press(ENTER)
        self.wait_until_window_is_gone()


class Site:
    """A web site of somebody else: one page with the fields that a test asks for, under two origins."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.other_origin = f"http://localhost:{port}"

    def page_with(self, markup: str, *, origin: str | None = None, policy: str = "") -> str:
        """The address of a page with this markup, and this Content-Security-Policy."""
        query = urllib.parse.urlencode({"markup": markup, "policy": policy})
        return f"{origin or self.origin}/?{query}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        markup, policy = query.get("markup", [""])[0], query.get("policy", [""])[0]
        if "wait" in query:
            # A script that holds the page up.
            time.sleep(float(query["wait"][0]))
        self.send_response(200)
        self.send_header("Content-Type", f"text/{'javascript' if 'wait' in query else 'html'}; charset=utf-8")
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(b"" if "wait" in query else f"{_HEAD}<h1>A forum</h1>{markup}".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def running_site() -> Iterator[Site]:
    """A server for the pages of a `Site` on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Site(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def textarea(name: str, *, text: str = "", **attributes: str) -> str:
    """The markup of a textarea with an id; `data_smime="…"` becomes `data-smime="…"`."""
    written = "".join(f' {key.replace("_", "-")}="{html.escape(value)}"' for key, value in attributes.items())
    return f'<textarea id="{name}" rows=6{written}>\n{html.escape(text)}</textarea>'
