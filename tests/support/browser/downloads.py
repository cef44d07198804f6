"""The downloads of a browser: into a folder of the test, without a question."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.browser.browsers import Chromium, Firefox
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.webkit import WebKit

IN_PAGE = page_scripts("support/browser/downloads.js")

_SET = IN_PAGE["set"]
_RESET = """() => {
  for (const name of ["folderList", "dir", "alwaysOpenPanel"]) Services.prefs.clearUserPref(`browser.download.${name}`);
}"""
WITHOUT_DIALOG = "() => { delete globalThis.showSaveFilePicker; }"
"""Takes File System Access from a page, which then saves by its service worker, as in Firefox and on phones."""
_PARTIAL = (".part", ".crdownload", ".wkdownload")


@contextmanager
def downloads_into(page: Page, folder: Path) -> Iterator[None]:
    """Let the browser save the downloads of this page into a folder while the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    browser = page.browser
    if isinstance(browser, Firefox):
        browser.chrome_js(_SET, str(folder))
        try:
            yield
        finally:
            browser.chrome_js(_RESET)
        return
    if isinstance(browser, WebKit):
        browser.downloads.symlink_to(folder)
        try:
            yield
        finally:
            browser.downloads.unlink()
        return
    assert isinstance(browser, Chromium)
    tree = browser.bidi.command("browsingContext.getTree", root=page.context, maxDepth=0)["contexts"]
    context = tree[0]["userContext"]
    named = {} if context == "default" else {"browserContextId": context}
    browser.browser_cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder), **named)
    try:
        yield
    finally:
        browser.browser_cdp("Browser.setDownloadBehavior", behavior="default", **named)


def wait_for_download(folder: Path, name: str, *, timeout_seconds: float = 60, least_bytes: int = 0) -> bytes:
    """The content of a download, when the browser has finished it.

    WebKitGTK gives a file its name before its content, so a test names the least bytes that it has to have.
    """
    return wait_for_file(folder, name, timeout_seconds=timeout_seconds, least_bytes=least_bytes).read_bytes()


def wait_for_file(folder: Path, name: str, *, timeout_seconds: float = 60, least_bytes: int = 0) -> Path:
    """The file of a download, when the browser has finished it."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        names = {path.name for path in folder.iterdir()}
        is_there = name in names and (folder / name).stat().st_size >= least_bytes
        if is_there and not any(file_name.endswith(_PARTIAL) for file_name in names):
            return folder / name
        time.sleep(0.1)
    raise AssertionError(f"no {name} in {sorted(path.name for path in folder.iterdir())}")
