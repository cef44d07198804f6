"""The native provider with less common algorithms: newer signatures, old ciphers, shorter tags."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2, TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric import dsa, ec, utils
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_CCM,
    AES_128_GCM,
    AES_256_GCM,
    CHACHA20_POLY1305,
    CONTENT_CIPHERS,
    DES_CBC,
    PURE_SCHEME_HASHES,
    RC2_40_CBC,
    RC2_64_CBC,
    RC2_128_CBC,
    RSASSA_PSS,
    TRIPLE_DES_CBC,
    ContentCipher,
    HashName,
    KeyTransport,
    Scrypt,
    SignatureAlgorithm,
    SignatureScheme,
    TransportScheme,
    build_signature_identifier,
    hash_length,
)
from smime_core.asn1 import der
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch, UnsupportedByProvider
from smime_core.keys import parse_private_key, parse_public_key, public_key_of
from smime_core.provider import KeyType, NewKey, PrivateKey, PublicKey
from smime_core.providers.native import NativeProvider
from smime_core.providers.native_agreement import check_secret
from smime_core.providers.native_rc2 import decrypt_rc2_cbc

PROVIDER = NativeProvider()
WEAK = (TRIPLE_DES_CBC, DES_CBC, RC2_40_CBC, RC2_64_CBC, RC2_128_CBC)
SIGNED_HASHES = [name for name in HashName if not name.startswith("shake")]
PURE = [SignatureAlgorithm(scheme=scheme, hash_name=name) for scheme, name in sorted(PURE_SCHEME_HASHES.items())]
run = asyncio.run


@pytest.fixture(scope="module")
def rsa_key() -> PrivateKey:
    return run(PROVIDER.generate_key(NewKey.RSA_2048))


@pytest.fixture(scope="module")
def ec_key() -> PrivateKey:
    return run(PROVIDER.generate_key(NewKey.P256))


def pss(hash_name: HashName, salt_length: int) -> SignatureAlgorithm:
    return SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=hash_name, salt_length=salt_length)


def pss_key(key: PrivateKey, bound: SignatureAlgorithm | None) -> PublicKey:
    """The public half as an id-RSASSA-PSS key, bound to the parameters of an algorithm, or to none."""
    identifier = der.sequence(der.oid(RSASSA_PSS)) if bound is None else build_signature_identifier(bound)
    bits = bytes(der.read_sequence(public_key_of(key).spki_der)[1].encoded)
    return parse_public_key(der.sequence(identifier, bits))


def check_holds(key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes) -> None:
    run(PROVIDER.verify(key, algorithm, signature, memoryview(b"content")))
    for altered in (b"Content", b""):
        with pytest.raises(SignatureMismatch):
            run(PROVIDER.verify(key, algorithm, signature, altered))


# Digests and signatures


@pytest.mark.parametrize("name", list(HashName))
def test_every_hash_has_its_length(name: HashName) -> None:
    assert len(run(PROVIDER.digest(name, b"abc"))) == hash_length(name)


def test_shake_gives_the_lengths_of_rfc_8702() -> None:
    assert run(PROVIDER.digest(HashName.SHAKE128, b"abc")) == hashlib.shake_128(b"abc").digest(32)
    assert run(PROVIDER.digest(HashName.SHAKE256, b"abc")) == hashlib.shake_256(b"abc").digest(64)


@pytest.mark.parametrize("hash_name", SIGNED_HASHES)
@pytest.mark.parametrize("scheme", [SignatureScheme.RSA_PKCS1_V15, SignatureScheme.RSA_PSS, SignatureScheme.ECDSA])
def test_every_hash_signs(
    rsa_key: PrivateKey, ec_key: PrivateKey, scheme: SignatureScheme, hash_name: HashName
) -> None:
    key = ec_key if scheme is SignatureScheme.ECDSA else rsa_key
    algorithm = SignatureAlgorithm(scheme=scheme, hash_name=hash_name, salt_length=hash_length(hash_name))
    check_holds(public_key_of(key), algorithm, run(PROVIDER.sign(key, algorithm, b"content")))


@pytest.mark.parametrize("algorithm", PURE, ids=lambda algorithm: algorithm.scheme)
def test_pure_schemes_sign_the_content_itself(algorithm: SignatureAlgorithm) -> None:
    key = run(PROVIDER.generate_key(NewKey(algorithm.scheme.value)))
    signature = run(PROVIDER.sign(key, algorithm, bytearray(b"content")))
    check_holds(public_key_of(key), algorithm, signature)
    # The schemes are pure, so the hash in the algorithm has no effect on the signature.
    other = SignatureAlgorithm(scheme=algorithm.scheme, hash_name=HashName.SHA384)
    run(PROVIDER.verify(public_key_of(key), other, signature, b"content"))


def test_ed25519_gives_the_answer_of_rfc_8032() -> None:
    # Section 7.1, test 2.
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    identifier = der.sequence(der.oid("1.3.101.112"))
    key = parse_private_key(der.sequence(der.integer(0), identifier, der.octet_string(der.octet_string(seed))))
    ed25519 = SignatureAlgorithm(scheme=SignatureScheme.ED25519, hash_name=HashName.SHA512)
    assert run(PROVIDER.sign(key, ed25519, b"\x72")).hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@pytest.mark.parametrize("algorithm", PURE, ids=lambda algorithm: algorithm.scheme)
def test_keys_of_other_kinds_sign_and_verify_nothing_of_it(ec_key: PrivateKey, algorithm: SignatureAlgorithm) -> None:
    with pytest.raises(ProviderError, match="type ec makes no"):
        run(PROVIDER.sign(ec_key, algorithm, b"content"))
    with pytest.raises(SignatureMismatch, match="type ec verifies no"):
        run(PROVIDER.verify(public_key_of(ec_key), algorithm, b"\0" * 64, b"content"))


def test_dsa_is_verified() -> None:
    foreign = dsa.generate_private_key(1024)  # noqa: S505 -- as old mail has them
    key = parse_public_key(foreign.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert (key.key_type, key.bits) == (KeyType.DSA, 1024)
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.DSA, hash_name=HashName.SHA256)
    check_holds(key, algorithm, foreign.sign(b"content", SHA256()))


def test_brainpool_is_verified_and_agreed_on() -> None:
    foreign = ec.generate_private_key(ec.BrainpoolP384R1())
    key = parse_private_key(foreign.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
    signed = foreign.sign(hashlib.sha256(b"content").digest(), ec.ECDSA(utils.Prehashed(SHA256())))
    check_holds(public_key_of(key), algorithm, signed)
    point, secret = run(PROVIDER.agree_ephemeral(public_key_of(key)))
    assert run(PROVIDER.agree(key, point)) == secret


# Keys bound to PSS (MUSTS 10)


def test_a_key_bound_to_pss_verifies_what_it_is_bound_to(rsa_key: PrivateKey) -> None:
    key = pss_key(rsa_key, pss(HashName.SHA256, 32))
    for algorithm in (pss(HashName.SHA256, 32), pss(HashName.SHA256, 40)):
        check_holds(key, algorithm, run(PROVIDER.sign(rsa_key, algorithm, b"content")))


@pytest.mark.parametrize(
    "algorithm",
    [
        SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256),
        pss(HashName.SHA384, 32),
        pss(HashName.SHA1, 32),
        pss(HashName.SHA256, 31),
    ],
    ids=["v1.5", "other hash", "weaker hash", "shorter salt"],
)
def test_a_key_bound_to_pss_verifies_nothing_else(rsa_key: PrivateKey, algorithm: SignatureAlgorithm) -> None:
    signature = run(PROVIDER.sign(rsa_key, algorithm, b"content"))
    run(PROVIDER.verify(public_key_of(rsa_key), algorithm, signature, b"content"))
    with pytest.raises(SignatureMismatch, match="bound to"):
        run(PROVIDER.verify(pss_key(rsa_key, pss(HashName.SHA256, 32)), algorithm, signature, b"content"))


def test_a_pss_key_without_parameters_takes_any_of_them_but_no_v15(rsa_key: PrivateKey) -> None:
    key = pss_key(rsa_key, None)
    check_holds(key, pss(HashName.SHA1, 0), run(PROVIDER.sign(rsa_key, pss(HashName.SHA1, 0), b"content")))
    v15 = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
    with pytest.raises(SignatureMismatch, match="bound to RSA-PSS"):
        run(PROVIDER.verify(key, v15, run(PROVIDER.sign(rsa_key, v15, b"content")), b"content"))


def test_a_pss_key_is_the_key_of_its_private_half(rsa_key: PrivateKey) -> None:
    assert pss_key(rsa_key, pss(HashName.SHA256, 32)).spki_der == public_key_of(rsa_key).spki_der


# Old ciphers


def encrypt_weak(cipher: ContentCipher, key: bytes, iv: bytes, content: bytes) -> bytes:
    """Content in padded CBC under an old cipher, encrypted by pyca/cryptography because the core only decrypts it."""
    algorithm: BlockCipherAlgorithm
    algorithm = RC2(key) if cipher is RC2_128_CBC else TripleDES(key if cipher is TRIPLE_DES_CBC else 3 * key)
    padder, encryptor = padding.PKCS7(64).padder(), Cipher(algorithm, modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()


@pytest.mark.parametrize("cipher", [TRIPLE_DES_CBC, DES_CBC, RC2_128_CBC], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("length", [0, 7, 8, 1000])
def test_old_content_is_opened(cipher: ContentCipher, length: int) -> None:
    key, iv, content = bytes(range(cipher.key_length)), b"12345678", b"old mail" * 125
    ciphertext = encrypt_weak(cipher, key, iv, content[:length])
    assert run(PROVIDER.decrypt_content(cipher, key, iv, memoryview(ciphertext))) == content[:length]


@pytest.mark.parametrize("cipher", [TRIPLE_DES_CBC, DES_CBC, RC2_128_CBC], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("ending", [b"\0", b"\x09", b"\x02", b"\xff"])
def test_padding_of_old_content_is_checked(cipher: ContentCipher, ending: bytes) -> None:
    # MUSTS 22.
    key, iv = bytes(range(cipher.key_length)), b"12345678"
    ciphertext = encrypt_weak(cipher, key, iv, b"7 bytes" + ending)[:-8]
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_content(cipher, key, iv, ciphertext))


@pytest.mark.parametrize("cipher", WEAK, ids=lambda cipher: cipher.name)
def test_old_ciphers_are_never_made(cipher: ContentCipher) -> None:
    with pytest.raises(UnsupportedByProvider, match="never made"):
        run(PROVIDER.encrypt_content(cipher, b"k" * cipher.key_length, b"12345678", b"text"))


@pytest.mark.parametrize("cipher", WEAK, ids=lambda cipher: cipher.name)
def test_old_ciphers_refuse_keys_ivs_and_lengths_that_are_not_theirs(cipher: ContentCipher) -> None:
    key = b"k" * cipher.key_length
    for bad_key, iv, ciphertext in (
        (key + b"k", b"12345678", b"c" * 16),
        (key, b"1234567", b"c" * 16),
        (key, b"12345678", b"c" * 15),
        (key, b"12345678", b""),
    ):
        with pytest.raises(DecryptionError):
            run(PROVIDER.decrypt_content(cipher, bad_key, iv, ciphertext))


@pytest.mark.parametrize(
    ("key", "effective_bits", "plaintext", "ciphertext"),
    [
        ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
        ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
        ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
        ("88", 64, "0000000000000000", "61a8a244adacccf0"),
        ("88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"),
        ("88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"),
        ("88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"),
        (
            "88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e",
            129,
            "0000000000000000",
            "5b78d3a43dfff1f1",
        ),
    ],
)
def test_rc2_gives_the_answers_of_rfc_2268(key: str, effective_bits: int, plaintext: str, ciphertext: str) -> None:
    # Section 5.
    octets = bytes.fromhex(ciphertext)
    content = decrypt_rc2_cbc(bytes.fromhex(key), bytes(8), octets, effective_bits=effective_bits)
    assert content.hex() == plaintext


# Blocks without padding, for key wraps


@pytest.mark.parametrize("cipher", [AES_128_CBC, TRIPLE_DES_CBC, DES_CBC, RC2_128_CBC], ids=lambda cipher: cipher.name)
def test_blocks_come_back_whole(cipher: ContentCipher) -> None:
    key, iv, content = bytes(range(cipher.key_length)), b"i" * cipher.iv_length, b"0123456789abcdef"
    if cipher is AES_128_CBC:
        encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        blocks = encryptor.update(content) + encryptor.finalize()
    else:
        blocks = encrypt_weak(cipher, key, iv, content)[:16]
    assert run(PROVIDER.decrypt_blocks(cipher, key, iv, blocks)) == content
    # The KEK of an RC2 wrap has a length of its own beside its effective bits (RFC 3217 section 4.3).
    wrong_key = b"" if cipher is RC2_128_CBC else key[:-1]
    for bad_key, bad_iv, bad in ((wrong_key, iv, blocks), (key, iv[:-1], blocks), (key, iv, blocks[:-1])):
        with pytest.raises(DecryptionError):
            run(PROVIDER.decrypt_blocks(cipher, bad_key, bad_iv, bad))


def test_only_cbc_has_blocks_alone() -> None:
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_blocks(AES_256_GCM, b"k" * 32, b"i" * 16, b"c" * 16))


# Tags and nonces (MUSTS 19)


@pytest.mark.parametrize("tag_length", range(12, 17))
@pytest.mark.parametrize("nonce_length", [8, 12, 16, 60])
def test_gcm_is_opened_with_the_tag_that_the_message_names(tag_length: int, nonce_length: int) -> None:
    nonce = b"n" * nonce_length
    encrypted = aead.AESGCM(b"k" * 16).encrypt(nonce, b"text", b"aad")[: 4 + tag_length]
    opened = run(PROVIDER.decrypt_content(AES_128_GCM, b"k" * 16, nonce, encrypted, aad=b"aad", tag_length=tag_length))
    assert opened == b"text"
    altered = encrypted[:-1] + bytes((encrypted[-1] ^ 1,))
    for bad, aad in (
        (altered, b"aad"),
        (encrypted, b""),
        (encrypted[:tag_length], b"aad"),
        (encrypted[: tag_length - 1], b""),
    ):
        with pytest.raises(DecryptionError):
            run(PROVIDER.decrypt_content(AES_128_GCM, b"k" * 16, nonce, bad, aad=aad, tag_length=tag_length))


@pytest.mark.parametrize("tag_length", [12, 14, 16])
@pytest.mark.parametrize("nonce_length", [7, 12, 13])
def test_ccm_is_opened_with_the_tag_that_the_message_names(tag_length: int, nonce_length: int) -> None:
    nonce = b"n" * nonce_length
    encrypted = aead.AESCCM(b"k" * 16, tag_length=tag_length).encrypt(nonce, b"text", b"aad")
    opened = run(PROVIDER.decrypt_content(AES_128_CCM, b"k" * 16, nonce, encrypted, aad=b"aad", tag_length=tag_length))
    assert opened == b"text"
    altered = encrypted[:-1] + bytes((encrypted[-1] ^ 1,))
    for bad, aad in ((altered, b"aad"), (encrypted, b""), (encrypted[: tag_length - 1], b"aad")):
        with pytest.raises(DecryptionError):
            run(PROVIDER.decrypt_content(AES_128_CCM, b"k" * 16, nonce, bad, aad=aad, tag_length=tag_length))


@pytest.mark.parametrize("cipher", [AES_128_GCM, AES_128_CCM, CHACHA20_POLY1305], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("tag_length", [0, 4, 8, 11, 17, 32])
def test_tags_below_the_floor_are_refused_even_when_they_fit(cipher: ContentCipher, tag_length: int) -> None:
    key, nonce = b"k" * cipher.key_length, b"n" * 12
    encrypted = run(PROVIDER.encrypt_content(cipher, key, nonce, b"text"))[: 4 + tag_length]
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_content(cipher, key, nonce, encrypted, tag_length=tag_length))


def test_poly1305_has_whole_tags_alone() -> None:
    encrypted = run(PROVIDER.encrypt_content(CHACHA20_POLY1305, b"k" * 32, b"n" * 12, b"text"))
    for bad in (encrypted, encrypted[:-4]):
        with pytest.raises(DecryptionError):
            run(PROVIDER.decrypt_content(CHACHA20_POLY1305, b"k" * 32, b"n" * 12, bad, tag_length=12))


@pytest.mark.parametrize(
    "cipher",
    [algorithm for algorithm in CONTENT_CIPHERS.values() if algorithm.is_authenticated],
    ids=lambda cipher: cipher.name,
)
def test_every_altered_bit_is_refused(cipher: ContentCipher) -> None:
    key, nonce = b"k" * cipher.key_length, b"n" * 12
    encrypted = run(PROVIDER.encrypt_content(cipher, key, nonce, b"text", aad=b"aad"))
    for bit in range(8 * len(encrypted)):
        altered = bytearray(encrypted)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DecryptionError):
            run(PROVIDER.decrypt_content(cipher, key, nonce, altered, aad=b"aad"))


def test_a_tag_cut_short_is_not_taken_for_a_shorter_one() -> None:
    encrypted = aead.AESGCM(b"k" * 16).encrypt(b"n" * 12, b"", b"")[:13]
    assert run(PROVIDER.decrypt_content(AES_128_GCM, b"k" * 16, b"n" * 12, encrypted, tag_length=13)) == b""
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_content(AES_128_GCM, b"k" * 16, b"n" * 12, encrypted, tag_length=14))


@pytest.mark.parametrize("tag_length", [4, 6, 8, 10])
def test_ccm_with_a_whole_tag_below_the_floor_is_refused(tag_length: int) -> None:
    # RFC 5084 section 3.1 allows these lengths, but a forger can guess four bytes.
    encrypted = aead.AESCCM(b"k" * 16, tag_length=tag_length).encrypt(b"n" * 12, b"text", b"")
    with pytest.raises(DecryptionError):
        run(PROVIDER.decrypt_content(AES_128_CCM, b"k" * 16, b"n" * 12, encrypted, tag_length=tag_length))


# Transport, agreement and derivation


@pytest.mark.parametrize("mgf_hash", [HashName.SHA256, HashName.SHA3_256])
@pytest.mark.parametrize("hash_name", SIGNED_HASHES)
def test_oaep_takes_every_pair_of_hashes(rsa_key: PrivateKey, hash_name: HashName, mgf_hash: HashName) -> None:
    algorithm = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=mgf_hash)
    encrypted_key = run(PROVIDER.transport_encrypt(public_key_of(rsa_key), algorithm, b"c" * 32))
    assert run(PROVIDER.transport_decrypt(rsa_key, algorithm, encrypted_key, cek_length=32)) == b"c" * 32
    altered = bytes((encrypted_key[0] ^ 1,)) + encrypted_key[1:]
    for bad, length in ((altered, 32), (encrypted_key, 16), (encrypted_key[:-1], 32), (b"", 32)):
        with pytest.raises(DecryptionError):
            run(PROVIDER.transport_decrypt(rsa_key, algorithm, bad, cek_length=length))


@pytest.mark.parametrize("kind", [NewKey.P256, NewKey.P384, NewKey.P521, NewKey.X25519, NewKey.X448])
def test_both_sides_agree_on_every_curve(kind: NewKey) -> None:
    key = run(PROVIDER.generate_key(kind))
    point, secret = run(PROVIDER.agree_ephemeral(public_key_of(key)))
    assert run(PROVIDER.agree(key, point)) == secret
    assert len(secret) == (key.bits + 7) // 8
    assert run(PROVIDER.agree_ephemeral(public_key_of(key)))[0] != point


@pytest.mark.parametrize(("kind", "length"), [(NewKey.X25519, 32), (NewKey.X448, 56)])
def test_points_of_small_order_and_of_wrong_length_are_refused(kind: NewKey, length: int) -> None:
    """MUSTS 28: the shared secret would be all zeros."""
    key = run(PROVIDER.generate_key(kind))
    for bad in (bytes(length), b"\1" + bytes(length - 1), b"", b"\2" * (length - 1), b"\2" * (length + 1)):
        with pytest.raises(DecryptionError):
            run(PROVIDER.agree(key, bad))
    spki_der = public_key_of(key).spki_der
    with pytest.raises(ProviderError):
        run(PROVIDER.agree_ephemeral(parse_public_key(spki_der[:-length] + bytes(length))))


def test_the_hash_of_v15_counts_for_nothing(rsa_key: PrivateKey) -> None:
    odd = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15, hash_name=HashName.SHA3_256)
    encrypted_key = run(PROVIDER.transport_encrypt(public_key_of(rsa_key), odd, b"c" * 32))
    plain = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
    assert run(PROVIDER.transport_decrypt(rsa_key, plain, encrypted_key, cek_length=32)) == b"c" * 32


def test_a_secret_of_zeros_is_refused_whatever_the_library_does() -> None:
    assert check_secret(b"\0" * 31 + b"\1") == b"\0" * 31 + b"\1"
    with pytest.raises(ValueError, match="all zeros"):
        check_secret(bytes(32))


@pytest.mark.parametrize(
    ("oid", "scalar", "point", "secret"),
    [
        pytest.param(
            "1.3.101.110",
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
            id="X25519",
        ),
        pytest.param(
            "1.3.101.111",
            "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
            "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
            "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430"
            "27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
            "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b"
            "b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d",
            id="X448",
        ),
    ],
)
def test_agreement_gives_the_answer_of_rfc_7748(oid: str, scalar: str, point: str, secret: str) -> None:
    # Section 6: Alice's private key and Bob's public key.
    key_der = der.octet_string(der.octet_string(bytes.fromhex(scalar)))
    key = parse_private_key(der.sequence(der.integer(0), der.sequence(der.oid(oid)), key_der))
    assert run(PROVIDER.agree(key, bytes.fromhex(point))).hex() == secret


def test_scrypt_with_an_impossible_cost_is_refused() -> None:
    with pytest.raises(ProviderError, match="derive_key"):
        run(PROVIDER.derive_key(Scrypt(salt=b"", cost=3, block_size=8, parallelisation=1), b"password", 32))
