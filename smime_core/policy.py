"""Policies on algorithms (docs/library.md): SEND for writing, RECEIVE for today's mail, ARCHIVE for old mail.

ARCHIVE accepts weak algorithms for reading and reports them as weak. Weak algorithms are never written. A weak
signature never makes a message `verified`. A weak cipher does not change the verdict on the signature inside.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from smime_core.algorithms import HASH_OIDS, ContentCipher, HashName, KeyWrap, SignatureAlgorithm, SignatureScheme
from smime_core.errors import AlgorithmForbidden
from smime_core.provider import KeyType, PrivateKey, PublicKey


class Policy(StrEnum):
    """The policies, strictest first (RFC 8551 section 2 and Appendix B)."""

    SEND = "SEND"
    """For writing: SHA-2 or newer hashes, AES, and signed attributes only in DER."""
    RECEIVE = "RECEIVE"
    """For today's mail. The default of every reader; refuses SHA-1, MD5, DSA, 3DES, DES and RC2."""
    ARCHIVE = "ARCHIVE"
    """For old mail: also accepts the algorithms that RECEIVE refuses, and reports them as weak."""


# RFC 8551 section 2.1 and Appendix B call MD5 and SHA-1 historic.
_MIN_KEY_BITS: Final = 2_048  # NIST SP 800-57 part 1, table 2: 112 bits of security.
_MEASURED: Final = frozenset({KeyType.RSA, KeyType.DSA})
_WEAK_HASHES: Final = frozenset({HashName.MD5, HashName.SHA1})


_MIN_CURVE_BITS: Final = 224  # NIST SP 800-131A section 3: smaller curves have less than 112 bits of security.


def find_weakness(key: PublicKey | PrivateKey) -> str | None:
    """The kind and size of a key that is too short to be used for new mail, such as "RSA 1024", or None.

    RFC 8551 section 4.3: keys below 2,048 bits are not generated, and their signatures prove less than signatures of
    longer keys. Keys on all supported curves are longer than they need to be (RFC 5753).
    """
    is_short = key.key_type in _MEASURED and key.bits < _MIN_KEY_BITS
    return f"{key.key_type.upper()} {key.bits}" if is_short else None


def is_weak_signature(algorithm: SignatureAlgorithm, key: PublicKey | None = None) -> bool:
    """Whether a signature by `algorithm` can be forged today or soon: MD5, SHA-1, DSA (RFC 8551 Appendix B).

    With `key`, also whether the curve of the key is too small.
    """
    is_small = key is not None and key.curve is not None and key.bits < _MIN_CURVE_BITS
    return is_small or algorithm.hash_name in _WEAK_HASHES or algorithm.scheme is SignatureScheme.DSA


def check_signature_algorithm(algorithm: SignatureAlgorithm, policy: Policy, key: PublicKey | None = None) -> None:
    """Raise AlgorithmForbidden for a weak signature or a weak `key`, except under policy ARCHIVE."""
    if policy is not Policy.ARCHIVE and is_weak_signature(algorithm, key):
        raise AlgorithmForbidden(HASH_OIDS[algorithm.hash_name], f"signature by {algorithm.label}", policy=policy)


def check_hash(hash_name: HashName, policy: Policy, *, role: str) -> None:
    """Raise AlgorithmForbidden for a digest with MD5 or SHA-1, except under policy ARCHIVE."""
    if policy is not Policy.ARCHIVE and hash_name in _WEAK_HASHES:
        raise AlgorithmForbidden(HASH_OIDS[hash_name], role, policy=policy)


def check_content_cipher(cipher: ContentCipher, policy: Policy) -> None:
    """Raise AlgorithmForbidden for 3DES, DES and RC2, except under policy ARCHIVE."""
    if policy is not Policy.ARCHIVE and cipher.is_weak:
        raise AlgorithmForbidden(cipher.oid, f"content encryption by {cipher.name}", policy=policy)


def check_key_wrap(wrap: KeyWrap, policy: Policy) -> None:
    """Raise AlgorithmForbidden for the wraps of 3DES and RC2, except under policy ARCHIVE."""
    if policy is not Policy.ARCHIVE and wrap.is_weak:
        raise AlgorithmForbidden(wrap.oid, wrap.name, policy=policy)
