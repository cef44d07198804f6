"""Certificates of a message that cannot be read, with the names by which a SignerInfo may refer to them.

Issuer, serial number and key identifier are read leniently, because they only explain why a signer has no certificate.
They never make a certificate count.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.certificate_id import CertificateId, IssuerAndSerial, KeyIdentifier
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.x509.certificate import Certificate, parse_certificate

_VERSION: Final = 0xA0
_KEY_IDENTIFIER_EXTENSION: Final = der.oid("2.5.29.14")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableCertificate:
    """A certificate that cannot be read, and the `problem`. Names that cannot be found are None."""

    octets: bytes = field(repr=False)
    problem: str
    name: IssuerAndSerial | None = None
    key_identifier: KeyIdentifier | None = None

    def __str__(self) -> str:
        named = self.name or self.key_identifier
        try:
            return f"{named}: {self.problem}" if named else self.problem
        except MalformedMessage:
            return self.problem

    def may_be(self, sid: CertificateId) -> bool:
        """Whether `sid` may name this certificate: it equals one of the certificate's names, or no name can be read.

        Issuers are compared byte by byte.
        """
        if self.name is None and self.key_identifier is None:
            return True
        return sid in (self.name, self.key_identifier)


def read_certificates(encodings: Iterable[bytes]) -> tuple[tuple[Certificate, ...], tuple[UnreadableCertificate, ...]]:
    """Returns (the certificates, those that cannot be read). An unreadable certificate does not hide the others."""
    certificates: list[Certificate] = []
    unreadable: list[UnreadableCertificate] = []
    for octets in encodings:
        try:
            certificates.append(parse_certificate(octets))
        except SmimeError as error:
            unreadable.append(describe_unreadable(octets, str(error)))
    return tuple(certificates), tuple(unreadable)


def describe_unreadable(octets: bytes, problem: str) -> UnreadableCertificate:
    """Return the facts that can be found in the bytes of a certificate that `parse_certificate` refused."""
    return UnreadableCertificate(
        octets=octets, problem=problem, name=_find_name(octets), key_identifier=_find_key_identifier(octets)
    )


def _find_name(octets: bytes) -> IssuerAndSerial | None:
    with contextlib.suppress(MalformedMessage):
        fields: list[Tlv] = []
        certificate = der.expect(_next(octets)[0], der.SEQUENCE, where="certificate")
        rest = bytes(_next(certificate.content)[0].content)
        while rest and len(fields) < 4:
            field_tlv, rest = _next(rest)
            fields.append(field_tlv)
        # TBSCertificate ::= SEQUENCE { version [0] DEFAULT v1, serialNumber, signature, issuer, ... }
        named = fields[1:4] if fields and fields[0].tag == _VERSION else fields[:3]
        if len(named) < 3:
            return None
        serial, _, issuer = named
        der.expect(issuer, der.SEQUENCE, where="issuer")
        return IssuerAndSerial(issuer_der=bytes(issuer.encoded), serial_number=der.parse_integer(serial, "serial"))
    return None


def _next(octets: der.Buffer) -> tuple[Tlv, bytes]:
    element, end = der.read_tlv(octets, 0, "certificate")
    return element, bytes(octets[end:])


def _find_key_identifier(octets: bytes) -> KeyIdentifier | None:
    start = octets.find(_KEY_IDENTIFIER_EXTENSION)
    if start < 0:
        return None
    with contextlib.suppress(MalformedMessage):
        value, _ = der.read_tlv(octets, start + len(_KEY_IDENTIFIER_EXTENSION), "subjectKeyIdentifier")
        inner = der.read_one(der.expect(value, der.OCTET_STRING, "subjectKeyIdentifier").content)
        return KeyIdentifier(value=bytes(der.expect(inner, der.OCTET_STRING, "subjectKeyIdentifier").content))
    return None
