"""Tests of the residue tests' scanner: it finds secrets in all forms, and reports nothing else."""

from __future__ import annotations

import base64
import ctypes
import json
import secrets
import string
import subprocess
import sys

import pytest

from smime_core.blocking import run
from smime_core.provider import KeyType, NewKey
from tests.support.browser.residue.finder import Finder
from tests.support.browser.residue.markers import MARKER_BYTES, Needle, needles_for, text_needles
from tests.support.browser.residue.private_keys import bytes_of, digits_of, private_key_needles, secret_numbers
from tests.support.browser.residue.processes import (
    Finding,
    count_by_secret,
    describe,
    process_tree,
    resident_pages,
    scan_processes,
)
from tests.support.people import PROVIDER

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


SEED = {"seed"}
RSA_PARTS = {"d", "p", "q", "dp", "dq", "iqmp", "p's constant", "q's constant", "iqmp in Montgomery form"}
PARTS = dict.fromkeys(KeyType, SEED) | {
    KeyType.RSA: RSA_PARTS,
    KeyType.EC: {"private value"},
    KeyType.ED25519: {"seed", "hashed seed"},
}


def random_word() -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))


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
        places = {(needle.secret, at - before) for needle, at in finder.find(octets)}
        assert places == {("first", 0), ("first", 8), ("second", 4)}


@pytest.mark.parametrize("kind", NewKey)
def test_finds_each_piece_of_a_private_key_in_each_form(kind: NewKey) -> None:
    key = run(PROVIDER.generate_key(kind))
    needles = private_key_needles("key", key)
    finder = Finder(needles)
    assert {needle.part.partition("+")[0] for needle in needles} == PARTS[key.key_type]
    for needle in needles:
        planted = secrets.token_bytes(101) + needle.octets + secrets.token_bytes(20)
        places = dict(finder.find(planted))
        assert places[needle] == 101
        # A random byte beside it can complete another piece, which begins one byte before or after.
        assert places == {other: planted.find(other.octets) for other in needles if other.octets in planted}


def test_finds_any_rest_of_thirty_one_bytes_of_a_long_number() -> None:
    key = run(PROVIDER.generate_key(NewKey.RSA_2048))
    finder = Finder(private_key_needles("key", key))
    numbers = secret_numbers(key)
    for name, number in numbers.items():
        octets = bytes_of(number)
        for written in (octets, octets[::-1], digits_of(number)):
            for at in range(len(written) - 30):
                names = {needle.part.partition("+")[0] for needle, _ in finder.find(b"?" * 9 + written[at : at + 31])}
                assert names == {name}


def test_the_pieces_of_pkcs8_are_those_of_its_numbers() -> None:
    for kind in (NewKey.RSA_2048, NewKey.P256, NewKey.ED25519, NewKey.ML_KEM_768):
        key = run(PROVIDER.generate_key(kind))
        finder = Finder(private_key_needles("key", key))
        stored = {needle.part for needle in finder.needles if "form" not in needle.part and needle.form == "raw"}
        parts = {needle.part for needle, _ in finder.find(key.pkcs8_der) if needle.form == "raw"}
        assert parts == {part for part in stored if not part.startswith(("p's", "q's", "iqmp in", "hashed"))}


def test_the_digits_of_a_number_are_those_that_python_holds() -> None:
    # The object's head has its count of references, type and length. `id` is its address.
    number = secrets.randbits(1024) | 1 << 1023
    digits = digits_of(number)
    memory = ctypes.string_at(id(number), sys.getsizeof(number))
    assert sys.int_info.bits_per_digit == 30
    assert memory.endswith(digits)


def test_finds_a_text_in_json() -> None:
    text = f'{random_word()} "quoted"\n\u00fc\u00e4 {random_word()}'
    finder = Finder(text_needles("text", text))
    for in_json in (json.dumps({"a": text}, ensure_ascii=False), json.dumps({"a": text})):
        written = (
            in_json.encode(),
            in_json.encode("latin-1"),
            in_json.encode("utf-16-le"),
            base64.b64encode(in_json.encode()),
        )
        for octets in written:
            assert list(finder.find(octets))


def test_counts_pieces_that_are_close_together_as_one_copy() -> None:
    key = run(PROVIDER.generate_key(NewKey.RSA_2048))
    needles = private_key_needles("key", key)
    planted = bytes(50) + key.pkcs8_der + bytes(500) + key.pkcs8_der[-45:]
    findings = [
        Finding(needle=needle, process="1", place="", address=at, around=b"")
        for needle, at in Finder(needles).find(planted)
    ]
    assert count_by_secret(findings) == {"key": 2}
    assert "iqmp" in describe(findings).splitlines()[1]


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
        findings = list(scan_processes([holder.pid], needles_for("secret", [secret])))
        holder.stdin.close()
    assert len({it.address for it in findings}) == len(findings) >= 20
    assert {it.needle.form for it in findings} == {"raw"}
    assert list(scan_processes([holder.pid], needles_for("secret", [secret]))) == []
    assert resident_pages(holder.pid) == 0
