"""The packed form of the snapshot: memory without its pages of zeros."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

_SCRIPT: Final = Path(__file__).with_name("zero_pages.mjs")
_PAGE: Final = 4096
_ZEROS: Final = bytes(_PAGE)
_FULL: Final = b"\x07" * _PAGE


def _run(*arguments: str) -> list[str]:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    return subprocess.run(["node", _SCRIPT, *arguments], check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize(
    ("memory", "kept_bytes"),
    [
        (b"", 0),
        (_ZEROS, 0),
        (_FULL, _PAGE),
        (_ZEROS + _FULL + _ZEROS, _PAGE),
        (_FULL + _ZEROS * 9 + b"\x01" + bytes(9), _PAGE + 10),
        (bytes(_PAGE - 1) + b"\x01" + bytes(5), _PAGE),
    ],
)
def test_memory_is_restored_exactly_and_zero_pages_take_no_room(memory: bytes, kept_bytes: int) -> None:
    packed, *restored = _run(memory.hex())
    assert bytes.fromhex("".join(restored)) == memory
    pages = math.ceil(len(memory) / _PAGE)
    assert len(bytes.fromhex(packed)) == 4 + math.ceil(pages / 8) + kept_bytes


def test_a_page_that_is_missing_is_refused() -> None:
    assert _run((_FULL + _FULL).hex(), "1") == ["RangeError"]
