"""Files and folders whose names, dates and lines somebody else has chosen: nothing is lost or ends the rest."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from webbridge.gateway import Folder, MessageSummary
from webbridge.transfer.exporting import Form, _moment, _places
from webbridge.transfer.stored_mail import read_stored

_LEVELS = st.sampled_from(
    ["Work", "cur", "New", "new", "tmp", "A", "A.mbox", "a.MBOX", "Work.sbd", "x.eml", "..", "a/b", "INBOX"]
)
_EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23)))
_LATE = datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=23)))


def write(place: Path, form: Form, name: str) -> None:
    """A folder with one message, as the export writes it."""
    content = b"Subject: x\nMessage-ID: <%s@example.test>\n\nx\n" % name.encode().hex().encode()
    if form is Form.MBOX:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_name(f"{place.name}.mbox").open("xb") as file:
            file.write(b"From x Thu Nov 26 10:00:00 2026\n" + content + b"\n")
        return
    for part in ("tmp", "new", "cur"):
        (place / part).mkdir(parents=True)
    (place / "cur" / "7.1.export:2,S").write_bytes(content)


@pytest.mark.parametrize("form", Form)
@given(names=st.lists(st.lists(_LEVELS, min_size=1, max_size=3).map(">".join), min_size=1, max_size=8, unique=True))
def test_each_exported_folder_is_written_and_read_again(
    form: Form, names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("out")
    folders = [Folder(name=name, role=None, total=1, unseen=0, uid_validity=7, delimiter=">") for name in names]
    for name, place in _places(folders).items():
        write(target / place, form, name)
    read = sorted(message.message_id or "" for message in read_stored(target))
    assert read == sorted(f"<{name.encode().hex()}@example.test>" for name in names)


def test_the_folders_in_a_maildir_are_read_too(tmp_path: Path) -> None:
    for name in ("Work", "Work/2025"):
        write(tmp_path / name, Form.MAILDIR, name)
    (tmp_path / "Work" / "2025" / "link").symlink_to(tmp_path / "Work")
    assert [message.folder for message in read_stored(tmp_path)] == [("Work",), ("Work", "2025")]


@pytest.mark.parametrize(
    "date", [b"Thu Nov 26 10:00:00 99999999999999999999", b"Mon Jan  1 00:00:00 0001 +2359", b"+9" * 99, b"\xff"]
)
def test_no_date_of_a_separator_ends_an_import(date: bytes, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(b"From x " + date + b"\nSubject: x\n\nx\n")
    assert [message.content for message in read_stored(tmp_path / "box")] == [b"Subject: x\r\n\r\nx\r\n"]


@pytest.mark.parametrize("date", [_EARLY, _LATE])
def test_no_date_of_a_message_ends_an_export(date: datetime) -> None:
    assert _moment(MessageSummary(uid=1, date=date)).tzinfo is UTC


class Watched(BytesIO):
    """A file that notes how much of a line is asked for."""

    def __init__(self, content: bytes, sizes: list[int | None]) -> None:
        super().__init__(content)
        self._sizes = sizes

    def readline(self, size: int | None = None, /) -> bytes:
        self._sizes.append(size)
        return super().readline(size)


def test_no_line_without_an_end_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int | None] = []
    monkeypatch.setattr(Path, "open", lambda *_: Watched(b"From " + b"a" * 50_000, sizes))
    list(read_stored(tmp_path / "box"))
    assert sizes
    assert all(size is not None and size <= 1024 * 1024 for size in sizes)


def test_a_pipe_among_the_files_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("pipe", "pipe.eml"):
        os.mkfifo(tmp_path / name)
    assert list(read_stored(tmp_path)) == []
