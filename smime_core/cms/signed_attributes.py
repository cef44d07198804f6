"""What signed attributes mean: reading them from a parsed set, and building each (RFC 5652 section 11 and updates).

signingTime (RFC 5652 section 11.3), signingCertificate and its second version (RFC 2634 section 5.4, RFC 5035),
CMSAlgorithmProtection (RFC 6211), the preference for an encryption key (RFC 8551 section 2.5.3, and Microsoft's own).
SMIMECapabilities are in `capabilities`, those of RFC 2634 in `ess`.
"""

from __future__ import annotations

import datetime
import functools
import hmac
import re
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import (
    NULL,
    HashName,
    digest_octets,
    parse_algorithm_identifier,
    parse_hash_identifier,
    parse_signature_identifier,
)
from smime_core.attributes import (
    ALGORITHM_PROTECTION,
    ENCRYPTION_KEY_PREFERENCE,
    MICROSOFT_KEY_PREFERENCE,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    Attributes,
    build_attribute,
    find_value,
)
from smime_core.certificate import Certificate, parse_time
from smime_core.der import Tlv
from smime_core.errors import MalformedMessage, SignatureMismatch
from smime_core.general_names import DIRECTORY_NAME
from smime_core.key_management import CertificateId, IssuerAndSerial, KeyIdentifier, parse_issuer_and_serial

OFFSET_TIME: Final = "signing-time-with-offset"
"""The tolerance for a signingTime that says the time of a place (MUSTS 15)."""

MAX_CLOCK_SKEW: Final = datetime.timedelta(days=1)  # wrong time zones included

_OFFSET_TIME: Final = re.compile(rb"\x17\x11([0-9]{12})([+-])([0-9]{2})([0-9]{2})")  # UTCTime of 17 octets


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateHash:
    """An ESSCertID or ESSCertIDv2; `issuer_and_serial` is None when it names the certificate by hash alone."""

    hash_name: HashName
    digest: bytes
    issuer_and_serial: IssuerAndSerial | None

    def matches(self, certificate: Certificate) -> bool:
        """Whether the hash, and issuer and serial number where given, are this certificate's."""
        computed = digest_octets(self.hash_name, certificate.der)
        same_hash = hmac.compare_digest(computed, self.digest)
        return same_hash and (self.issuer_and_serial is None or self.issuer_and_serial.matches(certificate))


def parse_signing_time(attributes: Attributes) -> datetime.datetime | None:
    """The signer's own claim of when (RFC 5652 section 11.3), None without one.

    UTCTime with an offset, as signers in Go used to write it, is read: see `has_offset_time`. Raises MalformedMessage.
    """
    value = find_value(attributes, SIGNING_TIME, "signing-time")
    if value is None:
        return None
    offset = _OFFSET_TIME.fullmatch(bytes(value.encoded))
    if offset is None:
        return parse_time(value, where="signingTime")
    digits, sign, hours, minutes = offset.groups()
    if int(hours) > 23 or int(minutes) > 59:
        raise MalformedMessage("an offset of more than a day", where="signingTime")
    difference = datetime.timedelta(hours=int(hours), minutes=int(minutes))
    local = parse_time(der.read_one(der.element(0x17, digits + b"Z")), where="signingTime")
    return local + difference if sign == b"-" else local - difference


def has_offset_time(attributes: Attributes) -> bool:
    """Whether signingTime has an offset where RFC 5652 section 11.3 demands Z."""
    return any(_OFFSET_TIME.fullmatch(value) for value in attributes.get(SIGNING_TIME, ()))


def is_worth_remembering(
    attributes: Attributes, *, at: datetime.datetime, remembered: datetime.datetime | None = None
) -> bool:
    """Whether capabilities and key preference beside this signing time may replace those of `remembered`.

    RFC 8551 section 2.7.1 (MUSTS 16): only out of a verified signature, which the caller has seen to; only with a
    signing time, newer than the one remembered, and not in the future by more than clocks go wrong.
    Raises MalformedMessage.
    """
    signing_time = parse_signing_time(attributes)
    if signing_time is None or signing_time > at + MAX_CLOCK_SKEW:
        return False
    return remembered is None or signing_time > remembered


def build_signing_time(moment: datetime.datetime) -> bytes:
    """DER of a signingTime attribute."""
    return build_attribute(SIGNING_TIME, build_time(moment))


