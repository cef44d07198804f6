"""Whether a certificate was revoked, from all evidence so far, and the lookups that could add evidence.

RFC 5280 sections 6.1.3 (a)(3) and 6.3, RFC 6960. `crl_check` and `ocsp_check` read the evidence. `statements` combines
the statements into a status, and `freshness` decides which moments a statement covers.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_LOOKUPS
from smime_core.pkix.crl_check import read_lists
from smime_core.pkix.evidence import Evidence, Lookup, LookupKey, LookupKind, RevocationState, RevocationStatus
from smime_core.pkix.ocsp_check import read_responses
from smime_core.pkix.statements import UNKNOWN_REASONS, RevocationQuestion, combine
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate
from smime_core.x509.distribution_points import (
    ACCESS_OCSP,
    CRL_DISTRIBUTION_POINTS,
    FRESHEST_CRL,
    DistributionPoint,
    find_access_urls,
    find_urls,
    parse_distribution_points,
)
from smime_core.x509.ocsp import NONCE_BYTES, build_ocsp_request

__all__ = ["UNKNOWN_REASONS", "check_revocation", "find_lookups"]

_MAX_URLS: Final = 2  # OCSP URLs of one certificate, and URLs of one CRL. They are tried in turn.
_MAX_POINTS: Final = 4  # Distribution points of one certificate that are looked up.


async def check_revocation(question: RevocationQuestion) -> RevocationStatus:
    """The revocation status of one certificate of a path, from the evidence.

    Signatures beyond the question's budget are not checked, and no error is raised here. The caller must call
    `budget.check` afterwards, which raises the error.
    """
    by_responses, response_faults = await read_responses(question)
    # The signatures on lists are counted separately, so that forged responses cannot use up the limit for lists.
    lists = await read_lists(dataclasses.replace(question, tried=[]))
    faults = response_faults | lists.faults | _faults_of_asking(question.certificate, question.evidence)
    status = combine(question.certificate, [*by_responses, *lists.statements], faults)
    return dataclasses.replace(status, delta_points=tuple(lists.delta_points))


def find_lookups(
    path: Sequence[Certificate],
    provider: CryptoProvider,
    *,
    statuses: Sequence[RevocationStatus],
    evidence: Evidence,
) -> tuple[Lookup, ...]:
    """The lookups that could still decide the status of the certificates of a path.

    The path ends at an anchor, and its signatures verify. For a certificate of unknown status, returns lookups at its
    OCSP responders, or of its revocation lists if the responders were asked without success. For a certificate that a
    list calls good, returns the lookup of the delta that the list names. Returns at most MAX_LOOKUPS.
    """
    lookups: dict[LookupKey, Lookup] = {}
    by_certificate = {status.certificate: status for status in statuses}
    for certificate, issuer in itertools.pairwise(path):
        status = by_certificate.get(certificate)
        if status is not None and status.state is not RevocationState.REVOKED:
            asking = _Asking(certificate=certificate, issuer=issuer, path=tuple(path), evidence=evidence)
            lookups |= {lookup.key: lookup for lookup in asking.find(status, provider)}
    return tuple(lookups.values())[:MAX_LOOKUPS]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """The search for the lookups of one certificate of a path."""

    certificate: Certificate
    issuer: Certificate
    path: tuple[Certificate, ...]
    evidence: Evidence

    def find(self, status: RevocationStatus, provider: CryptoProvider) -> tuple[Lookup, ...]:
        if status.state is RevocationState.GOOD:
            return self._lists(self._delta_points(status)) if status.source == "crl" else ()
        for url in _responder_urls(self.certificate):
            nonce = provider.random_bytes(NONCE_BYTES)
            lookup = dataclasses.replace(
                self._lookup(LookupKind.OCSP, url),
                body=build_ocsp_request(self.certificate, self.issuer, nonce=nonce),
                nonce=nonce,
            )
            if lookup.key not in self.evidence.asked:
                return (lookup,)
        return self._lists((*_list_points(self.certificate), *self._delta_points(status)))

    def _lists(self, points: Sequence[DistributionPoint]) -> tuple[Lookup, ...]:
        # The URLs of one point lead to the same list (RFC 5280 section 4.2.1.13), so the next URL is tried only if the
        # earlier URLs did not answer.
        lookups: list[Lookup] = []
        for point in points:
            for url in find_urls((point,))[:_MAX_URLS]:
                lookup = self._lookup(LookupKind.CRL, url)
                if lookup.key not in self.evidence.asked:
                    lookups.append(lookup)
                if lookup.key not in self.evidence.unavailable:
                    break
        return tuple(lookups)

    def _delta_points(self, status: RevocationStatus) -> tuple[DistributionPoint, ...]:
        # RFC 5280 sections 4.2.1.15 and 5.2.6: the certificate or the complete list names the address of the delta.
        return (*_list_points(self.certificate, FRESHEST_CRL), *status.delta_points)[:_MAX_POINTS]

    def _lookup(self, kind: LookupKind, url: str) -> Lookup:
        return Lookup(kind=kind, url=url, certificate=self.certificate, path=self.path)


def _faults_of_asking(certificate: Certificate, evidence: Evidence) -> set[str]:
    # Returns the reason for an unknown status when no evidence was found.
    keys = {(LookupKind.OCSP, url, certificate.fingerprint) for url in _responder_urls(certificate)}
    keys |= {(LookupKind.CRL, url, "") for url in find_urls(_list_points(certificate))}
    if not keys:
        return {"nobody-to-ask"}
    if not keys & evidence.asked:
        return {"not-asked"}
    return {"unavailable"} if keys & evidence.asked <= evidence.unavailable else {"other-certificate"}


def _responder_urls(certificate: Certificate) -> tuple[str, ...]:
    # A certificate whose extension cannot be read names no responder.
    try:
        return find_access_urls(certificate, ACCESS_OCSP)[:_MAX_URLS]
    except MalformedMessage:
        return ()


def _list_points(certificate: Certificate, oid: str = CRL_DISTRIBUTION_POINTS) -> tuple[DistributionPoint, ...]:
    try:
        return parse_distribution_points(certificate, oid)[:_MAX_POINTS]
    except MalformedMessage:
        return ()
