"""Signed mail of ours passes Python's email package, on which Mailman 3 is built, with its signed bytes unchanged.

The package writes each field as `Name: value` and drops blanks, empty lines and control characters. Inside
multipart/signed it folds nothing anew.
"""

from __future__ import annotations

import contextlib
import re
from email import message_from_bytes, policy
from typing import Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from smime_core.blocking import run
from smime_core.errors import MalformedMessage
from smime_core.mail import Draft, ProtectionMode, build_parts, protect_headers
from smime_core.mime import Attachment, Preparation, build_signed, parse_entity, prepare, split_message, split_signed
from smime_core.stream.mail_writing import split_mail
from smime_core.stream.octets import MemoryOctets, read_head
from tests.support.people import NOW

SAFE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES: Final = (b"Subject", b"To", b"From", b"Cc", b"Comments", b"X-Note", b"Message-ID", b"References")
PART_NAMES: Final = (b"Content-Description", b"Content-ID", b"X-Note", b"Content-Disposition", b"Content-Location")
WORDS: Final = (
    b"", b"x", b"a,b@c.test", b"<a@b.test>,", b'"quoted  words', b'end"', b"Gr\xc3\xbc\xc3\x9fe", b"\xff", b"=?utf-8?Q?a?=",
    b"w" * 60, b"w" * 90, b"a;", b"b,", b"\0", b"\x0b", b"\x0c", b"\x1c", b"\x7f", b"\xc2\x85", b"Name:", b"From", b".",
)  # fmt: skip
GAPS: Final = (b" ", b" ", b" ", b"  ", b"\t", b"\r\n ", b"\r\n\t", b" \r\n  ", b"\r\n \r\n ", b"\n ", b"")
COLONS: Final = (b": ", b": ", b":", b":  ", b":\t", b":\r\n ", b": \r\n ", b" : ")


@st.composite
def fields(draw: st.DrawFn, names: tuple[bytes, ...]) -> bytes:
    """A header field in any form that mail programs write."""
    gaps = st.sampled_from(GAPS)
    words = draw(st.lists(st.sampled_from(WORDS), max_size=12))
    body = b"".join(word + draw(gaps) for word in words)
    end = draw(st.sampled_from((b"", b"", b" ", b"\t", b"\r\n ")))
    return draw(st.sampled_from(names)) + draw(st.sampled_from(COLONS)) + body + end + b"\r\n"


@st.composite
def parts(draw: st.DrawFn, depth: int = 0) -> bytes:
    """An entity: a text, a forwarded mail, or a multipart of further ones."""
    colon = draw(st.sampled_from(COLONS))
    extra = b"".join(draw(st.lists(fields(PART_NAMES), max_size=3)))
    kind = draw(st.integers(0, 5)) if depth < 3 else 0
    if kind == 5:
        return b"Content-Type" + colon + b"message/rfc822\r\n" + extra + b"\r\n" + draw(letters(depth + 1))
    if kind == 4:
        boundary = b"b%d" % depth
        inside = draw(st.lists(parts(depth + 1), min_size=1, max_size=3))
        body = draw(st.sampled_from((b"", b"", b"\r\n", b"preamble\r\n", b"preamble \r\n")))
        body += b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in inside)
        head = b"Content-Type" + colon + b"multipart/mixed;boundary=" + boundary + b"\r\n"
        end = b"--" + boundary + b"--"
        ends = (end + b"\r\n", end + b"\r\n", end, end + b"\r\nepilogue", end + b"\r\n\r\n", b"", end[:-2])
        return head + extra + b"\r\n" + body + draw(st.sampled_from(ends))
    text = draw(
        st.sampled_from((b"Hello\r\n", b"Hello", b"", b"From x\r\n", b"Gr\xc3\xbc\xc3\x9fe \r\n", b"\r\n\r\nx\r\n"))
    )
    head = draw(st.sampled_from((b"", b"Content-Type" + colon + b"text/plain;charset=utf-8\r\n")))
    return head + extra + b"\r\n" + text


@st.composite
def letters(draw: st.DrawFn, depth: int = 0) -> bytes:
    """A whole mail."""
    return b"".join(draw(st.lists(fields(NAMES), max_size=4))) + draw(parts(depth))


def relayed(message: bytes, relay_policy: policy.Policy[object]) -> bytes:
    """The message after a relay on Python's email package, with CRLF line ends."""
    written = message_from_bytes(message.replace(b"\r\n", b"\n"), policy=relay_policy).as_bytes()  # type: ignore[arg-type]
    return written.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def as_signed(entity: bytes) -> bytes:
    return build_signed(b"From: alice@example.test\r\nSubject: x\r\n", entity, b"\x30\x00", "sha-256", "=_outermost")


def assert_survives(entity: bytes) -> None:
    for relay_policy in (policy.compat32, policy.default, policy.SMTP):
        content, _ = split_signed(parse_entity(relayed(as_signed(entity), relay_policy)))
        assert bytes(content) == entity, relay_policy


@SAFE
@given(letters())
@example(b"Subject:\r\nTo:a@b.test,c@d.test\r\nContent-Type:text/plain\r\n\r\nHello\r\n")
@example(
    b"Subject:\r\n x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type:text/plain\r\n\r\nx\r\n--b--\r\n"
)
def test_any_letter_that_we_sign_passes_with_its_signed_bytes_unchanged(letter: bytes) -> None:
    outer, entity = split_message(letter)
    assert_survives(entity)
    assert prepare(entity, Preparation.SEVEN_BIT) == entity
    with contextlib.suppress(MalformedMessage):  # for addresses that cannot be written
        outer, protected = protect_headers(outer, entity, ProtectionMode.CLEAR)
        assert_survives(protected)
        assert protect_headers(outer, entity, ProtectionMode.CLEAR) == (outer, protected)