def build_time(moment: datetime.datetime) -> bytes:
    """UTCTime for 1950 through 2049, else GeneralizedTime, with seconds and Z (RFC 5652 section 11.3)."""
    utc = moment.astimezone(datetime.UTC)
    digits = f"{utc.year:04}{utc.month:02}{utc.day:02}{utc.hour:02}{utc.minute:02}{utc.second:02}Z"
    if 1950 <= utc.year < 2050:
        return der.element(0x17, digits[2:].encode("ascii"))
    return der.element(0x18, digits.encode("ascii"))


def parse_signing_certificate(attributes: Attributes) -> tuple[CertificateHash, ...]:
    """The certificates that the signer names: its own first, then those it limits its path to (RFC 5035 section 5).

    Version 2 where both versions stand; empty when neither does. Raises MalformedMessage or UnsupportedAlgorithm.
    """
    for attribute_type, default_hash in _SIGNING_CERTIFICATE_KINDS:
        value = find_value(attributes, attribute_type, "signingCertificate")
        if value is not None:
            return _parse_certificate_hashes(value, default_hash)
    return ()


def check_signing_certificate(attributes: Attributes, certificate: Certificate) -> None:
    """Raise SignatureMismatch when a signingCertificate attribute names another one first (MUSTS 17).

    Each version is judged by itself (RFC 5035 section 3). Raises MalformedMessage or UnsupportedAlgorithm too.
    """
    for attribute_type, default_hash in _SIGNING_CERTIFICATE_KINDS:
        value = find_value(attributes, attribute_type, "signingCertificate")
        if value is not None and not _parse_certificate_hashes(value, default_hash)[0].matches(certificate):
            raise SignatureMismatch("the signing-certificate attribute names another certificate")


@functools.lru_cache(maxsize=64)
def build_signing_certificate(certificate: Certificate) -> bytes:
    """DER of a signingCertificateV2 attribute: by SHA-256, the default and left out, with issuer and serial number.

    RFC 5035 section 5 has issuerSerial there as a SHOULD, for signers named by their key identifier above all.
    """
    issuer = der.sequence(der.element(DIRECTORY_NAME, certificate.issuer_der))
    identifier = der.sequence(
        der.octet_string(digest_octets(HashName.SHA256, certificate.der)),
        der.sequence(issuer, der.integer(certificate.serial_number)),
    )
    return build_attribute(SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))


def check_algorithm_protection(
    attributes: Attributes, *, digest_algorithm_der: bytes, signature_algorithm_der: bytes
) -> None:
    """Raise SignatureMismatch when CMSAlgorithmProtection is there and names others (RFC 6211 section 3, MUSTS 50).

    Values are compared, not bytes: NULL equals absent, and PSS parameters by what they say.
    Raises MalformedMessage too.
    """
    value = find_value(attributes, ALGORITHM_PROTECTION, "CMSAlgorithmProtection")
    if value is None:
        return
    where = "CMSAlgorithmProtection"
    fields = der.read_children(der.expect(value, der.SEQUENCE, where=where), where=where)
    if len(fields) != 2 or fields[1].tag != 0xA1:
        raise MalformedMessage("expected a digest and a signature algorithm", where=where)
    signature_der = b"\x30" + bytes(fields[1].encoded[1:])
    if not _same_identifier(bytes(fields[0].encoded), digest_algorithm_der) or not _same_identifier(
        signature_der, signature_algorithm_der
    ):
        raise SignatureMismatch("the signer protected other algorithms than the ones given")


@functools.lru_cache(maxsize=64)
def build_algorithm_protection(digest_algorithm_der: bytes, signature_algorithm_der: bytes) -> bytes:
    """DER of a CMSAlgorithmProtection attribute (RFC 6211 section 3)."""
    value = der.sequence(digest_algorithm_der, b"\xa1" + signature_algorithm_der[1:])
    return build_attribute(ALGORITHM_PROTECTION, value)


def parse_key_preference(attributes: Attributes) -> CertificateId | None:
    """Which certificate the signer wants mail sealed for; None without a preference (RFC 8551 section 2.5.3).

    The S/MIME attribute, or where only it stands Microsoft's. A date beside a key identifier is not kept: it tells
    keys of Diffie-Hellman groups apart. To be believed only behind a verified signature (MUSTS 16).
    Raises MalformedMessage.
    """
    where = "encryptionKeyPreference"
    value = find_value(attributes, ENCRYPTION_KEY_PREFERENCE, where)
    if value is None:
        legacy = find_value(attributes, MICROSOFT_KEY_PREFERENCE, where)
        return parse_issuer_and_serial(legacy, where=where) if legacy else None
    if value.tag == 0xA0:
        return parse_issuer_and_serial(_as_sequence(value), where=where)
    if value.tag == 0xA1:
        fields = der.read_children(value, where=where)
        if not fields:
            raise MalformedMessage("a recipientKeyId without a key identifier", where=where)
        return KeyIdentifier(value=bytes(der.expect(fields[0], der.OCTET_STRING, where=where).content))
    return KeyIdentifier(value=bytes(der.expect(value, 0x82, where=where).content))


