"""Tests of the residue tests' scanner: it finds secrets in all forms, and reports nothing else."""

from __future__ import annotations

import base64
import secrets
import subprocess
import sys

import pytest

from tests.support.browser.residue.finder import Finder
from tests.support.browser.residue.markers import MARKER_BYTES, Needle, needles_for, number_needles
from tests.support.browser.residue.processes import process_tree, resident_pages, scan_processes

# A program that keeps 32 bytes from its input in memory, many copies around the border of two chunks of the scanner. It
# ends when its input ends.
HOLDER = """
import sys
given = sys.stdin.buffer.read(32)
held = bytearray(33_000_000)
for at in range(15_999_000, 16_001_000, 100):
    held[at : at + 32] = given
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.buffer.read()
"""


@pytest.mark.parametrize("before", range(6))
def test_finds_every_form_wherever_it_stands(before: int) -> None:
    secret = secrets.token_bytes(MARKER_BYTES)
    whole = secrets.token_bytes(before) + secret + secrets.token_bytes(5)
    needles = needles_for("secret", [secret])
    written = [whole, base64.b64encode(whole), whole.hex().encode(), whole.hex().upper().encode()]
    written.append(b"".join(bytes((octet, 0)) for octet in whole))
    for octets in written:
        assert len(list(Finder(needles).find(b"?" * 1000 + octets + b"?" * 1000))) == 1


def test_finds_needles_at_both_ends_and_all_that_overlap() -> None:
    first, second = (
        Needle(secret=name, form="raw", octets=octets)
        for name, octets in (("first", b"abcdefgh" * 4), ("second", b"efghabcd" * 4))
    )
    finder = Finder([first, second])
    for before in range(9):
        octets = b"?" * before + b"abcdefgh" * 5
        found = {(needle.secret, at - before) for needle, at in finder.find(octets)}
        assert found == {("first", 0), ("first", 8), ("second", 4)}


def test_finds_a_number_as_der_and_as_words_of_the_machine_hold_it() -> None:
    number = secrets.randbits(1024) | 1 << 1023
    needles = number_needles("number", [number])
    for order in ("big", "little"):
        octets = number.to_bytes(128, order)
        assert len(list(Finder(needles).find(octets))) == 1


def test_finds_nothing_in_other_octets() -> None:
    needles = needles_for("secret", [secrets.token_bytes(MARKER_BYTES)])
    assert not list(Finder(needles).find(secrets.token_bytes(1_000_000)))


def test_finds_what_another_process_holds_each_place_once() -> None:
    secret = secrets.token_bytes(MARKER_BYTES)
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(secret)
        holder.stdin.flush()
        assert holder.stdout.readline() == b"ready\n"
        assert process_tree(holder.pid) == [holder.pid]
        assert resident_pages(holder.pid) > 0
        found = list(scan_processes([holder.pid], needles_for("secret", [secret])))
        holder.stdin.close()
    assert len({it.address for it in found}) == len(found) >= 20
    assert {it.needle.form for it in found} == {"raw"}
    assert list(scan_processes([holder.pid], needles_for("secret", [secret]))) == []
    assert resident_pages(holder.pid) == 0
