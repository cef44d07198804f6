"""Whose key: how CMS names a certificate, who holds a private key, and what a key signs with.

SignerIdentifier and RecipientIdentifier share one form (RFC 5652 sections 5.3 and 6.2.1): issuer and serial number,
or the subject key identifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from smime_core import der
from smime_core.algorithms import (
    PURE_SCHEME_HASHES,
    PURE_SCHEMES,
    Curve,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    hash_length,
)
from smime_core.certificate import Certificate, names_match
from smime_core.der import Tlv
from smime_core.distinguished_name import name_text
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.provider import KeyType, PrivateKey, PssRestriction


class Encoded(Protocol):
    """What has a DER encoding, as `certificate.Certificate` has."""

    @property
    def der(self) -> bytes:
        """The encoding."""


class KeyHolder(Protocol):
    """A certificate with its private key and the certificates above it; `identity.Identity` is one."""

    @property
    def certificate(self) -> Certificate:
        """Whose key it is, and what messages name it by."""

    @property
    def private_key(self) -> PrivateKey:
        """The private half of the certificate's key."""

    @property
    def chain(self) -> Sequence[Encoded]:
        """Certificates that may lead to an anchor, in any order; they travel with signatures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerAndSerial:
    issuer_der: bytes
    serial_number: int

    def matches(self, certificate: Certificate) -> bool:
        """By integer serial number and by name comparison (MUSTS 31 and 46)."""
        return self.serial_number == certificate.serial_number and names_match(self.issuer_der, certificate.issuer_der)

    def __str__(self) -> str:
        return f"{name_text(self.issuer_der)}, serial {self.serial_number:x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyIdentifier:
    value: bytes

    def matches(self, certificate: Certificate) -> bool:
        return self.value == certificate.subject_key_identifier

    def __str__(self) -> str:
        return f"key {self.value.hex()}"


CertificateId = IssuerAndSerial | KeyIdentifier


def parse_issuer_and_serial(tlv: Tlv, *, where: str) -> IssuerAndSerial:
    """An IssuerAndSerialNumber (RFC 5652 section 10.2.4). Raises MalformedMessage."""
    fields = der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)
    if len(fields) != 2:
        raise MalformedMessage(f"{len(fields)} fields, expected issuer and serial number", where=where)
    der.expect(fields[0], der.SEQUENCE, where=where)
    return IssuerAndSerial(
        issuer_der=der.to_definite(fields[0], where=where), serial_number=der.parse_integer(fields[1], where=where)
    )


def parse_certificate_id(tlv: Tlv, *, where: str) -> CertificateId:
    """IssuerAndSerialNumber, or [0] IMPLICIT SubjectKeyIdentifier. Raises MalformedMessage."""
    if tlv.tag in (0x80, 0xA0):
        return KeyIdentifier(value=bytes(der.read_octets(tlv, tag=0x80, where=where)))
    return parse_issuer_and_serial(tlv, where=where)


def build_issuer_and_serial(certificate: Certificate) -> bytes:
    return der.sequence(certificate.issuer_der, der.integer(certificate.serial_number))


def choose_holder_algorithm(holder: KeyHolder, scheme: SignatureScheme | None = None) -> SignatureAlgorithm:
    """What a holder signs with, by the key and by what the certificate binds it to. Raises UnsupportedAlgorithm."""
    return choose_signature_algorithm(holder.private_key, scheme, pss=holder.certificate.public_key.pss)


def choose_signature_algorithm(
    key: PrivateKey, scheme: SignatureScheme | None = None, *, pss: PssRestriction | None = None
) -> SignatureAlgorithm:
    """What `key` signs with: SHA-256, on larger curves the hash of their strength (RFC 5753 section 8).

    None is RSA v1.5 for RSA keys, which every reader knows, and PSS for a key that its certificate binds to it with
    `pss`. PSS salts are as long as the hash (RFC 4055 section 3.1).
    Raises UnsupportedAlgorithm for a scheme that is not the key's, and for keys that sign nothing.
    """
    schemes = (SignatureScheme.RSA_PSS,) if pss is not None else _SCHEMES.get(key.key_type, ())
    chosen = scheme or next(iter(schemes), None)
    if chosen is None or chosen not in schemes:
        raise UnsupportedAlgorithm(chosen or key.key_type, f"signature with a key for {key.key_type}")
    if chosen in PURE_SCHEMES:
        return SignatureAlgorithm(scheme=chosen, hash_name=PURE_SCHEME_HASHES[chosen])
    if chosen is SignatureScheme.ECDSA:
        hash_name = _CURVE_HASHES[key.curve] if key.curve else HashName.SHA256
        return SignatureAlgorithm(scheme=chosen, hash_name=hash_name)
    if chosen is SignatureScheme.RSA_PSS:
        if pss is not None and pss.parameters is not None:
            return pss.parameters
        return SignatureAlgorithm(scheme=chosen, hash_name=HashName.SHA256, salt_length=hash_length(HashName.SHA256))
    return SignatureAlgorithm(scheme=chosen, hash_name=HashName.SHA256)


# What each kind of key signs with, its default first.
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
