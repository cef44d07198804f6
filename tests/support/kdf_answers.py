"""Published test vectors of key derivation. This module imports nothing native, so that it also runs in the vault."""

from __future__ import annotations

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


async def derive_all(provider: CryptoProvider) -> dict[str, str]:
    """The keys that this provider derives, in hex."""
    return {
        name: (await provider.derive_key(kdf, secret, len(expected) // 2)).hex()
        for name, (kdf, secret, expected) in ANSWERS.items()
    }
