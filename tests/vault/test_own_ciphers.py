"""The vault's own ciphers in JavaScript give the answers of their standards, and those of OpenSSL for many sizes."""

from __future__ import annotations

import hashlib
from itertools import product
from typing import Any, Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from smime_core.providers.native_rc2 import decrypt_rc2_cbc
from tests.support.node_tests import check_in_node

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


def call(name: str, *args: object, expected: bytes | str | tuple[str, ...] | dict[str, str]) -> dict[str, Any]:
    """A call of a function with its result: the bytes, the names of possible errors, or `begin` and `end` in hex."""
    arguments = [{"hex": value.hex()} if isinstance(value, bytes) else value for value in args]
    if isinstance(expected, bytes):
        return {"name": name, "args": arguments, "expected": {"hex": expected.hex()}}
    if isinstance(expected, dict):
        return {"name": name, "args": arguments, "expected": expected}
    refusals = [expected] if isinstance(expected, str) else list(expected)
    return {"name": name, "args": arguments, "expected": {"refusals": refusals}}


# Answers of the standards


def test_des_gives_the_answer_of_fips_81() -> None:
    # Appendix C, CBC.
    key, iv = bytes.fromhex("0123456789abcdef"), bytes.fromhex("1234567890abcdef")
    ciphertext = bytes.fromhex("e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6")
    answer = call("decryptBlocks", "DES-CBC", key, iv, ciphertext, 0, expected=b"Now is the time for all ")
    check_in_node("own_ciphers", "des gives the answer of fips 81", [answer])


# The key, its effective bits, the plaintext and the ciphertext (RFC 2268 section 5).
RC2: Final = (
    ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
    ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
    ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
    ("88", 64, "0000000000000000", "61a8a244adacccf0"),
    ("88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"),
    ("88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"),
    ("88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"),
)


def test_rc2_gives_the_answers_of_rfc_2268() -> None:
    calls = [
        call(
            "decryptBlocks",
            "RC2-CBC",
            bytes.fromhex(key),
            bytes(8),
            bytes.fromhex(ciphertext),
            effective_bits,
            expected=bytes.fromhex(plaintext),
        )
        for key, effective_bits, plaintext, ciphertext in RC2
    ]
    check_in_node("own_ciphers", "rc2 gives the answers of rfc 2268", calls)


def test_aes_gives_the_answer_of_fips_197() -> None:
    # Appendix C.2, as counter mode over nothing and as one block of CBC.
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    encrypted = bytes.fromhex("dda97ca4864cdfe06eaf70a0ec0d7191")
    calls = [
        call("encrypt", "AES-CTR", AES_192, block, b"", bytes(16), 128, expected=encrypted),
        call("decryptBlocks", "AES-CBC", AES_192, bytes(16), encrypted, 0, expected=block),
    ]
    check_in_node("own_ciphers", "aes gives the answer of fips 197", calls)


def test_key_wrap_gives_the_answers_of_rfc_3394() -> None:
    # Sections 4.2 and 4.4.
    answers = {
        "00112233445566778899aabbccddeeff": "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d",
        "00112233445566778899aabbccddeeff0001020304050607": (
            "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"
        ),
    }
    pairs = [(bytes.fromhex(cek), bytes.fromhex(wrapped)) for cek, wrapped in answers.items()]
    calls = [
        *(call("wrap", AES_192, cek, expected=wrapped) for cek, wrapped in pairs),
        *(call("unwrap", AES_192, wrapped, expected=cek) for cek, wrapped in pairs),
    ]
    check_in_node("own_ciphers", "key wrap gives the answers of rfc 3394", calls)


def test_chacha20_poly1305_gives_the_answer_of_rfc_8439() -> None:
    # Section 2.8.2.
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    key, nonce = bytes(range(0x80, 0xA0)), bytes.fromhex("070000004041424344454647")
    aad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    ends = {"begin": "d31a8d34648e60db7b86afbc53ef7ec2", "end": "1ae10b594f09e26a7e902ecbd0600691"}
    answer = call("encrypt", "ChaCha20-Poly1305", key, nonce, aad, text, 128, expected=ends)
    check_in_node("own_ciphers", "chacha20 poly1305 gives the answer of rfc 8439", [answer])


# Answers of OpenSSL


