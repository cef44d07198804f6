"""A header field that mail servers cut or break is signed inside an opaque signature.

Postfix 3.7 cuts fields above 102,400 bytes, and breaks lines above 998 bytes (`smtp_line_length_limit`).
"""

from __future__ import annotations

import dataclasses
import io
from typing import Final

import pytest

from smime_core import SignatureForm, blocking, stream
from smime_core.cms import Signing
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_CLEAR_FIELD_BYTES
from smime_core.mail import ProtectionMode
from smime_core.mime import is_multipart_signed, parse_entity
from tests.support.people import NOW, person
from tests.support.streamed_mail import PROVIDER

SIGNING: Final = Signing(identities=[person("alice")], signing_time=NOW)
TEXT: Final = b"Content-Type: text/plain\r\n\r\nHello\r\n"


def people(size: int) -> bytes:
    mailbox = b" Person <person%05d@example.test>"
    count = size // (len(mailbox % 0) + 3)
    return b"To:" + b",\r\n".join(mailbox % number for number in range(count)) + b"\r\n"


LONG: Final = MAX_CLEAR_FIELD_BYTES + 1_000
LETTERS: Final = {
    "recipients": b"From: alice@example.test\r\n" + people(LONG) + TEXT,
    "field of a part": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    + b"X-Note: " + b"word " * 21_000 + b"\r\n" + TEXT + b"\r\n--b--\r\n",
    "forwarded mail": b"Content-Type: message/rfc822\r\n\r\n" + people(LONG) + TEXT,
    "word": b"X-Note: " + b"w" * 1_000 + b"\r\n" + TEXT,
    "addresses without blanks": b"From: alice@example.test\r\nTo: " + b"a@x.test," * 200 + b"b@x.test\r\n" + TEXT,
    "word in a forwarded mail": b"Content-Type: message/rfc822\r\n\r\nX-Spam: " + b"w" * 1_000 + b"\r\n" + TEXT,
    "word in a part": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-ID: <" + b"w" * 1_000 + b">\r\n"
    + TEXT + b"\r\n--b--\r\n",
    "foreign subject": b"Subject: " + "ä".encode() * 38_000 + b"\r\n" + TEXT,
}  # fmt: skip


def sign_in_memory(letter: bytes, signing: Signing) -> bytes:
    return blocking.sign_message(letter, signing, PROVIDER, ProtectionMode.CLEAR)


def sign_in_a_stream(letter: bytes, signing: Signing) -> bytes:
    target = io.BytesIO()
    stream.sign_mail_file(io.BytesIO(letter), target, signing, PROVIDER, ProtectionMode.CLEAR)
    return target.getvalue()


WAYS = pytest.mark.parametrize("sign", [sign_in_memory, sign_in_a_stream])


@WAYS
@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_a_field_that_servers_cut_is_signed_opaquely(sign, letter: bytes) -> None:  # type: ignore[no-untyped-def]
    signed = parse_entity(sign(letter, SIGNING))
    assert signed.content_type.parameters["smime-type"] == "signed-data"


@WAYS
@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_a_field_that_servers_cut_is_refused_in_clear(sign, letter: bytes) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(MalformedMessage, match="mail servers cut or break"):
        sign(letter, dataclasses.replace(SIGNING, form=SignatureForm.DETACHED))


@WAYS
def test_long_bodies_and_many_fields_are_signed_in_clear(sign) -> None:  # type: ignore[no-untyped-def]
    fields = b"".join(b"X-%d: " % number + b"x" * 900 + b" " + b"x" * 900 + b"\r\n" for number in range(200))
    letter = b"From: alice@example.test\r\n" + people(90_000) + fields + TEXT + b"X: y\r\n" + b" indented\r\n" * 20_000
    assert is_multipart_signed(parse_entity(sign(letter, SIGNING)))
