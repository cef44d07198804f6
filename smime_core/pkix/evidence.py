"""The evidence for judging a path, the lookups that could add evidence, and the revocation status of a certificate.

The core does no I/O. The result of an examination has `Lookup`s. The caller fetches their URLs, adds each answer with
`add_answer` and examines again. The loop ends after a few rounds, because a lookup that was tried is not proposed
again.
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

from smime_core.asn1.distinguished_name import ComparableName, find_comparable_name
from smime_core.cms.carried import parse_carried_certificates
from smime_core.errors import MalformedMessage, parse_readable
from smime_core.limits import MAX_CRL_BYTES, MAX_EVIDENCE, check_limit
from smime_core.x509.certificate import Certificate, parse_certificate
from smime_core.x509.distribution_points import DistributionPoint
from smime_core.x509.ocsp import OcspResponse, SingleResponse, hash_key, parse_ocsp_response
from smime_core.x509.revocation_list import RevocationList, parse_revocation_list

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Revocation lists, OCSP responses and further certificates, from anywhere: a cache, a message, the network.

    `damaged` is the number of items that could not be read and were left out. `asked` are the lookups that were tried,
    and `unavailable` are those that got no answer. `gathered_at` is the time of the lookups if paths are judged for an
    earlier moment: lists and responses issued up to `gathered_at` count (see `pkix.freshness`). Instances compare by
    identity.
    """

    revocation_lists: tuple[RevocationList, ...] = ()
    ocsp_responses: tuple[OcspResponse, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    damaged: int = 0
    asked: frozenset[LookupKey] = frozenset()
    unavailable: frozenset[LookupKey] = frozenset()
    gathered_at: datetime.datetime | None = None

    def merged_with(self, other: Evidence) -> Evidence:
        """This evidence, then `other`. Items with equal bytes occur once.

        `asked`, `unavailable` and `gathered_at` come from this evidence. `other` has no lookups if it comes from a
        message.
        """
        return dataclasses.replace(
            self,
            revocation_lists=_each_once(self.revocation_lists, other.revocation_lists, lambda crl: crl.der),
            ocsp_responses=_each_once(self.ocsp_responses, other.ocsp_responses, lambda response: response.der),
            certificates=_each_once(self.certificates, other.certificates, lambda certificate: certificate.der),
            damaged=self.damaged + other.damaged,
        )

    def find_lists(self, issuer_der: bytes) -> tuple[RevocationList, ...]:
        """The lists whose issuer has this name; none for a damaged name."""
        return self._lists_by_issuer.get(find_comparable_name(issuer_der), ())

    def find_responses(self, serial_number: int) -> tuple[tuple[OcspResponse, SingleResponse], ...]:
        """The entries about this serial number, whatever the issuer, each with its OCSP response."""
        return self._responses_by_serial.get(serial_number, ())

    def find_certificates(self, subject_der: bytes) -> tuple[Certificate, ...]:
        """The certificates whose subject has this name; none for a damaged name."""
        return self._certificates_by_subject.get(find_comparable_name(subject_der), ())

    def find_certificates_by_key(self, key_hash: bytes) -> tuple[Certificate, ...]:
        """The certificates whose key has this SHA-1 hash, which may name an OCSP responder (RFC 6960 section 4.2.1)."""
        return self._certificates_by_key.get(key_hash, ())

    @functools.cached_property
    def _lists_by_issuer(self) -> Mapping[ComparableName | None, tuple[RevocationList, ...]]:
        return _group((find_comparable_name(crl.issuer_der), crl) for crl in self.revocation_lists)

    @functools.cached_property
    def _responses_by_serial(self) -> Mapping[int, tuple[tuple[OcspResponse, SingleResponse], ...]]:
        return _group(
            (single.certificate_id.serial_number, (response, single))
            for response in self.ocsp_responses
            for single in response.responses
        )

    @functools.cached_property
    def _certificates_by_subject(self) -> Mapping[ComparableName | None, tuple[Certificate, ...]]:
        return _group((find_comparable_name(certificate.subject_der), certificate) for certificate in self.certificates)

    @functools.cached_property
    def _certificates_by_key(self) -> Mapping[bytes, tuple[Certificate, ...]]:
        return _group((hash_key(certificate.public_key), certificate) for certificate in self.certificates)


NO_EVIDENCE: Final = Evidence()


class LookupKind(StrEnum):
    """The kinds of lookups."""

    OCSP = "ocsp"
    """POST `body` as application/ocsp-request (RFC 6960 appendix A)."""
    CRL = "crl"
    """GET a CertificateList."""
    ISSUER = "issuer"
    """GET the issuer's certificate, or a certs-only CMS (RFC 5280 section 4.2.2.1).

    The address comes from a certificate without a complete path, so anybody may have written it. Fetch it only if the
    user asks.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A URL that could be fetched because `certificate` names it.

    For OCSP and CRL the certificate is in `path`, which ends at an anchor and whose signatures all verify. `body` is
    the content to post, empty for a GET. `nonce` is the nonce in `body`, which the response should repeat; it may be
    empty.
    """

    kind: LookupKind
    url: str
    certificate: Certificate
    path: tuple[Certificate, ...] = ()
    body: bytes = b""
    nonce: bytes = b""

    @property
    def key(self) -> LookupKey:
        """The identity of the lookup. Two lookups with equal keys request the same, even if their nonces differ."""
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
    """The revocation status of one certificate.

    `why` is a code of `statements.UNKNOWN_REASONS`, set if the state is UNKNOWN. `revoked_at` and `reason` (a CRLReason
    such as "keyCompromise") are set if it is REVOKED. `source` is "ocsp", "crl" or ""; `this_update` and `next_update`
    are the times of the list or response that decided. `delta_points` are the addresses of delta lists in signed
    complete lists (RFC 5280 section 5.2.6).
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
    """Evidence from the bytes of files.

    Items that are damaged, too large or beyond MAX_EVIDENCE are left out and counted in `damaged`.
    """
    lists, bad_lists = _readable(revocation_lists, _parse_list)
    responses, bad_responses = _readable(ocsp_responses, parse_ocsp_response)
    read_certificates, bad_certificates = _readable(certificates, parse_certificate)
    return Evidence(
        revocation_lists=lists,
        ocsp_responses=responses,
        certificates=read_certificates,
        damaged=bad_lists + bad_responses + bad_certificates,
        gathered_at=gathered_at,
    )


def add_answer(evidence: Evidence, lookup: Lookup, data: bytes | None) -> Evidence:
    """The evidence with the answer to a lookup; `data` is None if the lookup got no answer.

    The answer is parsed here, and validated later, when a path is judged. Raises SmimeError if the answer is not what
    the lookup asks for, if the responder refuses, or if its nonce differs from the nonce of the request.
    """
    evidence_so_far = dataclasses.replace(evidence, asked=evidence.asked | {lookup.key})
    if data is None:
        return dataclasses.replace(evidence_so_far, unavailable=evidence.unavailable | {lookup.key})
    if lookup.kind is LookupKind.OCSP:
        response = parse_ocsp_response(data)
        # RFC 9654 section 2.1: many responders leave the nonce out. A nonce in the response must equal the nonce of the
        # request.
        if response.nonce is not None and lookup.nonce and not hmac.compare_digest(response.nonce, lookup.nonce):
            raise MalformedMessage("the nonce is not the one asked with", where="OCSP response")
        return evidence_so_far.merged_with(Evidence(ocsp_responses=(response,)))
    if lookup.kind is LookupKind.CRL:
        return evidence_so_far.merged_with(Evidence(revocation_lists=(_parse_list(data),)))
    return evidence_so_far.merged_with(Evidence(certificates=parse_carried_certificates(data, where="issuer")))


def _parse_list(data: bytes) -> RevocationList:
    check_limit("bytes of a CRL", len(data), MAX_CRL_BYTES)
    return parse_revocation_list(data)


def _readable(items: Iterable[bytes], parse: Callable[[bytes], T]) -> tuple[tuple[T, ...], int]:
    # Returns (the items that can be read, the number of others). Items with equal bytes are read once. Items beyond the
    # limit count as the others.
    once = list(dict.fromkeys(items))
    readable_items = tuple(parse_readable(parse, once[:MAX_EVIDENCE]))
    return readable_items, len(once) - len(readable_items)


def _each_once(own: tuple[T, ...], others: tuple[T, ...], octets: Callable[[T], bytes]) -> tuple[T, ...]:
    return tuple({octets(item): item for item in (*own, *others)}.values()) if others else own


def _group(pairs: Iterable[tuple[K, T]]) -> Mapping[K, tuple[T, ...]]:
    # Leaves out values whose key is None, which means a damaged name.
    grouped: dict[K, list[T]] = {}
    for key, value in pairs:
        if key is not None:
            grouped.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in grouped.items()}
