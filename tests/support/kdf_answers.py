"""Published test vectors of key derivation. This module imports nothing native, so that it also runs in the vault."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from typing import Final

from smime_core.algorithms import Argon2id, HashName, Hkdf, Kdf, Pbkdf2, Scrypt
from smime_core.provider import CryptoProvider

ANSWERS: Final[dict[str, tuple[Kdf, bytes, str]]] = {
    "PBKDF2, RFC 6070": (
        Pbkdf2(hash_name=HashName.SHA1, salt=b"salt", iterations=2),
        b"password",
        "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957",
    ),
    "PBKDF2, RFC 6070, 4096 iterations": (
        Pbkdf2(hash_name=HashName.SHA1, salt=b"saltSALTsaltSALTsaltSALTsaltSALTsalt", iterations=4096),
        b"passwordPASSWORDpassword",
        "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
    ),
    "PBKDF2, RFC 6070, a zero in both": (
        Pbkdf2(hash_name=HashName.SHA1, salt=b"sa\0lt", iterations=4096),
        b"pass\0word",
        "56fa6aa75548099dcc37d7f03425e0c3",
    ),
    "PBKDF2, RFC 7914 section 11, 80000 iterations": (
        Pbkdf2(hash_name=HashName.SHA256, salt=b"NaCl", iterations=80_000),
        b"Password",
        "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
        "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
    ),
    "PBKDF2, RFC 7914 section 11": (
        Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=1),
        b"passwd",
        "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
    ),
    "HKDF, RFC 5869 appendix A.1": (
        Hkdf(hash_name=HashName.SHA256, salt=bytes(range(13)), info=bytes(range(0xF0, 0xFA))),
        b"\x0b" * 22,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    "HKDF, RFC 5869 appendix A.3": (
        Hkdf(hash_name=HashName.SHA256, salt=b"", info=b""),
        b"\x0b" * 22,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
    "Argon2id, its authors' test.c": (
        Argon2id(salt=b"somesalt", memory_kib=65_536, passes=2, lanes=1),
        b"password",
        "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
    ),
    "scrypt, RFC 7914 section 12": (
        Scrypt(salt=b"NaCl", cost=1024, block_size=8, parallelisation=16),
        b"password",
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
    ),
    "scrypt, RFC 7914 section 12, an empty passphrase": (
        Scrypt(salt=b"", cost=16, block_size=1, parallelisation=1),
        b"",
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
        "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
    ),
}


_PBKDF2_HASHES: Final = (HashName.SHA1, HashName.SHA224, HashName.SHA256, HashName.SHA384, HashName.SHA512)
_SECRET_LENGTHS: Final = (0, 1, 63, 64, 65, 127, 128, 129, 1000)  # around the blocks of the hashes
_SALT_LENGTHS: Final = (0, 8, 64, 200)
_DERIVED_LENGTHS: Final = (1, 20, 32, 33, 64, 100)
_ITERATIONS: Final = (1, 2, 1000)


def pbkdf2_of_all_sizes() -> Iterator[tuple[Pbkdf2, bytes, int]]:
    """PBKDF2 with a secret and the length of the derived key, for lengths around the borders of blocks."""
    for sizes in itertools.product(_PBKDF2_HASHES, _SECRET_LENGTHS, _SALT_LENGTHS, _DERIVED_LENGTHS, _ITERATIONS):
        hash_name, secret_length, salt_length, length, iterations = sizes
        # 1,000 iterations of each secret and each length are enough.
        if iterations < 1000 or salt_length == 8:
            noise = hashlib.shake_128(repr(sizes).encode()).digest(secret_length + salt_length)
            kdf = Pbkdf2(hash_name=hash_name, salt=noise[secret_length:], iterations=iterations)
            yield kdf, noise[:secret_length], length


async def derive_all_sizes(provider: CryptoProvider) -> list[str]:
    """The keys that this provider derives for `pbkdf2_of_all_sizes`, in hex."""
    return [(await provider.derive_key(*arguments)).hex() for arguments in pbkdf2_of_all_sizes()]


async def derive_all(provider: CryptoProvider) -> dict[str, str]:
    """The keys that this provider derives, in hex."""
    return {
        name: (await provider.derive_key(kdf, secret, len(expected) // 2)).hex()
        for name, (kdf, secret, expected) in ANSWERS.items()
    }
