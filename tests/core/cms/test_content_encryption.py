"""Content-encryption identifiers: AEAD parameters, and RC2's versions (RFC 5084, RFC 8103, RFC 2268, MUSTS 19)."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core.algorithms import (
    AES_128_CCM,
    AES_256_CBC,
    AES_256_GCM,
    CHACHA20_POLY1305,
    DES_CBC,
    RC2_CBC,
    TRIPLE_DES_CBC,
    CipherFamily,
    ContentCipher,
)
from smime_core.asn1 import der
from smime_core.cms.content_encryption import ContentEncryption, build_content_encryption, parse_content_encryption
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm

NONCE: Final = der.octet_string(bytes(range(12)))


def identifier(cipher: ContentCipher, *parameters: bytes) -> bytes:
    return der.sequence(der.oid(cipher.oid), *parameters)


@pytest.mark.parametrize(
    ("cipher", "tag_length"), [(AES_256_CBC, 0), (AES_256_GCM, 16), (CHACHA20_POLY1305, 16)], ids=str
)
def test_built_parameters_are_parsed_again(cipher: ContentCipher, tag_length: int) -> None:
    encryption = ContentEncryption(cipher=cipher, iv=bytes(range(cipher.iv_length)), tag_length=tag_length)
    assert parse_content_encryption(build_content_encryption(encryption)) == encryption


def test_must_19_an_absent_icv_length_means_twelve() -> None:
    parsed = parse_content_encryption(identifier(AES_256_GCM, der.sequence(NONCE)))
    assert (parsed.tag_length, parsed.iv) == (12, bytes(range(12)))


@pytest.mark.parametrize("length", [12, 13, 14, 15, 16])
def test_must_19_tags_above_the_floor_are_read(length: int) -> None:
    parsed = parse_content_encryption(identifier(AES_256_GCM, der.sequence(NONCE, der.integer(length))))
    assert parsed.tag_length == length


@pytest.mark.parametrize("length", [-1, 0, 4, 8, 11, 17])
def test_must_19_other_tags_are_refused(length: int) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="a tag of"):
        parse_content_encryption(identifier(AES_256_GCM, der.sequence(NONCE, der.integer(length))))


def test_must_19_parameters_must_be_there() -> None:
    for cipher in (AES_256_GCM, AES_256_CBC, CHACHA20_POLY1305, TRIPLE_DES_CBC):
        with pytest.raises(MalformedMessage, match="absent"):
            parse_content_encryption(identifier(cipher))


@pytest.mark.parametrize("length", [12, 14, 16])
def test_ccm_has_tags_of_even_length(length: int) -> None:
    parsed = parse_content_encryption(identifier(AES_128_CCM, der.sequence(NONCE, der.integer(length))))
    assert parsed.tag_length == length
    with pytest.raises(UnsupportedAlgorithm):
        parse_content_encryption(identifier(AES_128_CCM, der.sequence(NONCE, der.integer(length - 1))))


@pytest.mark.parametrize(
    ("cipher", "good", "bad"),
    [(AES_256_GCM, (8, 12, 16), (0, 7, 17)), (AES_128_CCM, (7, 13), (6, 14))],
    ids=["GCM", "CCM"],
)
def test_nonces_have_a_length_of_their_mode(cipher: ContentCipher, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    for length in good:
        parsed = parse_content_encryption(identifier(cipher, der.sequence(der.octet_string(bytes(length)))))
        assert len(parsed.iv) == length
    for length in bad:
        with pytest.raises(MalformedMessage, match="a nonce of"):
            parse_content_encryption(identifier(cipher, der.sequence(der.octet_string(bytes(length)))))


@pytest.mark.parametrize(
    "cipher", [AES_256_CBC, CHACHA20_POLY1305, TRIPLE_DES_CBC, DES_CBC], ids=lambda cipher: cipher.name
)
def test_an_iv_of_another_length_is_refused(cipher: ContentCipher) -> None:
    good = identifier(cipher, der.octet_string(bytes(cipher.iv_length)))
    assert parse_content_encryption(good).cipher is cipher
    with pytest.raises(MalformedMessage, match="an IV of"):
        parse_content_encryption(identifier(cipher, der.octet_string(bytes(cipher.iv_length - 1))))


@pytest.mark.parametrize(("version", "bits"), [(160, 40), (120, 64), (58, 128), (256, 256), (1024, 1024)])
def test_must_25_an_rc2_version_says_the_effective_bits(version: int, bits: int) -> None:
    parameters = der.sequence(der.integer(version), der.octet_string(bytes(8)))
    cipher = parse_content_encryption(der.sequence(der.oid(RC2_CBC), parameters)).cipher
    assert (cipher.family, cipher.key_length) == (CipherFamily.RC2, bits // 8)


def test_rc2_with_nothing_but_an_iv_has_32_bits() -> None:
    for parameters in (der.octet_string(bytes(8)), der.sequence(der.octet_string(bytes(8)))):
        cipher = parse_content_encryption(der.sequence(der.oid(RC2_CBC), parameters)).cipher
        assert cipher.key_length == 4


@pytest.mark.parametrize("length", [0, 7, 9, 16])
def test_an_rc2_iv_of_another_length_is_refused(length: int) -> None:
    iv = der.octet_string(bytes(length))
    for parameters in (iv, der.sequence(der.integer(58), iv)):
        with pytest.raises(MalformedMessage, match="an IV of"):
            parse_content_encryption(der.sequence(der.oid(RC2_CBC), parameters))


@pytest.mark.parametrize("version", [-1, 0, 1, 255, 257, 1032, 1 << 70])
def test_an_rc2_version_without_a_meaning_is_refused(version: int) -> None:
    parameters = der.sequence(der.integer(version), der.octet_string(bytes(8)))
    with pytest.raises(UnsupportedAlgorithm, match="RC2 with version"):
        parse_content_encryption(der.sequence(der.oid(RC2_CBC), parameters))


@pytest.mark.parametrize(
    "parameters",
    [b"\x05\0", der.sequence(), der.sequence(NONCE, der.integer(16), der.integer(16)), der.integer(1)],
    ids=["NULL", "empty", "three fields", "a number"],
)
def test_parameters_of_another_shape_are_refused(parameters: bytes) -> None:
    for oid in (AES_256_GCM.oid, CHACHA20_POLY1305.oid, RC2_CBC, AES_256_CBC.oid):
        with pytest.raises(MalformedMessage):
            parse_content_encryption(der.sequence(der.oid(oid), parameters))


def test_an_unknown_cipher_is_said() -> None:
    with pytest.raises(UnsupportedAlgorithm, match=r"1\.2\.3\.4"):
        parse_content_encryption(der.sequence(der.oid("1.2.3.4"), NONCE))
