"""Private keys of each kind for `tests.support.exchange`, made once by the native provider."""

from __future__ import annotations

import functools

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from smime_core.blocking import run
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.exchange import Keys

NATIVE = NativeProvider()


def pkcs8_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@functools.cache
def exchanged_keys() -> Keys:
    """One key of each kind, also brainpool keys and an RSA key of an unusual size."""
    kinds = [kind for kind in NewKey if kind is not NewKey.RSA_3072]
    keys = {str(kind): run(NATIVE.generate_key(kind)).pkcs8_der for kind in kinds}
    # 2041 bits are 255 bytes and one bit, so the encoded message of PSS is one byte shorter than the modulus.
    keys["RSA of 2041 bits"] = pkcs8_of(rsa.generate_private_key(65537, 2041))  # noqa: S505
    for curve in (ec.BrainpoolP256R1(), ec.BrainpoolP384R1(), ec.BrainpoolP512R1()):
        keys[curve.name] = pkcs8_of(ec.generate_private_key(curve))
    return keys
