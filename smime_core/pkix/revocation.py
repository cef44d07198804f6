"""Whether a certificate was revoked, by all evidence there is, and what could still be looked up.

RFC 5280 sections 6.1.3 (a)(3) and 6.3, RFC 6960. `crl_check` and `ocsp_check` read the evidence, `statements` says how
much each counts beside the others, `freshness` what covers a moment, also one in the past.
"""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.certificate import Certificate
from smime_core.distribution_points import (
    ACCESS_OCSP,
    CRL_DISTRIBUTION_POINTS,
    FRESHEST_CRL,
    DistributionPoint,
    find_access_urls,
    find_urls,
    parse_distribution_points,
)
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_LOOKUPS
from smime_core.ocsp import NONCE_OCTETS, build_ocsp_request
from smime_core.pkix.budget import PathBudget
from smime_core.pkix.crl_check import read_lists
from smime_core.pkix.evidence import Evidence, Lookup, LookupKey, LookupKind, RevocationState, RevocationStatus
from smime_core.pkix.ocsp_check import read_responses
from smime_core.pkix.statements import UNKNOWN_REASONS, Question, combine
from smime_core.pkix.trust import TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider

__all__ = ["UNKNOWN_REASONS", "check_revocation", "find_lookups"]

_MAX_URLS: Final = 2  # of one responder or list, tried one after the other
_MAX_POINTS: Final = 4  # of one certificate that are asked


async def check_revocation(
    certificate: Certificate,
    issuer: Certificate,
    *,
    anchor: Certificate,
    store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
    is_valid_crl_issuer: Callable[[Certificate], Awaitable[bool]],
    candidates: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
    budget: PathBudget | None = None,
) -> RevocationStatus:
    """What the store's evidence says about one certificate of a path.

    `issuer` is the certificate above it in the path, `candidates` are further certificates that may have signed a list,
    as those that came with a message. `is_valid_crl_issuer` says whether a certificate has a path to the same anchor.
    Signatures that are looked at count in `budget`; beyond it they do not, and the caller has to ask the budget.
    """
    question = Question(
        certificate=certificate,
        issuer=issuer,
        anchor=anchor,
        evidence=store.evidence,
        at=at,
        policy=policy,
        provider=provider,
        is_valid_crl_issuer=is_valid_crl_issuer,
        candidates=candidates,
        budget=budget or PathBudget(),
    )
    by_responses, response_faults = await read_responses(question)
    # Counted apart, lest forged responses keep a list from being looked at.
    lists = await read_lists(dataclasses.replace(question, tried=[]))
    faults = response_faults | lists.faults | _faults_of_asking(certificate, store.evidence)
    status = combine(certificate, [*by_responses, *lists.statements], faults)
    return dataclasses.replace(status, delta_points=tuple(lists.delta_points))


def find_lookups(
    path: Sequence[Certificate],
    *,
    statuses: Sequence[RevocationStatus],
    evidence: Evidence,
    provider: CryptoProvider,
) -> tuple[Lookup, ...]:
    """What could still be asked about the certificates of a path, which chains to an anchor by good signatures.

    For a certificate that nobody has said anything about, its OCSP responders; once those were asked without use, its
    revocation lists; for one that a list calls good, the delta that it names. At most MAX_LOOKUPS.
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
    """What can be asked about one certificate of a path."""

    certificate: Certificate
    issuer: Certificate
    path: tuple[Certificate, ...]
    evidence: Evidence

    def find(self, status: RevocationStatus, provider: CryptoProvider) -> tuple[Lookup, ...]:
        if status.state is RevocationState.GOOD:
            return self._lists(self._delta_points(status)) if status.source == "crl" else ()
        for url in _responder_urls(self.certificate):
            nonce = provider.random_bytes(NONCE_OCTETS)
            lookup = dataclasses.replace(
                self._lookup(LookupKind.OCSP, url),
                body=build_ocsp_request(self.certificate, self.issuer, nonce=nonce),
                nonce=nonce,
            )
            if lookup.key not in self.evidence.asked:
                return (lookup,)
        return self._lists((*_list_points(self.certificate), *self._delta_points(status)))

    def _lists(self, points: Sequence[DistributionPoint]) -> tuple[Lookup, ...]:
        # The URLs of one point lead to the same list (RFC 5280 section 4.2.1.13): the next one, until one answered.
        found: list[Lookup] = []
        for point in points:
            for url in find_urls((point,))[:_MAX_URLS]:
                lookup = self._lookup(LookupKind.CRL, url)
                if lookup.key not in self.evidence.asked:
                    found.append(lookup)
                if lookup.key not in self.evidence.unavailable:
                    break
        return tuple(found)

    def _delta_points(self, status: RevocationStatus) -> tuple[DistributionPoint, ...]:
        # RFC 5280 sections 4.2.1.15 and 5.2.6: the certificate or the complete list says where the delta is.
        return (*_list_points(self.certificate, FRESHEST_CRL), *status.delta_points)[:_MAX_POINTS]

    def _lookup(self, kind: LookupKind, url: str) -> Lookup:
        return Lookup(kind=kind, url=url, certificate=self.certificate, path=self.path)


def _faults_of_asking(certificate: Certificate, evidence: Evidence) -> set[str]:
    # Which of the least telling reasons is true.
    keys = {(LookupKind.OCSP, url, certificate.fingerprint) for url in _responder_urls(certificate)}
    keys |= {(LookupKind.CRL, url, "") for url in find_urls(_list_points(certificate))}
    if not keys:
        return {"nobody-to-ask"}
    if not keys & evidence.asked:
        return {"not-asked"}
    return {"unavailable"} if keys & evidence.asked <= evidence.unavailable else {"other-certificate"}


def _responder_urls(certificate: Certificate) -> tuple[str, ...]:
    # A certificate whose extension cannot be read names nobody.
    try:
        return find_access_urls(certificate, ACCESS_OCSP)[:_MAX_URLS]
    except MalformedMessage:
        return ()


def _list_points(certificate: Certificate, oid: str = CRL_DISTRIBUTION_POINTS) -> tuple[DistributionPoint, ...]:
    try:
        return parse_distribution_points(certificate, oid=oid)[:_MAX_POINTS]
    except MalformedMessage:
        return ()
