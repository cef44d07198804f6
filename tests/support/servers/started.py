"""The start of a server that may not be installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import pytest

_Running = TypeVar("_Running")


def started(absence: str | None, server: AbstractContextManager[_Running]) -> Iterator[_Running]:
    """The running server, for a fixture. A test is skipped with `absence`, which names what is not installed."""
    if absence:
        pytest.skip(absence)
    with server as running:
        yield running
