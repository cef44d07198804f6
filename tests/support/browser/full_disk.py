"""A browser whose profile has no room left: it refuses all that pages and extension would write, as on a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.browser.browsers import Chromium
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension

IN_PAGE = page_scripts("support/browser/full_disk.js")

# A transaction of a full disk is aborted after the request, with this error. The other stores refuse the call itself.
_REFUSE = IN_PAGE["refuseInPage"]
_PAGE = f"() => {{ ({_REFUSE})(globalThis); }}"
_WORKER = f"globalThis.restoreRoom = ({_REFUSE})(globalThis);"
_BACKGROUND = f"""async () => {{
  globalThis.restoreRoom = ({_REFUSE})(await browser.runtime.getBackgroundPage());
}}"""


@contextmanager
def full_for(page: Page) -> Iterator[None]:
    """Leave no room for the documents that this tab loads from now on."""
    bidi = page.browser.bidi
    added = bidi.command("script.addPreloadScript", functionDeclaration=_PAGE, contexts=[page.context])
    try:
        yield
    finally:
        bidi.command("script.removePreloadScript", script=added["script"])


@contextmanager
def full_background(extension: Extension) -> Iterator[None]:
    """Leave no room for the extension's background, which writes for all its views."""
    browser = extension.browser
    if isinstance(browser, Chromium):
        browser.run_in_service_worker(extension.id, _WORKER)
        try:
            yield
        finally:
            browser.run_in_service_worker(extension.id, "globalThis.restoreRoom()")
        return
    # The page stays open, because the functions belong to it: Firefox refuses to call those of a closed page.
    page = extension.open_options()
    page.js(_BACKGROUND)
    try:
        yield
    finally:
        page.js("() => restoreRoom()")
        page.close()
