"""The type of key that each signature algorithm needs, for all providers."""

from __future__ import annotations

from typing import Final

from smime_core.algorithms import SignatureAlgorithm, SignatureScheme
from smime_core.errors import SignatureMismatch
from smime_core.keys import parse_public_key
from smime_core.provider import KeyType, PublicKey

_KEY_TYPES: Final = {
    SignatureScheme.RSA_PKCS1_V15: KeyType.RSA,
    SignatureScheme.RSA_PSS: KeyType.RSA,
    SignatureScheme.ECDSA: KeyType.EC,
    SignatureScheme.ED25519: KeyType.ED25519,
    SignatureScheme.ED448: KeyType.ED448,
    SignatureScheme.ML_DSA_44: KeyType.ML_DSA_44,
    SignatureScheme.ML_DSA_65: KeyType.ML_DSA_65,
    SignatureScheme.ML_DSA_87: KeyType.ML_DSA_87,
    SignatureScheme.DSA: KeyType.DSA,
}


def fits(key_type: KeyType, algorithm: SignatureAlgorithm) -> bool:
    """Whether a key of this type makes and verifies signatures with `algorithm`."""
    return _KEY_TYPES[algorithm.scheme] is key_type


def check_key(key: PublicKey, algorithm: SignatureAlgorithm) -> None:
    """Raise SignatureMismatch if the key is of another type, or restricted to other PSS parameters.

    Raises UnsupportedAlgorithm for a key of an unknown kind.

    The parameters of a PSS key fix the hash and the shortest salt (RFC 4055 sections 1.2 and 3.1, MUSTS 10).
    """
    if key.key_type is KeyType.UNKNOWN:
        # The certificate was read without its key. Reading the key again raises the error that says why.
        parse_public_key(key.spki_der)
    if key.receives_only:
        raise SignatureMismatch("the key is bound to encryption and verifies no signature")
    if not fits(key.key_type, algorithm):
        raise SignatureMismatch(f"a key of type {key.key_type} verifies no {algorithm.label} signature")
    if key.pss is None:
        return
    if algorithm.scheme is not SignatureScheme.RSA_PSS:
        raise SignatureMismatch(f"the key is bound to RSA-PSS and verifies no {algorithm.label} signature")
    bound = key.pss.parameters
    if bound is None:
        return
    same_hashes = (algorithm.hash_name, algorithm.mask_hash) == (bound.hash_name, bound.mask_hash)
    if not same_hashes or algorithm.salt_length < bound.salt_length:
        raise SignatureMismatch(
            f"the key is bound to {bound.label} and a salt of {bound.salt_length} bytes or more,"
            f" found {algorithm.label} and {algorithm.salt_length}"
        )
