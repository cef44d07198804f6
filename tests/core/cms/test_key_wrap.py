"""Key wraps: AES, and the old ones of 3DES and RC2 against the examples of RFC 3217 (MUSTS 25)."""

from __future__ import annotations

import hashlib
from typing import Final

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from smime_core.algorithms import AES_128_WRAP, AES_256_WRAP, RC2_WRAP, TRIPLE_DES_WRAP, ContentCipher, KeyWrap
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.recipients.key_wrap import WrapAlgorithm, build_key_wrap, parse_key_wrap, unwrap_cek
from smime_core.errors import AlgorithmForbidden, DecryptionError, MalformedMessage, UnsupportedAlgorithm
from smime_core.policy import Policy
from smime_core.providers.native import NativeProvider
from tests.support.people import PROVIDER

TRIPLE_DES_KEK: Final = bytes.fromhex("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f")
TRIPLE_DES_CEK: Final = bytes.fromhex("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98")
TRIPLE_DES_WRAPPED: Final = bytes.fromhex(
    "690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4"
)
RC2_KEK: Final = bytes.fromhex("fd04fd08060707fb0003fefffd02fe05")
RC2_CEK: Final = bytes.fromhex("b70a25fbc9d86a86050ce0d711ead4d9")
RC2_WRAPPED: Final = bytes.fromhex("70e699fb5701f7833330fb71e87c85a420bdc99af05d22af5a0e48d35f3138986cbaafb4b28d4f35")
RC2_128: Final = der.sequence(der.oid(RC2_WRAP.oid), der.integer(58))


def unwrap(wrap: KeyWrap, kek: bytes, wrapped: bytes, cek_length: int) -> bytes:
    # The example of RFC 3217 section 4.4 has a key of 16 bytes with 40 effective bits.
    algorithm = WrapAlgorithm(wrap=wrap, rc2_bits=40 if wrap is RC2_WRAP else 0)
    return run(unwrap_cek(algorithm, kek, wrapped, cek_length=cek_length, provider=PROVIDER))


def test_the_triple_des_example_of_the_rfc_opens() -> None:
    assert unwrap(TRIPLE_DES_WRAP, TRIPLE_DES_KEK, TRIPLE_DES_WRAPPED, 24) == TRIPLE_DES_CEK


def test_the_rc2_example_of_the_rfc_opens() -> None:
    assert unwrap(RC2_WRAP, RC2_KEK, RC2_WRAPPED, 16) == RC2_CEK


@pytest.mark.parametrize("position", [0, 20, -1])
@pytest.mark.parametrize(
    ("wrap", "kek", "wrapped", "length"),
    [(TRIPLE_DES_WRAP, TRIPLE_DES_KEK, TRIPLE_DES_WRAPPED, 24), (RC2_WRAP, RC2_KEK, RC2_WRAPPED, 16)],
    ids=["3DES", "RC2"],
)
def test_an_altered_wrapped_key_is_refused(
    wrap: KeyWrap, kek: bytes, wrapped: bytes, length: int, position: int
) -> None:
    altered = bytearray(wrapped)
    altered[position] ^= 1
    with pytest.raises(DecryptionError):
        unwrap(wrap, kek, bytes(altered), length)


@pytest.mark.parametrize(
    "wrapped", [b"", TRIPLE_DES_WRAPPED[:8], TRIPLE_DES_WRAPPED[:-1], TRIPLE_DES_WRAPPED + bytes(8)]
)
@pytest.mark.parametrize(("wrap", "kek"), [(TRIPLE_DES_WRAP, TRIPLE_DES_KEK), (RC2_WRAP, RC2_KEK)], ids=["3DES", "RC2"])
def test_a_wrapped_key_of_another_length_is_refused(wrap: KeyWrap, kek: bytes, wrapped: bytes) -> None:
    with pytest.raises(DecryptionError):
        unwrap(wrap, kek, wrapped, 24)


@pytest.mark.parametrize(
    ("wrap", "kek", "wrapped", "length"),
    [
        (TRIPLE_DES_WRAP, TRIPLE_DES_KEK, TRIPLE_DES_WRAPPED, 16),
        (RC2_WRAP, RC2_KEK, RC2_WRAPPED, 5),
        (AES_128_WRAP, bytes(16), run(PROVIDER.wrap_key(bytes(16), bytes(24))), 16),
    ],
    ids=["3DES", "RC2", "AES"],
)
def test_must_25_a_content_key_of_another_length_is_refused(
    wrap: KeyWrap, kek: bytes, wrapped: bytes, length: int
) -> None:
    with pytest.raises(DecryptionError):
        unwrap(wrap, kek, wrapped, length)


def test_must_25_aes_takes_the_length_that_its_identifier_names() -> None:
    wrapped = run(PROVIDER.wrap_key(bytes(16), bytes(32)))
    assert unwrap(AES_128_WRAP, bytes(16), wrapped, 32) == bytes(32)
    with pytest.raises(DecryptionError):
        unwrap(AES_256_WRAP, bytes(16), wrapped, 32)


