"""Announcements between processes, over each kind of database."""

from __future__ import annotations

import queue
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.service import Announcement, Announcements, Database, announcements as module
from tests.support.databases.postgresql import run_postgresql
from webbridge.database import SCHEMA

SECONDS = 20
ENDED = Announcement(kind="session-ended", subject="a" * 64)
MAIL = Announcement(kind="mail", subject="b" * 64, detail="c")


@pytest.fixture
def two(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Database, Database]]:
    """The database as two processes have it open."""
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    database, other = SCHEMA.open(database_url), SCHEMA.open(database_url)
    yield database, other
    database.close()
    other.close()


def test_another_process_hears_each_announcement_once_and_in_order(two: tuple[Database, Database]) -> None:
    database, other = two
    Announcements(database).announce(ENDED)
    heard: queue.Queue[Announcement | None] = queue.Queue()
    listening = Announcements(other).listen(heard.put)
    for announcement in (MAIL, ENDED, MAIL):
        Announcements(database).announce(announcement)
    assert [heard.get(timeout=SECONDS) for _ in range(3)] == [MAIL, ENDED, MAIL]
    listening.close()
    assert heard.empty()


def test_the_file_is_private_and_begins_anew_with_a_word_about_losses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.02)
    database = SCHEMA.open(tmp_path / "one.sqlite")
    announcements = Announcements(database)
    heard: queue.Queue[Announcement | None] = queue.Queue()
    listening = announcements.listen(heard.put)
    announcements.announce(MAIL)
    assert heard.get(timeout=SECONDS) == MAIL
    file = tmp_path / "one.sqlite-announcements"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 10)
    announcements.announce(ENDED)
    assert [heard.get(timeout=SECONDS) for _ in range(2)] == [None, ENDED]
    assert len(file.read_text().splitlines()) == 2
    listening.close()
    database.close()


@pytest.mark.parametrize("word", ["", "{}", "[1,2,3]", '["a"]', "\udcff", '["mail","x"', "[" * 100])
def test_what_is_no_announcement_is_passed_over(tmp_path: Path, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.02)
    database = SCHEMA.open(tmp_path / "one.sqlite")
    heard: queue.Queue[Announcement | None] = queue.Queue()
    listening = Announcements(database).listen(heard.put)
    with (tmp_path / "one.sqlite-announcements").open("ab") as file:
        file.write(word.encode(errors="surrogateescape") + b"\n")
    Announcements(database).announce(MAIL)
    assert heard.get(timeout=SECONDS) == MAIL
    listening.close()
    database.close()


@pytest.mark.thorough
def test_a_server_that_comes_back_is_heard_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    heard: queue.Queue[Announcement | None] = queue.Queue()
    with run_postgresql() as server:
        database = SCHEMA.open(server.new_database())
        listening = Announcements(database).listen(heard.put)
        server.stop()
        Announcements(database).announce(ENDED)  # Nobody hears it, and nothing fails.
        server.start()
        assert heard.get(timeout=SECONDS) is None
        Announcements(database).announce(MAIL)
        assert heard.get(timeout=SECONDS) == MAIL
        listening.close()
        database.close()


def test_a_database_in_memory_has_no_announcements() -> None:
    database = SCHEMA.open(":memory:")
    heard: queue.Queue[Announcement | None] = queue.Queue()
    listening = Announcements(database).listen(heard.put)
    Announcements(database).announce(MAIL)
    listening.close()
    assert heard.empty()
    database.close()
