"""Turn keys of the core into keys of pyca/cryptography, and generate new keys.

The library lacks ML-KEM-512 and ML-KEM keys without a seed; `python_ml_kem` handles both.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    mldsa,
    mlkem,
    rsa,
    x448,
    x25519,
)

from smime_core.errors import UnsupportedByProvider
from smime_core.keys import lattice_private_key, parse_private_key, read_lattice_private
from smime_core.provider import KeyType, NewKey, PrivateKey, PublicKey
from smime_core.providers.python_ml_kem import generate_seed

EdwardsPublicKey = ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
EdwardsPrivateKey = ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
MlDsaPublicKey = mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey
MlDsaPrivateKey = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
MlKemPublicKey = mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey
MlKemPrivateKey = mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey
ForeignPublicKey = (
    rsa.RSAPublicKey
    | ec.EllipticCurvePublicKey
    | dsa.DSAPublicKey
    | EdwardsPublicKey
    | x25519.X25519PublicKey
    | x448.X448PublicKey
    | MlDsaPublicKey
    | MlKemPublicKey
)
ForeignPrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | EdwardsPrivateKey
    | x25519.X25519PrivateKey
    | x448.X448PrivateKey
    | MlDsaPrivateKey
    | MlKemPrivateKey
)

_NEW_RSA_BITS: Final = {NewKey.RSA_2048: 2048, NewKey.RSA_3072: 3072}
_NEW_CURVES: Final[dict[NewKey, ec.EllipticCurve]] = {
    NewKey.P256: ec.SECP256R1(),
    NewKey.P384: ec.SECP384R1(),
    NewKey.P521: ec.SECP521R1(),
}
_NEW_RAW_KEYS: Final[dict[NewKey, type[EdwardsPrivateKey | x25519.X25519PrivateKey | x448.X448PrivateKey]]] = {
    NewKey.ED25519: ed25519.Ed25519PrivateKey,
    NewKey.ED448: ed448.Ed448PrivateKey,
    NewKey.X25519: x25519.X25519PrivateKey,
    NewKey.X448: x448.X448PrivateKey,
}
_SEEDED: Final[dict[KeyType, type[MlDsaPrivateKey | MlKemPrivateKey]]] = {
    KeyType.ML_DSA_44: mldsa.MLDSA44PrivateKey,
    KeyType.ML_DSA_65: mldsa.MLDSA65PrivateKey,
    KeyType.ML_DSA_87: mldsa.MLDSA87PrivateKey,
    KeyType.ML_KEM_768: mlkem.MLKEM768PrivateKey,
    KeyType.ML_KEM_1024: mlkem.MLKEM1024PrivateKey,
}


def load_public(key: PublicKey) -> ForeignPublicKey:
    """The library's public key. Raises UnsupportedByProvider, or the library's error for an invalid key."""
    loaded = serialization.load_der_public_key(key.spki_der)
    if not isinstance(loaded, ForeignPublicKey):
        raise UnsupportedByProvider("import_key", f"{key.key_type} is not supported")
    return loaded


def load_private(key: PrivateKey) -> ForeignPrivateKey:
    """The library's private key. Raises UnsupportedByProvider, or the library's error for an invalid key."""
    if key.key_type in _SEEDED:
        seed = read_lattice_private(key).seed
        if seed is None:
            raise UnsupportedByProvider("import_key", f"{key.key_type} without its seed is not supported")
        return _SEEDED[key.key_type].from_seed_bytes(seed)
    # The package `keys` has checked that the numbers belong together. Proving p and q prime would take 30 ms per key.
    loaded = serialization.load_der_private_key(key.pkcs8_der, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(loaded, ForeignPrivateKey):
        raise UnsupportedByProvider("import_key", f"{key.key_type} is not supported")
    return loaded


def generate(kind: NewKey) -> tuple[PrivateKey, ForeignPrivateKey | None]:
    """A fresh key pair, and the library's object for it. The object is None for ML-KEM-512, which the library lacks."""
    if kind is NewKey.ML_KEM_512:
        return lattice_private_key(KeyType.ML_KEM_512, generate_seed()), None
    foreign: ForeignPrivateKey
    if kind in _NEW_RSA_BITS:
        foreign = rsa.generate_private_key(public_exponent=65537, key_size=_NEW_RSA_BITS[kind])
    elif kind in _NEW_CURVES:
        foreign = ec.generate_private_key(_NEW_CURVES[kind])
    elif kind in _NEW_RAW_KEYS:
        foreign = _NEW_RAW_KEYS[kind].generate()
    else:
        key_type = KeyType(kind.value)
        seeded = _SEEDED[key_type].generate()
        return lattice_private_key(key_type, seeded.private_bytes_raw()), seeded
    pkcs8_der = foreign.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return parse_private_key(pkcs8_der), foreign
