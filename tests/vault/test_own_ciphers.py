"""The vault's own ciphers in JavaScript give the answers of their standards, and those of OpenSSL for many sizes."""

from __future__ import annotations

import hashlib
from typing import Final

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from smime_core.providers.native_rc2 import decrypt_rc2_cbc
from tests.support.node_ciphers import call_node

# The sizes around the ends of blocks of 8, 16 and 64 bytes, and one of some thousands of bytes.
SIZES: Final = (0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64, 65, 127, 128, 129, 5_000)
REFUSED: Final = "OperationError"
# Node's WebCrypto is in the place of a browser's. It refuses keys of 24 bytes, so that our own code does the work.
AES_192: Final = bytes(range(24))


def noise(seed: object, length: int) -> bytes:
    """The same bytes for the same seed."""
    return hashlib.shake_128(repr(seed).encode()).digest(length)


def encrypt_cbc(algorithm: algorithms.AES | TripleDES, iv: bytes, data: bytes) -> bytes:
    """Padded CBC by OpenSSL."""
    padder, encryptor = padding.PKCS7(8 * len(iv)).padder(), Cipher(algorithm, modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


# Answers of the standards


def test_des_gives_the_answer_of_fips_81() -> None:
    # Appendix C, CBC.
    key, iv = bytes.fromhex("0123456789abcdef"), bytes.fromhex("1234567890abcdef")
    ciphertext = bytes.fromhex("e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6")
    assert call_node("decryptBlocks", "DES-CBC", key, iv, ciphertext, 0) == b"Now is the time for all "


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
    ],
)
def test_rc2_gives_the_answers_of_rfc_2268(key: str, effective_bits: int, plaintext: str, ciphertext: str) -> None:
    # Section 5.
    octets = bytes.fromhex(ciphertext)
    opened = call_node("decryptBlocks", "RC2-CBC", bytes.fromhex(key), bytes(8), octets, effective_bits)
    assert opened == bytes.fromhex(plaintext)


def test_aes_gives_the_answer_of_fips_197() -> None:
    # Appendix C.2, as counter mode over nothing and as one block of CBC.
    block, expected = (
        bytes.fromhex("00112233445566778899aabbccddeeff"),
        bytes.fromhex("dda97ca4864cdfe06eaf70a0ec0d7191"),
    )
    assert call_node("encrypt", "AES-CTR", AES_192, block, b"", bytes(16), 128) == expected
    assert call_node("decryptBlocks", "AES-CBC", AES_192, bytes(16), expected, 0) == block


