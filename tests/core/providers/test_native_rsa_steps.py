"""RSA v1.5 decryption takes the same steps for every padding (RFC 3218 section 2.3.2, MUSTS 23).

The steps are the lines of the core that run, in order, in the native provider and in the Python code of the browser's
provider. The library below the native provider must do implicit rejection, which is tested here too.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from smime_core.algorithms import AES_256_GCM, KeyTransport, TransportScheme
from smime_core.errors import DecryptionError
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from smime_core.providers.python_rsa import decrypt_pkcs1_v15

PROVIDER = NativeProvider()
V15 = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
CEK = b"c" * 32
FILLING = b"\xaa" * (256 - 3 - len(CEK))
GOOD = b"\0\2" + FILLING + b"\0" + CEK
BAD_BLOCKS = {
    "first octet": b"\1\2" + FILLING + b"\0" + CEK,
    "block type": b"\0\1" + FILLING + b"\0" + CEK,
    "no separator": b"\0\2" + FILLING + b"\xaa" + CEK,
    "zero in the filling": b"\0\2" + FILLING[:100] + b"\0" + FILLING[101:] + b"\0" + CEK,
    "zero at once": b"\0\2\0" + FILLING[1:] + b"\0" + CEK,
    "shorter key": b"\0\2" + FILLING + b"\xaa\0" + CEK[1:],
    "longer key": b"\0\2" + FILLING[1:] + b"\0" + CEK + b"c",
    "nothing but zeros": bytes(256),
}
Decrypt = Callable[[PrivateKey, bytes], bytes]


def decrypt_natively(key: PrivateKey, encrypted_key: bytes) -> bytes:
    return asyncio.run(PROVIDER.transport_decrypt(key, V15, encrypted_key, cek_length=len(CEK)))


def decrypt_in_python(key: PrivateKey, encrypted_key: bytes) -> bytes:
    return decrypt_pkcs1_v15(key, encrypted_key, cek_length=len(CEK))


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return asyncio.run(PROVIDER.generate_key(NewKey.RSA_2048))


def foreign_key(key: PrivateKey) -> rsa.RSAPrivateKey:
    foreign = load_der_private_key(key.pkcs8_der, password=None)
    assert isinstance(foreign, rsa.RSAPrivateKey)
    return foreign


def encrypt_block(key: PrivateKey, block: bytes) -> bytes:
    numbers = foreign_key(key).public_key().public_numbers()
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(256, "big")


def steps_of(decrypt: Decrypt, key: PrivateKey, encrypted_key: bytes) -> list[tuple[str, int, str]]:
    """Every call, line, return and exception in the core's files while `decrypt` runs."""
    steps: list[tuple[str, int, str]] = []

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if "smime_core" in frame.f_code.co_filename:
            steps.append((frame.f_code.co_filename, frame.f_lineno, event))
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        decrypt(key, encrypted_key)
    finally:
        sys.settrace(previous)
    return steps


@pytest.mark.parametrize("decrypt", [decrypt_natively, decrypt_in_python])
def test_a_good_block_gives_its_key(key: PrivateKey, decrypt: Decrypt) -> None:
    assert decrypt(key, encrypt_block(key, GOOD)) == CEK


@pytest.mark.parametrize("decrypt", [decrypt_natively, decrypt_in_python])
@pytest.mark.parametrize("block", BAD_BLOCKS.values(), ids=BAD_BLOCKS)
def test_bad_blocks_give_a_random_key_by_the_same_steps(key: PrivateKey, decrypt: Decrypt, block: bytes) -> None:
    bad = encrypt_block(key, block)
    substitute = decrypt(key, bad)
    # OpenSSL gives a substitute for a bad block, always the same one. With one key in 200 the substitute is as long as
    # a CEK, and is then used as the random key.
    assert len(substitute) == len(CEK)
    assert substitute != CEK
    expected = steps_of(decrypt, key, encrypt_block(key, GOOD))
    assert len(expected) > 5
    assert steps_of(decrypt, key, bad) == expected


@pytest.mark.parametrize("block", BAD_BLOCKS.values(), ids=BAD_BLOCKS)
def test_the_library_rejects_bad_padding_without_saying_so(key: PrivateKey, block: bytes) -> None:
    # Without implicit rejection (OpenSSL below 3.2) this raises, and the time that it takes reveals the bad padding.
    foreign_key(key).decrypt(encrypt_block(key, block), padding.PKCS1v15())


def test_failures_behind_a_wrong_key_look_like_all_others(key: PrivateKey) -> None:
    """A random CEK fails at the content, with the same error as a good block with damaged content."""
    encrypted = asyncio.run(PROVIDER.encrypt_content(AES_256_GCM, CEK, b"i" * 12, b"text"))
    errors: list[str] = []
    for block, content in ((BAD_BLOCKS["block type"], encrypted), (GOOD, encrypted[:-1]), (GOOD, encrypted[:-16])):
        cek = decrypt_natively(key, encrypt_block(key, block))
        with pytest.raises(DecryptionError) as caught:
            asyncio.run(PROVIDER.decrypt_content(AES_256_GCM, cek, b"i" * 12, content))
        errors.append(str(caught.value))
        assert caught.value.__cause__ is None
    assert len(set(errors)) == 1
