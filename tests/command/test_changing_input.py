"""A large input file that somebody changes while the command reads it: content and verdict are of the same bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO, cast

import pytest

from sealwax.cli.streams.files import SMALL_INPUT_BYTES, open_input
from smime_core.errors import SourceChanged
from tests.support.command.lab import READER, SIGNER, TRUST, Lab
from tests.support.command.reports import parsed

LINES = SMALL_INPUT_BYTES // 60
# Runs the command. Another message takes the place of its input after the content was written, and before it is judged.
CHANGING = """
import runpy
from pathlib import Path
from sealwax.cli.messages import decryption
decrypt = decryption.decrypt
def decrypt_and_change(*arguments, **options):
    decrypt(*arguments, **options)
    with open("changing.eml", "r+b") as file:
        file.write(Path("other.eml").read_bytes())
decryption.decrypt = decrypt_and_change
runpy.run_module("sealwax.cli", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def large(lab: Lab) -> Lab:
    """A folder with two signed mails of the same length, `robin.eml` and `wrens.eml`."""
    for word in ("robin", "wrens"):
        head = f"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: {word}\r\n"
        body = f"{word} {'.' * 60}\r\n" * LINES
        lab.write("plain.eml", f"{head}Content-Type: text/plain\r\n\r\n{body}".encode())
        lab.made("sign", "plain.eml", *SIGNER, "--opaque", "-o", f"{word}.eml")
    return lab


def test_a_changed_block_is_refused_in_every_reading_of_one_input(large: Lab) -> None:
    path = large.folder / "changing.eml"
    path.write_bytes(large.read("robin.eml"))
    with open_input(str(path)) as data:
        file = cast(BinaryIO, data)
        first = file.read()
        assert first == large.read("robin.eml")
        with path.open("r+b") as other:
            other.write(large.read("wrens.eml")[: len(first)])
        file.seek(0)
        with pytest.raises(SourceChanged):
            file.read()


def test_an_input_that_grows_is_read_up_to_its_first_end(large: Lab) -> None:
    path = large.folder / "growing.eml"
    path.write_bytes(large.read("robin.eml"))
    with open_input(str(path)) as data:
        with path.open("ab") as other:
            other.write(b"more")
        assert cast(BinaryIO, data).read() == large.read("robin.eml")


@pytest.mark.thorough
def test_no_verdict_is_of_another_message_than_the_one_that_was_decrypted(large: Lab) -> None:
    for word, name in (("robin", "changing.eml"), ("wrens", "other.eml")):
        large.made("encrypt", f"{word}.eml", "--to", "ids/bob.pem", "--modern", "-o", name)
    changing = replace(large, program=("-c", CHANGING))
    result = changing.sealwax("decrypt", "changing.eml", *READER, *TRUST, "--json", "-o", "inner.eml")
    report = parsed(result)
    assert (report["state"], report["reasons"][0]["code"]) == ("signed-unverified", "source-changed")
    assert large.read("other.eml") == large.read("changing.eml")
    assert b"Subject: robin" in large.read("inner.eml")[:500]
