"""The addresses of revocation lists, and the scope of a list (RFC 5280 sections 4.2.1.13, 4.2.2.1, 5.2.5).

Reads cRLDistributionPoints, freshestCRL, issuingDistributionPoint and authorityInfoAccess. Leaves out: fetching lists,
and deciding whether a list applies to a certificate (`pkix.crl_check`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.general_names import (
    DIRECTORY_NAME,
    UNIFORM_RESOURCE_IDENTIFIER,
    GeneralName,
    GeneralNames,
    parse_general_name,
    parse_general_names,
)
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_DISTRIBUTION_POINTS, check_limit
from smime_core.x509.certificate import Certificate, read_flags

CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
FRESHEST_CRL: Final = "2.5.29.46"
AUTHORITY_INFO_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
ACCESS_OCSP: Final = "1.3.6.1.5.5.7.48.1"
ACCESS_CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"

_TRUE: Final = b"\xff"
_RELATIVE_NAME: Final = 0xA1


class ReasonFlags(Flag):
    """The bits of ReasonFlags, numbered as in RFC 5280 section 4.2.1.13."""

    UNUSED = 1 << 0
    KEY_COMPROMISE = 1 << 1
    CA_COMPROMISE = 1 << 2
    AFFILIATION_CHANGED = 1 << 3
    SUPERSEDED = 1 << 4
    CESSATION_OF_OPERATION = 1 << 5
    CERTIFICATE_HOLD = 1 << 6
    PRIVILEGE_WITHDRAWN = 1 << 7
    AA_COMPROMISE = 1 << 8


NO_REASONS: Final = ReasonFlags(0)
ALL_REASONS: Final = ~ReasonFlags.UNUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class PointName:
    """A DistributionPointName: full names, or a relative name, which is appended to the name of the CRL's issuer.

    `relative_name` is the content of a SET; it is empty if there are full names.
    """

    full_name: GeneralNames = ()
    relative_name: bytes = b""

    def names(self, issuer_der: bytes) -> GeneralNames:
        """The full names, or the relative name appended to the name in `issuer_der`. Raises MalformedMessage."""
        if not self.relative_name:
            return self.full_name
        own = bytes(der.expect(der.read_one(issuer_der), der.SEQUENCE).content)
        return (GeneralName(DIRECTORY_NAME, der.sequence(own, der.element(der.SET, self.relative_name))),)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionPoint:
    """A distribution point. `name` is None if the point has `crl_issuers` only. `reasons` is None for all reasons."""

    name: PointName | None = None
    reasons: ReasonFlags | None = None
    crl_issuers: GeneralNames = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingDistributionPoint:
    """The scope that a list states for itself (RFC 5280 section 5.2.5). `only_some_reasons` is None for all reasons."""

    name: PointName | None
    only_user_certificates: bool
    only_ca_certificates: bool
    only_some_reasons: ReasonFlags | None
    is_indirect: bool
    only_attribute_certificates: bool


def parse_distribution_points(
    certificate: Certificate, oid: str = CRL_DISTRIBUTION_POINTS
) -> tuple[DistributionPoint, ...]:
    """The distribution points in a certificate. If `oid` is FRESHEST_CRL, the points lead to delta lists.

    Raises MalformedMessage or LimitExceeded.
    """
    value = _extension_value(certificate, oid)
    return parse_points(value) if value is not None else ()


def parse_points(value: bytes) -> tuple[DistributionPoint, ...]:
    """Parse CRLDistributionPoints. Raises MalformedMessage or LimitExceeded."""
    where = "cRLDistributionPoints"
    points = der.read_sequence(value, where)
    check_limit("distribution points", len(points), MAX_DISTRIBUTION_POINTS)
    return tuple(_parse_point(point, where) for point in points)


def parse_issuing_distribution_point(value: bytes) -> IssuingDistributionPoint:
    """Parse an IssuingDistributionPoint. Raises MalformedMessage, also if it is empty or contradicts itself."""
    where = "issuingDistributionPoint"
    fields = der.read_sequence(value, where)
    known = {field.tag: field for field in fields}
    # DER leaves out fields that are FALSE. If all are FALSE, the SEQUENCE is empty, which section 5.2.5 forbids.
    if not fields or [field.tag & 0x1F for field in fields] != sorted({field.tag & 0x1F for field in fields}):
        raise MalformedMessage("empty, or its fields are not in order", where)
    if not known.keys() <= {0xA0, 0x81, 0x82, 0x83, 0x84, 0x85}:
        raise MalformedMessage("a field that is not understood", where)
    flags = {tag: _is_true(known.get(tag), where) for tag in (0x81, 0x82, 0x84, 0x85)}
    if flags[0x81] + flags[0x82] + flags[0x85] > 1:
        raise MalformedMessage("for more than one kind of certificate only", where)
    return IssuingDistributionPoint(
        name=_parse_point_name(known[0xA0], where) if 0xA0 in known else None,
        only_user_certificates=flags[0x81],
        only_ca_certificates=flags[0x82],
        only_some_reasons=_parse_reasons(known[0x83], where) if 0x83 in known else None,
        is_indirect=flags[0x84],
        only_attribute_certificates=flags[0x85],
    )


def find_urls(points: Sequence[DistributionPoint]) -> tuple[str, ...]:
    """The http and https URLs of distribution points, each once."""
    return _web_urls([name for point in points if point.name is not None for name in point.name.full_name])


def find_access_urls(certificate: Certificate, method: str) -> tuple[str, ...]:
    """The http and https URLs of authorityInfoAccess for ACCESS_OCSP or ACCESS_CA_ISSUERS. Raises MalformedMessage."""
    where = "authorityInfoAccess"
    value = _extension_value(certificate, AUTHORITY_INFO_ACCESS)
    if value is None:
        return ()
    descriptions = der.read_sequence(value, where)
    check_limit("access descriptions", len(descriptions), MAX_DISTRIBUTION_POINTS)
    names: list[GeneralName] = []
    for description in descriptions:
        fields = der.expect_count(der.read_children(description, where), where, 2)
        if der.parse_oid(fields[0], where) == method:
            names.append(parse_general_name(fields[1], where))
    return _web_urls(names)


def _web_urls(names: Sequence[GeneralName]) -> tuple[str, ...]:
    urls = [name.content.decode("ascii", "replace") for name in names if name.tag == UNIFORM_RESOURCE_IDENTIFIER]
    return tuple(dict.fromkeys(url for url in urls if url.lower().startswith(("http://", "https://"))))


def _extension_value(certificate: Certificate, oid: str) -> bytes | None:
    return next((extension.value for extension in certificate.extensions if extension.oid == oid), None)


def _parse_point(point: Tlv, where: str) -> DistributionPoint:
    fields = der.read_fields(point, where)
    known = {field.tag: field for field in fields}
    if [field.tag & 0x1F for field in fields] != sorted({field.tag & 0x1F for field in fields}) or (
        not known.keys() <= {0xA0, 0x81, 0xA2}
    ):
        raise MalformedMessage("unexpected field", where)
    # Section 4.2.1.13: a point must not have reasons only.
    if 0xA0 not in known and 0xA2 not in known:
        raise MalformedMessage("neither a name nor an issuer", where)
    return DistributionPoint(
        name=_parse_point_name(known[0xA0], where) if 0xA0 in known else None,
        reasons=_parse_reasons(known[0x81], where) if 0x81 in known else None,
        crl_issuers=parse_general_names(known[0xA2], where) if 0xA2 in known else (),
    )


def _parse_point_name(field: Tlv, where: str) -> PointName:
    choice = der.read_one(field.content, where)
    if choice.tag == _RELATIVE_NAME:
        return PointName(relative_name=bytes(choice.content))
    return PointName(full_name=parse_general_names(der.expect(choice, 0xA0, where), where))


def _parse_reasons(field: Tlv, where: str) -> ReasonFlags:
    content = bytes(field.content)
    if not content or content[0] > 7:
        raise MalformedMessage("damaged reasons", where)
    return read_flags(content[1:], ReasonFlags)


def _is_true(field: Tlv | None, where: str) -> bool:
    if field is None:
        return False
    if bytes(field.content) != _TRUE:
        raise MalformedMessage("a BOOLEAN that is not DER", where)
    return True
