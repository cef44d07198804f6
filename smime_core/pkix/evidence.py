"""What bears on a path beside its certificates, what could still be looked up, and what was found out.

The core does no I/O: an examination names its `Lookup`s, the caller fetches them, adds the answers by `add_answer`, and
examines again. That ends after a few rounds, since a lookup that was answered is not named again.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from smime_core import der
from smime_core.certificate import Certificate, parse_certificate, parse_certificates
from smime_core.content_info import ID_SIGNED_DATA, parse_content_info
from smime_core.distinguished_name import ComparableName, comparable_name
from smime_core.distribution_points import DistributionPoint
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.limits import MAX_CERTIFICATES, MAX_CRL_BYTES, MAX_EVIDENCE, check_limit
from smime_core.ocsp import OcspResponse, SingleResponse, hash_key, parse_ocsp_response
from smime_core.revocation_list import RevocationList, parse_revocation_list

_PEM_START: Final = b"-----BEGIN"
_CERTIFICATES: Final = 0xA0
T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Revocation lists, OCSP responses and further certificates, from anywhere: a cache, a message, the network.

    `damaged` counts what could not be read and was left out. `asked` are the lookups that were tried, `unavailable`
    those of them to which nothing came. `gathered_at` is when the evidence was looked up, if that was later than the
    moment that a path is judged at: lists and responses issued until then count, as `pkix.freshness` says. Each is only
    itself.
    """

    revocation_lists: tuple[RevocationList, ...] = ()
    ocsp_responses: tuple[OcspResponse, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    damaged: int = 0
    asked: frozenset[LookupKey] = frozenset()
    unavailable: frozenset[LookupKey] = frozenset()
    gathered_at: datetime.datetime | None = None

    def merged_with(self, other: Evidence) -> Evidence:
        """Both together, the own first; each list, response and certificate once, by its octets.

        The lookups that were tried and `gathered_at` stay the own ones: what a message carries says nothing of them.
        """
        return dataclasses.replace(
            self,
            revocation_lists=_each_once(self.revocation_lists, other.revocation_lists, lambda one: one.der),
            ocsp_responses=_each_once(self.ocsp_responses, other.ocsp_responses, lambda one: one.der),
            certificates=_each_once(self.certificates, other.certificates, lambda one: one.der),
            damaged=self.damaged + other.damaged,
        )

    def find_lists(self, issuer_der: bytes) -> tuple[RevocationList, ...]:
        """The lists whose issuer has this name, none for a damaged one."""
        return self._lists_by_issuer.get(_comparable(issuer_der), ())

    def find_responses(self, serial_number: int) -> tuple[tuple[OcspResponse, SingleResponse], ...]:
        """What OCSP responses say about certificates of this serial number, of whatever issuer."""
        return self._responses_by_serial.get(serial_number, ())

    def find_certificates(self, subject_der: bytes) -> tuple[Certificate, ...]:
        """The certificates whose subject has this name, none for a damaged one."""
        return self._certificates_by_subject.get(_comparable(subject_der), ())

    def find_certificates_by_key(self, key_hash: bytes) -> tuple[Certificate, ...]:
        """The certificates of whose key this is the SHA-1, as OCSP names responders (RFC 6960 section 4.2.1)."""
        return self._certificates_by_key.get(key_hash, ())

    @functools.cached_property
    def _lists_by_issuer(self) -> Mapping[ComparableName | None, tuple[RevocationList, ...]]:
        return _group((_comparable(one.issuer_der), one) for one in self.revocation_lists)

    @functools.cached_property
    def _responses_by_serial(self) -> Mapping[int, tuple[tuple[OcspResponse, SingleResponse], ...]]:
        return _group(
            (single.certificate_id.serial_number, (response, single))
            for response in self.ocsp_responses
            for single in response.responses
        )

    @functools.cached_property
    def _certificates_by_subject(self) -> Mapping[ComparableName | None, tuple[Certificate, ...]]:
        return _group((_comparable(one.subject_der), one) for one in self.certificates)

    @functools.cached_property
    def _certificates_by_key(self) -> Mapping[bytes, tuple[Certificate, ...]]:
        return _group((hash_key(one.public_key), one) for one in self.certificates)


NO_EVIDENCE: Final = Evidence()


class LookupKind(StrEnum):
    """What to ask for."""

    OCSP = "ocsp"
    """POST `body`, application/ocsp-request (RFC 6960 appendix A)."""
    CRL = "crl"
    """GET a CertificateList."""
    ISSUER = "issuer"
    """GET the certificate of the issuer, or a certs-only CMS (RFC 5280 section 4.2.2.1). Of a certificate whose path is
    not complete, and so of anybody: never without being asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One thing that could be fetched because `certificate` names its address.

    For OCSP and CRL the certificate stands in `path`, which chains to an anchor by good signatures. `body` is what to
    post, empty for a GET; `nonce` is in it where the response should repeat it.
    """

    kind: LookupKind
    url: str
    certificate: Certificate
    path: tuple[Certificate, ...] = ()
    body: bytes = b""
    nonce: bytes = b""

    @property
    def key(self) -> LookupKey:
        """What makes two lookups the same question, whatever nonce is in them."""
        subject = self.certificate.fingerprint if self.kind is LookupKind.OCSP else ""
        return self.kind, self.url, subject


LookupKey = tuple[LookupKind, str, str]
"""Kind, URL, and for OCSP the fingerprint of the certificate."""


class RevocationState(StrEnum):
    """Whether a certificate was revoked."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationStatus:
    """What is known about one certificate.

    `why` is for UNKNOWN, a code of `revocation.UNKNOWN_REASONS`. `revoked_at` and `reason` (a CRLReason, as
    "keyCompromise") are for REVOKED. `source` is "ocsp", "crl" or "", with the dates of the evidence that decided.
    `delta_points` are where signed complete lists say that their deltas are (RFC 5280 section 5.2.6).
    """

    certificate: Certificate
    state: RevocationState
    why: str = ""
    revoked_at: datetime.datetime | None = None
    reason: str = ""
    source: str = ""
    this_update: datetime.datetime | None = None
    next_update: datetime.datetime | None = None
    delta_points: tuple[DistributionPoint, ...] = field(default=(), repr=False)


def parse_evidence(
    *,
    revocation_lists: Iterable[bytes] = (),
    ocsp_responses: Iterable[bytes] = (),
    certificates: Iterable[bytes] = (),
    gathered_at: datetime.datetime | None = None,
) -> Evidence:
    """Evidence from octets, DER or PEM; what is damaged, too large or beyond MAX_EVIDENCE is left out and counted."""
    lists, bad_lists = _readable(revocation_lists, _parse_list)
    responses, bad_responses = _readable(ocsp_responses, parse_ocsp_response)
    found, bad_certificates = _readable(certificates, parse_certificate)
    return Evidence(
        revocation_lists=lists,
        ocsp_responses=responses,
        certificates=found,
        damaged=bad_lists + bad_responses + bad_certificates,
        gathered_at=gathered_at,
    )


def add_answer(evidence: Evidence, lookup: Lookup, data: bytes | None) -> Evidence:
    """The evidence with what came for a lookup; with None, that it was tried and nothing came.

    Whatever is true of an answer is found out when a path is judged. Raises SmimeError for what is no answer: not of
    the kind that was asked for, a refusal by the responder, another nonce than the one asked with.
    """
    asked = dataclasses.replace(evidence, asked=evidence.asked | {lookup.key})
    if data is None:
        return dataclasses.replace(asked, unavailable=evidence.unavailable | {lookup.key})
    if lookup.kind is LookupKind.OCSP:
        response = parse_ocsp_response(data)
        # RFC 9654 section 2.1: many responders leave the nonce out; one that is there is the one asked with.
        if response.nonce is not None and lookup.nonce and not hmac.compare_digest(response.nonce, lookup.nonce):
            raise MalformedMessage("the nonce is not the one asked with", where="OCSP response")
        return asked.merged_with(Evidence(ocsp_responses=(response,)))
    if lookup.kind is LookupKind.CRL:
        return asked.merged_with(Evidence(revocation_lists=(_parse_list(data),)))
    return asked.merged_with(Evidence(certificates=_parse_issuers(data)))


def _parse_list(data: bytes) -> RevocationList:
    check_limit("octets of a CRL", len(data), MAX_CRL_BYTES)
    return parse_revocation_list(data)


def _parse_issuers(data: bytes) -> tuple[Certificate, ...]:
    # RFC 5280 section 4.2.2.1: one certificate in DER, or a certs-only CMS; PEM occurs, too.
    if data.lstrip().startswith(_PEM_START):
        return parse_certificates(data)
    fields = der.read_sequence(data, where="issuer")
    if not fields or fields[0].tag != der.OID:
        return (parse_certificate(data),)
    content_info = parse_content_info(data)
    if content_info.content_type != ID_SIGNED_DATA:
        raise MalformedMessage(f"found content of type {content_info.content_type}", where="issuer")
    members = [
        member
        for field in der.read_children(content_info.content, where="SignedData")
        if field.tag == _CERTIFICATES
        for member in der.read_children(field, where="certificates")
    ]
    check_limit("certificates", len(members), MAX_CERTIFICATES)
    found, _ = _readable((bytes(member.encoded) for member in members), parse_certificate)
    if not found:
        raise MalformedMessage("no certificate in it", where="issuer")
    return found


def _readable(items: Iterable[bytes], parse: Callable[[bytes], T]) -> tuple[tuple[T, ...], int]:
    # Equal octets are read once; one that is damaged must not hide the others.
    found: list[T] = []
    damaged = 0
    for number, item in enumerate(dict.fromkeys(items)):
        try:
            check_limit("pieces of evidence", number + 1, MAX_EVIDENCE)
            found.append(parse(item))
        except SmimeError:
            damaged += 1
    return tuple(found), damaged


def _each_once(own: tuple[T, ...], others: tuple[T, ...], octets: Callable[[T], bytes]) -> tuple[T, ...]:
    if not others:
        return own
    return tuple({octets(one): one for one in (*own, *others)}.values())


def _group(pairs: Iterable[tuple[K, T]]) -> Mapping[K, tuple[T, ...]]:
    # What has no key, as a damaged name, is found by nobody.
    grouped: dict[K, list[T]] = {}
    for key, value in pairs:
        if key is not None:
            grouped.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in grouped.items()}


def _comparable(name_der: bytes) -> ComparableName | None:
    try:
        return comparable_name(name_der)
    except MalformedMessage:
        return None
