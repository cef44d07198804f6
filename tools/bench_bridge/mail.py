"""The mailboxes of the measurements: thousands of ordinary messages, written straight into Maildirs."""

from __future__ import annotations

import os
import random
import shutil
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Final

SENT: Final = "Gesendet"
RARE_WORD: Final = "lighthouse"
"""A word in the subject of one message in a hundred, which the measurements search for."""
_RARE_EVERY: Final = 100
_WORDS: Final = (
    "harbour", "meeting", "invoice", "report", "draft", "garden", "travel", "minutes", "schedule", "question", "answer",
    "budget",
)  # fmt: skip
_SEED: Final = 16
_FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MIN_BYTES, _MAX_BYTES = 3_000, 10_000
RECENT: Final = 20
"""The number of newest messages that have 10 KB each."""
_LINE: Final = b"The quick brown fox jumps over the lazy dog, and the dog sleeps on as it did before.\r\n"


def build_message(
    number: int,
    size_bytes: int,
    *,
    subject: str = "The harbour",
    to: str = "anna@example.test",
    sender: str | None = None,
) -> bytes:
    """Return a plain message of about this size. Each number gives another date, sender and Message-ID."""
    date = format_datetime(_FIRST_DAY + timedelta(minutes=number))
    header = (
        f"Return-Path: <person{number % 97}@example.org>\r\n"
        f"Received: from mail.example.org by mx.example.test with ESMTPS id {number:08x}; {date}\r\n"
        f"From: Person {number % 97} <{sender or f'person{number % 97}@example.org'}>\r\nTo: Anna Example <{to}>\r\n"
        f"Subject: {subject}\r\nDate: {date}\r\nMessage-ID: <{number}.harbour@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode()
    lines = max(1, (size_bytes - len(header)) // len(_LINE))
    return header + _LINE * lines


def fill_inbox(maildir: Path, count: int, *, to: str) -> None:
    """Write `count` messages of 3 to 10 KB into an account's inbox. The newest ones have 10 KB."""
    chance = random.Random(_SEED)  # noqa: S311 (every run measures the same messages)
    cur = _make_maildir(maildir)
    for number in range(1, count + 1):
        words = chance.sample(_WORDS, 3) + [RARE_WORD] * (number % _RARE_EVERY == 0)
        size = _MAX_BYTES if number > count - RECENT else chance.randint(_MIN_BYTES, _MAX_BYTES)
        raw = build_message(number, size, subject=" ".join(words), to=to)
        # Dovecot reads the sizes from the file name, as for mail that it stored itself.
        (cur / f"{1_700_000_000 + number}.M{number}P1.bench,S={len(raw)},W={len(raw)}:2,S").write_bytes(raw)


def make_folders(maildir: Path, count: int) -> None:
    """Add empty folders beside the inbox."""
    for number in range(count):
        _make_maildir(maildir / f".Folder {number:03}")
    with (maildir / "subscriptions").open("a") as subscriptions:
        subscriptions.writelines(f"Folder {number:03}\n" for number in range(count))


def hand_over(maildirs: Path) -> None:
    """Give all files to the user of Dovecot's mail processes, who owns the folder of the mailboxes."""
    owner = maildirs.stat()
    if owner.st_uid == os.geteuid():
        return
    for path in maildirs.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid)


def remove(maildir: Path) -> None:
    """Remove a mailbox."""
    shutil.rmtree(maildir, ignore_errors=True)


def _make_maildir(folder: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if folder.name.startswith("."):
        (folder / "maildirfolder").touch()
    return folder / "cur"
