"""A megabyte of hostile MIME is read or refused in linear time, with no error but SmimeError."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable

import pytest

from smime_core.cms.layers import find_layer
from smime_core.cms.nested_parts import find_nested_layers
from smime_core.errors import SmimeError
from smime_core.mail.reading import read_encrypted_payload, read_entity
from smime_core.mime import from_addresses, parse_entity, split_message
from tests.support.growth import grows_in_proportion

MULTIPART = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
BODIES = {
    "boundaries": (MULTIPART, b"--b\r\n", b""),
    "half boundaries": (MULTIPART, b"\r\n--b-", b""),
    "parts": (MULTIPART, b"--b\r\n\r\nx\r\n", b""),
    "fields": (b"", b"A:b\r\n", b"\r\nx"),
    "folded lines": (b"Subject: a", b"\r\n a", b"\r\n\r\nx"),
    "encoded words": (b"Subject: ", b"=?utf-8?Q?a?= ", b"\r\n\r\nx"),
    "half encoded words": (b"From: ", b"=?a?Q?", b"\r\n\r\nx"),
    "open comments": (b"From: ", b"(", b"\r\n\r\nx"),
    "escaped quotes": (b"From: ", b'"\\', b"\r\n\r\nx"),
    "mailboxes": (b"From: ", b"a@b,", b"\r\n\r\nx"),
    "semicolons": (b"Content-Type: text/plain", b";", b"\r\n\r\nx"),
    "spaced semicolons": (b"Content-Type: text/plain", b"; ", b"\r\n\r\nx"),
    "open quotes": (b"Content-Type: text/plain", b';a="', b"\r\n\r\nx"),
    "a long name": (b"Content-Disposition: attachment; filename=", b"a", b"\r\n\r\nx"),
    "percent": (b"Content-Type: text/plain; name*=utf-8''", b"%41", b"\r\n\r\nx"),
    "soft line breaks": (b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"=\r\n", b""),
    "blanks": (b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b" \t", b"x"),
    "damaged base64": (b"Content-Type: application/cms\r\nContent-Transfer-Encoding: base64\r\n\r\n", b"A=!", b""),
    "uuencode": (b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\n", b"!    \n", b""),
    "messages": (b"", b"Content-Type: message/rfc822\r\n\r\n", b""),
    "legacy display": (
        b"Content-Type: text/html; hp=cipher; hp-legacy-display=1\r\n\r\n",
        b'<div class="header-protection-legacy-display">',
        b"",
    ),
}


def read_all(data: bytes) -> None:
    entity = parse_entity(data)
    from_addresses(entity.headers)
    _ = [field.text for field in entity.headers.fields], entity.filename
    for read in (read_entity, read_encrypted_payload, split_message):
        try:
            read(data)
        except SmimeError:
            continue
    find_layer(entity)
    list(find_nested_layers(entity))


@pytest.mark.parametrize("name", BODIES)
def test_a_megabyte_of_hostile_mime_takes_linear_time(name: str) -> None:
    start, piece, end = BODIES[name]

    def reading(size: int) -> Callable[[], None]:
        data = start + piece * ((size - len(start + end)) // len(piece)) + end

        def read() -> None:
            with contextlib.suppress(SmimeError):
                read_all(data)

        return read

    assert grows_in_proportion(reading, 1_000_000)


@pytest.mark.parametrize(
    ("word", "mark", "sign"), [*itertools.product((b"a ", b'"a" ', b"(a) "), (b"", b"@", b"<"), (b":", b";", b","))]
)
def test_many_words_before_many_signs_take_linear_time(word: bytes, mark: bytes, sign: bytes) -> None:
    def reading(size: int) -> Callable[[], object]:
        half = size // 2
        entity = parse_entity(b"From: " + word * (half // len(word)) + mark + sign * half + b"\r\n\r\nx")
        return lambda: from_addresses(entity.headers)

    assert grows_in_proportion(reading, 40_000)


def test_ten_thousands_of_parameter_sections_count_as_absent() -> None:
    """MUSTS 49: a value is never joined from an unlimited number of sections."""

    def reading(count: int) -> Callable[[], None]:
        sections = b"".join(b";\r\n a*%d=x" % number for number in range(count))

        def read() -> None:
            entity = parse_entity(b"Content-Type: text/plain" + sections + b"\r\n\r\nx")
            assert len(entity.content_type.parameters.get("a", "")) <= 1_000

        return read

    assert grows_in_proportion(reading, 60_000)