def test_key_wrap_gives_the_answers_of_rfc_3394() -> None:
    # Sections 4.2 and 4.4.
    for cek, expected in (
        ("00112233445566778899aabbccddeeff", "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
        (
            "00112233445566778899aabbccddeeff0001020304050607",
            "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2",
        ),
    ):
        assert call_node("wrap", AES_192, bytes.fromhex(cek)) == bytes.fromhex(expected)
        assert call_node("unwrap", AES_192, bytes.fromhex(expected)) == bytes.fromhex(cek)


def test_chacha20_poly1305_gives_the_answer_of_rfc_8439() -> None:
    # Section 2.8.2.
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    key, nonce = bytes(range(0x80, 0xA0)), bytes.fromhex("070000004041424344454647")
    aad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    encrypted = call_node("encrypt", "ChaCha20-Poly1305", key, nonce, aad, text, 128)
    assert encrypted[:16] == bytes.fromhex("d31a8d34648e60db7b86afbc53ef7ec2")
    assert encrypted[-16:] == bytes.fromhex("1ae10b594f09e26a7e902ecbd0600691")


# Answers of OpenSSL


@pytest.mark.parametrize("key_length", [8, 24])
@pytest.mark.parametrize("size", SIZES)
def test_des_and_triple_des_open_what_openssl_encrypted(key_length: int, size: int) -> None:
    key, iv, data = (
        noise((name, key_length, size), length) for name, length in (("k", key_length), ("i", 8), ("d", size))
    )
    encrypted = encrypt_cbc(TripleDES(key if key_length == 24 else 3 * key), iv, data)
    assert call_node("decrypt", "DES-CBC", key, iv, b"", encrypted, 0) == data


@pytest.mark.parametrize("key_length", [1, 5, 8, 16, 33, 128])
@pytest.mark.parametrize("effective_bits", [1, 40, 63, 64, 127, 128, 1024])
def test_rc2_agrees_with_its_other_implementation(key_length: int, effective_bits: int) -> None:
    key, blocks = noise((key_length, effective_bits), key_length), noise("blocks", 80)
    opened = call_node("decryptBlocks", "RC2-CBC", key, bytes(8), blocks, effective_bits)
    assert opened == decrypt_rc2_cbc(key, bytes(8), blocks, effective_bits=effective_bits)


@pytest.mark.parametrize("size", SIZES)
def test_aes_cbc_is_openssls_both_ways(size: int) -> None:
    iv, data = noise(("iv", size), 16), noise(size, size)
    encrypted = encrypt_cbc(algorithms.AES(AES_192), iv, data)
    assert call_node("encrypt", "AES-CBC", AES_192, iv, b"", data, 0) == encrypted
    assert call_node("decrypt", "AES-CBC", AES_192, iv, b"", encrypted, 0) == data


@pytest.mark.parametrize("counter_bytes", [2, 4, 8, 16])
def test_the_counter_wraps_around_where_it_ends(counter_bytes: int) -> None:
    """After 2^16 blocks a counter of two bytes begins at zero again and does not change the nonce."""
    counter = b"n" * (16 - counter_bytes) + b"\xff" * counter_bytes
    following = b"n" * (16 - counter_bytes) + bytes(counter_bytes)
    found = call_node("decrypt", "AES-CTR", AES_192, counter, b"", bytes(32), 8 * counter_bytes)
    encryptor = Cipher(algorithms.AES(AES_192), modes.ECB()).encryptor()  # noqa: S305  # the blocks themselves
    assert found == encryptor.update(counter + following)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("nonce_length", [8, 12, 16, 61])
def test_gcm_is_openssls_both_ways(size: int, nonce_length: int) -> None:
    nonce, data, aad = noise(("n", size), nonce_length), noise(size, size), noise("aad", size % 37)
    encrypted = aead.AESGCM(AES_192).encrypt(nonce, data, aad)
    assert call_node("encrypt", "AES-GCM", AES_192, nonce, aad, data, 128) == encrypted
    assert call_node("decrypt", "AES-GCM", AES_192, nonce, aad, encrypted, 128) == data


@pytest.mark.parametrize("size", SIZES)
def test_chacha20_poly1305_is_openssls_both_ways(size: int) -> None:
    key, nonce, data, aad = noise(("k", size), 32), noise(("n", size), 12), noise(size, size), noise("aad", size % 37)
    encrypted = aead.ChaCha20Poly1305(key).encrypt(nonce, data, aad)
    assert call_node("encrypt", "ChaCha20-Poly1305", key, nonce, aad, data, 128) == encrypted
    assert call_node("decrypt", "ChaCha20-Poly1305", key, nonce, aad, encrypted, 128) == data


def test_poly1305_is_right_where_numbers_carry_over() -> None:
    """Blocks of ones bring every limb close to its limit, as in RFC 8439 appendix A.3."""
    for number in range(64):
        key, aad = noise(("carry", number), 32), b"\xff" * (16 * (number % 9))
        data = b"\xff" * number
        encrypted = aead.ChaCha20Poly1305(key).encrypt(bytes(12), data, aad)
        assert call_node("decrypt", "ChaCha20-Poly1305", key, bytes(12), aad, encrypted, 128) == data


@pytest.mark.parametrize("length", [16, 24, 32, 40, 256])
def test_key_wrap_is_openssls_both_ways(length: int) -> None:
    cek = noise("cek", length)
    wrapped = aes_key_wrap(AES_192, cek)
    assert call_node("wrap", AES_192, cek) == wrapped
    assert call_node("unwrap", AES_192, wrapped) == cek


# Refusals


@pytest.mark.parametrize("block_length", [8, 16])
def test_every_byte_of_the_padding_is_checked(block_length: int) -> None:
    """MUSTS 22."""
    name, key = ("DES-CBC", AES_192) if block_length == 8 else ("AES-CBC", AES_192)
    algorithm = TripleDES(key) if block_length == 8 else algorithms.AES(key)
    iv = bytes(block_length)
    for count in range(block_length + 2):
        ending = bytes([count]) * count
        for position in range(-1, min(count, block_length)):
            block = bytearray(ending.rjust(block_length, b"t")[-block_length:])
            if position >= 0:
                block[-1 - position] ^= 0x40
            encrypted = Cipher(algorithm, modes.CBC(iv)).encryptor().update(b"T" * block_length + bytes(block))
            opened = call_node("decrypt", name, key, iv, b"", encrypted, 0)
            right = position < 0 and 1 <= count <= block_length
            assert opened == (b"T" * block_length + bytes(block)[:-count] if right else REFUSED), (count, position)


@pytest.mark.parametrize("name", ["AES-GCM", "ChaCha20-Poly1305"])
def test_every_altered_bit_of_tag_text_and_aad_is_refused(name: str) -> None:
    key, nonce, aad = (AES_192 if name == "AES-GCM" else bytes(32)), bytes(12), b"aad"
    encrypted = call_node("encrypt", name, key, nonce, aad, b"text", 128)
    assert isinstance(encrypted, bytes)
    for bit in range(8 * len(encrypted)):
        altered = bytearray(encrypted)
        altered[bit // 8] ^= 1 << bit % 8
        assert call_node("decrypt", name, key, nonce, aad, bytes(altered), 128) == REFUSED
    assert call_node("decrypt", name, key, nonce, b"aae", encrypted, 128) == REFUSED
    for short in (b"", encrypted[:15], encrypted[:-1]):
        assert call_node("decrypt", name, key, nonce, aad, short, 128) == REFUSED


@pytest.mark.parametrize(
    ("name", "key", "iv", "data"),
    [
        ("DES-CBC", 16, 8, 8),
        ("DES-CBC", 7, 8, 8),
        ("DES-CBC", 8, 7, 8),
        ("DES-CBC", 24, 8, 9),
        ("DES-CBC", 24, 8, 0),
        ("RC2-CBC", 0, 8, 8),
        ("RC2-CBC", 129, 8, 8),
        ("RC2-CBC", 16, 16, 16),
        ("AES-CBC", 24, 16, 15),
        ("AES-CBC", 24, 8, 16),
        ("AES-CBC", 25, 16, 16),
    ],
)
def test_impossible_lengths_are_refused(name: str, key: int, iv: int, data: int) -> None:
    for function, extra in (("decrypt", [b""]), ("decryptBlocks", [])):
        refusal = call_node(function, name, bytes(key), bytes(iv), *extra, bytes(data), 128)
        # Node's WebCrypto has other names for some refusals.
        assert isinstance(refusal, str)
        assert refusal in (REFUSED, "DataError", "NotSupportedError")


def test_wrong_wraps_are_refused() -> None:
    wrapped = aes_key_wrap(AES_192, bytes(32))
    for bad in (b"", wrapped[:16], wrapped[:-1], wrapped + bytes(8), bytes(40)):
        assert call_node("unwrap", AES_192, bad) == REFUSED
    for cek in (b"", bytes(8), bytes(17)):
        assert call_node("wrap", AES_192, cek) == REFUSED
