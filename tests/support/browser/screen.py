"""A virtual X screen, on which keys and clicks come from the system and not from the browser's driver."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.support.browser.browsers import end_process, ended_on_failure

PROGRAMS = ("Xvfb", "xdotool", "matchbox-window-manager")


@dataclass(frozen=True)
class Screen:
    """A running X screen; `display` is its X display name."""

    display: str
    process: subprocess.Popen[bytes]

    def press(self, *keys: str) -> None:
        """Press keys, named as in X: `alt+shift+w`."""
        self._do("key", *keys)

    def type(self, text: str) -> None:
        self._do("type", "--delay", "20", text)

    def click(self, x: float, y: float, *, button: int = 1) -> None:
        """Click at a pixel of the screen. Button 3 opens context menus."""
        self._do("mousemove", "--sync", str(round(x)), str(round(y)))
        self._do("click", str(button))

    def drag(self, start: Sequence[float], end: Sequence[float]) -> None:
        """Press the mouse button at one place of the screen, move, and release it at another place."""
        steps = 20
        self._do("mousemove", "--sync", *(str(round(coordinate)) for coordinate in start))
        self._do("mousedown", "1")
        for step in range(1, steps + 1):
            place = (first + (last - first) * step / steps for first, last in zip(start, end, strict=True))
            self._do("mousemove", *(str(round(coordinate)) for coordinate in place))
            time.sleep(0.05)
        self._do("mouseup", "1")

    def _do(self, *action: str) -> None:
        subprocess.run(["xdotool", *action], check=True, timeout=30, env={**os.environ, "DISPLAY": self.display})


def missing_programs() -> list[str]:
    """The programs that a screen needs and that are not installed."""
    return [name for name in PROGRAMS if not shutil.which(name)]


@contextmanager
def running_screen(*, has_window_manager: bool = True) -> Iterator[Screen]:
    """A screen in memory. Without a window manager Firefox closes its menus at once.

    The window manager makes every window as large as the screen.
    """
    with ExitStack() as stack:
        reading, writing = os.pipe()
        stack.callback(os.close, reading)
        try:
            server = _started(
                stack,
                "Xvfb",
                "-displayfd",
                str(writing),
                "-screen",
                "0",
                "1280x1000x24",
                "-nolisten",
                "tcp",
                fd=writing,
            )
        finally:
            os.close(writing)
        number = os.read(reading, 16).decode().strip()
        if not number:
            raise RuntimeError(f"Xvfb ended with {server.wait(10)}")
        display = f":{number}"
        if has_window_manager:
            _started(stack, "matchbox-window-manager", "-use_titlebar", "no", display=display)
        yield Screen(display, server)


def _started(
    stack: ExitStack, program: str, *arguments: str, display: str = "", fd: int | None = None
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [program, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=() if fd is None else (fd,),
        env={**os.environ, "DISPLAY": display},
    )
    stack.enter_context(ended_on_failure(process))
    stack.callback(end_process, process)
    stack.callback(process.terminate)
    return process
