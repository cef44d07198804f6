"""Drives the extension's viewer."""

from __future__ import annotations

from pathlib import Path

from tests.support.browser.page import Page


def open_file(viewer: Page, path: Path) -> None:
    """Open a file and wait until the viewer shows a verdict, a problem or a note."""
    viewer.js("() => document.querySelector('main').replaceChildren()")
    viewer.choose_files("#file", [path])
    viewer.wait_for(
        """(said) => document.querySelector("[data-test=note]").textContent !== ""
          || document.querySelector(said) !== null""",
        "main :is(.state-statement, [data-test=problem], [data-test=certificate], [data-test=left-out])",
        timeout_seconds=60,
    )
