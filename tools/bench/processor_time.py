"""The processor time of all processes of a browser, from Linux's counts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.residue.processes import process_tree

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def browser_processes(browser: Browser) -> list[int]:
    """The ids of the browser's processes. Chromium's driver, with which its tree begins, is left out."""
    tree = process_tree(browser.process.pid)
    return tree[1:] if isinstance(browser, Chromium) else tree


def processor_time_of(browser: Browser, act: Callable[[], object]) -> float:
    """The processor seconds of all processes while `act` runs. A process that ends meanwhile is left out."""
    before = _processor_times(browser)
    act()
    after = _processor_times(browser)
    return sum(seconds - before.get(process, 0.0) for process, seconds in after.items())


def _processor_times(browser: Browser) -> dict[int, float]:
    return dict(_seconds(process) for process in browser_processes(browser))


def _seconds(process: int) -> tuple[int, float]:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return process, 0.0
    return process, (int(fields[11]) + int(fields[12])) / _TICKS
