"""The window of the toolbar button."""

from __future__ import annotations

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension

_SHOWN = "() => document.querySelectorAll('[data-test^=way-]').length > 0"
# Waits until the page is pointed at: then its events are held.
POINTING = "() => [...document.documentElement.children].at(-1).localName === 'div'"


def open_window(extension: Extension, tab: Page) -> Page:
    """Press the toolbar button, and return the window that opens."""
    extension.browser.click_toolbar_button(extension.id, tab)
    window = extension.browser.wait_for_page("toolbar.html")
    window.wait_for(_SHOWN)
    return window


def choose(extension: Extension, tab: Page, way: str, *, shown: str = POINTING) -> None:
    """Press the toolbar button, and go a way of the page in the window. Then wait until the page shows that."""
    window = open_window(extension, tab)
    with window.closing():
        window.click(f"[data-test=way-{way}]")
    tab.activate()
    tab.wait_for(shown)
