"""The native provider gives published answers, and refuses what an attacker has changed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from smime_core.algorithms import (
    AES_128_CBC,
    AES_256_CBC,
    AES_256_GCM,
    CONTENT_CIPHERS,
    CURVE_OIDS,
    EC_PUBLIC_KEY,
    Argon2id,
    ContentCipher,
    Curve,
    HashName,
    KeyTransport,
    Pbkdf2,
    SignatureAlgorithm,
    SignatureScheme,
    TransportScheme,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch
from smime_core.keys import parse_private_key, parse_public_key, public_key_of, public_point
from smime_core.provider import CryptoProvider, NewKey, PrivateKey, PublicKey
from smime_core.providers.native import NativeProvider
from tests.support.kdf_answers import ANSWERS

PROVIDER: CryptoProvider = NativeProvider()
RSA_SCHEMES = [
    SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256),
    SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA384, salt_length=48),
]
ECDSA = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
V15 = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
OAEP = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256)
run = asyncio.run


@pytest.fixture(scope="module")
def rsa_key() -> PrivateKey:
    return run(PROVIDER.generate_key(NewKey.RSA_2048))


@pytest.fixture(scope="module")
def ec_key() -> PrivateKey:
    return run(PROVIDER.generate_key(NewKey.P256))


def p256_public(x: str, y: str) -> PublicKey:
    identifier = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[Curve.P256]))
    return parse_public_key(der.sequence(identifier, der.element(0x03, b"\0\x04", bytes.fromhex(x + y))))


def p256_private(scalar: str) -> PrivateKey:
    identifier = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[Curve.P256]))
    key_der = der.sequence(der.integer(1), der.octet_string(bytes.fromhex(scalar)))
    return parse_private_key(der.sequence(der.integer(0), identifier, der.octet_string(key_der)))


# Published answers


def test_digest_gives_the_answer_of_fips_180() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert run(PROVIDER.digest(HashName.SHA256, b"abc")).hex() == expected


def test_aes_cbc_gives_the_answer_of_sp_800_38a() -> None:
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    block = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
    ciphertext = run(PROVIDER.encrypt_content(AES_256_CBC, key, bytes(range(16)), block))
    assert ciphertext[:16].hex() == "f58c4c04d6e5f1ba779eabfb5f7bfbd6"


def test_aes_gcm_gives_the_answer_of_its_specification() -> None:
    # McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    plaintext = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    ciphertext = run(
        PROVIDER.encrypt_content(AES_256_GCM, key, bytes.fromhex("cafebabefacedbaddecaf888"), plaintext, aad=aad)
    )
    assert ciphertext.hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )


def test_key_wrap_gives_the_answer_of_rfc_3394() -> None:
    kek, cek = bytes(range(32)), bytes.fromhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
    wrapped = run(PROVIDER.wrap_key(kek, cek))
    assert wrapped.hex() == "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
    assert run(PROVIDER.unwrap_key(kek, wrapped)) == cek


@pytest.mark.parametrize("name", ANSWERS)
def test_derivation_gives_the_published_answer(name: str) -> None:
    kdf, secret, expected = ANSWERS[name]
    assert run(PROVIDER.derive_key(kdf, secret, len(expected) // 2)).hex() == expected


def test_agreement_gives_the_answer_of_nist_cavs() -> None:
    key = p256_private("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534")
    point = bytes.fromhex(
        "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
        "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac"
    )
    assert run(PROVIDER.agree(key, point)).hex() == "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"


def test_verifies_the_signature_of_rfc_6979() -> None:
    key = p256_public(
        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    )
    signature = der.sequence(
        der.integer(0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716),
        der.integer(0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8),
    )
    run(PROVIDER.verify(key, ECDSA, signature, b"sample"))


# Signatures


@pytest.mark.parametrize("algorithm", RSA_SCHEMES, ids=lambda algorithm: algorithm.label)
def test_rsa_signature_holds_for_its_content_alone(rsa_key: PrivateKey, algorithm: SignatureAlgorithm) -> None:
    signature = run(PROVIDER.sign(rsa_key, algorithm, b"content"))
    run(PROVIDER.verify(public_key_of(rsa_key), algorithm, signature, b"content"))
    with pytest.raises(SignatureMismatch):
        run(PROVIDER.verify(public_key_of(rsa_key), algorithm, signature, b"Content"))


def test_pss_salt_length_must_be_the_announced_one(rsa_key: PrivateKey) -> None:
    signature = run(PROVIDER.sign(rsa_key, RSA_SCHEMES[1], b"content"))
    shorter = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA384, salt_length=32)
    with pytest.raises(SignatureMismatch):
        run(PROVIDER.verify(public_key_of(rsa_key), shorter, signature, b"content"))


def test_every_altered_byte_breaks_an_ecdsa_signature(ec_key: PrivateKey) -> None:
    signature = run(PROVIDER.sign(ec_key, ECDSA, b"content"))
    run(PROVIDER.verify(public_key_of(ec_key), ECDSA, signature, b"content"))
    for position in range(len(signature)):
        altered = bytearray(signature)
        altered[position] ^= 1
        with pytest.raises(SignatureMismatch):
            run(PROVIDER.verify(public_key_of(ec_key), ECDSA, bytes(altered), b"content"))


def test_key_of_the_wrong_type_is_a_mismatch(rsa_key: PrivateKey, ec_key: PrivateKey) -> None:
    with pytest.raises(SignatureMismatch):
        run(PROVIDER.verify(public_key_of(ec_key), RSA_SCHEMES[0], b"\1" * 256, b"content"))
    with pytest.raises(SignatureMismatch):
        run(PROVIDER.verify(public_key_of(rsa_key), ECDSA, b"\x30\6\2\1\1\2\1\1", b"content"))


def test_public_key_off_the_curve_is_a_mismatch() -> None:
    with pytest.raises(SignatureMismatch):
        run(PROVIDER.verify(p256_public("11" * 32, "22" * 32), ECDSA, b"\x30\6\2\1\1\2\1\1", b"content"))


def test_signing_with_the_wrong_type_of_key_is_refused(ec_key: PrivateKey) -> None:
    with pytest.raises(ProviderError, match="sign"):
        run(PROVIDER.sign(ec_key, RSA_SCHEMES[0], b"content"))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_every_kind_of_buffer_is_taken(
    kind: Callable[[bytes], Buffer], rsa_key: PrivateKey, ec_key: PrivateKey
) -> None:
    content = kind(b"content of some length")
    for key, algorithm in ((rsa_key, RSA_SCHEMES[0]), (rsa_key, RSA_SCHEMES[1]), (ec_key, ECDSA)):
        signature = run(PROVIDER.sign(key, algorithm, content))
        run(PROVIDER.verify(public_key_of(key), algorithm, signature, content))
    for cipher in (AES_256_CBC, AES_256_GCM):
        key_and_iv = b"k" * 32, b"i" * cipher.iv_length
        ciphertext = run(PROVIDER.encrypt_content(cipher, *key_and_iv, content))
        assert run(PROVIDER.decrypt_content(cipher, *key_and_iv, kind(ciphertext))) == content
    assert run(PROVIDER.digest(HashName.SHA256, content)) == run(PROVIDER.digest(HashName.SHA256, bytes(content)))


# Content encryption


@pytest.mark.parametrize(
    "cipher",
    [algorithm for algorithm in CONTENT_CIPHERS.values() if not algorithm.is_weak],
    ids=lambda cipher: cipher.name,
)
@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 4096])
def test_content_comes_back_whole(cipher: ContentCipher, length: int) -> None:
    cek, iv, content = b"k" * cipher.key_length, b"i" * cipher.iv_length, bytes(range(256)) * 16
    ciphertext = run(PROVIDER.encrypt_content(cipher, cek, iv, content[:length]))
    overhead = 16 if cipher.is_authenticated else 16 - length % 16
    assert len(ciphertext) == length + overhead
    assert run(PROVIDER.decrypt_content(cipher, cek, iv, ciphertext)) == content[:length]


def test_every_altered_bit_of_gcm_is_refused() -> None:
    encrypted = run(PROVIDER.encrypt_content(AES_256_GCM, b"k" * 32, b"i" * 12, b"text", aad=b"attributes"))
    for bit in range(8 * len(encrypted)):
        altered = bytearray(encrypted)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DecryptionError):
            run(PROVIDER.decrypt_content(AES_256_GCM, b"k" * 32, b"i" * 12, altered, aad=b"attributes"))


def test_altered_additional_data_is_refused() -> None:
    encrypted = run(PROVIDER.encrypt_content(AES_256_GCM, b"k" * 32, b"i" * 12, b"text", aad=b"attributes"))
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_content(AES_256_GCM, b"k" * 32, b"i" * 12, encrypted, aad=b"Attributes"))


@pytest.mark.parametrize(
    "padding",
    [b"\0" * 16, b"\x11" * 16, b"text\x0b" + b"\x0c" * 11, b"0123456789ab\4\4\3\4", b"0123456789abcde\2", b"x" * 16],
    ids=["zero", "seventeen", "first byte", "middle byte", "too short", "text"],
)
def test_every_padding_byte_is_checked(padding: bytes) -> None:
    cek, iv = b"k" * 32, b"i" * 16
    # The altered padding is encrypted as content, and the block of valid padding behind it is cut off.
    ciphertext = run(PROVIDER.encrypt_content(AES_256_CBC, cek, iv, b"0123456789abcdef" + padding))[:32]
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_content(AES_256_CBC, cek, iv, ciphertext))


@pytest.mark.parametrize("length", [0, 1, 15, 17, 31])
@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
def test_ciphertext_of_an_impossible_length_is_refused(cipher: ContentCipher, length: int) -> None:
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_content(cipher, b"k" * 32, b"i" * cipher.iv_length, b"c" * length))


def test_cek_of_another_length_than_the_algorithm_says_is_refused() -> None:
    # AES itself would accept this key, as one for AES-256.
    ciphertext = run(PROVIDER.encrypt_content(AES_256_CBC, b"k" * 32, b"i" * 16, b"text"))
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_content(AES_128_CBC, b"k" * 32, b"i" * 16, ciphertext))
    with pytest.raises(ProviderError):
        run(PROVIDER.encrypt_content(AES_128_CBC, b"k" * 32, b"i" * 16, b"text"))


def test_decryption_failures_look_alike() -> None:
    encrypted = run(PROVIDER.encrypt_content(AES_256_CBC, b"k" * 32, b"i" * 16, b"text"))
    errors = []
    for cek, ciphertext in ((b"x" * 32, encrypted), (b"k" * 32, encrypted[:-1]), (b"k" * 16, encrypted)):
        with pytest.raises(DecryptionError) as caught:
            run(PROVIDER.decrypt_content(AES_256_CBC, cek, b"i" * 16, ciphertext))
        errors.append(caught.value)
    assert len({str(error) for error in errors}) == 1
    assert all(error.__cause__ is None and error.__suppress_context__ for error in errors)


# Key transport, agreement and wrap


@pytest.mark.parametrize("algorithm", [V15, OAEP], ids=lambda algorithm: algorithm.label)
def test_transported_cek_comes_back(rsa_key: PrivateKey, algorithm: KeyTransport) -> None:
    encrypted_key = run(PROVIDER.transport_encrypt(public_key_of(rsa_key), algorithm, b"c" * 32))
    assert run(PROVIDER.transport_decrypt(rsa_key, algorithm, encrypted_key, cek_length=32)) == b"c" * 32


def test_oaep_hashes_are_those_of_the_algorithm(rsa_key: PrivateKey) -> None:
    encrypted_key = run(PROVIDER.transport_encrypt(public_key_of(rsa_key), OAEP, b"c" * 32))
    mixed = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA1)
    with pytest.raises(DecryptionError):
        run(PROVIDER.transport_decrypt(rsa_key, mixed, encrypted_key, cek_length=32))


def test_damaged_oaep_is_refused(rsa_key: PrivateKey) -> None:
    with pytest.raises(DecryptionError):
        run(PROVIDER.transport_decrypt(rsa_key, OAEP, b"\1" * 256, cek_length=32))


def test_oaep_with_a_cek_of_another_length_is_refused(rsa_key: PrivateKey) -> None:
    encrypted_key = run(PROVIDER.transport_encrypt(public_key_of(rsa_key), OAEP, b"c" * 16))
    with pytest.raises(DecryptionError):
        run(PROVIDER.transport_decrypt(rsa_key, OAEP, encrypted_key, cek_length=32))


@pytest.mark.parametrize("length", [0, 1, 16, 31, 33, 245])
def test_v15_with_a_cek_of_another_length_gives_a_random_one(rsa_key: PrivateKey, length: int) -> None:
    encrypted_key = run(PROVIDER.transport_encrypt(public_key_of(rsa_key), V15, b"c" * length))
    first = run(PROVIDER.transport_decrypt(rsa_key, V15, encrypted_key, cek_length=32))
    assert len(first) == 32
    assert first != run(PROVIDER.transport_decrypt(rsa_key, V15, encrypted_key, cek_length=32))


@pytest.mark.parametrize("encrypted_key", [b"", b"\0" * 256, b"\1" * 256, b"\xff" * 256, b"\1" * 255, b"\1" * 257])
def test_v15_with_bad_padding_gives_some_cek(rsa_key: PrivateKey, encrypted_key: bytes) -> None:
    assert len(run(PROVIDER.transport_decrypt(rsa_key, V15, encrypted_key, cek_length=32))) == 32


def test_v15_of_another_block_type_gives_another_cek(rsa_key: PrivateKey) -> None:
    # Signatures have block type 1. "Decrypting" a signature must not hand out the signed bytes.
    foreign = load_der_private_key(rsa_key.pkcs8_der, password=None)
    assert isinstance(foreign, rsa.RSAPrivateKey)
    block = (b"\0\1" + b"\xff" * (256 - 3 - 32) + b"\0" + b"c" * 32).hex()
    numbers = foreign.public_key().public_numbers()
    encrypted_key = pow(int(block, 16), numbers.e, numbers.n).to_bytes(256, "big")
    assert foreign.decrypt(encrypted_key, rsa_padding.PKCS1v15()) != b"c" * 32
    assert run(PROVIDER.transport_decrypt(rsa_key, V15, encrypted_key, cek_length=32)) != b"c" * 32


def test_transport_wants_rsa_keys(ec_key: PrivateKey) -> None:
    with pytest.raises(ProviderError):
        run(PROVIDER.transport_encrypt(public_key_of(ec_key), V15, b"c" * 32))
    with pytest.raises(ProviderError):
        run(PROVIDER.transport_decrypt(ec_key, V15, b"c" * 256, cek_length=32))


@pytest.mark.parametrize("kind", [NewKey.P256, NewKey.P384])
def test_both_sides_agree(kind: NewKey) -> None:
    key = run(PROVIDER.generate_key(kind))
    point, secret = run(PROVIDER.agree_ephemeral(public_key_of(key)))
    assert run(PROVIDER.agree(key, point)) == secret
    assert run(PROVIDER.agree_ephemeral(public_key_of(key)))[0] != point


def test_points_off_the_curve_are_refused(ec_key: PrivateKey) -> None:
    point = public_point(public_key_of(ec_key))
    altered = point[:-1] + bytes((point[-1] ^ 1,))
    # RFC 5753 section 7.2 has no hybrid points, but the library would read this one (MUSTS 26).
    hybrid = bytes((6 + (point[-1] & 1),)) + point[1:]
    for bad in (altered, hybrid, b"", b"\0", b"\4" + b"\0" * 64, point[:-1], point + b"\0", b"\2" + b"\xff" * 32):
        with pytest.raises(DecryptionError):
            run(PROVIDER.agree(ec_key, bad))


def test_compressed_points_agree_like_whole_ones(ec_key: PrivateKey) -> None:
    point, secret = run(PROVIDER.agree_ephemeral(public_key_of(ec_key)))
    compressed = bytes((2 + (point[-1] & 1),)) + point[1:33]
    assert run(PROVIDER.agree(ec_key, compressed)) == secret


def test_agreement_wants_ec_keys(rsa_key: PrivateKey) -> None:
    with pytest.raises(ProviderError):
        run(PROVIDER.agree_ephemeral(public_key_of(rsa_key)))
    with pytest.raises(ProviderError):
        run(PROVIDER.agree(rsa_key, b"\4" + b"\0" * 64))


def test_altered_wrapped_keys_are_refused() -> None:
    wrapped = run(PROVIDER.wrap_key(b"k" * 16, b"c" * 16))
    altered = bytes((wrapped[0] ^ 1,)) + wrapped[1:]
    for kek, bad in ((b"k" * 16, altered), (b"x" * 16, wrapped), (b"k" * 15, wrapped), (b"k" * 16, wrapped[:-1])):
        with pytest.raises(DecryptionError):
            run(PROVIDER.unwrap_key(kek, bad))


def test_key_that_cannot_be_wrapped_is_refused() -> None:
    with pytest.raises(ProviderError, match="wrap_key"):
        run(PROVIDER.wrap_key(b"k" * 16, b"c" * 15))


def test_impossible_derivation_is_refused() -> None:
    with pytest.raises(ProviderError, match="derive_key"):
        run(PROVIDER.derive_key(Argon2id(salt=b"", memory_kib=1, passes=0, lanes=1), b"password", 32))


# The provider itself


def test_coroutines_never_suspend(rsa_key: PrivateKey, ec_key: PrivateKey) -> None:
    public_key = public_key_of(rsa_key)
    cek, iv = b"k" * 32, b"i" * 16
    coroutines: list[Coroutine[Any, Any, object]] = [
        PROVIDER.digest(HashName.SHA256, b""),
        PROVIDER.sign(rsa_key, RSA_SCHEMES[0], b""),
        PROVIDER.encrypt_content(AES_256_CBC, cek, iv, b""),
        PROVIDER.transport_encrypt(public_key, V15, cek),
        PROVIDER.transport_decrypt(rsa_key, V15, b"", cek_length=32),
        PROVIDER.agree_ephemeral(public_key_of(ec_key)),
        PROVIDER.agree(ec_key, public_point(public_key_of(ec_key))),
        PROVIDER.wrap_key(cek, cek),
        PROVIDER.derive_key(Pbkdf2(hash_name=HashName.SHA256, salt=b"", iterations=1), b"", 32),
        PROVIDER.generate_key(NewKey.P256),
    ]
    for coroutine in coroutines:
        with pytest.raises(StopIteration):
            coroutine.send(None)


def test_random_bytes_are_fresh() -> None:
    assert PROVIDER.random_bytes(32) != PROVIDER.random_bytes(32)


def test_imported_keys_go_with_their_values() -> None:
    provider = NativeProvider()
    key = run(provider.generate_key(NewKey.P256))
    public_key = public_key_of(key)
    run(provider.verify(public_key, ECDSA, run(provider.sign(key, ECDSA, b"content")), b"content"))
    assert len(provider._private_keys) == len(provider._public_keys) == 1
    del key, public_key
    gc.collect()
    assert len(provider._private_keys) == len(provider._public_keys) == 0
