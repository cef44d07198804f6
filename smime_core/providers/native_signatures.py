"""Signatures by pyca/cryptography: RSA v1.5 and PSS, ECDSA, DSA (verified only), EdDSA, ML-DSA.

Unless the scheme signs the data itself, this module hashes the data. This avoids a copy of a large message, because the
library's RSA signing accepts only `bytes`.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding as rsa_padding, rsa, utils

from smime_core.algorithms import HashName, SignatureAlgorithm, SignatureScheme, digest_data
from smime_core.asn1.der import Buffer
from smime_core.providers.native_keys import (
    EdwardsPrivateKey,
    EdwardsPublicKey,
    ForeignPrivateKey,
    ForeignPublicKey,
    MlDsaPrivateKey,
    MlDsaPublicKey,
)

HASHES: Final[dict[HashName, hashes.HashAlgorithm]] = {
    HashName.MD5: hashes.MD5(),  # noqa: S303 -- verified under policy ARCHIVE only; policies decide, not providers
    HashName.SHA1: hashes.SHA1(),  # noqa: S303 -- likewise
    HashName.SHA224: hashes.SHA224(),
    HashName.SHA256: hashes.SHA256(),
    HashName.SHA384: hashes.SHA384(),
    HashName.SHA512: hashes.SHA512(),
    HashName.SHA512_224: hashes.SHA512_224(),
    HashName.SHA512_256: hashes.SHA512_256(),
    HashName.SHA3_224: hashes.SHA3_224(),
    HashName.SHA3_256: hashes.SHA3_256(),
    HashName.SHA3_384: hashes.SHA3_384(),
    HashName.SHA3_512: hashes.SHA3_512(),
    HashName.SHAKE128: hashes.SHAKE128(32),
    HashName.SHAKE256: hashes.SHAKE256(64),
}


def sign(key: ForeignPrivateKey, algorithm: SignatureAlgorithm, data: Buffer) -> bytes:
    """A signature over `data`. The caller has checked that the key fits."""
    if isinstance(key, EdwardsPrivateKey | MlDsaPrivateKey):
        return key.sign(data)
    hashed = utils.Prehashed(HASHES[algorithm.hash_name])
    message_digest = digest_data(algorithm.hash_name, data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message_digest, ec.ECDSA(hashed))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message_digest, _padding(algorithm), hashed)
    raise TypeError("the key makes no signatures")


def verify(key: ForeignPublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
    """Return if the signature verifies, else raise the library's InvalidSignature. The caller has checked the key."""
    if isinstance(key, EdwardsPublicKey | MlDsaPublicKey):
        key.verify(signature, data)
        return
    verify_digest(key, algorithm, signature, digest_data(algorithm.hash_name, data))


def verify_digest(key: ForeignPublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes) -> None:
    """Like `verify`, for data that was hashed already. Raises TypeError for a key that signs the data itself."""
    hashed = utils.Prehashed(HASHES[algorithm.hash_name])
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, digest, ec.ECDSA(hashed))
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(signature, digest, hashed)
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, digest, _padding(algorithm), hashed)
    else:
        raise TypeError("the key verifies no digests")


def _padding(algorithm: SignatureAlgorithm) -> rsa_padding.PKCS1v15 | rsa_padding.PSS:
    if algorithm.scheme is SignatureScheme.RSA_PKCS1_V15:
        return rsa_padding.PKCS1v15()
    return rsa_padding.PSS(mgf=rsa_padding.MGF1(HASHES[algorithm.mask_hash]), salt_length=algorithm.salt_length)
