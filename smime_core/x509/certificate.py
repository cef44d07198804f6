"""X.509 certificates as immutable values (RFC 5280 section 4, RFC 9598 for internationalised addresses).

The TBSCertificate and the extensions that S/MIME needs are parsed at once. Names are converted to text on first use.
Leaves out: validation (`pkix`), CRLs, name constraints.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Flag
from typing import Final, TypeVar

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.asn1.distinguished_name import (
    COMMON_NAME,
    ComparableName,
    comparable_name,
    find_comparable_name,
    find_readable_value,
    name_text,
)
from smime_core.asn1.file_values import is_whole_element, parse_file_values
from smime_core.asn1.value_kinds import ValueKind
from smime_core.errors import MalformedMessage
from smime_core.keys import parse_certificate_key
from smime_core.limits import MAX_CERTIFICATES, check_limit
from smime_core.provider import PublicKey
from smime_core.text import addresses_match, clean_name, looks_like_address, without_address_signs
from smime_core.x509.mail_names import MailName, find_alternative_mail_names, find_subject_mail_names

_F = TypeVar("_F", bound=Flag)
_T = TypeVar("_T")

SUBJECT_KEY_IDENTIFIER: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALT_NAME: Final = "2.5.29.17"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
EMAIL_PROTECTION: Final = "1.3.6.1.5.5.7.3.4"
ANY_EXTENDED_KEY_USAGE: Final = "2.5.29.37.0"

_EXTENSIONS: Final = 0xA3
_OPTIONAL_FIELDS: Final = frozenset({0x81, 0x82, _EXTENSIONS})  # 0x81: issuerUniqueID, 0x82: subjectUniqueID

_MAX_CACHED_BYTES: Final = 16_384  # Larger certificates are not cached. Those with ML-DSA-87 have about 8,000 bytes.
_MAX_CACHED_CERTIFICATES: Final = 256


class KeyUsage(Flag):
    """The bits of keyUsage, numbered as in RFC 5280 section 4.2.1.3."""

    DIGITAL_SIGNATURE = 1 << 0
    NON_REPUDIATION = 1 << 1
    KEY_ENCIPHERMENT = 1 << 2
    DATA_ENCIPHERMENT = 1 << 3
    KEY_AGREEMENT = 1 << 4
    KEY_CERT_SIGN = 1 << 5
    CRL_SIGN = 1 << 6
    ENCIPHER_ONLY = 1 << 7
    DECIPHER_ONLY = 1 << 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, kw_only=True, eq=False)
class Certificate:
    """One certificate. Certificates are equal if their DER is equal.

    `version` is 1, 2 or 3. `key_usage` and `extended_key_usage` are None if the extension is absent. `path_length` is
    None if the length is not limited. `alternative_addresses` are the valid mail addresses in subjectAltName.
    """

    der: bytes
    tbs_der: bytes
    version: int
    serial_number: int
    issuer_der: bytes
    subject_der: bytes
    not_before: datetime.datetime
    not_after: datetime.datetime
    public_key: PublicKey
    signature_algorithm_der: bytes
    signature: bytes
    extensions: tuple[Extension, ...]
    is_ca: bool
    path_length: int | None
    key_usage: KeyUsage | None
    extended_key_usage: tuple[str, ...] | None
    subject_key_identifier: bytes | None
    authority_key_identifier: bytes | None
    alternative_addresses: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"Certificate({self.subject!r})"

    @functools.cached_property
    def subject(self) -> str:
        """The subject's distinguished name for people."""
        return name_text(self.subject_der)

    @functools.cached_property
    def issuer(self) -> str:
        """The issuer's distinguished name for people."""
        return name_text(self.issuer_der)

    @functools.cached_property
    def comparable_subject(self) -> ComparableName | None:
        """The subject in comparable form, or None if it is damaged."""
        return find_comparable_name(self.subject_der)

    @functools.cached_property
    def common_name(self) -> str:
        """A short name for people: the common name, or else the first address, or else the whole subject.

        A common name that looks like an address counts only if it is an address of the certificate. In a certificate
        without addresses, the signs of an address in a name are replaced, because nobody vouches for the address.
        Without any name, the result is the beginning of the fingerprint.
        """
        name = clean_name(find_readable_value(self.subject_der, COMMON_NAME) or "")
        own = self.email_addresses
        is_name = not looks_like_address(name) or any(addresses_match(name, address) for address in own)
        return (
            (name if is_name else "")
            or next(iter(own), "")
            or without_address_signs(name or clean_name(self.subject))
            or f"SHA-256 {bytes.fromhex(self.fingerprint[:16]).hex(':').upper()}…"
        )

    @functools.cached_property
    def email_addresses(self) -> tuple[str, ...]:
        """The addresses of `alternative_addresses` and of the subject, each once (RFC 8550 section 3).

        Empty if the subject is damaged, because a damaged subject may hide an address from name constraints.
        """
        try:
            in_subject = _texts_of(find_subject_mail_names(self.subject_der))
        except MalformedMessage:
            return ()
        return tuple(dict.fromkeys((*self.alternative_addresses, *in_subject)))

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the DER, in lower-case hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same name, as in a root (RFC 5280 section 3.2)."""
        return names_match(self.subject_der, self.issuer_der)


def parse_certificate(data: Buffer) -> Certificate:
    """One certificate from a file of any form (`asn1.file_values`). Raises MalformedMessage."""
    certificates = parse_certificates(data)
    if len(certificates) != 1:
        raise MalformedMessage(f"found {len(certificates)} certificates, expected one", where="certificate")
    return certificates[0]


def parse_certificates(data: Buffer) -> tuple[Certificate, ...]:
    """All certificates of a file in any form. Certificates inside CMS are left out: see `cms.parse_carried`.

    Raises MalformedMessage or LimitExceeded.
    """
    where = "certificate"
    if is_whole_element(data):
        return (_parse(bytes(data)),)
    values = parse_file_values(data, where).take(ValueKind.CERTIFICATE, where=where)
    check_limit("certificates", len(values), MAX_CERTIFICATES)
    return tuple(_parse(value.der) for value in values)


def names_match(one_der: bytes, other_der: bytes) -> bool:
    """Whether two distinguished names are the same (RFC 5280 section 7.1). Names with equal DER are always the same.

    A damaged name raises no error, so that one damaged certificate does not stop a search among many.
    """
    if one_der == other_der:
        return True
    try:
        return comparable_name(one_der) == comparable_name(other_der)
    except MalformedMessage:
        return False


def _parse(octets: bytes) -> Certificate:
    return _parse_once(octets) if len(octets) <= _MAX_CACHED_BYTES else _parse_der(octets)


@functools.lru_cache(maxsize=_MAX_CACHED_CERTIFICATES)
def _parse_once(octets: bytes) -> Certificate:
    # Cached, because parsing takes longer than checking an RSA signature, and the mails of a mailbox have few senders.
    return _parse_der(octets)


def _parse_der(octets: bytes) -> Certificate:
    where = "certificate"
    tbs, signature_algorithm, signature = der.expect_count(der.read_sequence(octets, where), where, 3)
    version, fields = _parse_version(der.read_fields(tbs, where))
    if len(fields) < 6:
        raise MalformedMessage("tbsCertificate is cut short", where)
    serial, inner_algorithm, issuer, validity, subject, spki = fields[:6]
    # RFC 5280 section 4.1.1.2: both algorithm identifiers must be the same.
    if inner_algorithm.encoded != signature_algorithm.encoded:
        raise MalformedMessage("the two signature algorithms differ", where)
    not_before, not_after = _parse_validity(validity)
    extensions = _parse_extensions(fields[6:])
    known = {extension.oid: extension.value for extension in extensions}
    is_ca, path_length = _parse_basic_constraints(known.get(BASIC_CONSTRAINTS))
    return Certificate(
        der=octets,
        tbs_der=bytes(tbs.encoded),
        version=version,
        serial_number=der.parse_integer(serial, where),
        issuer_der=bytes(issuer.encoded),
        subject_der=bytes(subject.encoded),
        not_before=not_before,
        not_after=not_after,
        public_key=parse_certificate_key(bytes(spki.encoded)),
        signature_algorithm_der=bytes(signature_algorithm.encoded),
        signature=read_signature(signature),
        extensions=extensions,
        is_ca=is_ca,
        path_length=path_length,
        key_usage=_parse_found(_parse_key_usage, known.get(KEY_USAGE)),
        extended_key_usage=_parse_found(_parse_extended_key_usage, known.get(EXTENDED_KEY_USAGE)),
        subject_key_identifier=_parse_found(_parse_subject_key_identifier, known.get(SUBJECT_KEY_IDENTIFIER)),
        authority_key_identifier=_parse_found(_parse_authority_key_identifier, known.get(AUTHORITY_KEY_IDENTIFIER)),
        alternative_addresses=_texts_of(find_alternative_mail_names(known.get(SUBJECT_ALT_NAME))),
    )


def _parse_version(fields: list[Tlv]) -> tuple[int, list[Tlv]]:
    # Returns (the version, the fields after it).
    if not fields or fields[0].tag != 0xA0:
        return 1, fields
    return 1 + der.parse_integer(der.read_one(fields[0].content, where="version"), where="version"), fields[1:]


def _parse_validity(validity: Tlv) -> tuple[datetime.datetime, datetime.datetime]:
    times = der.read_children(validity, where="validity")
    if len(times) != 2:
        raise MalformedMessage(f"{len(times)} times, expected 2", where="validity")
    return parse_time(times[0], where="notBefore"), parse_time(times[1], where="notAfter")


def parse_time(tlv: Tlv, where: str) -> datetime.datetime:
    """Parse UTCTime or GeneralizedTime with seconds and Z (RFC 5280 section 4.1.2.5, RFC 5652 section 11.3).

    Raises MalformedMessage.
    """
    text = bytes(tlv.content).decode("ascii", "replace")
    if tlv.tag == 0x17 and re.fullmatch(r"[0-9]{12}Z", text):
        # RFC 5280 section 4.1.2.5.1: the years 50 to 99 are in the twentieth century, the years 00 to 49 in the
        # twenty-first.
        text = ("19" if text >= "50" else "20") + text
    elif tlv.tag != 0x18 or not re.fullmatch(r"[0-9]{14}Z", text):
        raise MalformedMessage("neither UTCTime nor GeneralizedTime with seconds and Z", where)
    month, day, hour, minute, second = (int(text[start : start + 2]) for start in range(4, 14, 2))
    try:
        return datetime.datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError as error:
        raise MalformedMessage("a date that does not exist", where) from error


def _parse_extensions(optional_fields: list[Tlv]) -> tuple[Extension, ...]:
    # RFC 5280 section 4.1: the unique identifiers, then the extensions, each at most once. Any other field is refused,
    # because it could hide the extensions.
    tags = [field.tag for field in optional_fields]
    if tags != sorted(set(tags).intersection(_OPTIONAL_FIELDS)):
        raise MalformedMessage("fields that a certificate does not have, or twice", where="certificate")
    if _EXTENSIONS not in tags:
        return ()
    extensions = parse_extensions(optional_fields[-1].content)
    if not extensions:
        raise MalformedMessage("an empty list", where="extensions")
    return extensions


def parse_extensions(extensions_der: Buffer) -> tuple[Extension, ...]:
    """Parse the Extensions of a certificate, a CRL or a request. Raises MalformedMessage."""
    extensions = tuple(
        _parse_extension(extension) for extension in der.read_sequence(extensions_der, where="extensions")
    )
    # RFC 5280 section 4.2: no extension may occur twice.
    if len({extension.oid for extension in extensions}) != len(extensions):
        raise MalformedMessage("an extension appears twice", where="extensions")
    return extensions


def _parse_extension(extension: Tlv) -> Extension:
    fields = der.read_children(extension, where="extension")
    critical = len(fields) == 3 and fields[1].tag == 0x01 and bytes(fields[1].content) != b"\x00"
    if len(fields) not in (2, 3) or (len(fields) == 3 and fields[1].tag != 0x01):
        raise MalformedMessage("expected an OID, whether it is critical, and a value", where="extension")
    value = der.expect(fields[-1], der.OCTET_STRING, where="extension")
    return Extension(oid=der.parse_oid(fields[0], where="extension"), critical=critical, value=bytes(value.content))


def _parse_basic_constraints(value: bytes | None) -> tuple[bool, int | None]:
    if value is None:
        return False, None
    fields = der.read_sequence(value, where="basicConstraints")
    # Any other field is refused. The last field is read as pathLenConstraint, so a field after it would hide the limit.
    if [field.tag for field in fields] not in ([], [0x01], [der.INTEGER], [0x01, der.INTEGER]):
        raise MalformedMessage("fields other than cA and pathLenConstraint", where="basicConstraints")
    is_ca = bool(fields) and fields[0].tag == 0x01 and bytes(fields[0].content) != b"\x00"
    if fields and fields[-1].tag == der.INTEGER:
        return is_ca, der.parse_integer(fields[-1], where="pathLenConstraint")
    return is_ca, None


def _parse_found(parse: Callable[[bytes], _T], value: bytes | None) -> _T | None:
    return None if value is None else parse(value)


def _parse_key_usage(value: bytes) -> KeyUsage:
    content = bytes(der.expect(der.read_one(value, where="keyUsage"), der.BIT_STRING, where="BIT STRING").content)
    if not content or content[0] > 7:
        raise MalformedMessage("a damaged BIT STRING", where="certificate")
    return read_flags(content[1:], KeyUsage)


def read_flags(octets: bytes, kind: type[_F]) -> _F:
    """The flags whose bits are set in the octets of a named BIT STRING. The first flag has the first bit."""
    flags = (
        flag
        for number, flag in enumerate(kind)
        if number // 8 < len(octets) and octets[number // 8] & (0x80 >> number % 8)
    )
    return functools.reduce(operator.or_, flags, kind(0))


def _parse_extended_key_usage(value: bytes) -> tuple[str, ...]:
    return tuple(der.parse_oid(oid, where="extKeyUsage") for oid in der.read_sequence(value, where="extKeyUsage"))


def _parse_subject_key_identifier(value: bytes) -> bytes:
    where = "subjectKeyIdentifier"
    return bytes(der.expect(der.read_one(value, where), der.OCTET_STRING, where).content)


def _parse_authority_key_identifier(value: bytes) -> bytes | None:
    where = "authorityKeyIdentifier"
    fields = der.read_sequence(value, where)
    tags = [field.tag for field in fields]
    if tags != sorted(set(tags).intersection({0x80, 0xA1, 0x82}), key=lambda tag: tag & 0x1F):
        raise MalformedMessage("fields that it does not have, or twice", where)
    return bytes(fields[0].content) if tags[:1] == [0x80] else None


def _texts_of(names: Iterable[MailName]) -> tuple[str, ...]:
    return tuple(name.address.text for name in names if name.address is not None)


def read_signature(tlv: Tlv) -> bytes:
    """The bytes of a certificate's or list's signature.

    A signature with unused bits is never valid (PKITS 4.1.2 and 4.4.2). The result is then empty instead of an error,
    so that people can still see the certificate or list. Raises MalformedMessage if it is no BIT STRING.
    """
    content = bytes(der.expect(tlv, der.BIT_STRING, where="signature").content)
    return content[1:] if content[:1] == b"\0" else b""
