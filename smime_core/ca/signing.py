"""The form of every structure that a CA or an applicant signs: body, algorithm, signature as a BIT STRING."""

from __future__ import annotations

from typing import Final

from smime_core.algorithms import (
    PURE_SCHEME_HASHES,
    Curve,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.errors import UnsupportedByProvider
from smime_core.provider import CryptoProvider, KeyType, PrivateKey

_BIT_STRING: Final = 0x03
_CURVE_HASHES: Final = {Curve.P384: HashName.SHA384, Curve.P521: HashName.SHA512}


def choose_signature_algorithm(key: PrivateKey) -> SignatureAlgorithm:
    """The algorithm for signing certificates with a key.

    For RSA it is PKCS #1 v1.5 with SHA-256, which every program can verify. For all other keys, the kind of key
    decides. Raises UnsupportedByProvider for a key that cannot sign.
    """
    if key.key_type is KeyType.RSA:
        return SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
    if key.curve is not None:
        return SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=_CURVE_HASHES.get(key.curve, HashName.SHA256))
    try:
        scheme = SignatureScheme(key.key_type.value)
    except ValueError:
        raise UnsupportedByProvider("sign", f"a key of type {key.key_type} signs nothing") from None
    return SignatureAlgorithm(scheme=scheme, hash_name=PURE_SCHEME_HASHES[scheme])


async def sign_structure(body_der: bytes, key: PrivateKey, provider: CryptoProvider) -> bytes:
    """DER of SIGNED{body}: the body, the algorithm, the signature (RFC 5912 section 6)."""
    algorithm = choose_signature_algorithm(key)
    signature = await provider.sign(key, algorithm, body_der)
    return der.sequence(body_der, build_signature_identifier(algorithm), bit_string(signature))


def bit_string(octets: bytes) -> bytes:
    """DER of a BIT STRING of whole bytes."""
    return der.element(_BIT_STRING, b"\0", octets)
