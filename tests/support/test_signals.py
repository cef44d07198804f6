"""Tests that send signals must start children that obey them, also if pytest itself runs in the background."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_whoever_sends_a_signal_starts_a_child_that_obeys_it() -> None:
    senders = [file for file in TESTS.rglob("*.py") if ".send_signal(" in file.read_text() and file != Path(__file__)]
    assert senders
    assert [file.name for file in senders if "interruptible_children()" not in file.read_text()] == []
