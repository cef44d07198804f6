"""Signed mail of ours passes Python's email package, on which Mailman 3 is built, with its signed bytes unchanged.

The package writes each field as `Name: value` and drops blanks, empty lines and control characters. Inside
multipart/signed it folds nothing anew.
"""

from __future__ import annotations

import contextlib
from email import message_from_bytes, policy
from typing import Final

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from smime_core.blocking import run
from smime_core.errors import MalformedMessage
from smime_core.mail import Draft, ProtectionMode, build_parts, protect_headers
from smime_core.mail.compose import DEFAULT_BOUNDARY
from smime_core.mime import (
    Attachment,
    Preparation,
    build_signed,
    parse_entity,
    parse_headers,
    prepare,
    split_message,
    split_signed,
)
from smime_core.mime.header_form import is_lasting_head, write_fields
from smime_core.stream import octets as octets_module
from smime_core.stream.mail_writing import split_mail
from smime_core.stream.octets import MemoryOctets, read_head
from tests.support.people import NOW

SAFE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES: Final = (b"Subject", b"To", b"From", b"Cc", b"Comments", b"X-Note", b"Message-ID", b"References")
PART_NAMES: Final = (b"Content-Description", b"Content-ID", b"X-Note", b"Content-Disposition", b"Content-Location")
WORDS: Final = (
    b"", b"x", b"a,b@c.test", b"<a@b.test>,", b'"quoted  words', b'end"', b"Gr\xc3\xbc\xc3\x9fe", b"\xff",
    b"=?utf-8?Q?a?=",
    b"w" * 60, b"w" * 90, b"a;", b"b,", b"\0", b"\x0b", b"\x0c", b"\x1c", b"\x7f", b"\xc2\x85", b"Name:", b"From", b".",
)  # fmt: skip
GAPS: Final = (b" ", b" ", b" ", b"  ", b"\t", b"\r\n ", b"\r\n\t", b" \r\n  ", b"\r\n \r\n ", b"\n ", b"")
TEXTS: Final = (b"Hello\r\n", b"Hello", b"", b"From x\r\n", b"Gr\xc3\xbc\xc3\x9fe \r\n", b"\r\n\r\nx\r\n")
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


def by_compat32(message: bytes) -> bytes:
    """The message as a program writes it that uses the package's old policy, as Mailman 3 does."""
    return message_from_bytes(message).as_bytes()


def by_default(message: bytes) -> bytes:
    """The message as a program writes it that uses the package's newer policy."""
    return message_from_bytes(message, policy=policy.default).as_bytes()


def as_signed(entity: bytes) -> bytes:
    return build_signed(b"From: alice@example.test\r\nSubject: x\r\n", entity, b"\x30\x00", "sha-256", "=_outermost")


def assert_survives(entity: bytes) -> None:
    for relay in (by_compat32, by_default):
        # Such programs read and write files with LF.
        relayed = relay(as_signed(entity).replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        content, _ = split_signed(parse_entity(relayed))
        assert bytes(content) == entity, relay.__name__


@SAFE
@given(letters())
@example(b"Subject:\r\nTo:a@b.test,c@d.test\r\nContent-Type:text/plain\r\n\r\nHello\r\n")
@example(
    b"Subject:\r\n x\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    b"\r\n--b\r\nContent-Type:text/plain\r\n\r\nx\r\n--b--"
)
def test_any_letter_that_we_sign_passes_with_its_signed_bytes_unchanged(letter: bytes) -> None:
    outer, entity = split_message(letter)
    assert_survives(entity)
    assert prepare(entity, Preparation.SEVEN_BIT) == entity
    with contextlib.suppress(MalformedMessage):  # for addresses that cannot be written
        outer, protected = protect_headers(outer, entity, ProtectionMode.CLEAR)
        assert_survives(protected)
        assert protect_headers(outer, entity, ProtectionMode.CLEAR) == (outer, protected)


@SAFE
@given(letters(), st.integers(1, 60))
def test_the_stream_signs_the_same_bytes(letter: bytes, block_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(octets_module, "BLOCK_BYTES", block_bytes)
        outer, entity = run(split_mail(MemoryOctets(letter), Preparation.SEVEN_BIT))
        assert (outer, run(read_head(entity, 10_000_000))) == split_message(letter)


@SAFE
@given(fields(NAMES))
def test_a_field_is_written_once_and_folded_wherever_it_has_a_blank(field: bytes) -> None:
    written = write_fields(parse_headers(field).fields)
    assert write_fields(parse_headers(written).fields) == written
    assert is_lasting_head(written + b"\r\n")
    first, *others = written.decode("ascii").split("\r\n")
    for line in (first.partition(": ")[2], *others):
        is_one_word = len(line.split()) == 1
        assert len(line) <= 78 or is_one_word or '"' in written.decode("ascii"), line


@pytest.mark.parametrize("value", [b"text/plain; name=" + b"x" * 70, b'text/plain; name="' + b"x y " * 30 + b'"'])
def test_a_quoted_string_is_not_divided(value: bytes) -> None:
    written = write_fields(parse_headers(b"Content-Type: " + value + b"\r\n").fields)
    assert written == b"Content-Type: " + value.replace(b"; ", b";\r\n ") + b"\r\n"


DRAFTS: Final = st.builds(
    Draft,
    sender=st.sampled_from(
        ("alice@example.test", "Alice Ä <alice@example.test>", f"{'A b' * 30} <alice@example.test>")
    ),
    to=st.lists(st.sampled_from(("bob@example.test", f'"{"B, b" * 14}" <bob@example.test>')), min_size=1, max_size=9),
    date=st.just(NOW),
    message_id=st.sampled_from(("<1@example.test>", f"<{'m' * 90}@example.test>")),
    subject=st.sampled_from(("", "x", "word " * 40 + "x", "w" * 90, "Grüße " * 20)),
    text=st.just("Hello"),
    html=st.sampled_from(("", "<p>Hello</p>")),
    references=st.just(("<1@example.test>", "<2@example.test>")),
    in_reply_to=st.sampled_from(("", "<2@example.test>")),
    attachments=st.lists(
        st.builds(
            Attachment,
            filename=st.sampled_from(("a.txt", "ü" * 60, "x" * 200)),
            content_type=st.sampled_from(("text/plain", "message/rfc822")),
            data=letters(),
        ),
        max_size=2,
    ),
)


@settings(SAFE, max_examples=60)
@given(DRAFTS, st.sampled_from((DEFAULT_BOUNDARY, f"{'b' * 50}=_{'c' * 10}")))
def test_any_draft_that_we_sign_passes_with_its_signed_bytes_unchanged(draft: Draft, boundary: str) -> None:
    _, entity = protect_headers(*build_parts(draft, boundary), ProtectionMode.CLEAR)
    assert_survives(entity)
    assert prepare(entity, Preparation.SEVEN_BIT) == entity
