"""Streams hold the opinion that memory holds, on valid messages and on altered ones."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator

import pytest

from smime_core import SignatureForm, blocking
from smime_core.limits import MAX_HEADER_BYTES, MAX_SMALL_BER_CHUNKS
from tests.fuzz.agreement import in_memory, in_stream
from tests.fuzz.alterations import alter
from tests.fuzz.hostile import opaque
from tests.fuzz.samples import samples
from tests.unit.people import NOW, PROVIDER, person

HEAD = b"From: alice@example.test\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n"
LATE_CRLF = b"\n" + b"word\n" * (MAX_HEADER_BYTES // 5) + b"\r\n"


def signed() -> bytes:
    return samples()["cms"][0]


def assert_same_opinion(data: bytes) -> None:
    memory, streamed = in_memory(data), in_stream(data)
    # Which damage is met first may differ, and a stream refuses some structures that memory reads, where nobody signed.
    is_stricter = memory.state == "plain" and streamed.refusal == "malformed-message"
    # A damaged RSA v1.5 key is replaced by a random one, in each run another: in CBC one of 256 opens to octets.
    either = {memory.refusal or memory.state, streamed.refusal or streamed.state}
    is_chance = either == {"decryption-error", "encrypted-only"}
    assert memory == streamed or is_stricter or is_chance or (memory.refusal and streamed.refusal)


def forms() -> Iterator[tuple[str, bytes]]:
    """One signed message in every form in which it can arrive."""
    text = base64.encodebytes(signed())
    yield "DER", signed()
    yield "base64", text
    for label in (b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA", b"SIGNED MESSAGE"):
        yield f"PEM {label.decode()}", b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, text, label)
    yield "PEM with a byte order mark", b"\xef\xbb\xbf-----BEGIN CMS-----\n" + text + b"-----END CMS-----\n"
    for kind in (b"application/pkcs7-mime", b"application/octet-stream; name=smime.p7m", b"application/x-unheard-of"):
        yield f"mail {kind.decode()}", HEAD % (kind, b"base64") + text.replace(b"\n", b"\r\n")
        yield f"binary mail {kind.decode()}", HEAD % (kind, b"binary") + signed()
    quoted = b"=\r\n".join(b"=%02X" % octet for octet in signed())
    yield "quoted-printable mail", HEAD % (b"application/pkcs7-mime", b"quoted-printable") + quoted


@pytest.mark.parametrize("name", [name for name, _ in forms()])
def test_the_same_message_is_found_in_every_form(name: str) -> None:
    octets = dict(forms())[name]
    memory = in_memory(octets)
    assert memory.layers
    assert memory == in_stream(octets)


def test_pem_of_another_kind_is_refused_by_both() -> None:
    octets = b"-----BEGIN PKCS12-----\nMAA=\n-----END PKCS12-----\n"
    assert in_memory(octets).refusal == in_stream(octets).refusal == "malformed-message"


@pytest.mark.parametrize("piece", [b"\x04\0", b"\x04\x01x", b"\x24\x80\0\0", b"\x24\x02\x04\0"])
def test_content_in_a_flood_of_tiny_pieces_is_refused_by_streams(piece: bytes) -> None:
    """A piece costs microseconds, however little is in it; memory counts those that hold anything."""
    assert in_stream(opaque(piece, MAX_SMALL_BER_CHUNKS + 5_000)).refusal == "limit-exceeded"


@pytest.mark.parametrize("piece", [b"\x04\0", b"\x04\x01x"])
def test_content_in_a_flood_of_tiny_pieces_is_refused_in_memory(piece: bytes) -> None:
    assert in_memory(opaque(piece, MAX_SMALL_BER_CHUNKS + 5_000)).refusal == "limit-exceeded"


def test_large_content_in_pieces_of_honest_size_is_read() -> None:
    piece = b"\x04\x40" + bytes(64)
    octets = opaque(piece, MAX_SMALL_BER_CHUNKS + 5_000)
    assert in_memory(octets) == in_stream(octets)
    assert len(in_stream(octets).content) == 64 * (MAX_SMALL_BER_CHUNKS + 5_000)


@pytest.mark.parametrize("kind", ["mail", "cms", "own"])
def test_valid_messages_are_judged_alike(kind: str) -> None:
    for sample in samples()[kind]:
        assert in_memory(sample) == in_stream(sample)


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (b"Content-Type: text/\r", b"Content-Type: text/\r\n"),
        (b"\na\rb\r\rc\n\rd", b"\r\na\r\nb\r\n\r\nc\r\n\r\nd"),
        (b"\na\r", b"\r\na\r\n"),
        (b"\na\rb\r\nc", b"\na\rb\r\nc"),
        (LATE_CRLF, LATE_CRLF),
    ],
    ids=["CR at the end", "CR and LF", "CR behind LF", "CRLF somewhere", "CRLF far behind"],
)
def test_line_ends_of_a_signed_part_are_judged_alike(stored: bytes, sent: bytes) -> None:
    """What holds a CRLF is hashed as received; what holds none was stored without, and is put back (MUSTS 33)."""
    mail = signed_mail(stored, signed=sent)
    assert in_memory(mail) == in_stream(mail)
    assert in_memory(mail).state == "verified"
    assert in_memory(mail).content == sent


def signed_mail(part: bytes, *, signed: bytes) -> bytes:
    """A multipart/signed with this first part, and a signature over other octets."""
    cms = blocking.sign_bytes(
        signed, identity=person("alice"), provider=PROVIDER, signing_time=NOW, form=SignatureForm.DETACHED
    )
    protocol = b'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b'
    signature = b"Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    parts = b"--b\r\n" + part + b"\r\n--b\r\n" + signature + base64.encodebytes(cms) + b"--b--\r\n"
    return HEAD % (protocol, b"7bit") + parts


@pytest.mark.parametrize(("kind", "count"), [("cms", 400), ("own", 100)])
def test_altered_structures_are_judged_alike(kind: str, count: int) -> None:
    dice = random.Random(kind)  # noqa: S311 (the same every time)
    others = [sample for ones in samples().values() for sample in ones]
    ders = [sample for sample in samples()[kind] if sample.startswith(b"0")]
    for _ in range(count):
        altered = alter(dice.choice(ders), dice, others)
        assert_same_opinion(altered)
        assert_same_opinion(HEAD % (b"application/pkcs7-mime", b"base64") + base64.encodebytes(altered))


def test_altered_mails_are_judged_alike() -> None:
    dice = random.Random(1)  # noqa: S311 (the same every time)
    others = [sample for ones in samples().values() for sample in ones]
    for _ in range(300):
        altered = alter(dice.choice(samples()["mail"]), dice, others)
        memory, streamed = in_memory(altered), in_stream(altered)
        # Streams pass over what is no base64 in base64, where memory refuses: the signature decides.
        is_damaged_base64 = memory.refusal == "malformed-message" and b"base64" in altered.lower()
        assert memory == streamed or is_damaged_base64 or (memory.refusal and streamed.refusal)
