"""Keys that are plain bytes: Ed25519, Ed448, X25519, X448 (RFC 8410), ML-DSA (RFC 9881) and ML-KEM (RFC 9935).

A private ML-DSA or ML-KEM key is read as its seed, its expanded form, or both. If there is a seed, only the seed is
kept.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from smime_core.algorithms import PURE_SCHEME_OIDS, SignatureScheme
from smime_core.arithmetic import edwards, ml_dsa, ml_kem, montgomery
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage
from smime_core.keys.forms import build_pkcs8, build_spki, private_key_field
from smime_core.provider import KeyType, PrivateKey, PublicKey

ML_KEM_PARAMETERS: Final = {
    KeyType.ML_KEM_512: ml_kem.ML_KEM_512,
    KeyType.ML_KEM_768: ml_kem.ML_KEM_768,
    KeyType.ML_KEM_1024: ml_kem.ML_KEM_1024,
}
ML_DSA_PARAMETERS: Final = {
    KeyType.ML_DSA_44: ml_dsa.ML_DSA_44,
    KeyType.ML_DSA_65: ml_dsa.ML_DSA_65,
    KeyType.ML_DSA_87: ml_dsa.ML_DSA_87,
}
EDWARDS_CURVES: Final = {KeyType.ED25519: edwards.ED25519, KeyType.ED448: edwards.ED448}
MONTGOMERY_CURVES: Final = {KeyType.X25519: montgomery.X25519, KeyType.X448: montgomery.X448}
_OIDS: Final = {
    KeyType.ED25519: PURE_SCHEME_OIDS[SignatureScheme.ED25519],
    KeyType.ED448: PURE_SCHEME_OIDS[SignatureScheme.ED448],
    KeyType.X25519: "1.3.101.110",
    KeyType.X448: "1.3.101.111",
    KeyType.ML_DSA_44: PURE_SCHEME_OIDS[SignatureScheme.ML_DSA_44],
    KeyType.ML_DSA_65: PURE_SCHEME_OIDS[SignatureScheme.ML_DSA_65],
    KeyType.ML_DSA_87: PURE_SCHEME_OIDS[SignatureScheme.ML_DSA_87],
    KeyType.ML_KEM_512: "2.16.840.1.101.3.4.4.1",
    KeyType.ML_KEM_768: "2.16.840.1.101.3.4.4.2",
    KeyType.ML_KEM_1024: "2.16.840.1.101.3.4.4.3",
}
RAW_KEY_TYPES: Final = {oid: key_type for key_type, oid in _OIDS.items()}
# The `bits` of each type of key: the size of the curve's field, or the security that FIPS 203 and FIPS 204 claim
# (categories 1 or 2, 3 and 5).
_BITS: Final = {
    KeyType.ED25519: 255,
    KeyType.ED448: 448,
    KeyType.X25519: 255,
    KeyType.X448: 448,
    KeyType.ML_DSA_44: 128,
    KeyType.ML_DSA_65: 192,
    KeyType.ML_DSA_87: 256,
    KeyType.ML_KEM_512: 128,
    KeyType.ML_KEM_768: 192,
    KeyType.ML_KEM_1024: 256,
}
_SEED: Final = 0x80
SEED_LENGTHS: Final = {**dict.fromkeys(ML_KEM_PARAMETERS, 64), **dict.fromkeys(ML_DSA_PARAMETERS, 32)}  # in bytes
_PUBLIC_LENGTHS: Final = {
    **{key_type: curve.length for key_type, curve in EDWARDS_CURVES.items()},
    **{key_type: curve.length for key_type, curve in MONTGOMERY_CURVES.items()},
    **{key_type: parameters.public_length for key_type, parameters in ML_KEM_PARAMETERS.items()},
    **{key_type: parameters.public_length for key_type, parameters in ML_DSA_PARAMETERS.items()},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LatticePrivate:
    """A private ML-KEM or ML-DSA key as it is stored: its seed, its expanded form if the seed is lost, or both."""

    seed: bytes | None = field(repr=False)
    expanded: bytes | None = field(repr=False)


def raw_public_key(key_type: KeyType, octets: bytes, where: str = "SubjectPublicKeyInfo") -> PublicKey:
    """A public key from its bytes. Raises MalformedMessage for a wrong length."""
    _check_length(key_type, octets, where)
    spki_der = build_spki(der.oid(_OIDS[key_type]), octets)
    return PublicKey(spki_der=spki_der, key_type=key_type, bits=_BITS[key_type])


def parse_raw_private_key(key_type: KeyType, key_der: Buffer, *, public: bytes | None) -> PrivateKey:
    """Parse the content of privateKey. `public` is the structure's publicKey field (RFC 5958 section 2), or None.

    Raises MalformedMessage, also if the two halves or the two forms of a key do not belong together.
    """
    if key_type in SEED_LENGTHS:
        key = _lattice_private_key(key_type, _parse_lattice(key_type, key_der))
    else:
        octets = bytes(der.read_octets(der.read_one(key_der, where="CurvePrivateKey"), where="CurvePrivateKey"))
        _check_length(key_type, octets, where="CurvePrivateKey")
        key = _private_key(key_type, der.octet_string(octets))
    if public is not None and raw_public_half(key).spki_der != raw_public_key(key_type, public).spki_der:
        raise MalformedMessage("its public key belongs to another private key", where="PrivateKeyInfo")
    return key


def raw_private_key(key_type: KeyType, octets: bytes) -> PrivateKey:
    """An Ed25519, Ed448, X25519 or X448 private key from its bytes. Raises MalformedMessage for a wrong length."""
    return parse_raw_private_key(key_type, der.octet_string(octets), public=None)


def raw_public_half(key: PrivateKey) -> PublicKey:
    """The public half, computed from a private key of a type in this module."""
    kind = key.key_type
    if kind in EDWARDS_CURVES:
        return raw_public_key(kind, edwards.public_half(EDWARDS_CURVES[kind], read_raw_private(key)))
    if kind in MONTGOMERY_CURVES:
        return raw_public_key(kind, montgomery.public_half(MONTGOMERY_CURVES[kind], read_raw_private(key)))
    expanded = read_expanded_private(key)
    if kind in ML_KEM_PARAMETERS:
        return raw_public_key(kind, ml_kem.public_half(ML_KEM_PARAMETERS[kind], expanded))
    # The parts belong together, because that was checked when the key was parsed. So the result is never None.
    return raw_public_key(kind, ml_dsa.public_half(ML_DSA_PARAMETERS[kind], expanded) or b"")


def read_raw_private(key: PrivateKey) -> bytes:
    """The bytes of an Ed25519, Ed448, X25519 or X448 private key."""
    return bytes(der.read_one(private_key_field(key.pkcs8_der)).content)


def read_lattice_private(key: PrivateKey) -> LatticePrivate:
    """The seed or the expanded form of an ML-KEM or ML-DSA private key."""
    tlv = der.read_one(private_key_field(key.pkcs8_der))
    octets = bytes(tlv.content)
    return (
        LatticePrivate(seed=octets, expanded=None) if tlv.tag == _SEED else LatticePrivate(seed=None, expanded=octets)
    )


def read_expanded_private(key: PrivateKey) -> bytes:
    """The expanded form of an ML-KEM or ML-DSA private key, made from the seed if the seed is stored."""
    stored = read_lattice_private(key)
    if stored.expanded is not None:
        return stored.expanded
    return _expand(key.key_type, stored.seed or b"")


def lattice_private_key(key_type: KeyType, seed: bytes) -> PrivateKey:
    """An ML-KEM or ML-DSA private key from its seed. Raises MalformedMessage for a wrong length."""
    return parse_raw_private_key(key_type, der.element(_SEED, seed), public=None)


def _parse_lattice(key_type: KeyType, key_der: Buffer) -> LatticePrivate:
    # RFC 9881 section 6 and RFC 9935 section 6: seed [0], expandedKey, or a SEQUENCE of both.
    where = f"{key_type} private key"
    tlv = der.read_one(key_der, where)
    if tlv.tag == _SEED:
        stored = LatticePrivate(seed=bytes(tlv.content), expanded=None)
    elif tlv.tag == der.OCTET_STRING:
        stored = LatticePrivate(seed=None, expanded=bytes(tlv.content))
    else:
        both = der.read_fields(tlv, where, 2, expected="seed and expandedKey")
        seed, expanded = (bytes(der.expect(child, der.OCTET_STRING, where).content) for child in both)
        stored = LatticePrivate(seed=seed, expanded=expanded)
    _check_lattice(key_type, stored, where)
    return stored


def _check_lattice(key_type: KeyType, stored: LatticePrivate, where: str) -> None:
    seed_length = SEED_LENGTHS[key_type]
    if stored.seed is not None and len(stored.seed) != seed_length:
        raise MalformedMessage(f"a seed of {len(stored.seed)} bytes, expected {seed_length}", where)
    if stored.expanded is None:
        return
    if stored.seed is not None:
        # RFC 9881 section 8.2 and RFC 9935 section 8.2: if both forms are present, the importer compares them.
        if not hmac.compare_digest(_expand(key_type, stored.seed), stored.expanded):
            raise MalformedMessage("seed and expandedKey are two keys", where)
    elif not _is_consistent(key_type, stored.expanded):
        raise MalformedMessage("the expanded key does not fit itself", where)


def _is_consistent(key_type: KeyType, expanded: bytes) -> bool:
    if key_type in ML_KEM_PARAMETERS:
        return ml_kem.is_private_key(ML_KEM_PARAMETERS[key_type], expanded)
    return ml_dsa.public_half(ML_DSA_PARAMETERS[key_type], expanded) is not None


def _expand(key_type: KeyType, seed: bytes) -> bytes:
    if key_type in ML_KEM_PARAMETERS:
        return ml_kem.expand_seed(ML_KEM_PARAMETERS[key_type], seed)
    return ml_dsa.expand_seed(ML_DSA_PARAMETERS[key_type], seed)


def _lattice_private_key(key_type: KeyType, stored: LatticePrivate) -> PrivateKey:
    if stored.seed is not None:
        return _private_key(key_type, der.element(_SEED, stored.seed))
    return _private_key(key_type, der.octet_string(stored.expanded or b""))


def _private_key(key_type: KeyType, key_der: bytes) -> PrivateKey:
    pkcs8_der = build_pkcs8(der.oid(_OIDS[key_type]), key_der)
    return PrivateKey(pkcs8_der=pkcs8_der, key_type=key_type, bits=_BITS[key_type])


def _check_length(key_type: KeyType, octets: bytes, where: str) -> None:
    # The private keys of the curves are as long as the public keys.
    expected = _PUBLIC_LENGTHS[key_type]
    if len(octets) != expected:
        raise MalformedMessage(f"{len(octets)} bytes, expected {expected} for {key_type}", where)
