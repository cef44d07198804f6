"""Opens a message in the pages, and measures when its words are there and how long the page stands still."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named

IN_PAGE = page_scripts("support/pages/stillness.js")

# Tasks that follow each other note the gaps between them.
_START: Final = IN_PAGE["start"]
_READ: Final = IN_PAGE["read"]
_END: Final = "() => globalThis.meter.port.close()"
_SHOW: Final = IN_PAGE["show"]


class Opening(NamedTuple):
    """The milliseconds until the words, and the longest time in which the page stood still.

    The second one is without the time that a page without work stands still on this machine.
    """

    words: float
    longest: float


def measure_opening(pages: MailPages, uid: int, words: str) -> Opening:
    """Open a message of the inbox."""
    page = pages.page
    page.js("() => { location.hash = '#/folder/inbox'; }")
    row = f"[data-uid='{uid}']"
    page.wait_for_selector(row, timeout_seconds=OPERATION_SECONDS)
    page.js(_START)
    idle: float = page.js(_READ)
    address = page.js("(row) => document.querySelector(row).hash", row)
    shown: float = page.js(_SHOW, named("body"), address, words)
    longest: float = page.js(_READ)
    page.js(_END)
    return Opening(words=shown, longest=max(0.0, longest - idle))
