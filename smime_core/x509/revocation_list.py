"""Certificate revocation lists as structures, without a verdict (RFC 5280 section 5).

A list may have a million entries. The entries are scanned once, and only the offset of each entry is kept
(`revoked_entries`). Leaves out: verifying the signature, and deciding whether a list applies to a certificate
(`pkix.crl_check`).
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from smime_core.algorithms import SignatureAlgorithm, parse_signature_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.asn1.distinguished_name import name_text
from smime_core.asn1.file_values import is_whole_element, parse_single_value
from smime_core.asn1.value_kinds import ValueKind
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_WHOLE_BYTES, check_limit
from smime_core.x509.certificate import (
    AUTHORITY_KEY_IDENTIFIER,
    Extension,
    parse_extensions,
    parse_time,
    read_signature,
)
from smime_core.x509.distribution_points import (
    FRESHEST_CRL,
    DistributionPoint,
    IssuingDistributionPoint,
    parse_issuing_distribution_point,
    parse_points,
)
from smime_core.x509.revoked_entries import NO_ENTRIES, RevokedEntries, RevokedEntry, scan_entries

CRL_NUMBER: Final = "2.5.29.20"
DELTA_CRL_INDICATOR: Final = "2.5.29.27"
ISSUING_DISTRIBUTION_POINT: Final = "2.5.29.28"
EXPIRED_CERTIFICATES_ON_CRL: Final = "2.5.29.60"

_PROCESSED: Final = {
    AUTHORITY_KEY_IDENTIFIER,
    CRL_NUMBER,
    DELTA_CRL_INDICATOR,
    ISSUING_DISTRIBUTION_POINT,
    FRESHEST_CRL,
}
_TIMES: Final = (0x17, 0x18)  # UTCTime, GeneralizedTime
_EXTENSIONS: Final = 0xA0
_VERSION_2: Final = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class RevocationList:
    """One CertificateList. Instances compare by identity, because comparing megabytes is slow.

    `base_crl_number` is None unless the list is a delta. `issuing_point_der` is the undecoded issuingDistributionPoint,
    for comparing the scopes of two lists. `is_usable` is False if an unknown extension is critical or the scope is
    damaged. Such a list proves nothing about any certificate (RFC 5280 sections 5.2 and 5.3). Certificates that expired
    after `expired_since` stay on the list (X.509 section 9.5.2.9); None means that the CA may remove all expired ones.
    """

    der: bytes = field(repr=False)
    tbs_der: memoryview = field(repr=False)
    signature_algorithm: SignatureAlgorithm
    signature: bytes = field(repr=False)
    issuer_der: bytes = field(repr=False)
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    entries: RevokedEntries = field(repr=False)
    key_identifier: bytes | None
    crl_number: int | None
    base_crl_number: int | None
    issuing_point: IssuingDistributionPoint | None
    issuing_point_der: bytes | None
    freshest: tuple[DistributionPoint, ...]
    expired_since: datetime.datetime | None
    is_usable: bool

    @functools.cached_property
    def issuer(self) -> str:
        """The issuer's distinguished name for people."""
        return name_text(self.issuer_der)

    @property
    def algorithm(self) -> str:
        """The signature algorithm for people."""
        return self.signature_algorithm.label

    @property
    def revoked(self) -> Sequence[int]:
        """The serial numbers in the order of the list. Each is parsed only when it is read from the sequence."""
        return self.entries

    @property
    def is_indirect(self) -> bool:
        """Whether the list may have entries for certificates of other issuers (RFC 5280 section 5.2.5)."""
        return self.issuing_point is not None and self.issuing_point.is_indirect

    def find_entries(self, serial_number: int) -> Iterator[RevokedEntry]:
        """All entries with this serial number. An indirect list may have several. Raises MalformedMessage."""
        return self.entries.find(serial_number)


