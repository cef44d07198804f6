"""Stock WebKitGTK: its MiniBrowser, driven by WebKitWebDriver on a virtual screen.

Its storage is that of a private window, because the driver starts it so. It has no extension and no BiDi.
"""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal

import pytest

from tests.support.browser.browsers import Browser, end_process, ended_on_failure
from tests.support.browser.classic import ClassicConnection, ClassicSession
from tests.support.browser.page import Page
from tests.support.browser.screen import running_screen

DRIVER: Final = "WebKitWebDriver"
# It stands beside WebKit's own processes and not in PATH.
MINI_BROWSER: Final = "/usr/lib/*/webkit2gtk-4.1/MiniBrowser"

# Like the other browsers, no sandbox and no graphics card.
ENVIRONMENT: Final = {
    "GDK_BACKEND": "x11",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
    "NO_AT_BRIDGE": "1",
}
# The buttons above a page are made small, or no window would be as narrow as a phone.
_STYLE: Final = "* { padding: 0; margin: 0; min-width: 0; font-size: 1px; -gtk-icon-transform: scale(0.1) }"


class WebKit(Browser):
    """Debian's WebKitGTK."""

    name: Literal["webkit"] = "webkit"

    def __init__(self, profile: Path) -> None:
        (profile / "config" / "gtk-3.0").mkdir(parents=True)
        (profile / "config" / "gtk-3.0" / "gtk.css").write_text(_STYLE)
        # The browser reads the name of the folder once. A test lets it be a link to a folder of its own.
        self.downloads = profile / "downloads"
        (profile / "config" / "user-dirs.dirs").write_text(f'XDG_DOWNLOAD_DIR="{self.downloads}"\n')
        self._profile = profile
        with ExitStack() as stack:
            screen = stack.enter_context(running_screen(has_window_manager=False))
            self._environment = {
                **os.environ,
                **ENVIRONMENT,
                "DISPLAY": screen.display,
                "XDG_CONFIG_HOME": str(profile / "config"),
                "XDG_CACHE_HOME": str(profile / "cache"),
                "XDG_DATA_HOME": str(profile / "data"),
            }
            # The windows are ended with their screen, also if the driver was killed.
            self.process = screen.process
            classic = ClassicConnection(self._start_session)
            stack.callback(classic.close)
            super().__init__(classic)
            self._closing = stack.pop_all()

    def open_emptied(self, url: str) -> Page:
        """As `open_private`, because each session has a profile of its own."""
        return self.open_private(url)

    def click_toolbar_button(self, extension: str, page: Page) -> None:
        raise NotImplementedError("there is no extension for WebKitGTK")

    def kill(self) -> None:
        assert isinstance(self.bidi, ClassicConnection)
        for process in (*self.bidi.processes, self.process):
            process.kill()

    def close(self) -> None:
        self._closing.close()

    def _start_session(self) -> ClassicSession:
        with ExitStack() as stack:
            port = _free_port()
            with (self._profile / "driver.log").open("ab") as output:
                driver = subprocess.Popen(
                    [DRIVER, f"--port={port}"], stdout=output, stderr=subprocess.STDOUT, env=self._environment
                )
            stack.enter_context(ended_on_failure(driver))
            stack.callback(end_process, driver)
            stack.callback(driver.terminate)
            _wait_for_port(port, driver)
            options = {"binary": find_mini_browser(), "args": ["--automation"]}
            capabilities = {"webkitgtk:browserOptions": options, "unhandledPromptBehavior": "ignore"}
            return ClassicSession(f"http://127.0.0.1:{port}", capabilities, driver, stack.pop_all())


def skip_in_webkit(browser: object, reason: str) -> None:
    """Skip a test in WebKitGTK, which lacks something that the test needs, or whose driver does."""
    if isinstance(browser, WebKit):
        pytest.skip(reason)


def missing_programs() -> list[str]:
    """The programs that WebKitGTK needs here and that are not installed."""
    missing = [name for name in (DRIVER, "Xvfb") if not shutil.which(name)]
    return missing if glob.glob(MINI_BROWSER) else [*missing, "MiniBrowser"]


def find_mini_browser() -> str:
    """The path of WebKitGTK's browser."""
    return sorted(glob.glob(MINI_BROWSER))[0]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _wait_for_port(port: int, process: subprocess.Popen[bytes], *, timeout_seconds: float = 30) -> None:
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"{DRIVER} ended at once") from None
            if time.monotonic() > deadline:
                raise TimeoutError(f"{DRIVER} does not listen") from None
            time.sleep(0.02)
        else:
            return
