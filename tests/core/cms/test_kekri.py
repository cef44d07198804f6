"""Shared keys as recipients (RFC 5652 section 6.2.3)."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core.algorithms import AES_128_CBC, AES_192_CBC, AES_256_CBC, AES_256_GCM, ContentCipher
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.enveloped_data import build_enveloped_data
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey, build_kekri
from smime_core.cms.recipients.recipient_info import recipient_algorithm
from smime_core.errors import (
    AlgorithmForbidden,
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
)
from smime_core.policy import Policy
from tests.support.envelopes import CEK, CONTENT, decrypt, envelope, parse, version_of
from tests.support.people import PROVIDER, person

KEK: Final = KeyEncryptionKey(identifier=b"our key of June", key=bytes(range(100, 132)))


def encrypt(*keks: KeyEncryptionKey, cipher: ContentCipher = AES_256_CBC, to_alice: bool = False) -> bytes:
    return run(
        build_enveloped_data(
            CONTENT,
            Encrypting(
                recipients=[person("alice").certificate] if to_alice else [], keks=keks, cipher=cipher, transport=None
            ),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
def test_the_shared_key_decrypts(cipher: ContentCipher) -> None:
    other = KeyEncryptionKey(identifier=b"another", key=bytes(32))
    assert decrypt(encrypt(KEK, cipher=cipher), keks=[other, KEK]) == CONTENT


@pytest.mark.parametrize("length", [16, 24, 32])
def test_every_length_of_aes_wraps(length: int) -> None:
    kek = KeyEncryptionKey(identifier=b"k", key=bytes(length))
    assert decrypt(encrypt(kek, cipher=AES_128_CBC), keks=[kek]) == CONTENT


def test_it_stands_beside_a_certificate() -> None:
    encrypted = encrypt(KEK, to_alice=True)
    assert decrypt(encrypted, person("alice")) == decrypt(encrypted, keks=[KEK]) == CONTENT
    assert version_of(encrypted) == 2


def test_a_key_of_another_name_is_not_mine() -> None:
    with pytest.raises(NoMatchingRecipient) as raised:
        decrypt(encrypt(KEK), keks=[KeyEncryptionKey(identifier=b"July", key=KEK.key)])
    assert raised.value.recipient_ids == (f"shared key {KEK.identifier.hex()}",)


@pytest.mark.parametrize("key", [bytes(32), bytes(16), b""])
def test_a_wrong_key_under_the_right_name_is_a_decryption_error(key: bytes) -> None:
    with pytest.raises(DecryptionError):
        decrypt(encrypt(KEK), keks=[KeyEncryptionKey(identifier=KEK.identifier, key=key)])


def test_of_two_keys_with_one_name_the_right_one_is_found() -> None:
    assert decrypt(encrypt(KEK), keks=[KeyEncryptionKey(identifier=KEK.identifier, key=bytes(32)), KEK]) == CONTENT


def test_a_shared_key_of_no_length_of_aes_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="20 bytes"):
        encrypt(KeyEncryptionKey(identifier=b"k", key=bytes(20)))


def test_must_25_a_shared_key_is_not_shorter_than_what_it_wraps() -> None:
    with pytest.raises(MalformedMessage, match="shorter"):
        encrypt(KeyEncryptionKey(identifier=b"k", key=bytes(16)), cipher=AES_256_CBC)


def test_must_25_a_content_key_of_another_length_is_refused() -> None:
    info = run(build_kekri(KEK, bytes(16), provider=PROVIDER))
    with pytest.raises(DecryptionError):
        decrypt(envelope(info), keks=[KEK])


def test_a_date_and_other_attributes_beside_the_name_are_read() -> None:
    fields = der.read_children(der.read_one(run(build_kekri(KEK, CEK, provider=PROVIDER))))
    kekid = der.sequence(
        der.octet_string(KEK.identifier), der.element(0x18, b"20260601000000Z"), der.sequence(der.oid("1.2.3"))
    )
    info = der.element(0xA2, fields[0].encoded, kekid, fields[2].encoded, fields[3].encoded)
    assert decrypt(envelope(info), keks=[KEK]) == CONTENT


def test_must_45_an_unknown_wrap_is_said_and_hides_nobody() -> None:
    info = run(build_kekri(KEK, CEK, provider=PROVIDER))
    wrap = der.oid("2.16.840.1.101.3.4.1.45")
    unknown = info.replace(wrap, wrap[:-1] + b"\x7e")
    with pytest.raises(UnsupportedAlgorithm):
        decrypt(envelope(unknown), keks=[KEK])
    assert decrypt(envelope(unknown, info), keks=[KEK]) == CONTENT


def test_a_triple_des_key_of_old_is_for_the_archive_alone() -> None:
    # The example of RFC 3217 section 3.4. Its wrapped key has 24 bytes, so AES-192 takes it as well.
    kek = KeyEncryptionKey(identifier=b"k", key=bytes.fromhex("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f"))
    cek = bytes.fromhex("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98")
    wrapped = "690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4"
    info = der.element(
        0xA2,
        der.integer(4),
        der.sequence(der.octet_string(b"k")),
        der.sequence(der.oid("1.2.840.113549.1.9.16.3.6"), b"\x05\0"),
        der.octet_string(bytes.fromhex(wrapped)),
    )
    encrypted = envelope(info, cipher=AES_192_CBC, cek=cek)
    assert decrypt(encrypted, keks=[kek], policy=Policy.ARCHIVE) == CONTENT
    with pytest.raises(AlgorithmForbidden):
        decrypt(encrypted, keks=[kek])


@pytest.mark.parametrize("count", [0, 4])
def test_a_damaged_name_of_a_key_opens_for_nobody(count: int) -> None:
    fields = der.read_children(der.read_one(run(build_kekri(KEK, CEK, provider=PROVIDER))))
    kekid = der.sequence(*[der.octet_string(KEK.identifier)] * count)
    info = der.element(0xA2, fields[0].encoded, kekid, fields[2].encoded, fields[3].encoded)
    with pytest.raises(NoMatchingRecipient):
        decrypt(envelope(info), keks=[KEK])
    with pytest.raises(NoMatchingRecipient):
        decrypt(envelope(der.element(0xA2, *(field.encoded for field in (*fields, fields[0])))), keks=[KEK])


def test_a_key_never_reaches_a_repr() -> None:
    assert KEK.key.hex() not in repr(KEK)
    assert repr(KEK.key) not in repr(KEK)


def test_people_read_how_the_key_travels() -> None:
    (recipient,) = parse(encrypt(KEK)).recipients
    assert recipient_algorithm(recipient) == "AES-256 key wrap under a shared key"
