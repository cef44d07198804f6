"""The browser's provider without most algorithms of WebCrypto and the native one read each other's products."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_CCM,
    AES_192_CBC,
    AES_192_CCM,
    AES_192_GCM,
    AES_256_CBC,
    AES_256_CCM,
    AES_256_GCM,
    CHACHA20_POLY1305,
    DES_CBC,
    DSA,
    TRIPLE_DES_CBC,
    ContentCipher,
    Curve,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
)
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch, UnsupportedByProvider
from smime_core.keys import parse_private_key, parse_public_key, public_key_of, public_point
from smime_core.provider import KeyType, PrivateKey, PublicKey
from smime_core.providers import python_hashes
from smime_core.providers.webcrypto import WebCryptoProvider
from tests.support.exchange import check_products, make_products, signature_algorithms
from tests.support.exchanged_keys import NATIVE, exchanged_keys
from tests.support.poor_door import PoorDoor
from wasm_build.vault.python.stand_in import drive

ECDSA_SHA256 = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
DSA_SHA256 = SignatureAlgorithm(scheme=SignatureScheme.DSA, hash_name=HashName.SHA256)
PSS_SHA256 = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA256, salt_length=32)


@pytest.fixture
def poor(monkeypatch: pytest.MonkeyPatch) -> WebCryptoProvider:
    """The browser's provider in a browser whose WebCrypto has little more than AES of 128 and 256 bits."""
    monkeypatch.setitem(sys.modules, "sealwax_js", PoorDoor())
    # The vault's hashlib has no OpenSSL, so it offers only the hashes that every Python has.
    monkeypatch.setattr(python_hashes, "HASHLIB_HAS", hashlib.algorithms_guaranteed)
    return WebCryptoProvider()


def test_reads_all_that_the_native_provider_makes(poor: WebCryptoProvider) -> None:
    products = run(make_products(NATIVE, exchanged_keys()))
    assert drive(check_products(poor, exchanged_keys(), products)) == len(products)


def test_makes_all_that_the_native_provider_reads(poor: WebCryptoProvider) -> None:
    products = drive(make_products(poor, exchanged_keys()))
    assert run(check_products(NATIVE, exchanged_keys(), products)) == len(products)


# Signatures


def key_of(kind: str) -> PrivateKey:
    return parse_private_key(exchanged_keys()[kind])


@pytest.mark.parametrize(
    "kind", ["rsa-2048", "RSA of 2041 bits", "p-256", "brainpoolP256r1", "ed25519", "ed448", "ml-dsa-44"]
)
def test_altered_signatures_and_contents_are_refused(poor: WebCryptoProvider, kind: str) -> None:
    key = key_of(kind)
    for algorithm in signature_algorithms(key):
        signature = run(NATIVE.sign(key, algorithm, b"content"))
        altered = signature[:-1] + bytes([signature[-1] ^ 1])
        for bad, data in ((altered, b"content"), (signature, b"Content"), (signature[:-1], b"content"), (b"", b"")):
            with pytest.raises(SignatureMismatch):
                drive(poor.verify(public_key_of(key), algorithm, bad, data))


@pytest.mark.parametrize("salt_length", [0, 20, 31, 33, 222])
def test_a_pss_signature_is_refused_unless_its_salt_has_the_length_of_the_algorithm(
    poor: WebCryptoProvider, salt_length: int
) -> None:
    key = key_of("rsa-2048")
    other = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA256, salt_length=salt_length)
    signature = run(NATIVE.sign(key, other, b"content"))
    drive(poor.verify(public_key_of(key), other, signature, b"content"))
    with pytest.raises(SignatureMismatch):
        drive(poor.verify(public_key_of(key), PSS_SHA256, signature, b"content"))


def test_pss_needs_a_key_with_room_for_hash_and_salt(poor: WebCryptoProvider) -> None:
    long = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA256, salt_length=223)
    with pytest.raises(ProviderError):
        drive(poor.sign(key_of("rsa-2048"), long, b"content"))
    with pytest.raises(SignatureMismatch):
        drive(poor.verify(public_key_of(key_of("rsa-2048")), long, bytes(255) + b"\1", b"content"))