def build_key_preference(certificate: Certificate) -> bytes:
    """DER of the S/MIME attribute, naming the certificate by issuer and serial number."""
    content = certificate.issuer_der + der.integer(certificate.serial_number)
    return build_attribute(ENCRYPTION_KEY_PREFERENCE, der.element(0xA0, content))


def build_microsoft_key_preference(certificate: Certificate) -> bytes:
    """DER of the attribute that Outlook reads: the same in Microsoft's own form."""
    content = certificate.issuer_der + der.integer(certificate.serial_number)
    return build_attribute(MICROSOFT_KEY_PREFERENCE, der.element(der.SEQUENCE, content))


# Version 2 first. Absent means SHA-256 in version 2 (RFC 5035 section 4); version 1 is always SHA-1 (section 2).
_SIGNING_CERTIFICATE_KINDS: Final = (
    (SIGNING_CERTIFICATE_V2, HashName.SHA256),
    (SIGNING_CERTIFICATE, HashName.SHA1),
)


def _parse_certificate_hashes(value: Tlv, default_hash: HashName) -> tuple[CertificateHash, ...]:
    where = "signingCertificate"
    fields = der.read_children(der.expect(value, der.SEQUENCE, where=where), where=where)
    identifiers = der.read_children(der.expect(fields[0], der.SEQUENCE, where=where), where=where) if fields else []
    if not identifiers:
        raise MalformedMessage("names no certificate", where=where)
    return tuple(_parse_certificate_hash(identifier, default_hash) for identifier in identifiers)


def _parse_certificate_hash(tlv: Tlv, default_hash: HashName) -> CertificateHash:
    where = "signingCertificate"
    fields = der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)
    hash_name = default_hash
    if default_hash is HashName.SHA256 and fields and fields[0].tag == der.SEQUENCE:
        hash_name = parse_hash_identifier(fields.pop(0).encoded, role=where)
    if not 1 <= len(fields) <= 2:
        raise MalformedMessage("a certificate identifier without its hash", where=where)
    return CertificateHash(
        hash_name=hash_name,
        digest=bytes(der.expect(fields[0], der.OCTET_STRING, where=where).content),
        issuer_and_serial=_parse_issuer_serial(fields[1]) if len(fields) == 2 else None,
    )


def _parse_issuer_serial(tlv: Tlv) -> IssuerAndSerial:
    # IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber }; RFC 5035 section 4: one directoryName.
    where = "issuerSerial"
    fields = der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)
    if len(fields) != 2:
        raise MalformedMessage(f"{len(fields)} fields, expected issuer and serial number", where=where)
    names = der.read_children(der.expect(fields[0], der.SEQUENCE, where=where), where=where)
    if len(names) != 1:
        raise MalformedMessage(f"{len(names)} issuer names, expected 1", where=where)
    name = der.read_one(der.expect(names[0], DIRECTORY_NAME, where=where).content, where=where)
    return IssuerAndSerial(issuer_der=bytes(name.encoded), serial_number=der.parse_integer(fields[1], where=where))


def _same_identifier(one_der: bytes, other_der: bytes) -> bool:
    if one_der == other_der:
        return True
    one_oid, one_parameters = parse_algorithm_identifier(one_der)
    other_oid, other_parameters = parse_algorithm_identifier(other_der)
    if one_oid != other_oid:
        return False
    if {one_parameters, other_parameters} <= {None, NULL}:
        return True
    if one_parameters is None or other_parameters is None:
        return False
    # What is left is one algorithm with two encodings of its parameters, as PSS may have.
    return parse_signature_identifier(one_der) == parse_signature_identifier(other_der)


def _as_sequence(tlv: Tlv) -> Tlv:
    # [0] IMPLICIT SEQUENCE in the form of a SEQUENCE.
    return der.read_one(b"\x30" + bytes(tlv.encoded[1:]))
