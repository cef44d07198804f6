"""Slows a whole browser down to the speed of a weaker device, by stopping its processes again and again.

The browsers' own throttling does not slow Workers, in which all our cryptography runs. SIGSTOP and SIGCONT reach every
process, even processes that start later. `slowed` runs this module as a separate program, because the driver's work
would make the intervals irregular. The slowed browser can use all cores of the machine, but only for a part of the
time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.residue.processes import process_tree

SLOWDOWN: Final = 6
_RUN_SECONDS: Final = 0.010
_STOP_SECONDS: Final = _RUN_SECONDS * (SLOWDOWN - 1)
# A real-time priority: the intervals would be irregular if this program had to wait for a processor.
_PRIORITY: Final = 1
_BEGUN: Final = "begun\n"


@contextmanager
def slowed(browser: Browser) -> Iterator[None]:
    """Let the browser's processes run for a sixth of the time during the block. Chromium's driver is not stopped."""
    first = "driver" if isinstance(browser, Chromium) else "browser"
    command = [sys.executable, "-m", "tools.bench.duty_cycle", str(browser.process.pid), first]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as turns:
        try:
            if turns.stdout is None or turns.stdout.readline() != _BEGUN:
                raise RuntimeError("the browser could not be slowed down")
            yield
            if turns.poll() is not None:
                raise RuntimeError("the browser was no longer slowed down")
        finally:
            turns.terminate()


def main() -> None:
    """Stop and continue a browser's processes until SIGTERM, or until the program that started this one ends.

    At the end, all processes of the browser run again.
    """
    root, skipped = int(sys.argv[1]), 1 if sys.argv[2] == "driver" else 0
    starter = os.getppid()
    stopped: set[int] = set()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    print(_BEGUN, end="", flush=True)
    try:
        while os.getppid() == starter:
            due = time.monotonic() + _STOP_SECONDS
            _send(signal.SIGSTOP, stopped)
            # A process may have started another one before it was stopped.
            while new := (tree := set(process_tree(root)[skipped:])) - stopped:
                stopped |= new
                _send(signal.SIGSTOP, new)
            # Processes that left the tree run on and are forgotten, because other programs may soon get their ids.
            _send(signal.SIGCONT, stopped - tree)
            stopped = tree
            time.sleep(max(0.0, due - time.monotonic()))
            _send(signal.SIGCONT, stopped)
            time.sleep(_RUN_SECONDS)
    finally:
        _send(signal.SIGCONT, stopped)


def _send(number: signal.Signals, processes: Iterable[int]) -> None:
    for process in [*processes]:
        # The process may have ended meanwhile.
        with suppress(ProcessLookupError):
            os.kill(process, number)


if __name__ == "__main__":
    main()
