"""Python's part of the browser's provider: the operations with keys that WebCrypto does not support.

Browsers differ (docs/vault.md has the table). All browsers lack Ed448, X448, ML-KEM-512, brainpool curves, DSA, and
signatures over SHA-224, SHA-3 and MD5. Firefox also lacks the other parameter sets of ML-KEM, and ML-DSA.
"""

from __future__ import annotations

import secrets
from typing import Final

from smime_core.algorithms import Curve, SignatureAlgorithm, SignatureScheme
from smime_core.arithmetic import edwards, ml_dsa, montgomery
from smime_core.arithmetic.weierstrass import decompress_point
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch, UnsupportedByProvider
from smime_core.keys import (
    EDWARDS_CURVES,
    ML_DSA_PARAMETERS,
    MONTGOMERY_CURVES,
    lattice_private_key,
    read_expanded_private,
    read_raw_private,
    subject_public_key,
)
from smime_core.keys.raw import SEED_LENGTHS, parse_raw_private_key
from smime_core.provider import KeyType, NewKey, PrivateKey, PublicKey
from smime_core.providers.python_dsa import verify_dsa_digest
from smime_core.providers.python_ec import (
    agree_ecdh,
    agree_ephemeral_ecdh,
    sign_ecdsa,
    verify_ecdsa_digest,
)
from smime_core.providers.python_hashes import python_digest
from smime_core.providers.python_ml_dsa import sign_ml_dsa
from smime_core.providers.python_rsa_signatures import sign_rsa, verify_rsa_digest

_MISMATCH: Final = "the signature does not fit the content and the key"


def sign_in_python(key: PrivateKey, algorithm: SignatureAlgorithm, data: Buffer) -> bytes:
    """A signature with a key that fits the algorithm. Raises UnsupportedByProvider for DSA."""
    if algorithm.scheme is SignatureScheme.ECDSA:
        return sign_ecdsa(key, algorithm.hash_name, data)
    if key.key_type is KeyType.RSA:
        return sign_rsa(key, algorithm, data)
    if key.key_type in EDWARDS_CURVES:
        return edwards.sign(EDWARDS_CURVES[key.key_type], read_raw_private(key), bytes(data))
    if key.key_type in ML_DSA_PARAMETERS:
        return sign_ml_dsa(ML_DSA_PARAMETERS[key.key_type], read_expanded_private(key), bytes(data))
    raise UnsupportedByProvider("sign", "DSA is never made")


def verify_in_python(key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
    """Return if the signature verifies, with a key that fits the algorithm. Raises SignatureMismatch."""
    if algorithm.scheme in (SignatureScheme.ECDSA, SignatureScheme.DSA) or key.key_type is KeyType.RSA:
        verify_digest_in_python(key, algorithm, signature, python_digest(algorithm.hash_name, data))
    elif not _is_pure_signature(key, signature, bytes(data)):
        raise SignatureMismatch(_MISMATCH)


def verify_digest_in_python(key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes) -> None:
    """Like `verify_in_python`, with the digest of the data.

    Raises SignatureMismatch, or UnsupportedByProvider for a key that signs the data itself.
    """
    if algorithm.scheme is SignatureScheme.ECDSA:
        verify_ecdsa_digest(key, signature, digest)
    elif algorithm.scheme is SignatureScheme.DSA:
        verify_dsa_digest(key, signature, digest)
    elif key.key_type is KeyType.RSA:
        verify_rsa_digest(key, algorithm, signature, digest)
    else:
        raise UnsupportedByProvider("verify_digest", "the key signs the data itself")


def agree_in_python(key: PrivateKey, public: bytes) -> bytes:
    """The shared secret of ECDH, X25519 or X448. Raises DecryptionError if `public` is no public key."""
    if key.key_type is KeyType.EC:
        return agree_ecdh(key, public)
    curve = MONTGOMERY_CURVES[key.key_type]
    if len(public) != curve.length:
        raise DecryptionError
    secret = montgomery.multiply(curve, read_raw_private(key), public)
    # RFC 8418 section 2.
    if not any(secret):
        raise DecryptionError
    return secret


def agree_ephemeral_in_python(key: PublicKey) -> tuple[bytes, bytes]:
    """(ephemeral public key, shared secret). Raises ProviderError for a key that allows no agreement."""
    if key.key_type is KeyType.EC:
        return agree_ephemeral_ecdh(key)
    curve = MONTGOMERY_CURVES[key.key_type]
    private = secrets.token_bytes(curve.length)
    secret = montgomery.multiply(curve, private, subject_public_key(key))
    if not any(secret):
        raise ProviderError("agree_ephemeral", "the key has a small order")
    return montgomery.public_half(curve, private), secret


def uncompressed_point(curve: Curve, point: bytes) -> bytes:
    """The uncompressed form for WebCrypto. Raises DecryptionError for hybrid points and other bytes (MUSTS 26)."""
    if point[:1] in (b"\x02", b"\x03"):
        point = decompress_point(curve, point) or b""
    if point[:1] != b"\x04":
        raise DecryptionError
    return point


def make_raw_key(kind: NewKey) -> PrivateKey:
    """A fresh private key of a kind whose keys are random bytes without structure."""
    key_type = KeyType(kind)
    if key_type in SEED_LENGTHS:
        return lattice_private_key(key_type, secrets.token_bytes(SEED_LENGTHS[key_type]))
    curve = EDWARDS_CURVES.get(key_type) or MONTGOMERY_CURVES[key_type]
    return parse_raw_private_key(key_type, der.octet_string(secrets.token_bytes(curve.length)), public=None)


def _is_pure_signature(key: PublicKey, signature: bytes, data: bytes) -> bool:
    if key.key_type in EDWARDS_CURVES:
        return edwards.is_signature(EDWARDS_CURVES[key.key_type], subject_public_key(key), signature, data)
    return ml_dsa.is_signature(ML_DSA_PARAMETERS[key.key_type], subject_public_key(key), signature, data)
