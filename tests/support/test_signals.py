"""Background jobs ignore SIGINT. Tests that send signals start their children inside `interruptible_children()`."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_files_that_send_signals_mention_interruptible_children() -> None:
    senders = [file for file in TESTS.rglob("*.py") if ".send_signal(" in file.read_text() and file != Path(__file__)]
    assert senders
    assert [file.name for file in senders if "interruptible_children()" not in file.read_text()] == []
