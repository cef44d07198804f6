"""RSA keys of any size, also of sizes that nothing generates any more."""

from __future__ import annotations

import functools

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from smime_core.keys import parse_private_key
from smime_core.provider import PrivateKey


@functools.cache
def short_key(bits: int) -> PrivateKey:
    """A new key of this size, the same one whenever it is asked for."""
    key = rsa.generate_private_key(65_537, bits)
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return parse_private_key(pkcs8)
