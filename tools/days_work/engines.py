"""The browsers for a walk. Each has a new profile, and saves files into a folder without asking."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.support.browser import webkit
from tests.support.browser.browsers import Browser, Chromium, Firefox, missing_programs

ENGINES: Final = ("chromium", "firefox", "webkit")
# Without a mouse, a browser assumes that no pointer can hover. In Chromium 2 is hover, 4 is a fine pointer.
_CHROMIUM_MOUSE: Final = (
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)
_FIREFOX_MOUSE: Final = 6
"""A fine pointer (2) that hovers (4)."""
_FIREFOX_FINGER: Final = 1
"""A coarse pointer."""


def absence(engine: str) -> str | None:
    """The reason why this engine cannot be used here, or None."""
    if engine == "webkit":
        missing = webkit.missing_programs()
    else:
        missing = missing_programs("chromium" if engine == "chromium" else "firefox")
    return f"not installed: {', '.join(missing)}" if missing else None


@contextmanager
def running_browser(engine: str, downloads: Path, *, has_mouse: bool = True) -> Iterator[Browser]:
    """A browser with a new profile, with or without a mouse. WebKitGTK always has a mouse."""
    with ExitStack() as stack:
        profile = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = _start(engine, profile, downloads, has_mouse=has_mouse)
        stack.callback(browser.close)
        if isinstance(browser, Chromium):
            place = {"type": "allowed", "destinationFolder": str(downloads)}
            browser.bidi.command("browser.setDownloadBehavior", downloadBehavior=place)
        yield browser


def _start(engine: str, profile: Path, downloads: Path, *, has_mouse: bool) -> Browser:
    if engine == "chromium":
        return Chromium(profile, flags=_CHROMIUM_MOUSE if has_mouse else ())
    if engine == "firefox":
        pointer = _FIREFOX_MOUSE if has_mouse else _FIREFOX_FINGER
        preferences: dict[str, str | int | bool] = {
            "browser.download.folderList": 2,
            "browser.download.dir": str(downloads),
            # While its panel of downloads is open, the browser takes the space bar from the page.
            "browser.download.alwaysOpenPanel": False,
            "ui.primaryPointerCapabilities": pointer,
            "ui.allPointerCapabilities": pointer,
        }
        return Firefox(profile, preferences=preferences)
    browser = webkit.WebKit(profile)
    browser.downloads.symlink_to(downloads)
    return browser
