"""Read and build single signed attributes (RFC 5652 section 11 and its updates).

They are signingTime (RFC 5652 section 11.3), signingCertificate and its version 2 (RFC 2634 section 5.4, RFC 5035),
CMSAlgorithmProtection (RFC 6211) and the preference for an encryption key (RFC 8551 section 2.5.3, and Microsoft's
attribute). SMIMECapabilities are in `capabilities`, the attributes of RFC 2634 in `ess`.
"""

from __future__ import annotations

import datetime
import functools
import hmac
import re
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import (
    NULL,
    HashName,
    digest_data,
    parse_algorithm_identifier,
    parse_hash_identifier,
    parse_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.general_names import DIRECTORY_NAME
from smime_core.cms.attributes import (
    ALGORITHM_PROTECTION,
    ENCRYPTION_KEY_PREFERENCE,
    MICROSOFT_KEY_PREFERENCE,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    Attributes,
    build_attribute,
    find_fields,
    find_value,
)
from smime_core.cms.certificate_id import (
    CertificateId,
    IssuerAndSerial,
    KeyIdentifier,
    build_issuer_and_serial,
    parse_issuer_and_serial,
)
from smime_core.errors import AlgorithmProtectionMismatch, MalformedMessage, SigningCertificateMismatch
from smime_core.x509.certificate import Certificate, parse_time

OFFSET_TIME: Final = "signing-time-with-offset"
"""The name of the tolerance for a signingTime with an offset from UTC (MUSTS 15)."""
LOOSE_TIME: Final = "signing-time-loose"
"""The name of the tolerance for a signingTime without seconds or with a fraction (MUSTS 15)."""

MAX_CLOCK_SKEW: Final = datetime.timedelta(days=1)  # One day, because a clock may be set to a wrong time zone.

_TIME: Final = re.compile(
    rb"(?P<digits>[0-9]{10,14})(?:[.,](?P<fraction>[0-9]{1,9}))?"
    rb"(?:Z|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3])(?P<minutes>[0-5][0-9])?)"
)
_UTC_TIME: Final = 0x17
_YEAR_DIGITS: Final = {_UTC_TIME: 2, 0x18: 4}  # 0x18: GeneralizedTime
# The unit of a fraction, by the number of digits before it.
_UNITS: Final = {2: datetime.timedelta(hours=1), 4: datetime.timedelta(minutes=1), 6: datetime.timedelta(seconds=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateHash:
    """An ESSCertID or ESSCertIDv2. `issuer_and_serial` is None if the certificate is named only by its hash."""

    hash_name: HashName
    digest: bytes
    issuer_and_serial: IssuerAndSerial | None

    def matches(self, certificate: Certificate) -> bool:
        """Whether the hash, and issuer and serial number if given, are those of this certificate."""
        computed = digest_data(self.hash_name, certificate.der)
        same_hash = hmac.compare_digest(computed, self.digest)
        return same_hash and (self.issuer_and_serial is None or self.issuer_and_serial.matches(certificate))


def parse_signing_time(attributes: Attributes) -> datetime.datetime | None:
    """The time that the signer claims, in whole seconds (RFC 5652 section 11.3), or None if absent.

    Every form of X.680 section 46.3 that names a moment is read: see `signing_time_tolerances`. Raises
    MalformedMessage.
    """
    value = find_value(attributes, SIGNING_TIME, "signing-time")
    if value is None:
        return None
    if _is_strict_time(value.tag, bytes(value.content)):
        return parse_time(value, where="signingTime")
    fields = _TIME.fullmatch(bytes(value.content))
    if fields is None or value.tag not in _YEAR_DIGITS:
        raise MalformedMessage("neither UTCTime nor GeneralizedTime with a time zone", where="signingTime")
    digits, fraction = fields["digits"], float("." + fields["fraction"].decode() if fields["fraction"] else "0")
    year_digits = _YEAR_DIGITS[value.tag]
    clock = digits[year_digits + 4 :]
    if not len(clock) or len(clock) % 2 or len(clock) > 6 or (value.tag == _UTC_TIME and len(clock) < 4):
        raise MalformedMessage("neither hours, nor hours and minutes, nor seconds too", where="signingTime")
    # `parse_time` finds the century of a UTCTime, and refuses a date that does not exist.
    whole = der.element(value.tag, digits.ljust(year_digits + 10, b"0") + b"Z")
    local = parse_time(der.read_one(whole), where="signingTime")
    try:
        moment = local + fraction * _UNITS[len(clock)] - _offset_of(fields)
    except OverflowError as error:
        raise MalformedMessage("a date that does not exist", where="signingTime") from error
    return moment.replace(microsecond=0)


def signing_time_tolerances(attributes: Attributes) -> tuple[str, ...]:
    """The names of the deviations from RFC 5652 section 11.3: an offset from UTC, no seconds, or a fraction."""
    deviations: dict[str, None] = {}
    for value in attributes.get(SIGNING_TIME, ()):
        content = bytes(value[2:])
        if _is_strict_time(value[0], content):
            continue
        if re.search(rb"[+-]", content):
            deviations[OFFSET_TIME] = None
        digits = re.match(rb"[0-9]*", content)
        if b"." in content or b"," in content or (digits and len(digits[0]) != _YEAR_DIGITS.get(value[0], 0) + 10):
            deviations[LOOSE_TIME] = None
    return tuple(deviations)


def _is_strict_time(tag: int, content: bytes) -> bool:
    # All digits down to the seconds, and a Z. RFC 5652 section 11.3 demands this form, and nearly all signers use it.
    return len(content) == _YEAR_DIGITS.get(tag, 0) + 11 and content[-1:] == b"Z" and content[:-1].isdigit()


def is_worth_remembering(
    attributes: Attributes, at: datetime.datetime, *, remembered: datetime.datetime | None = None
) -> bool:
    """Whether a signer's capabilities and key preference may replace those with the signing time `remembered`.

    The caller must have verified the signature (RFC 8551 section 2.7.1, MUSTS 16). The signing time must be newer than
    `remembered`, and not more than MAX_CLOCK_SKEW after `at`. Raises MalformedMessage.
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
    """The certificates that the signer names: first the signer's, then those of accepted issuers (RFC 5035 section 5).

    If both versions of the attribute are present, version 2 counts. Empty if neither is present. Raises
    MalformedMessage or UnsupportedAlgorithm.
    """
    for attribute_type, default_hash in _SIGNING_CERTIFICATE_KINDS:
        value = find_value(attributes, attribute_type, "signingCertificate")
        if value is not None:
            return _parse_certificate_hashes(value, default_hash)
    return ()


def check_signing_certificate(attributes: Attributes, certificate: Certificate) -> None:
    """Raise SigningCertificateMismatch if a signingCertificate attribute names another certificate first (MUSTS 17).

    Each version is checked (RFC 5035 section 3). Also raises MalformedMessage or UnsupportedAlgorithm.
    """
    for attribute_type, default_hash in _SIGNING_CERTIFICATE_KINDS:
        value = find_value(attributes, attribute_type, "signingCertificate")
        if value is not None and not _parse_certificate_hashes(value, default_hash)[0].matches(certificate):
            raise SigningCertificateMismatch("the signing-certificate attribute names another certificate")


@functools.lru_cache(maxsize=64)
def build_signing_certificate(certificate: Certificate) -> bytes:
    """DER of a signingCertificateV2 attribute: the certificate's SHA-256 hash, issuer and serial number.

    SHA-256 is the default, so the hash algorithm is omitted. RFC 5035 section 5 says SHOULD for issuerSerial, above all
    for signers that are named by their key identifier.
    """
    issuer = der.sequence(der.element(DIRECTORY_NAME, certificate.issuer_der))
    identifier = der.sequence(
        der.octet_string(digest_data(HashName.SHA256, certificate.der)),
        der.sequence(issuer, der.integer(certificate.serial_number)),
    )
    return build_attribute(SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))


def check_algorithm_protection(
    attributes: Attributes, *, digest_algorithm_der: bytes, signature_algorithm_der: bytes
) -> None:
    """Raise AlgorithmProtectionMismatch if CMSAlgorithmProtection differs (RFC 6211 section 3, MUSTS 50).

    `digest_algorithm_der` and `signature_algorithm_der` are those of the SignerInfo. Parsed values are compared, not
    bytes, because NULL parameters equal absent ones, and PSS parameters may be encoded in two ways. Also raises
    MalformedMessage.
    """
    where = "CMSAlgorithmProtection"
    fields = find_fields(attributes, ALGORITHM_PROTECTION, where)
    if fields is None:
        return
    if len(fields) != 2 or fields[1].tag != 0xA1:
        raise MalformedMessage("expected a digest and a signature algorithm", where)
    signature_der = b"\x30" + bytes(fields[1].encoded[1:])
    if not _same_identifier(bytes(fields[0].encoded), digest_algorithm_der) or not _same_identifier(
        signature_der, signature_algorithm_der
    ):
        raise AlgorithmProtectionMismatch("the signer protected other algorithms than the ones given")


@functools.lru_cache(maxsize=64)
def build_algorithm_protection(digest_algorithm_der: bytes, signature_algorithm_der: bytes) -> bytes:
    """DER of a CMSAlgorithmProtection attribute (RFC 6211 section 3)."""
    value = der.sequence(digest_algorithm_der, b"\xa1" + signature_algorithm_der[1:])
    return build_attribute(ALGORITHM_PROTECTION, value)


def parse_key_preference(attributes: Attributes) -> CertificateId | None:
    """The certificate that the signer wants mail encrypted for, or None (RFC 8551 section 2.5.3).

    Reads Microsoft's attribute if the S/MIME attribute is missing. A date beside a key identifier is ignored, because
    only Diffie-Hellman keys need it. Trust the value only in a verified signature (MUSTS 16). Raises MalformedMessage.
    """
    where = "encryptionKeyPreference"
    value = find_value(attributes, ENCRYPTION_KEY_PREFERENCE, where)
    if value is None:
        legacy = find_value(attributes, MICROSOFT_KEY_PREFERENCE, where)
        return parse_issuer_and_serial(legacy, where) if legacy else None
    if value.tag == 0xA0:
        # [0] IMPLICIT SEQUENCE: its tag is replaced with the tag of a SEQUENCE.
        return parse_issuer_and_serial(der.read_one(b"\x30" + bytes(value.encoded[1:])), where)
    if value.tag == 0xA1:
        fields = der.read_children(value, where)
        if not fields:
            raise MalformedMessage("a recipientKeyId without a key identifier", where)
        return KeyIdentifier(value=bytes(der.expect(fields[0], der.OCTET_STRING, where).content))
    return KeyIdentifier(value=bytes(der.expect(value, 0x82, where).content))


def build_key_preference(certificate: Certificate) -> bytes:
    """DER of the S/MIME attribute for the key preference. It names the certificate by issuer and serial number."""
    content = certificate.issuer_der + der.integer(certificate.serial_number)
    return build_attribute(ENCRYPTION_KEY_PREFERENCE, der.element(0xA0, content))


def build_microsoft_key_preference(certificate: Certificate) -> bytes:
    """DER of Microsoft's attribute for the key preference, which Outlook reads, with issuer and serial number."""
    return build_attribute(MICROSOFT_KEY_PREFERENCE, build_issuer_and_serial(certificate))


# (attribute, default hash), version 2 first. In version 2 an absent hash algorithm means SHA-256 (RFC 5035 section 4).
# Version 1 always uses SHA-1 (RFC 5035 section 2).
_SIGNING_CERTIFICATE_KINDS: Final = (
    (SIGNING_CERTIFICATE_V2, HashName.SHA256),
    (SIGNING_CERTIFICATE, HashName.SHA1),
)


def _parse_certificate_hashes(value: Tlv, default_hash: HashName) -> tuple[CertificateHash, ...]:
    where = "signingCertificate"
    fields = der.read_fields(value, where)
    identifiers = der.read_fields(fields[0], where) if fields else []
    if not identifiers:
        raise MalformedMessage("names no certificate", where)
    return tuple(_parse_certificate_hash(identifier, default_hash) for identifier in identifiers)


def _parse_certificate_hash(tlv: Tlv, default_hash: HashName) -> CertificateHash:
    where = "signingCertificate"
    fields = der.read_fields(tlv, where)
    hash_name = default_hash
    if default_hash is HashName.SHA256 and fields and fields[0].tag == der.SEQUENCE:
        hash_name = parse_hash_identifier(fields.pop(0).encoded, where)
    if not 1 <= len(fields) <= 2:
        raise MalformedMessage("a certificate identifier without its hash", where)
    return CertificateHash(
        hash_name=hash_name,
        digest=bytes(der.expect(fields[0], der.OCTET_STRING, where).content),
        issuer_and_serial=_parse_issuer_serial(fields[1]) if len(fields) == 2 else None,
    )


def _parse_issuer_serial(tlv: Tlv) -> IssuerAndSerial:
    # IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber }; RFC 5035 section 4: one directoryName.
    where = "issuerSerial"
    fields = der.read_fields(tlv, where, 2, expected="issuer and serial number")
    names = der.read_fields(fields[0], where)
    if len(names) != 1:
        raise MalformedMessage(f"{len(names)} issuer names, expected 1", where)
    name = der.read_one(der.expect(names[0], DIRECTORY_NAME, where).content, where)
    return IssuerAndSerial(issuer_der=bytes(name.encoded), serial_number=der.parse_integer(fields[1], where))


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
    # The remaining case is one algorithm whose parameters are encoded in two ways, as PSS allows.
    return parse_signature_identifier(one_der) == parse_signature_identifier(other_der)


def _offset_of(fields: re.Match[bytes]) -> datetime.timedelta:
    if fields["sign"] is None:
        return datetime.timedelta()
    offset = datetime.timedelta(hours=int(fields["hours"]), minutes=int(fields["minutes"] or b"0"))
    return -offset if fields["sign"] == b"-" else offset
