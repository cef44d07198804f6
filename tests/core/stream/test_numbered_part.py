"""The part that a number names, taken out of a mail of any size: the same part that the report counts."""

from __future__ import annotations

import io
import time
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from smime_core import blocking, stream
from smime_core.blocking import run
from smime_core.cms.nested_parts import find_nested_layers
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import NO_KEYS, Keys
from smime_core.cms.signing import Signing
from smime_core.errors import MalformedMessage, NoMatchingRecipient, SmimeError
from smime_core.message import encrypt_entity, sign_entity
from smime_core.mime import parse_entity, parse_parts
from smime_core.stream.octets import read_head
from tests.support.people import MESSAGE, NOW, PROVIDER, person
from tools.fuzz.targets import STREAMING

ALICE, BOB = person("alice"), person("bob")
TEXT: Final = b"Content-Type: text/plain\r\n\r\nhello"
EVERYTHING: Final = 100_000_000
HEAD: Final = b"From: alice@example.test\r\n"


def encrypted(entity: bytes) -> bytes:
    return run(encrypt_entity(entity, Encrypting(recipients=[BOB.certificate]), PROVIDER))


def signed(entity: bytes) -> bytes:
    return run(sign_entity(entity, Signing(identities=[ALICE], signing_time=NOW), PROVIDER))


def mixed(*parts: bytes, boundary: bytes = b"=M", subtype: bytes = b"mixed", closes: bool = True) -> bytes:
    head = b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"\r\n\r\n'
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return head + body + (b"--" + boundary + b"--\r\nepilogue\r\n" if closes else b"")


def forwarded(mail: bytes) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" + mail


def part(mail: bytes, number: str, keys: Keys = NO_KEYS) -> bytes:
    return run(read_head(stream.part_of(io.BytesIO(mail), number, STREAMING, keys), EVERYTHING))


SECRET: Final = encrypted(TEXT)
INNER_MAIL: Final = HEAD + mixed(TEXT, SECRET, boundary=b"inner")
ATTACHED: Final = b'Content-Type: application/octet-stream; name="smime.p7m.eml"\r\n\r\n' + HEAD + SECRET


def test_a_part_is_taken_by_its_number() -> None:
    assert part(HEAD + mixed(TEXT, SECRET), "2") == SECRET


def test_a_forwarded_mail_is_its_whole_part() -> None:
    mail = HEAD + mixed(TEXT, forwarded(INNER_MAIL))
    assert part(mail, "2") == part(mail, "2.1") == INNER_MAIL
    assert part(mail, "2.1.2") == SECRET


def test_the_mail_in_an_attached_file_is_taken_out() -> None:
    assert part(HEAD + mixed(TEXT, ATTACHED), "2") == HEAD + SECRET


def test_parts_inside_layers_around_the_whole_are_taken() -> None:
    inside = mixed(TEXT, SECRET)
    mail = HEAD + encrypted(signed(inside))
    assert part(mail, "2", Keys(identities=[BOB])) == SECRET
    with pytest.raises(NoMatchingRecipient):
        part(mail, "2")


@pytest.mark.parametrize(
    "tree",
    [
        mixed(TEXT, SECRET),
        mixed(TEXT, mixed(signed(TEXT), SECRET, boundary=b"deeper"), ATTACHED),
        mixed(forwarded(INNER_MAIL), SECRET, subtype=b"digest"),
        mixed(forwarded(HEAD + mixed(forwarded(INNER_MAIL), signed(TEXT), boundary=b"deeper"))),
        mixed(b"\r\n" + INNER_MAIL, subtype=b"digest"),
    ],
)
def test_every_number_in_the_report_names_the_part_that_was_reported(tree: bytes) -> None:
    mail = HEAD + tree
    layers = list(find_nested_layers(parse_entity(mail)))
    assert layers
    for path, entity in layers:
        assert part(mail, path).endswith(bytes(entity.encoded))


@pytest.mark.parametrize("number", ["", "0", "02", "-1", "1.", "a", "1..2", "99999999999", "1." * 30 + "1"])
def test_a_number_that_names_nothing_is_refused(number: str) -> None:
    with pytest.raises(MalformedMessage):
        part(HEAD + mixed(TEXT, SECRET), number)


@pytest.mark.parametrize("number", ["3", "1.1", "2.1", "100000000"])
def test_a_part_that_is_not_there_is_named(number: str) -> None:
    with pytest.raises(MalformedMessage, match=f"no part {number}"):
        part(HEAD + mixed(TEXT, SECRET), number)


PIECES: Final = st.sampled_from(
    [b"", b"a", b"\r\n", b"\n", b"\r", b"--", b"--=M", b"--=M--", b"--=Mx", b"--=M \t", b"\r\n--=M\r\n", b"\n--=M\n"]
)


@settings(max_examples=300, deadline=None)
@given(body=st.lists(PIECES, max_size=25).map(b"".join), block=st.integers(1, 40), number=st.integers(1, 6))
def test_streams_find_the_parts_that_memory_finds(body: bytes, block: int, number: int) -> None:
    mail = b"Content-Type: multipart/mixed; boundary==M\r\n\r\n" + body

    class Small(io.BytesIO):
        def readinto(self, room) -> int:  # type: ignore[no-untyped-def]
            return super().readinto(memoryview(room)[:block])

    parts = parse_parts(parse_entity(mail))
    try:
        head = run(read_head(stream.part_of(Small(mail), str(number), STREAMING), EVERYTHING))
    except SmimeError:
        assert len(parts) < number or parts[number - 1].content_type.type != "text"
        return
    assert head == bytes(parts[number - 1].encoded)


def test_the_last_of_ten_thousand_parts_is_taken_in_linear_time() -> None:
    def seconds(count: int) -> float:
        mail = HEAD + mixed(*[TEXT] * (count - 1), SECRET)
        begun = time.process_time()
        assert part(mail, str(count)) == SECRET
        return time.process_time() - begun

    seconds(100)
    assert seconds(20_000) < 20 * max(seconds(2_000), 0.01)


def test_a_mail_of_ten_thousand_parts_is_refused_as_a_whole() -> None:
    mail = HEAD + mixed(*[TEXT] * 9_999, SECRET)
    with pytest.raises(SmimeError) as raised:
        blocking.decrypt_message(mail, Keys(identities=[BOB]), PROVIDER)
    assert raised.value.code == "limit-exceeded"
    opened = blocking.decrypt_message(part(mail, "10000"), Keys(identities=[BOB]), PROVIDER)
    assert opened.endswith(b"hello")


def test_parts_nested_too_deeply_are_refused() -> None:
    nested = SECRET
    for depth in range(40):
        nested = mixed(nested, boundary=b"b%d" % depth)
    with pytest.raises(MalformedMessage):
        part(HEAD + nested, ".".join(["1"] * 40))


def test_the_unencrypted_around_an_encrypted_part_is_named_in_memory_and_in_streams() -> None:
    mail = MESSAGE.partition(b"MIME-Version")[0] + mixed(TEXT, SECRET, forwarded(HEAD + SECRET))
    keys = Keys(identities=[BOB])
    with pytest.raises(SmimeError, match=r"parts 2, 3\.1 are encrypted") as in_memory:
        blocking.decrypt_message(mail, keys, PROVIDER)
    with pytest.raises(SmimeError) as in_stream:
        stream.decrypt_mail_file(io.BytesIO(mail), io.BytesIO(), keys, STREAMING)
    assert (in_memory.value.code, str(in_memory.value)) == (in_stream.value.code, str(in_stream.value))