def test_des_and_triple_des_open_what_openssl_encrypted() -> None:
    calls = []
    for key_length, size in product((8, 24), SIZES):
        key, iv, data = (
            noise((name, key_length, size), length) for name, length in (("k", key_length), ("i", 8), ("d", size))
        )
        encrypted = encrypt_cbc(TripleDES(key if key_length == 24 else 3 * key), iv, data)
        calls.append(call("decrypt", "DES-CBC", key, iv, b"", encrypted, 0, expected=data))
    check_in_node("own_ciphers", "des and triple des open what openssl encrypted", calls)


def test_rc2_agrees_with_its_other_implementation() -> None:
    calls = []
    for key_length, effective_bits in product((1, 5, 8, 16, 33, 128), (1, 40, 63, 64, 127, 128, 1024)):
        key, blocks = noise((key_length, effective_bits), key_length), noise("blocks", 80)
        opened = decrypt_rc2_cbc(key, bytes(8), blocks, effective_bits=effective_bits)
        calls.append(call("decryptBlocks", "RC2-CBC", key, bytes(8), blocks, effective_bits, expected=opened))
    check_in_node("own_ciphers", "rc2 agrees with its other implementation", calls)


def both_ways(name: str, key: bytes, iv: bytes, aad: bytes, data: bytes, *, encrypted: bytes) -> list[dict[str, Any]]:
    """The encryption of data and its decryption."""
    tag_bits = 0 if name == "AES-CBC" else 128
    return [
        call("encrypt", name, key, iv, aad, data, tag_bits, expected=encrypted),
        call("decrypt", name, key, iv, aad, encrypted, tag_bits, expected=data),
    ]


def test_aes_cbc_is_openssls_both_ways() -> None:
    calls = []
    for size in SIZES:
        iv, data = noise(("iv", size), 16), noise(size, size)
        encrypted = encrypt_cbc(algorithms.AES(AES_192), iv, data)
        calls += both_ways("AES-CBC", AES_192, iv, b"", data, encrypted=encrypted)
    check_in_node("own_ciphers", "aes cbc is openssls both ways", calls)


def test_the_counter_wraps_around_where_it_ends() -> None:
    """After 2^16 blocks a counter of two bytes begins at zero again and does not change the nonce."""
    calls = []
    for counter_bytes in (2, 4, 8, 16):
        counter = b"n" * (16 - counter_bytes) + b"\xff" * counter_bytes
        following = b"n" * (16 - counter_bytes) + bytes(counter_bytes)
        encryptor = Cipher(algorithms.AES(AES_192), modes.ECB()).encryptor()  # noqa: S305  # the blocks themselves
        blocks = encryptor.update(counter + following)
        arguments = ("AES-CTR", AES_192, counter, b"", bytes(32), 8 * counter_bytes)
        calls.append(call("decrypt", *arguments, expected=blocks))
    check_in_node("own_ciphers", "the counter wraps around where it ends", calls)


def test_gcm_is_openssls_both_ways() -> None:
    calls = []
    for size, nonce_length in product(SIZES, (8, 12, 16, 61)):
        nonce, data, aad = noise(("n", size), nonce_length), noise(size, size), noise("aad", size % 37)
        encrypted = aead.AESGCM(AES_192).encrypt(nonce, data, aad)
        calls += both_ways("AES-GCM", AES_192, nonce, aad, data, encrypted=encrypted)
    check_in_node("own_ciphers", "gcm is openssls both ways", calls)


def test_chacha20_poly1305_is_openssls_both_ways() -> None:
    calls = []
    for size in SIZES:
        key, nonce, data = noise(("k", size), 32), noise(("n", size), 12), noise(size, size)
        aad = noise("aad", size % 37)
        encrypted = aead.ChaCha20Poly1305(key).encrypt(nonce, data, aad)
        calls += both_ways("ChaCha20-Poly1305", key, nonce, aad, data, encrypted=encrypted)
    check_in_node("own_ciphers", "chacha20 poly1305 is openssls both ways", calls)


def test_poly1305_is_right_where_numbers_carry_over() -> None:
    """Blocks of ones bring every limb close to its limit, as in RFC 8439 appendix A.3."""
    calls = []
    for number in range(64):
        key, aad = noise(("carry", number), 32), b"\xff" * (16 * (number % 9))
        data = b"\xff" * number
        encrypted = aead.ChaCha20Poly1305(key).encrypt(bytes(12), data, aad)
        calls.append(call("decrypt", "ChaCha20-Poly1305", key, bytes(12), aad, encrypted, 128, expected=data))
    check_in_node("own_ciphers", "poly1305 is right where numbers carry over", calls)


