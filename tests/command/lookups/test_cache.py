"""The cache of answers: how long it keeps each, which it removes when it is full, and how it replaces a bad file."""

from __future__ import annotations

import datetime
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sealwax.lookups.cache import AnswerCache, KeptAnswer, default_cache_file, question_hash

AT = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
QUESTION = question_hash(b"ocsp", b"http://ocsp.example.test/")
OTHER = question_hash(b"crl", b"http://crl.example.test/")
ANSWER = KeptAnswer(data=b"an answer")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "answers.sqlite"


def test_an_answer_is_found_until_its_time_is_over(file: Path) -> None:
    cache = AnswerCache(file)
    cache.keep(QUESTION, ANSWER, at=AT, until=AT + HOUR)
    assert cache.find(QUESTION, at=AT) == ANSWER
    assert cache.find(QUESTION, at=AT + HOUR - datetime.timedelta(seconds=1)) == ANSWER
    assert cache.find(QUESTION, at=AT + HOUR) is None
    assert cache.find(OTHER, at=AT) is None
    cache.close()


def test_a_failure_is_kept_with_its_words(file: Path) -> None:
    cache = AnswerCache(file)
    failure = KeptAnswer(data=None, failure="ocsp.example.test did not answer in time")
    cache.keep(QUESTION, failure, at=AT, until=AT + HOUR)
    assert cache.find(QUESTION, at=AT) == failure
    cache.close()


def test_a_newer_answer_takes_the_place_of_the_older(file: Path) -> None:
    cache = AnswerCache(file)
    cache.keep(QUESTION, ANSWER, at=AT, until=AT + HOUR)
    cache.keep(QUESTION, KeptAnswer(data=None, failure="gone"), at=AT, until=AT + HOUR)
    assert cache.find(QUESTION, at=AT) == KeptAnswer(data=None, failure="gone")
    cache.close()


def test_an_answer_that_decided_nothing_is_kept_for_less_time_and_never_for_more(file: Path) -> None:
    cache = AnswerCache(file)
    cache.keep(QUESTION, ANSWER, at=AT, until=AT + HOUR)
    cache.shorten(QUESTION, until=AT + 2 * HOUR)
    assert cache.find(QUESTION, at=AT + HOUR) is None
    cache.shorten(QUESTION, until=AT + HOUR / 2)
    assert cache.find(QUESTION, at=AT + HOUR / 2) is None
    cache.close()


def test_the_longest_unused_answers_go_when_there_are_too_many(file: Path) -> None:
    cache = AnswerCache(file, max_bytes=250)
    questions = [question_hash(bytes([number])) for number in range(3)]
    for minute, question in enumerate(questions[:2]):
        kept_at = AT + datetime.timedelta(minutes=minute)
        cache.keep(question, KeptAnswer(data=b"x" * 100), at=kept_at, until=AT + HOUR)
    used = cache.find(questions[0], at=AT + datetime.timedelta(minutes=5))
    assert used is not None
    cache.keep(questions[2], KeptAnswer(data=b"x" * 100), at=AT + datetime.timedelta(minutes=6), until=AT + HOUR)
    hits = [cache.find(question, at=AT + datetime.timedelta(minutes=7)) is not None for question in questions]
    assert hits == [True, False, True]
    cache.close()
    with sqlite3.connect(file) as rows:
        assert rows.execute("SELECT count(*) FROM body").fetchone() == (2,)
    rows.close()


def test_the_file_shrinks_when_large_answers_are_over(file: Path) -> None:
    cache = AnswerCache(file)
    cache.keep(QUESTION, KeptAnswer(data=bytes(2_000_000)), at=AT, until=AT + HOUR)
    cache.keep(OTHER, ANSWER, at=AT + 2 * HOUR, until=AT + 3 * HOUR)
    cache.close()
    assert file.stat().st_size < 100_000


def test_the_file_is_its_owners_alone_and_names_nothing_that_was_asked(file: Path) -> None:
    cache = AnswerCache(file)
    cache.keep(QUESTION, ANSWER, at=AT, until=AT + HOUR)
    beside = list(file.parent.iterdir())
    assert len(beside) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in beside} == {0o600}
    assert not any(b"example.test" in path.read_bytes() for path in beside)
    cache.close()


@pytest.mark.parametrize("content", [b"no database at all, and long enough to be seen as one" * 100, b"\xff" * 4096])
def test_a_damaged_file_is_replaced(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    cache = AnswerCache(file)
    cache.keep(QUESTION, ANSWER, at=AT, until=AT + HOUR)
    cache.close()
    again = AnswerCache(file)
    assert again.find(QUESTION, at=AT) == ANSWER
    again.close()


def test_a_file_that_is_damaged_while_it_is_open_is_replaced(file: Path) -> None:
    first = AnswerCache(file)
    first.keep(QUESTION, KeptAnswer(data=bytes(100_000)), at=AT, until=AT + HOUR)
    first.close()
    damaged = bytearray(file.read_bytes())
    damaged[4096:] = b"\xa5" * (len(damaged) - 4096)
    file.write_bytes(damaged)
    cache = AnswerCache(file)
    assert cache.find(QUESTION, at=AT) is None
    cache.keep(QUESTION, ANSWER, at=AT, until=AT + HOUR)
    assert cache.find(QUESTION, at=AT) == ANSWER
    cache.close()


def test_a_file_of_another_format_is_replaced(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as rows:
        rows.execute("PRAGMA user_version = 99")
    rows.close()
    cache = AnswerCache(file)
    cache.keep(QUESTION, ANSWER, at=AT, until=AT + HOUR)
    assert cache.find(QUESTION, at=AT) == ANSWER
    cache.close()


def test_a_place_that_cannot_be_written_to_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = AnswerCache(tmp_path / "file" / "answers.sqlite")
    cache.keep(QUESTION, ANSWER, at=AT, until=AT + HOUR)
    assert cache.find(QUESTION, at=AT) == ANSWER
    cache.close()


def test_two_processes_share_one_file(file: Path) -> None:
    writer = f"""
import datetime
from pathlib import Path
from sealwax.lookups.cache import AnswerCache, KeptAnswer, question_hash
at = datetime.datetime.fromisoformat({AT.isoformat()!r})
cache = AnswerCache(Path({str(file)!r}))
for number in range(50):
    answer = KeptAnswer(data=b"from outside")
    cache.keep(question_hash(b"outside", bytes([number])), answer, at=at, until=at + datetime.timedelta(hours=1))
"""
    cache = AnswerCache(file)
    with subprocess.Popen([sys.executable, "-c", writer]) as process:
        for number in range(50):
            cache.keep(question_hash(b"inside", bytes([number])), ANSWER, at=AT, until=AT + HOUR)
        assert process.wait(60) == 0
    for place, answer in ((b"inside", ANSWER), (b"outside", KeptAnswer(data=b"from outside"))):
        answers = [cache.find(question_hash(place, bytes([number])), at=AT) for number in range(50)]
        assert answers == [answer] * 50
    cache.close()


def test_the_parts_of_a_question_do_not_run_into_one_another() -> None:
    assert question_hash(b"ab", b"c") != question_hash(b"a", b"bc")


def test_the_commands_file_stands_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_file() == tmp_path / "sealwax" / "answers.sqlite"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_cache_file() == Path.home() / ".cache" / "sealwax" / "answers.sqlite"