def wrapped_by_hand(cek: bytes) -> bytes:
    """The Triple-DES wrap (RFC 3217 section 3.1) of a key of any length and parity."""
    inner = Cipher(TripleDES(TRIPLE_DES_KEK), modes.CBC(bytes(8))).encryptor()
    checked = cek + hashlib.sha1(cek).digest()[:8]  # noqa: S324 -- the RFC says so
    outer = Cipher(TripleDES(TRIPLE_DES_KEK), modes.CBC(bytes.fromhex("4adda22c79e82105"))).encryptor()
    return outer.update((bytes(8) + inner.update(checked))[::-1])


def test_must_25_triple_des_with_bad_parity_is_refused() -> None:
    assert unwrap(TRIPLE_DES_WRAP, TRIPLE_DES_KEK, wrapped_by_hand(TRIPLE_DES_CEK), 24) == TRIPLE_DES_CEK
    bad = bytes([TRIPLE_DES_CEK[0] ^ 1]) + TRIPLE_DES_CEK[1:]
    with pytest.raises(DecryptionError):
        unwrap(TRIPLE_DES_WRAP, TRIPLE_DES_KEK, wrapped_by_hand(bad), 24)


@pytest.mark.parametrize("length", [16, 32])
def test_a_triple_des_wrap_holds_a_triple_des_key_and_nothing_else(length: int) -> None:
    with pytest.raises(DecryptionError):
        unwrap(TRIPLE_DES_WRAP, TRIPLE_DES_KEK, wrapped_by_hand(b"\1" * length), length)


class EmptyKeyProvider(NativeProvider):
    """Decrypts every RC2 wrap to an empty key with its right checksum, as a sender who has the KEK could make it."""

    async def decrypt_blocks(self, cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes) -> bytes:
        return bytes(len(blocks) - 8) + hashlib.sha1(b"").digest()[:8]  # noqa: S324 -- the RFC says so


def test_an_rc2_wrap_without_even_a_length_octet_is_refused() -> None:
    algorithm = WrapAlgorithm(wrap=RC2_WRAP, rc2_bits=128)
    with pytest.raises(DecryptionError):
        run(unwrap_cek(algorithm, RC2_KEK, bytes(16), cek_length=16, provider=EmptyKeyProvider()))


@pytest.mark.parametrize("wrap", [TRIPLE_DES_WRAP, RC2_WRAP], ids=["3DES", "RC2"])
def test_weak_wraps_are_for_the_archive_alone(wrap: KeyWrap) -> None:
    identifier = RC2_128 if wrap is RC2_WRAP else der.sequence(der.oid(wrap.oid), b"\x05\0")
    assert parse_key_wrap(identifier, policy=Policy.ARCHIVE).wrap is wrap
    for policy in (Policy.SEND, Policy.RECEIVE):
        with pytest.raises(AlgorithmForbidden):
            parse_key_wrap(identifier, policy=policy)


def test_an_aes_wrap_is_written_without_parameters_and_read_with_null() -> None:
    identifier = build_key_wrap(AES_256_WRAP)
    assert identifier == der.sequence(der.oid(AES_256_WRAP.oid))
    assert parse_key_wrap(identifier, policy=Policy.SEND).wrap is AES_256_WRAP
    assert parse_key_wrap(der.sequence(der.oid(AES_256_WRAP.oid), b"\x05\0"), policy=Policy.SEND).wrap is AES_256_WRAP
    with pytest.raises(MalformedMessage):
        parse_key_wrap(der.sequence(der.oid(AES_256_WRAP.oid), der.integer(1)), policy=Policy.SEND)


@pytest.mark.parametrize(("version", "bits"), [(160, 40), (120, 64), (58, 128), (256, 256)])
def test_an_rc2_wrap_says_the_effective_bits_of_its_key(version: int, bits: int) -> None:
    identifier = der.sequence(der.oid(RC2_WRAP.oid), der.integer(version))
    assert parse_key_wrap(identifier, policy=Policy.ARCHIVE) == WrapAlgorithm(wrap=RC2_WRAP, rc2_bits=bits)


def test_an_rc2_wrap_without_a_known_size_is_refused() -> None:
    with pytest.raises(UnsupportedAlgorithm, match="version 77"):
        parse_key_wrap(der.sequence(der.oid(RC2_WRAP.oid), der.integer(77)), policy=Policy.ARCHIVE)
    with pytest.raises(MalformedMessage):
        parse_key_wrap(der.sequence(der.oid(RC2_WRAP.oid)), policy=Policy.ARCHIVE)


def test_an_unknown_wrap_is_said() -> None:
    with pytest.raises(UnsupportedAlgorithm, match=r"1\.2\.3"):
        parse_key_wrap(der.sequence(der.oid("1.2.3")), policy=Policy.ARCHIVE)
