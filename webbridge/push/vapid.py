"""VAPID (RFC 8292): the signed token that identifies the operator of the bridge to a push service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smime_core.text import write_base64url

KEY_BYTES: Final = 32
TOKEN_SECONDS: Final = 60 * 60  # RFC 8292 section 2 allows 24 hours. Clocks may differ by up to an hour.
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2 section 2.4.2)


def make_key() -> bytes:
    """Return a new private key of P-256: the number as bytes."""
    return ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(KEY_BYTES)


def check_key(key: bytes) -> None:
    """Check the bytes of a private key. Raises ValueError."""
    if len(key) != KEY_BYTES or not 0 < int.from_bytes(key) < _ORDER:
        raise ValueError("push_key is no key of the curve P-256: `sealwax bridge push-keys` makes one")


def public_key_text(key: bytes) -> str:
    """Return the public half of a key as browsers and push services read it (RFC 8292 section 3.2)."""
    point = _private(key).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return write_base64url(point)


def authorization(key: bytes, *, audience: str, contact: str, at: datetime) -> str:
    """Return the value of the header field Authorization for one push service (RFC 8292 section 3).

    `audience` is the origin of the service, and `contact` an address of the operator.
    """
    claims = {"aud": audience, "exp": int(at.timestamp()) + TOKEN_SECONDS, "sub": contact}
    signed = f"{_part({'typ': 'JWT', 'alg': 'ES256'})}.{_part(claims)}"
    r, s = decode_dss_signature(_private(key).sign(signed.encode(), ec.ECDSA(SHA256())))
    # RFC 7518 section 3.4: both numbers with 32 bytes each, unlike the DER of X.509.
    signature = r.to_bytes(KEY_BYTES) + s.to_bytes(KEY_BYTES)
    return f"vapid t={signed}.{write_base64url(signature)}, k={public_key_text(key)}"


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(key), ec.SECP256R1())


def _part(members: Mapping[str, object]) -> str:
    return write_base64url(json.dumps(members, separators=(",", ":")).encode())
