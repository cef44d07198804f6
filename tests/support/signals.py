"""Signals of the processes that tests start: the same whether pytest runs in the foreground or as a job with `&`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def interruptible_children() -> Iterator[None]:
    """Children that are started inside obey SIGINT and SIGHUP.

    A shell without job control starts a job with SIGINT ignored, `nohup` starts one with SIGHUP ignored, and every
    child inherits that.
    """
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)


@contextlib.contextmanager
def started_as(place: str) -> Iterator[None]:
    """The disposition of SIGINT that pytest has in the "foreground" or in the "background"."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if place == "background" else signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
