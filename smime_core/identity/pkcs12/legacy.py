"""Encryption for PKCS#12 files in the legacy form: pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C)."""

from __future__ import annotations

from typing import Final

from smime_core.algorithms import TRIPLE_DES_CBC, HashName, RepeatedHash
from smime_core.asn1 import der
from smime_core.identity.pkcs12.triple_des import encrypt_triple_des_cbc
from smime_core.keys.kdf import Purpose, bmp_passphrase, derive_pkcs12
from smime_core.provider import CryptoProvider

PBE_WITH_SHA1_AND_3DES: Final = "1.2.840.113549.1.12.1.3"
_SALT_LENGTH: Final = 8  # In bytes. Older readers accept no other length.


async def encrypt_legacy(
    plaintext: bytes, passphrase: bytes, provider: CryptoProvider, *, iterations: int
) -> tuple[bytes, bytes]:
    """Encrypt with 3DES and the KDF of RFC 7292. Returns (AlgorithmIdentifier, ciphertext). `passphrase` is UTF-8."""
    salt, password = provider.random_bytes(_SALT_LENGTH), bmp_passphrase(passphrase)
    loop = RepeatedHash(hash_name=HashName.SHA1, iterations=iterations)
    key, iv = [
        await derive_pkcs12(loop, password, salt, purpose, length, provider)
        for purpose, length in (
            (Purpose.KEY, TRIPLE_DES_CBC.key_length),
            (Purpose.IV, TRIPLE_DES_CBC.iv_length),
        )
    ]
    parameters = der.sequence(der.octet_string(salt), der.integer(iterations))
    return der.sequence(der.oid(PBE_WITH_SHA1_AND_3DES), parameters), encrypt_triple_des_cbc(key, iv, plaintext)
