"""Signals of the processes that tests start, made independent of whether pytest runs in the foreground or with `&`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def interruptible_children() -> Iterator[None]:
    """Make child processes that are started inside the block obey SIGINT and SIGHUP.

    A shell without job control starts jobs with SIGINT ignored, and `nohup` with SIGHUP ignored. All child processes
    inherit that.
    """
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)


@contextlib.contextmanager
def started_as(place: str) -> Iterator[None]:
    """Set the handling of SIGINT that pytest has when it runs in the "foreground" or in the "background"."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if place == "background" else signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
