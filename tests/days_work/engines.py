"""The browsers in which a walk can go, each with a new profile, and with a folder in which files are saved unasked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.support.browser import webkit
from tests.support.browser.browsers import Browser, Chromium, Firefox, missing_programs

ENGINES: Final = ("chromium", "firefox", "webkit")


def absence(engine: str) -> str | None:
    """Why this engine is not here, or None."""
    if engine == "webkit":
        missing = webkit.missing_programs()
    else:
        missing = missing_programs("chromium" if engine == "chromium" else "firefox")
    return f"not installed: {', '.join(missing)}" if missing else None


@contextmanager
def running_browser(engine: str, downloads: Path, *flags: str) -> Iterator[Browser]:
    """A browser with a new profile. `flags` are for Chromium only."""
    with ExitStack() as stack:
        profile = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = _start(engine, profile, downloads, flags)
        stack.callback(browser.close)
        if isinstance(browser, Chromium):
            place = {"type": "allowed", "destinationFolder": str(downloads)}
            browser.bidi.command("browser.setDownloadBehavior", downloadBehavior=place)
        yield browser


def _start(engine: str, profile: Path, downloads: Path, flags: tuple[str, ...]) -> Browser:
    if engine == "chromium":
        return Chromium(profile, flags=flags)
    if engine == "firefox":
        return Firefox(profile, preferences={"browser.download.folderList": 2, "browser.download.dir": str(downloads)})
    (profile / "config").mkdir()
    (profile / "config" / "user-dirs.dirs").write_text(f'XDG_DOWNLOAD_DIR="{downloads}"\n')
    return webkit.WebKit(profile)
