"""ML-KEM recipients (RFC 9629, RFC 9936, MUSTS 29)."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core import blocking
from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_WRAP,
    AES_256_GCM,
    CHACHA20_POLY1305,
    ContentCipher,
    HashName,
)
from smime_core.asn1 import der
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kemri import KemRecipient
from smime_core.cms.recipients.key_wrap import build_key_wrap
from smime_core.cms.recipients.recipient_info import recipient_algorithm
from smime_core.errors import DecryptionError, MalformedMessage, NoMatchingRecipient, UnsupportedAlgorithm
from smime_core.provider import NewKey
from tests.support.envelopes import CONTENT, decrypt, envelope, flip, parse, version_of
from tests.support.kem_recipients import AES_256, BOB, HKDF, KEM_768, kemri
from tests.support.people import PROVIDER, person

ALL_KEMS: Final = [NewKey.ML_KEM_512, NewKey.ML_KEM_768, NewKey.ML_KEM_1024]


@pytest.mark.parametrize("cipher", [AES_128_CBC, AES_256_GCM, CHACHA20_POLY1305], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("key", ALL_KEMS)
def test_every_ml_kem_key_receives(key: NewKey, cipher: ContentCipher) -> None:
    reader = person("carol", key)
    encrypted = blocking.encrypt_bytes(
        CONTENT,
        Encrypting(recipients=[reader.certificate, person("alice").certificate], cipher=cipher),
        provider=PROVIDER,
    )
    assert decrypt(encrypted, reader) == decrypt(encrypted, person("alice")) == CONTENT
    # RFC 5652 section 6.1: with an ori, EnvelopedData has version 3. AuthEnvelopedData always has 0 (MUSTS 32).
    assert version_of(encrypted) == (3 if cipher is AES_128_CBC else 0)


@pytest.mark.parametrize(("arc", "hash_name"), [(28, HashName.SHA256), (29, HashName.SHA384), (30, HashName.SHA512)])
@pytest.mark.parametrize("ukm", [None, b"", b"context"])
def test_must_29_the_kdf_is_named_and_takes_the_ukm(arc: int, hash_name: HashName, ukm: bytes | None) -> None:
    assert decrypt(envelope(kemri(kdf_arc=arc, hash_name=hash_name, ukm=ukm)), BOB) == CONTENT


def test_must_29_a_changed_ukm_changes_the_key() -> None:
    encrypted = envelope(kemri(ukm=b"one context"))
    with pytest.raises(DecryptionError):
        decrypt(encrypted.replace(b"one context", b"two context"), BOB)


@pytest.mark.parametrize("kek_length", [16, 24, 33])
def test_must_29_a_kek_length_that_does_not_fit_the_wrap_is_refused(kek_length: int) -> None:
    value = kemri()
    with pytest.raises(MalformedMessage, match="kekLength"):
        decrypt(envelope(value.replace(der.integer(32) + AES_256, der.integer(kek_length) + AES_256)), BOB)


def test_must_29_a_shorter_wrap_opens() -> None:
    assert decrypt(envelope(kemri(kek_length=16, wrap=build_key_wrap(AES_128_WRAP))), BOB) == CONTENT


def test_must_29_implicit_rejection_looks_like_every_failed_unwrap() -> None:
    encrypted = envelope(kemri())
    (recipient,) = parse(encrypted).recipients
    assert isinstance(recipient, KemRecipient)
    with pytest.raises(DecryptionError) as rejected:
        decrypt(flip(encrypted, encrypted.index(recipient.ciphertext) + 9), BOB)
    with pytest.raises(DecryptionError) as unwrapped:
        decrypt(flip(encrypted, encrypted.index(recipient.encrypted_key)), BOB)
    assert str(rejected.value) == str(unwrapped.value)


def test_a_ciphertext_of_another_length_is_a_decryption_error() -> None:
    short = kemri().replace(KEM_768, der.sequence(der.oid("2.16.840.1.101.3.4.4.3")))
    with pytest.raises(DecryptionError):
        decrypt(envelope(short), BOB)


def test_must_29_another_kind_of_ori_is_listed_and_left_alone() -> None:
    encrypted = envelope(kemri(ori="1.2.840.113549.1.9.16.13.99"), kemri())
    assert {recipient.kind for recipient in parse(encrypted).recipients} == {"ori", "kemri"}
    assert decrypt(encrypted, BOB) == CONTENT
    with pytest.raises(NoMatchingRecipient):
        decrypt(envelope(kemri(ori="1.2.840.113549.1.9.16.13.99")), BOB)


def test_must_31_a_recipient_is_named_by_its_key_identifier_too() -> None:
    identifier = BOB.certificate.subject_key_identifier
    assert identifier is not None
    assert decrypt(envelope(kemri(rid=der.element(0x80, identifier))), BOB) == CONTENT


@pytest.mark.parametrize("what", ["the KEM", "the KDF", "the wrap"])
def test_must_45_an_unknown_algorithm_is_said(what: str) -> None:
    known = {
        "the KEM": der.oid("2.16.840.1.101.3.4.4.2"),
        "the KDF": der.oid(f"{HKDF}28"),
        "the wrap": der.oid("2.16.840.1.101.3.4.1.45"),
    }[what]
    encrypted = envelope(kemri().replace(known, known[:-1] + b"\x7e"))
    with pytest.raises(UnsupportedAlgorithm):
        decrypt(encrypted, BOB)


@pytest.mark.parametrize("key", [NewKey.RSA_2048, NewKey.P256, NewKey.ML_KEM_512])
def test_a_kemri_that_names_another_kind_of_key_gives_no_more_than_a_failure(key: NewKey) -> None:
    reader = person("dave", key)
    with pytest.raises(DecryptionError):
        decrypt(envelope(kemri(to=reader)), reader)


def test_must_25_a_content_key_of_another_length_is_refused() -> None:
    with pytest.raises(DecryptionError):
        decrypt(envelope(kemri(cek=bytes(16))), BOB)


def test_parameters_beside_the_kem_or_the_kdf_are_refused() -> None:
    with_null = der.sequence(der.oid("2.16.840.1.101.3.4.4.2"), b"\x05\0")
    with pytest.raises(MalformedMessage, match="parameters"):
        decrypt(envelope(kemri(kem=with_null)), BOB)


def test_people_read_how_the_key_travels() -> None:
    (recipient,) = parse(envelope(kemri())).recipients
    assert recipient_algorithm(recipient) == "ML-KEM-768 with HKDF-SHA-256, AES-256 key wrap"
