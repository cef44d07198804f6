"""The names of a letter's files in its parcel: each is one that the format allows, and none is that of another file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from smime_core.parcels import check_file_name

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

SCRIPT = Path(__file__).with_name("letter_files.mjs")


def names_of(*attached: Sequence[str]) -> list[list[str]]:
    given = json.dumps(attached)
    done = subprocess.run(["node", str(SCRIPT)], input=given, text=True, capture_output=True, check=True, timeout=60)
    found: list[list[str]] = json.loads(done.stdout)
    return found


def key_of(name: str) -> str:
    """The key by which the format compares names (`smime_core.parcels.manifest`)."""
    return unicodedata.normalize("NFC", name).casefold()


def spellings() -> list[tuple[str, ...]]:
    """Names of one letter, in all spellings that the format takes for one."""
    found = []
    for number in range(0x80, sys.maxunicode + 1):
        letter = chr(number)
        if unicodedata.category(letter) in ("Cs", "Co", "Cn"):
            continue
        forms = {letter, letter.upper(), letter.lower(), letter.casefold(), unicodedata.normalize("NFD", letter)}
        if len(forms) > 1:
            found.append(tuple(sorted(f"{one}.txt" for one in forms)))
    return found


def test_no_two_files_of_a_letter_have_one_name() -> None:
    lists = [*spellings(), ("message.eml", "MESSAGE.EML", "a:b", "a|b", "CON", "_con", "x" * 300, "x" * 301)]
    assert len(lists) > 1_000
    for attached, names in zip(lists, names_of(*lists), strict=True):
        assert len({key_of(name) for name in names}) == len(attached) + 1, names
        for name in names:
            check_file_name(name)
