"""The permissions of files that the command writes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sealwax.cli.group import sealwax
from sealwax.cli.streams.files import PRIVATE_MODE, write_output
from smime_core.message import compress_message


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


@pytest.mark.parametrize("arguments", [("compress",), ("compress", "--der"), ("unpack",)], ids=" ".join)
def test_a_new_file_is_readable_by_nobody_who_could_not_read_the_input(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    source, target = tmp_path / "letter.eml", tmp_path / "new.eml"
    source.write_bytes(b"From: a@example.test\r\n\r\nHello\r\n" if arguments[0] == "compress" else compressed())
    for input_mode, output_mode in ((0o600, 0o600), (0o640, 0o640), (0o644, 0o644)):
        source.chmod(input_mode)
        result = CliRunner().invoke(sealwax, [*arguments, str(source), "-o", str(target)])
        assert result.exit_code == 0, result.output
        assert mode_of(target) == (output_mode if arguments[0] == "compress" else 0o600)
        target.unlink()


def compressed() -> bytes:
    return compress_message(b"From: a@example.test\r\n\r\nHello\r\n")


@pytest.fixture
def other_group() -> int:
    if os.geteuid() == 0:
        return 54_321
    others = [group for group in os.getgroups() if group != os.getegid()]
    if not others:
        pytest.skip("this user is in one group only")
    return others[0]


def test_the_group_that_could_read_a_file_can_read_the_new_one(tmp_path: Path, other_group: int) -> None:
    name = tmp_path / "letter.eml"
    name.write_bytes(b"old")
    os.chown(name, -1, other_group)
    name.chmod(0o640)
    write_output(str(name), b"new")
    assert (name.stat().st_gid, mode_of(name)) == (other_group, 0o640)


def test_another_group_cannot_read_in_the_place_of_the_one_that_could(
    tmp_path: Path, other_group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    name = tmp_path / "letter.eml"
    monkeypatch.setattr(os, "fchown", refuse)
    for old_mode, new_mode in ((0o640, 0o600), (0o644, 0o644), (0o600, 0o600), (0o604, 0o604)):
        name.write_bytes(b"old")
        os.chown(name, -1, other_group)
        name.chmod(old_mode)
        write_output(str(name), b"new")
        assert mode_of(name) == new_mode
        name.unlink()


def test_a_new_file_is_readable_by_no_other_group_than_the_input(tmp_path: Path, other_group: int) -> None:
    source, target = tmp_path / "letter.eml", tmp_path / "new.eml"
    source.write_bytes(b"From: a@example.test\r\n\r\nHello\r\n")
    os.chown(source, -1, other_group)
    for input_mode, output_mode in ((0o640, 0o600), (0o644, 0o644)):
        source.chmod(input_mode)
        result = CliRunner().invoke(sealwax, ["compress", str(source), "-o", str(target)])
        assert result.exit_code == 0, result.output
        assert mode_of(target) == output_mode
        target.unlink()
