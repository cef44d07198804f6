"""The parts of the tests that take turns: a run of `make test` takes one of them, which the commit chooses.

Tests that drive browsers and servers take ten times as long as all others. In turns, every one of them runs every few
commits, and nobody waits for all of them at each.
"""

from __future__ import annotations

import subprocess
import zlib
from typing import Final

import pytest

from tests.support.project import ROOT

PARTS: Final = 4
TURN: Final = "turn"
# The folders of tests that take turns.
_FOLDERS: Final = tuple(
    f"tests/{name}/"
    for name in ("bridge", "command", "extension", "interop", "keys", "operation", "pages", "service", "vault")
)


def choose_part(option: str | None) -> int | None:
    """The part that the option `--part` names, from 1. None for all parts."""
    if option == TURN:
        return _part_of_commit()
    return int(option) if option else None


def is_of_part(item: pytest.Item, part: int) -> bool:
    """Whether a test belongs to a part. All tests of a file do, because they share what they start.

    The hash of the file's name alone gives parts that take nearly the same time; that of its path does not.
    """
    return zlib.crc32(item.path.name.encode()) % PARTS == part - 1


def takes_turns(item: pytest.Item) -> bool:
    """Whether a test runs with its part only."""
    return item.nodeid.startswith(_FOLDERS) and item.get_closest_marker("every_time") is None


def _part_of_commit() -> int:
    """A part by the hash of the commit, so that a run of the same commit is the same everywhere."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(done.stdout.strip() or "0", 16) % PARTS + 1
