"""The protocol of an object that holds a private key with its certificates, and the signature algorithm for a key."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Final, Protocol

from smime_core.algorithms import (
    CURVE_OIDS,
    PURE_SCHEME_HASHES,
    PURE_SCHEMES,
    VERIFIED_CURVES,
    Curve,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    hash_length,
)
from smime_core.errors import UnsupportedAlgorithm
from smime_core.provider import KeyType, PrivateKey, PssRestriction
from smime_core.x509.certificate import Certificate


class Encoded(Protocol):
    """An object with a DER encoding, such as `certificate.Certificate`."""

    @property
    def der(self) -> bytes:
        """The DER encoding of the object."""


class KeyHolder(Protocol):
    """A certificate with its private key and the certificates above it, such as `identity.Identity`."""

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key. Messages name the holder by this certificate."""

    @property
    def private_key(self) -> PrivateKey:
        """The private key of the certificate."""

    @property
    def chain(self) -> Sequence[Encoded]:
        """Certificates that may lead to a trust anchor, in any order. They are added to signatures."""


def choose_holder_algorithm(
    holder: KeyHolder, scheme: SignatureScheme | None = None, *, rsa_hash: HashName | None = None
) -> SignatureAlgorithm:
    """The signature algorithm for a holder's key and certificate. Raises UnsupportedAlgorithm."""
    if holder.certificate.public_key.receives_only:
        text = f"the key of {holder.certificate.common_name} is bound to encryption: it signs nothing"
        raise UnsupportedAlgorithm(holder.private_key.key_type, "signer", text=text)
    pss = holder.certificate.public_key.pss
    return choose_signature_algorithm(holder.private_key, scheme, pss=pss, rsa_hash=rsa_hash)


def choose_holder_algorithms(
    holders: Sequence[KeyHolder],
    scheme: SignatureScheme | None = None,
    *,
    rsa_hash: HashName | None = None,
    beside: Collection[HashName] = (),
) -> list[SignatureAlgorithm]:
    """One algorithm for each of several holders who sign the same content, with one hash where their keys allow it.

    `beside` has the hashes of the existing signatures.

    Some mail programs treat a message with two digests as unsigned. So RSA and ECDSA keys use the longest hash of all,
    or the hash of a key with a fixed hash. No key uses a shorter hash than it would use alone. Raises
    UnsupportedAlgorithm.
    """
    own = [choose_holder_algorithm(key_holder, scheme, rsa_hash=rsa_hash) for key_holder in holders]
    fixed = {
        algorithm.hash_name
        for holder, algorithm in zip(holders, own, strict=True)
        if algorithm.is_pure or _is_bound(holder, rsa_hash)
    } | set(beside)
    common = max(fixed or (algorithm.hash_name for algorithm in own), key=hash_length)
    if (
        fixed - {common}
        or common not in _COMMON
        or any(hash_length(choice.hash_name) > hash_length(common) for choice in own)
    ):
        return own
    return [_with_hash(algorithm, common) for algorithm in own]


def choose_signature_algorithm(
    key: PrivateKey,
    scheme: SignatureScheme | None = None,
    *,
    pss: PssRestriction | None = None,
    rsa_hash: HashName | None = None,
) -> SignatureAlgorithm:
    """The signature algorithm for `key`.

    The hash is SHA-256, or for larger curves a hash of the same strength (RFC 5753 section 8); `rsa_hash` replaces it
    for RSA keys. Without `scheme`, an RSA key uses v1.5, which every mail program supports, or PSS if its certificate
    restricts it to PSS (`pss`). PSS salts are as long as the hash (RFC 4055 section 3.1). Raises UnsupportedAlgorithm
    for a scheme or hash that does not fit the key or its certificate, and for keys that cannot sign.
    """
    schemes = (SignatureScheme.RSA_PSS,) if pss is not None else _SCHEMES.get(key.key_type, ())
    chosen = scheme or next(iter(schemes), None)
    if chosen is None or chosen not in schemes:
        raise UnsupportedAlgorithm(chosen or key.key_type, f"signature with a key for {key.key_type}")
    if chosen in PURE_SCHEMES:
        return SignatureAlgorithm(scheme=chosen, hash_name=PURE_SCHEME_HASHES[chosen])
    if key.curve in VERIFIED_CURVES:
        raise UnsupportedAlgorithm(CURVE_OIDS[key.curve], f"signature with a key on {key.curve}")
    if chosen is SignatureScheme.ECDSA:
        hash_name = _CURVE_HASHES[key.curve] if key.curve else HashName.SHA256
        return SignatureAlgorithm(scheme=chosen, hash_name=hash_name)
    hash_name = rsa_hash or HashName.SHA256
    if chosen is SignatureScheme.RSA_PSS:
        if pss is not None and pss.parameters is not None:
            if rsa_hash not in (None, pss.parameters.hash_name):
                raise UnsupportedAlgorithm(hash_name, "a hash to which the certificate does not bind its key")
            return pss.parameters
        return SignatureAlgorithm(scheme=chosen, hash_name=hash_name, salt_length=hash_length(hash_name))
    return SignatureAlgorithm(scheme=chosen, hash_name=hash_name)


def _is_bound(holder: KeyHolder, rsa_hash: HashName | None) -> bool:
    """Whether the certificate or the caller fixes the hash with which an RSA key signs."""
    if holder.private_key.key_type is not KeyType.RSA:
        return False
    pss = holder.certificate.public_key.pss
    return rsa_hash is not None or (pss is not None and pss.parameters is not None)


def _with_hash(algorithm: SignatureAlgorithm, hash_name: HashName) -> SignatureAlgorithm:
    if algorithm.hash_name is hash_name:
        return algorithm
    salt_length = hash_length(hash_name) if algorithm.scheme is SignatureScheme.RSA_PSS else algorithm.salt_length
    return dataclasses.replace(algorithm, hash_name=hash_name, salt_length=salt_length)


# The hashes that RSA and ECDSA keys can use instead of their default.
_COMMON: Final = frozenset((HashName.SHA256, HashName.SHA384, HashName.SHA512))
# The signature schemes of each type of key, the default first.
_SCHEMES: Final = {
    KeyType.RSA: (SignatureScheme.RSA_PKCS1_V15, SignatureScheme.RSA_PSS),
    KeyType.EC: (SignatureScheme.ECDSA,),
    KeyType.ED25519: (SignatureScheme.ED25519,),
    KeyType.ED448: (SignatureScheme.ED448,),
    KeyType.ML_DSA_44: (SignatureScheme.ML_DSA_44,),
    KeyType.ML_DSA_65: (SignatureScheme.ML_DSA_65,),
    KeyType.ML_DSA_87: (SignatureScheme.ML_DSA_87,),
}
_CURVE_HASHES: Final = {
    Curve.P256: HashName.SHA256,
    Curve.P384: HashName.SHA384,
    Curve.P521: HashName.SHA512,
    Curve.BRAINPOOL_P256R1: HashName.SHA256,
    Curve.BRAINPOOL_P384R1: HashName.SHA384,
    Curve.BRAINPOOL_P512R1: HashName.SHA512,
}
