"""The name of a certificate in CMS: its issuer and serial number, or its subject key identifier.

SignerIdentifier and RecipientIdentifier have the same form (RFC 5652 sections 5.3 and 6.2.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.distinguished_name import name_text
from smime_core.x509.certificate import Certificate, names_match


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerAndSerial:
    issuer_der: bytes
    serial_number: int

    def matches(self, certificate: Certificate) -> bool:
        """Whether the certificate has this issuer and serial number.

        Serial numbers are compared as integers, issuers by the rules for comparing names (MUSTS 31 and 46).
        """
        return self.serial_number == certificate.serial_number and names_match(self.issuer_der, certificate.issuer_der)

    def __str__(self) -> str:
        # The text has no words, because it is inserted into sentences of every language.
        return f"{name_text(self.issuer_der)}, #{self.serial_number:x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyIdentifier:
    value: bytes

    def matches(self, certificate: Certificate) -> bool:
        return self.value == certificate.subject_key_identifier

    def __str__(self) -> str:
        # The text has no words, as in `IssuerAndSerial`.
        return f"#{self.value.hex()}"


CertificateId = IssuerAndSerial | KeyIdentifier


def parse_issuer_and_serial(tlv: Tlv, where: str) -> IssuerAndSerial:
    """Parse an IssuerAndSerialNumber (RFC 5652 section 10.2.4). Raises MalformedMessage."""
    fields = der.read_fields(tlv, where, 2, expected="issuer and serial number")
    der.expect(fields[0], der.SEQUENCE, where)
    return IssuerAndSerial(
        issuer_der=der.to_definite(fields[0], where), serial_number=der.parse_integer(fields[1], where)
    )


def parse_certificate_id(tlv: Tlv, where: str) -> CertificateId:
    """Parse an IssuerAndSerialNumber, or [0] IMPLICIT SubjectKeyIdentifier. Raises MalformedMessage."""
    if tlv.tag in (0x80, 0xA0):
        return KeyIdentifier(value=bytes(der.read_octets(tlv, where, tag=0x80)))
    return parse_issuer_and_serial(tlv, where)


def build_issuer_and_serial(certificate: Certificate) -> bytes:
    return der.sequence(certificate.issuer_der, der.integer(certificate.serial_number))
