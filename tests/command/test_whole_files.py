"""Files that are never half-written: all bytes are on the disk before the file gets its name."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sealwax.cli.streams.files import write_output
from sealwax.files.whole import new_whole, write_whole


def write_by_the_command(path: Path, data: bytes) -> None:
    write_output(str(path), data)


WRITERS = pytest.mark.parametrize("write", [write_whole, write_by_the_command])


@WRITERS
def test_the_bytes_are_on_the_disk_before_the_name_is_theirs(
    write: Callable[[Path, bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, move = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        steps.append(f"sync {os.fstat(descriptor).st_size}")
        sync(descriptor)

    def note_move(draft: Path, target: Path) -> Path:
        steps.append("move")
        return move(draft, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_move)
    write(tmp_path / "new", b"12345")
    assert steps == ["sync 5", "move"]


@WRITERS
def test_a_disk_that_fails_at_the_end_leaves_the_old_file(
    write: Callable[[Path, bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "out").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        write(tmp_path / "out", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@WRITERS
@pytest.mark.parametrize("letter", ["a", "\N{GRINNING FACE}"])
def test_the_longest_name_can_be_written(write: Callable[[Path, bytes], None], letter: str, tmp_path: Path) -> None:
    path = tmp_path / (letter * (255 // len(letter.encode())))
    write(path, b"bytes")
    assert path.read_bytes() == b"bytes"


def test_a_link_to_itself_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)
    write_by_the_command(path, b"bytes")
    assert path.read_bytes() == b"bytes"


@pytest.mark.parametrize("failure", [None, errno.EPERM, errno.EOPNOTSUPP])
def test_of_two_that_make_a_file_at_once_one_does(
    failure: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if failure is not None:

        def refuse(*_: object) -> None:
            raise OSError(failure, "this file system knows no links")

        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "secret"
    late = new_whole(path)
    late.__enter__().write_text("late")
    with new_whole(path) as early:
        early.write_text("early")
    with pytest.raises(FileExistsError):
        late.__exit__(None, None, None)
    assert path.read_text() == "early"
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    with pytest.raises(FileExistsError), new_whole(path):
        pytest.fail("the file is there already")
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fails_without_links_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "this file system knows no links")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no links"), new_whole(tmp_path / "new") as draft:
        draft.write_text("text")
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_whole(tmp_path / "new") as draft:
        draft.write_text(str(1 / 0))
    assert list(tmp_path.iterdir()) == []
