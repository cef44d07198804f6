"""CMS around other content types than id-data: structures in structures, and types that nobody knows (RFC 5652)."""

from __future__ import annotations

import io
from typing import Final

import pytest

from smime_core import blocking, stream
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import (
    FIELD,
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    parse_content_info,
)
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import ContentTypeMismatch, DecryptionError
from smime_core.message import encrypt_bytes, sign_bytes
from smime_core.report.report import LayerKind, MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust
from tools.fuzz.agreement import opinion_of
from tools.fuzz.targets import STREAMING

ALICE, BOB = person("alice"), person("bob")
UNKNOWN: Final = "1.2.3.4"
TEXT: Final = b"Content-Type: text/plain\r\n\r\nAt eight.\r\n"
CIPHERS: Final = (AES_256_CBC, AES_256_GCM)


def signed(content: bytes, content_type: str = ID_DATA) -> bytes:
    return run(sign_bytes(content, Signing(identities=[ALICE], signing_time=NOW), PROVIDER, content_type=content_type))


def encrypted(content: bytes, content_type: str, cipher: ContentCipher = AES_256_CBC) -> bytes:
    encrypting = Encrypting(recipients=[BOB.certificate], cipher=cipher)
    return run(encrypt_bytes(content, encrypting, PROVIDER, content_type=content_type))


def bare(cms: bytes) -> bytes:
    """The structure without its ContentInfo, as RFC 5652 has it inside another one."""
    return bytes(parse_content_info(cms).content.encoded)


def examine(cms: bytes, *, sender: str | None = "alice@example.test") -> MessageReport:
    judging = Judging(trust_store=trust(), at=NOW)
    return blocking.examine_message(cms, judging, PROVIDER, Keys(identities=[BOB]), sender)


def codes(report: MessageReport) -> list[str]:
    return [reason.code for reason in report.reasons]


STRUCTURES: Final = {
    "signed in signed": (signed(bare(signed(TEXT)), ID_SIGNED_DATA), [LayerKind.SIGNED, LayerKind.SIGNED]),
    "signed in encrypted": (encrypted(bare(signed(TEXT)), ID_SIGNED_DATA), [LayerKind.ENCRYPTED, LayerKind.SIGNED]),
    "signed in authenticated encryption": (
        encrypted(bare(signed(TEXT)), ID_SIGNED_DATA, AES_256_GCM),
        [LayerKind.ENCRYPTED, LayerKind.SIGNED],
    ),
    "with its ContentInfo": (encrypted(signed(TEXT), ID_SIGNED_DATA), [LayerKind.ENCRYPTED, LayerKind.SIGNED]),
    "signed in compressed": (
        build_compressed_data(bare(signed(TEXT)), content_type=ID_SIGNED_DATA),
        [LayerKind.COMPRESSED, LayerKind.SIGNED],
    ),
    "compressed in signed": (
        signed(bare(build_compressed_data(TEXT, content_type=ID_DATA)), ID_COMPRESSED_DATA),
        [LayerKind.SIGNED, LayerKind.COMPRESSED],
    ),
    "three": (
        signed(bare(encrypted(bare(signed(TEXT)), ID_SIGNED_DATA)), ID_ENVELOPED_DATA),
        [LayerKind.SIGNED, LayerKind.ENCRYPTED, LayerKind.SIGNED],
    ),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_in_structures_are_opened_and_verified(name: str) -> None:
    cms, kinds = STRUCTURES[name]
    report = examine(cms)
    assert ([layer.kind for layer in report.layers], report.state) == (kinds, State.VERIFIED)
    assert report.content == TEXT


@pytest.mark.parametrize("name", STRUCTURES)
def test_streams_read_structures_in_structures_as_memory_does(name: str) -> None:
    cms, _ = STRUCTURES[name]
    judging, target = Judging(trust_store=trust(), at=NOW), io.BytesIO()
    streamed = stream.examine_file(io.BytesIO(cms), judging, STREAMING, Keys(identities=[BOB]), "alice@example.test")
    stream.copy_content(streamed, target)
    report = examine(cms)
    assert opinion_of(streamed.report, target.getvalue()) == opinion_of(report, report.content)
    opened = io.BytesIO()
    if report.is_encrypted:
        stream.decrypt_mail_file(io.BytesIO(cms), opened, Keys(identities=[BOB]), STREAMING)
        assert opened.getvalue() == blocking.decrypt_message(cms, Keys(identities=[BOB]), PROVIDER)


def test_decrypted_structures_can_be_verified_by_themselves() -> None:
    opened = blocking.decrypt_message(encrypted(bare(signed(TEXT)), ID_SIGNED_DATA), Keys(identities=[BOB]), PROVIDER)
    assert parse_content_info(opened).content_type == ID_SIGNED_DATA
    assert examine(opened).state is State.VERIFIED


def test_a_forged_structure_inside_a_good_signature_is_invalid() -> None:
    inner = bytearray(bare(signed(TEXT)))
    inner[inner.index(b"eight")] ^= 1
    assert examine(signed(bytes(inner), ID_SIGNED_DATA)).state is State.INVALID


@pytest.mark.parametrize("cipher", CIPHERS)
def test_encrypted_content_of_an_unknown_type_is_shown_and_named(cipher: ContentCipher) -> None:
    report = examine(encrypted(b"hello", UNKNOWN, cipher))
    assert (report.state, codes(report), report.content) == (State.ENCRYPTED_ONLY, ["unknown-content-type"], b"hello")
    assert ("oid", UNKNOWN) in report.reasons[0].values


def test_a_signature_inside_content_of_an_unknown_type_is_never_verified() -> None:
    report = examine(encrypted(signed(TEXT), UNKNOWN))
    assert (report.state, codes(report)[0]) == (State.SIGNED_UNVERIFIED, "unknown-content-type")


def test_signed_content_of_an_unknown_type_is_never_verified() -> None:
    report = examine(signed(b"hello", UNKNOWN))
    assert (report.state, codes(report), report.content) == (
        State.SIGNED_UNVERIFIED,
        ["content-type-mismatch"],
        b"hello",
    )


@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_type_of_our_own_is_still_refused_in_a_message(cipher: ContentCipher) -> None:
    with pytest.raises(ContentTypeMismatch):
        examine(encrypted(b"{}", FIELD, cipher))


def test_a_mail_whose_type_was_changed_on_the_way_fails_like_any_decryption() -> None:
    # Nothing authenticates the content type of EnvelopedData.
    changed = encrypted(TEXT, ID_DATA).replace(der.oid(ID_DATA), der.oid(ID_SIGNED_DATA))
    with pytest.raises(DecryptionError):
        examine(changed)


@pytest.mark.parametrize("content_type", [ID_SIGNED_DATA, UNKNOWN])
def test_bytes_of_one_kind_are_not_decrypted_as_those_of_another(content_type: str) -> None:
    with pytest.raises(ContentTypeMismatch):
        blocking.decrypt_bytes(encrypted(b"hello", content_type), Keys(identities=[BOB]), PROVIDER)
