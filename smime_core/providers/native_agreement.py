"""Key agreement by pyca/cryptography: ECDH on the curves of mail, X25519 and X448 (RFC 5753, RFC 8418)."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519

from smime_core.errors import ProviderError
from smime_core.providers.native_keys import ForeignPublicKey


def agree_ephemeral(key: ForeignPublicKey) -> tuple[bytes, bytes]:
    """(ephemeral public key, shared secret) on the recipient's own curve. Raises ProviderError."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        ephemeral = ec.generate_private_key(key.curve)
        point = ephemeral.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return point, ephemeral.exchange(ec.ECDH(), key)
    if isinstance(key, x25519.X25519PublicKey):
        private = x25519.X25519PrivateKey.generate()
        return private.public_key().public_bytes_raw(), check_secret(private.exchange(key))
    if isinstance(key, x448.X448PublicKey):
        large = x448.X448PrivateKey.generate()
        return large.public_key().public_bytes_raw(), check_secret(large.exchange(key))
    raise ProviderError("agree_ephemeral", "the key is of a type that agrees on nothing")


def agree(key: ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey | x448.X448PrivateKey, point: bytes) -> bytes:
    """The shared secret. Raises ValueError for a point that must not be used (MUSTS 26 and 28)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        # RFC 5753 section 7.2 permits compressed and uncompressed points. The library would also accept hybrid ones.
        if point[:1] not in (b"\2", b"\3", b"\4"):
            raise ValueError("neither a compressed nor an uncompressed point")
        return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point))
    if isinstance(key, x25519.X25519PrivateKey):
        return check_secret(key.exchange(x25519.X25519PublicKey.from_public_bytes(point)))
    return check_secret(key.exchange(x448.X448PublicKey.from_public_bytes(point)))


def check_secret(secret: bytes) -> bytes:
    """Return the shared secret. Raises ValueError if it is all zeros (RFC 8418 section 2).

    The library refuses such points itself, but RFC 7748 makes that check optional.
    """
    if not any(secret):
        raise ValueError("the shared secret is all zeros")
    return secret