def parse_revocation_list(data: Buffer) -> RevocationList:
    """Parse the only CertificateList of a file in any form (`asn1.file_values`), with one scan over all its entries.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    check_limit("bytes of a CRL", len(data), MAX_WHOLE_BYTES)
    if is_whole_element(data):
        return _parse_der(bytes(data))
    return _parse_der(parse_single_value(data, ValueKind.REVOCATION_LIST, where="CRL"))


def _parse_der(octets: bytes) -> RevocationList:
    where = "CRL"
    tbs, signature_algorithm, signature = der.expect_count(der.read_sequence(octets, where), where, 3)
    tbs_fields = _read_tbs(der.expect(tbs, der.SEQUENCE, where))
    # RFC 5280 section 5.1.1.2: both algorithm identifiers must be the same.
    if tbs_fields.algorithm.encoded != signature_algorithm.encoded:
        raise MalformedMessage("the two signature algorithms differ", where)
    known = {extension.oid: extension for extension in tbs_fields.extensions}
    point = known.get(ISSUING_DISTRIBUTION_POINT)
    revoked = tbs_fields.revoked
    entries = scan_entries(bytes(revoked.content), may_extend=tbs_fields.is_version_2) if revoked else NO_ENTRIES
    issuing_point = _readable_point(point)
    return RevocationList(
        der=octets,
        tbs_der=tbs.encoded,
        signature_algorithm=parse_signature_identifier(signature_algorithm.encoded),
        signature=read_signature(signature),
        issuer_der=bytes(tbs_fields.issuer.encoded),
        this_update=parse_time(tbs_fields.this_update, where="thisUpdate"),
        next_update=parse_time(tbs_fields.next_update, where="nextUpdate") if tbs_fields.next_update else None,
        entries=entries,
        key_identifier=_key_identifier(known[AUTHORITY_KEY_IDENTIFIER]) if AUTHORITY_KEY_IDENTIFIER in known else None,
        crl_number=_number(known[CRL_NUMBER]) if CRL_NUMBER in known else None,
        base_crl_number=_number(known[DELTA_CRL_INDICATOR]) if DELTA_CRL_INDICATOR in known else None,
        issuing_point=issuing_point,
        issuing_point_der=point.value if point is not None else None,
        freshest=parse_points(known[FRESHEST_CRL].value) if FRESHEST_CRL in known else (),
        expired_since=_expired_since(known[EXPIRED_CERTIFICATES_ON_CRL])
        if EXPIRED_CERTIFICATES_ON_CRL in known
        else None,
        is_usable=(point is None) is (issuing_point is None)
        and _is_understood(tbs_fields.extensions, entries, issuing_point),
    )


class _TbsFields(NamedTuple):
    algorithm: Tlv
    issuer: Tlv
    this_update: Tlv
    next_update: Tlv | None
    revoked: Tlv | None
    extensions: tuple[Extension, ...]
    is_version_2: bool


def _read_tbs(tbs: Tlv) -> _TbsFields:
    # RFC 5280 section 5.1.2. A list of version 1 has no version field and no extensions.
    where = "tbsCertList"
    fields = der.read_children(tbs, where)
    is_version_2 = bool(fields) and fields[0].tag == der.INTEGER
    if is_version_2 and der.parse_integer(fields.pop(0), where) != _VERSION_2:
        raise MalformedMessage("the version is neither 1 nor 2", where)
    if len(fields) < 3:
        raise MalformedMessage("cut short", where)
    algorithm, issuer, this_update, *rest = fields
    next_update = rest.pop(0) if rest and rest[0].tag in _TIMES else None
    revoked = rest.pop(0) if rest and rest[0].tag == der.SEQUENCE else None
    wrapped = rest.pop(0) if rest and rest[0].tag == _EXTENSIONS else None
    if rest:
        raise MalformedMessage(f"a field with tag 0x{rest[0].tag:02x} that does not belong there", where)
    if wrapped is not None and not is_version_2:
        raise MalformedMessage("extensions in version 1", where)
    return _TbsFields(
        algorithm=algorithm,
        issuer=der.expect(issuer, der.SEQUENCE, where="issuer"),
        this_update=this_update,
        next_update=next_update,
        revoked=revoked,
        extensions=parse_extensions(wrapped.content) if wrapped is not None else (),
        is_version_2=is_version_2,
    )


def _readable_point(extension: Extension | None) -> IssuingDistributionPoint | None:
    # A damaged scope makes the list unusable, but people can still see the list.
    try:
        return parse_issuing_distribution_point(extension.value) if extension is not None else None
    except MalformedMessage:
        return None


def _key_identifier(extension: Extension) -> bytes | None:
    fields = der.read_sequence(extension.value, where="authorityKeyIdentifier")
    return next((bytes(field.content) for field in fields if field.tag == 0x80), None)


def _number(extension: Extension) -> int:
    return der.parse_integer(der.read_one(extension.value, where="crlNumber"), where="crlNumber")


def _expired_since(extension: Extension) -> datetime.datetime:
    where = "expiredCertsOnCRL"
    return parse_time(der.read_one(extension.value, where), where)


def _is_understood(
    extensions: Iterable[Extension], entries: RevokedEntries, point: IssuingDistributionPoint | None
) -> bool:
    # Sections 5.2 and 5.3. Entries may name another issuer in an indirect list only.
    if any(extension.critical and extension.oid not in _PROCESSED for extension in extensions):
        return False
    return not entries.has_unknown_critical and (not entries.names_issuers or (point is not None and point.is_indirect))
