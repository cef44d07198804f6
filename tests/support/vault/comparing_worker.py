"""A Worker for the vault that compares Python with the image after each rewind, and counts what the fill left.

The image is copied by the Worker itself, all of linear memory, without the code that is tested.
"""

from __future__ import annotations

from typing import Any, Final

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.vault.page import OpenPage

IN_PAGE = page_scripts("support/vault/comparing_worker.js")

# The browser gets twenty times longer to collect keys than in the vault, so that a busy machine ends no Worker.
PATIENCE: Final = """
const readClock = performance.now.bind(performance);
performance.now = () => readClock() / 20;
"""
# PRELUDE runs before the Worker starts. It may define `globalThis.extra`, whose value becomes a member of the report.
# `outside` is state of Python that lies in JavaScript and in tables: references, interned names, files and open files.
COMPARING_WORKER: Final = page_program("support/vault/compared_worker.js")
_LISTEN: Final = IN_PAGE["listen"]


def open_comparing(
    open_vault_page: OpenPage, *, prelude: str = "", before_request: str = "() => {}", count: int = 60
) -> Page:
    """A page whose Worker has its image.

    `prelude` is JavaScript that runs before the Worker starts, `before_request` a function that gets Python.
    """
    worker = COMPARING_WORKER.replace("PRELUDE", PATIENCE + prelude)
    worker = worker.replace("BEFORE_REQUEST", f"({before_request})")
    # With so little memory one Worker waits, and none is grown in advance.
    page = open_vault_page(*[worker] * count, options={"device": {"deviceMemory": 2}})
    page.js(_LISTEN)
    wait_for_image(page)
    return page


def wait_for_image(page: Page) -> None:
    """Wait until a Worker has its image and waits for a request."""
    page.js("() => { window.isPrepared = false; }")
    page.wait_for("() => { window.channel.postMessage({ ask: true }); return window.isPrepared; }", timeout_seconds=60)


def next_report(page: Page) -> dict[str, Any]:
    """The report of the Worker after its next rewind or fill."""
    report: dict[str, Any] = page.wait_for("() => window.reports.shift()", timeout_seconds=30)
    return report


def check_clean(report: dict[str, Any], *, ended: bool) -> None:
    """Check that memory and tables are as in the image, or that all memory of an ended Worker is zero."""
    # The positive control: the operation has altered memory.
    assert report["used"] > 10
    state = {name: report[name] for name in ("ended", "altered", "others", "outside")}
    assert state == {"ended": ended, "altered": 0, "others": 0, "outside": True}