def test_key_wrap_is_openssls_both_ways() -> None:
    calls = []
    for length in (16, 24, 32, 40, 256):
        cek = noise("cek", length)
        wrapped = aes_key_wrap(AES_192, cek)
        calls += [call("wrap", AES_192, cek, expected=wrapped), call("unwrap", AES_192, wrapped, expected=cek)]
    check_in_node("own_ciphers", "key wrap is openssls both ways", calls)


# Refusals


def test_every_byte_of_the_padding_is_checked() -> None:
    """MUSTS 22."""
    calls = [*padded_calls("DES-CBC", TripleDES(AES_192), 8), *padded_calls("AES-CBC", algorithms.AES(AES_192), 16)]
    check_in_node("own_ciphers", "every byte of the padding is checked", calls)


def padded_calls(name: str, algorithm: algorithms.AES | TripleDES, block_length: int) -> list[dict[str, Any]]:
    """Decryptions of blocks with each padding, right and with one altered byte."""
    calls = []
    iv = bytes(block_length)
    for count in range(block_length + 2):
        ending = bytes([count]) * count
        for position in range(-1, min(count, block_length)):
            block = bytearray(ending.rjust(block_length, b"t")[-block_length:])
            if position >= 0:
                block[-1 - position] ^= 0x40
            encrypted = Cipher(algorithm, modes.CBC(iv)).encryptor().update(b"T" * block_length + bytes(block))
            right = position < 0 and 1 <= count <= block_length
            expected = b"T" * block_length + bytes(block)[:-count] if right else REFUSED
            calls.append(call("decrypt", name, AES_192, iv, b"", encrypted, 0, expected=expected))
    return calls


def test_every_altered_bit_of_tag_text_and_aad_is_refused() -> None:
    calls = [
        *altered_calls("AES-GCM", AES_192, aead.AESGCM(AES_192)),
        *altered_calls("ChaCha20-Poly1305", bytes(32), aead.ChaCha20Poly1305(bytes(32))),
    ]
    check_in_node("own_ciphers", "every altered bit of tag text and aad is refused", calls)


def altered_calls(name: str, key: bytes, cipher: aead.AESGCM | aead.ChaCha20Poly1305) -> list[dict[str, Any]]:
    """Decryptions of a ciphertext that was altered or shortened, or that has other additional data."""
    nonce, aad = bytes(12), b"aad"
    encrypted = cipher.encrypt(nonce, b"text", aad)
    altered = [b"", encrypted[:15], encrypted[:-1]]
    for bit in range(8 * len(encrypted)):
        variant = bytearray(encrypted)
        variant[bit // 8] ^= 1 << bit % 8
        altered.append(bytes(variant))
    return [
        call("encrypt", name, key, nonce, aad, b"text", 128, expected=encrypted),
        call("decrypt", name, key, nonce, b"aae", encrypted, 128, expected=REFUSED),
        *(call("decrypt", name, key, nonce, aad, variant, 128, expected=REFUSED) for variant in altered),
    ]


# The algorithm, and the lengths of key, IV and data.
IMPOSSIBLE: Final = (
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
)


def test_impossible_lengths_are_refused() -> None:
    # Node's WebCrypto has other names for some refusals.
    refusals = (REFUSED, "DataError", "NotSupportedError")
    calls = []
    for name, key, iv, data in IMPOSSIBLE:
        for function, extra in (("decrypt", [b""]), ("decryptBlocks", list[bytes]())):
            arguments = (name, bytes(key), bytes(iv), *extra, bytes(data), 128)
            calls.append(call(function, *arguments, expected=refusals))
    check_in_node("own_ciphers", "impossible lengths are refused", calls)


def test_wrong_wraps_are_refused() -> None:
    wrapped = aes_key_wrap(AES_192, bytes(32))
    bad = (b"", wrapped[:16], wrapped[:-1], wrapped + bytes(8), bytes(40))
    calls = [
        *(call("unwrap", AES_192, octets, expected=REFUSED) for octets in bad),
        *(call("wrap", AES_192, cek, expected=REFUSED) for cek in (b"", bytes(8), bytes(17))),
    ]
    check_in_node("own_ciphers", "wrong wraps are refused", calls)