def pss_block(damage: str, salt: bytes) -> bytes:
    hashed = hashlib.sha256(bytes(8) + hashlib.sha256(b"content").digest() + salt).digest()
    clear = bytearray(bytes(190) + b"\1" + salt)
    if damage == "filling":
        clear[5] = 1
    if damage == "separator":
        clear[190] = 2
    mask = b"".join(hashlib.sha256(hashed + number.to_bytes(4, "big")).digest() for number in range(7))
    masked = bytearray(a ^ b for a, b in zip(clear, mask, strict=False))
    masked[0] = masked[0] & 0x7F | (0x80 if damage == "top bit" else 0)
    return bytes(masked) + hashed + (b"\xbd" if damage == "trailer" else b"\xbc")


@pytest.mark.parametrize("damage", ["trailer", "top bit", "filling", "separator", "none"])
def test_each_part_of_a_pss_block_is_checked(poor: WebCryptoProvider, damage: str) -> None:
    key = key_of("rsa-2048")
    public, private = public_key_of(key), serialization.load_der_private_key(key.pkcs8_der, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    modulus = private.public_key().public_numbers().n
    blocks = (int.from_bytes(pss_block(damage, bytes([number]) * 32), "big") for number in range(256))
    block = next(number for number in blocks if number < modulus)
    signature = pow(block, private.private_numbers().d, modulus).to_bytes(256, "big")
    if damage == "none":
        drive(poor.verify(public, PSS_SHA256, signature, b"content"))
        return
    with pytest.raises(SignatureMismatch):
        drive(poor.verify(public, PSS_SHA256, signature, b"content"))


def test_a_point_off_its_curve_is_refused_in_verification_and_key_agreement(poor: WebCryptoProvider) -> None:
    """MUSTS 26."""
    key = key_of("brainpoolP256r1")
    public = public_key_of(key)
    signature = run(NATIVE.sign(key, ECDSA_SHA256, b"content"))
    spki_der = public.spki_der[:-1] + bytes([public.spki_der[-1] ^ 1])
    off = PublicKey(spki_der=spki_der, key_type=KeyType.EC, bits=256, curve=Curve.BRAINPOOL_P256R1)
    with pytest.raises(SignatureMismatch):
        drive(poor.verify(off, ECDSA_SHA256, signature, b"content"))
    with pytest.raises(ProviderError):
        drive(poor.agree_ephemeral(off))
    with pytest.raises(DecryptionError):
        drive(poor.agree(key, public_point(off)))


def test_key_agreement_takes_compressed_points_and_refuses_malformed_ones(poor: WebCryptoProvider) -> None:
    """MUSTS 26."""
    for kind in ("p-256", "brainpoolP384r1"):
        key = key_of(kind)
        point, secret = run(NATIVE.agree_ephemeral(public_key_of(key)))
        half = len(point) // 2
        sign = point[-1] & 1
        assert drive(poor.agree(key, bytes([2 | sign]) + point[1 : 1 + half])) == secret
        for bad in (bytes([6 | sign]) + point[1:], b"", b"\0", b"\4", point[:-1], b"\2" + b"\xff" * half):
            with pytest.raises(DecryptionError):
                drive(poor.agree(key, bad))


@pytest.mark.parametrize("kind", ["x25519", "x448"])
def test_points_of_small_order_and_of_wrong_length_are_refused(poor: WebCryptoProvider, kind: str) -> None:
    """MUSTS 28."""
    key = key_of(kind)
    public = public_key_of(key)
    length = len(public_point(public))
    for bad in (bytes(length), b"\1" + bytes(length - 1), bytes(length - 1), b"\2" * (length + 1), b""):
        with pytest.raises(DecryptionError):
            drive(poor.agree(key, bad))
    small = PublicKey(spki_der=public.spki_der[:-length] + bytes(length), key_type=key.key_type, bits=key.bits)
    with pytest.raises(ProviderError):
        drive(poor.agree_ephemeral(small))


def dsa_key(foreign: dsa.DSAPrivateKey) -> PublicKey:
    return parse_public_key(foreign.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@functools.cache
def foreign_dsa() -> dsa.DSAPrivateKey:
    return dsa.generate_private_key(2048)


def test_dsa_signatures_are_verified_and_never_made(poor: WebCryptoProvider) -> None:
    key, signature = dsa_key(foreign_dsa()), foreign_dsa().sign(b"content", hashes.SHA256())
    drive(poor.verify(key, DSA_SHA256, signature, b"content"))
    r, s = (der.parse_integer(child) for child in der.read_sequence(signature))
    q = foreign_dsa().parameters().parameter_numbers().q
    padded = der.sequence(b"\2\x22\0" + r.to_bytes(33, "big"), der.integer(s))
    for numbers in ((r, s + 1), (r, s + q), (r + q, s), (0, s), (r, 0), (r,), (r, s, 1)):
        with pytest.raises(SignatureMismatch):
            drive(poor.verify(key, DSA_SHA256, der.sequence(*map(der.integer, numbers)), b"content"))
    for bad, data in (
        (signature, b"Content"),
        (padded, b"content"),
        (b"", b"content"),
        (signature + b"\0", b"content"),
    ):
        with pytest.raises(SignatureMismatch):
            drive(poor.verify(key, DSA_SHA256, bad, data))
    private = PrivateKey(pkcs8_der=b"", key_type=KeyType.DSA, bits=2048)
    with pytest.raises(UnsupportedByProvider):
        drive(poor.sign(private, DSA_SHA256, b"content"))


@pytest.mark.parametrize("damage", ["g", "y", "q", "no parameters"])
def test_dsa_keys_whose_numbers_do_not_belong_together_verify_nothing(poor: WebCryptoProvider, damage: str) -> None:
    numbers = foreign_dsa().public_key().public_numbers()
    p, q, g = numbers.parameter_numbers.p, numbers.parameter_numbers.q, numbers.parameter_numbers.g
    y = numbers.y
    # If g and y had order two, r = 1 with any s would be a signature of half of all messages.
    if damage == "g":
        g = p - 1
    if damage == "y":
        y = p - 1
    if damage == "q":
        q += 2
    parameters = der.sequence(der.integer(p), der.integer(q), der.integer(g))
    algorithm = der.sequence(der.oid(DSA), b"" if damage == "no parameters" else parameters)
    spki_der = der.sequence(algorithm, der.element(3, b"\0", der.integer(y)))
    key = PublicKey(spki_der=spki_der, key_type=KeyType.DSA, bits=2048)
    signature = foreign_dsa().sign(b"content", hashes.SHA256())
    with pytest.raises(SignatureMismatch, match="key"):
        drive(poor.verify(key, DSA_SHA256, signature, b"content"))


# Content


@pytest.mark.parametrize(
    "cipher", [AES_192_GCM, AES_192_CCM, AES_128_CCM, AES_256_CCM, CHACHA20_POLY1305], ids=lambda cipher: cipher.name
)
def test_every_altered_bit_is_refused(poor: WebCryptoProvider, cipher: ContentCipher) -> None:
    key, nonce = b"k" * cipher.key_length, b"n" * 12
    encrypted = run(NATIVE.encrypt_content(cipher, key, nonce, b"text", aad=b"aad"))
    assert drive(poor.decrypt_content(cipher, key, nonce, encrypted, aad=b"aad")) == b"text"
    for bit in range(8 * len(encrypted)):
        altered = bytearray(encrypted)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DecryptionError):
            drive(poor.decrypt_content(cipher, key, nonce, bytes(altered), aad=b"aad"))
    for bad, bad_nonce, aad in ((encrypted, nonce, b""), (encrypted, b"m" * 12, b"aad"), (b"", nonce, b"aad")):
        with pytest.raises(DecryptionError):
            drive(poor.decrypt_content(cipher, key, bad_nonce, bad, aad=aad))
    with pytest.raises(DecryptionError):
        drive(poor.decrypt_content(cipher, key[:-1], nonce, encrypted, aad=b"aad"))


@pytest.mark.parametrize(
    "cipher", [AES_192_GCM, AES_192_CCM, AES_256_CCM, AES_256_GCM, CHACHA20_POLY1305], ids=lambda cipher: cipher.name
)
@pytest.mark.parametrize("tag_length", [0, 4, 8, 11, 17, 32])
def test_tag_lengths_below_12_and_above_16_bytes_are_refused(
    poor: WebCryptoProvider, cipher: ContentCipher, tag_length: int
) -> None:
    """MUSTS 19."""
    key, nonce = b"k" * cipher.key_length, b"n" * 12
    encrypted = run(NATIVE.encrypt_content(cipher, key, nonce, b"text"))[: 4 + tag_length]
    with pytest.raises(DecryptionError):
        drive(poor.decrypt_content(cipher, key, nonce, encrypted, tag_length=tag_length))


@pytest.mark.parametrize("tag_length", [12, 14, 16])
@pytest.mark.parametrize("nonce_length", [7, 11, 13])
@pytest.mark.parametrize("cipher", [AES_128_CCM, AES_192_CCM], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("aad", [b"", b"aad", bytes(70_000)], ids=["none", "some", "much"])
def test_ccm_is_decrypted_only_with_the_tag_length_of_the_message(
    poor: WebCryptoProvider, cipher: ContentCipher, aad: bytes, nonce_length: int, tag_length: int
) -> None:
    key, nonce = b"k" * cipher.key_length, b"n" * nonce_length
    encrypted = aead.AESCCM(key, tag_length=tag_length).encrypt(nonce, b"text" * 9, aad)
    assert drive(poor.decrypt_content(cipher, key, nonce, encrypted, aad=aad, tag_length=tag_length)) == b"text" * 9
    for wrong in {12, 14, 16} - {tag_length}:
        with pytest.raises(DecryptionError):
            drive(poor.decrypt_content(cipher, key, nonce, encrypted, aad=aad, tag_length=wrong))


def test_ccm_has_nonces_of_seven_to_thirteen_bytes(poor: WebCryptoProvider) -> None:
    for length in (6, 14):
        with pytest.raises(DecryptionError):
            drive(poor.decrypt_content(AES_128_CCM, b"k" * 16, bytes(length), bytes(20)))
        with pytest.raises(ProviderError):
            drive(poor.encrypt_content(AES_128_CCM, b"k" * 16, bytes(length), b""))


@pytest.mark.parametrize("tag_length", range(12, 17))
@pytest.mark.parametrize("nonce_length", [8, 12, 16, 60])
def test_gcm_takes_nonces_of_many_lengths_and_tags_of_12_to_16_bytes(
    poor: WebCryptoProvider, nonce_length: int, tag_length: int
) -> None:
    nonce = b"n" * nonce_length
    encrypted = aead.AESGCM(b"k" * 24).encrypt(nonce, b"text", b"aad")[: 4 + tag_length]
    opened = drive(poor.decrypt_content(AES_192_GCM, b"k" * 24, nonce, encrypted, aad=b"aad", tag_length=tag_length))
    assert opened == b"text"


def test_gcm_refuses_an_empty_nonce_and_chacha20_a_nonce_of_wrong_length(poor: WebCryptoProvider) -> None:
    for cipher, nonce in ((AES_192_GCM, b""), (CHACHA20_POLY1305, bytes(11)), (CHACHA20_POLY1305, bytes(13))):
        with pytest.raises(DecryptionError):
            drive(poor.decrypt_content(cipher, bytes(cipher.key_length), nonce, bytes(40)))


@pytest.mark.parametrize("ending", [b"\0", b"\x11" * 16, b"\1\2", b"\3\2\3", b"\x0f" + b"\x10" * 15], ids=bytes.hex)
def test_every_byte_of_the_padding_is_checked(poor: WebCryptoProvider, ending: bytes) -> None:
    """MUSTS 22."""
    encryptor = Cipher(algorithms.AES(bytes(24)), modes.CBC(bytes(16))).encryptor()
    encrypted = encryptor.update(ending.rjust(32, b"t"))
    with pytest.raises(DecryptionError):
        drive(poor.decrypt_content(AES_192_CBC, bytes(24), bytes(16), encrypted))


@pytest.mark.parametrize("cipher", [AES_192_CBC, TRIPLE_DES_CBC, DES_CBC], ids=lambda cipher: cipher.name)
def test_cbc_refuses_impossible_lengths(poor: WebCryptoProvider, cipher: ContentCipher) -> None:
    key, iv, block = bytes(cipher.key_length), bytes(cipher.iv_length), bytes(cipher.iv_length)
    for bad_key, bad_iv, bad in ((key[1:], iv, block), (key, iv[1:], block), (key, iv, block[1:]), (key, iv, b"")):
        with pytest.raises(DecryptionError):
            drive(poor.decrypt_content(cipher, bad_key, bad_iv, bad))
        with pytest.raises(DecryptionError):
            drive(poor.decrypt_blocks(cipher, bad_key, bad_iv, bad))


@pytest.mark.parametrize("cipher", [AES_128_CBC, AES_192_CBC, AES_256_CBC], ids=lambda cipher: cipher.name)
def test_decrypted_blocks_keep_all_bytes_and_lose_no_padding(poor: WebCryptoProvider, cipher: ContentCipher) -> None:
    key, iv = b"k" * cipher.key_length, b"i" * 16
    for content in (b"c" * 48, b"\1" * 16, bytes(32)):
        encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        assert drive(poor.decrypt_blocks(cipher, key, iv, encryptor.update(content))) == content
    for bad in (b"", bytes(15), bytes(17)):
        with pytest.raises(DecryptionError):
            drive(poor.decrypt_blocks(cipher, key, iv, bad))
    with pytest.raises(DecryptionError):
        drive(poor.decrypt_blocks(AES_256_GCM, b"k" * 32, iv, bytes(16)))


def test_triple_des_is_never_used_to_encrypt(poor: WebCryptoProvider) -> None:
    with pytest.raises(UnsupportedByProvider):
        drive(poor.encrypt_content(TRIPLE_DES_CBC, bytes(24), bytes(8), b"content"))


def test_altered_wraps_and_keys_of_wrong_length_are_refused(poor: WebCryptoProvider) -> None:
    wrapped = bytearray(run(NATIVE.wrap_key(b"k" * 24, bytes(32))))
    for position in range(len(wrapped)):
        altered = bytes(wrapped[:position]) + bytes([wrapped[position] ^ 1]) + bytes(wrapped[position + 1 :])
        with pytest.raises(DecryptionError):
            drive(poor.unwrap_key(b"k" * 24, altered))
    for kek, bad in ((b"k" * 24, b""), (b"k" * 24, bytes(16)), (b"k" * 24, bytes(25)), (b"k" * 23, bytes(wrapped))):
        with pytest.raises(DecryptionError):
            drive(poor.unwrap_key(kek, bad))
    for kek, cek in ((b"k" * 15, bytes(32)), (b"k" * 24, bytes(15)), (b"k" * 24, bytes(8))):
        with pytest.raises(ProviderError):
            drive(poor.wrap_key(kek, cek))


# Digests


@pytest.mark.parametrize("length", [0, 3, 111, 112, 127, 128, 300])
@pytest.mark.parametrize("name", [HashName.SHA512_224, HashName.SHA512_256])
def test_truncated_sha_512_gives_what_openssl_gives(poor: WebCryptoProvider, name: HashName, length: int) -> None:
    data = bytes(range(256)) * 2
    assert drive(poor.digest(name, data[:length])) == hashlib.new(name, data[:length]).digest()


# KEM


@pytest.mark.parametrize("kind", ["ml-kem-512", "ml-kem-768", "ml-kem-1024"])
def test_an_altered_ciphertext_gives_another_secret_and_a_wrong_length_is_refused(
    poor: WebCryptoProvider, kind: str
) -> None:
    """MUSTS 29."""
    key = key_of(kind)
    ciphertext, secret = run(NATIVE.encapsulate(public_key_of(key)))
    altered = bytes([ciphertext[0] ^ 1]) + ciphertext[1:]
    other = drive(poor.decapsulate(key, altered))
    assert other == run(NATIVE.decapsulate(key, altered)) != secret
    for bad in (b"", ciphertext[:-1], ciphertext + b"\0"):
        with pytest.raises(DecryptionError):
            drive(poor.decapsulate(key, bad))
    with pytest.raises(ProviderError):
        drive(poor.decapsulate(key_of("x25519"), ciphertext))
    with pytest.raises(ProviderError):
        drive(poor.encapsulate(public_key_of(key_of("x25519"))))


@pytest.fixture(autouse=True)
def no_door_left() -> Iterator[None]:
    yield
    sys.modules.pop("sealwax_js", None)
