"""The permissions of files that the command writes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.cli.files import PRIVATE_MODE, write_output


@pytest.fixture(autouse=True)
def usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_readable_by_all_unless_it_is_private(tmp_path: Path) -> None:
    write_output(str(tmp_path / "signed.eml"), b"x")
    write_output(str(tmp_path / "opened.eml"), b"x", mode=PRIVATE_MODE)
    assert (mode_of(tmp_path / "signed.eml"), mode_of(tmp_path / "opened.eml")) == (0o644, 0o600)


def test_a_private_file_stays_private_when_it_is_replaced(tmp_path: Path) -> None:
    letter, link = tmp_path / "letter.eml", tmp_path / "link.eml"
    letter.touch(mode=0o600)
    link.symlink_to(letter)
    for name in (letter, link):
        write_output(str(name), b"signed")
        assert (letter.read_bytes(), mode_of(letter)) == (b"signed", 0o600)
