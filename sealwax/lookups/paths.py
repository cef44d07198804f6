"""Look-ups about given certification paths, for a client on another machine."""

from __future__ import annotations

import contextlib
import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sealwax.lookups.answers import Answer, AnswerSource, LookupProblem
from sealwax.lookups.rounds import LookedUp, examine_with_lookups
from smime_core import blocking
from smime_core.errors import MalformedMessage, PathError, SmimeError
from smime_core.pkix import (
    NO_EVIDENCE,
    CertificateUse,
    Lookup,
    LookupKey,
    LookupKind,
    PathRules,
    PathTrail,
    RevocationPolicy,
    SignatureChecks,
    TrustStore,
    add_answer,
    trail_of,
    validate_path,
)
from smime_core.provider import CryptoProvider
from smime_core.x509 import ACCESS_CA_ISSUERS, Certificate, find_access_urls, names_match

# All uses are accepted here, because the client judges whether the certificate may be used.
_ANY_USE: Final = CertificateUse(name="looking up")
_MAX_URLS: Final = 2  # The most addresses of an issuer's certificate that are asked for one certificate.
_NO_ISSUER: Final = LookupProblem(
    code="issuer-not-found", text="no issuer's certificate came from the addresses in the certificate"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathAnswers:
    """The answers about one path, as unchecked bytes, and the reasons why other answers are missing."""

    revocation_lists: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()
    problems: tuple[LookupProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerAnswers:
    """Certificates whose key signed the given certificate, or one problem if there are none."""

    certificates: tuple[Certificate, ...] = ()
    problems: tuple[LookupProblem, ...] = ()


def look_up_paths(
    paths: Sequence[Sequence[Certificate]],
    provider: CryptoProvider,
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    source: AnswerSource,
) -> tuple[PathAnswers, ...]:
    """The answers about the revocation of each path's certificates. The end-entity certificate is first in each path.

    No server is asked about a path that does not lead to one of the store's anchors.
    """
    named: list[set[LookupKey]] = [set() for _ in paths]

    def judge_all(store: TrustStore) -> list[PathTrail]:
        trails = [_judge(path, store, at, provider) for path in paths]
        for keys, trail in zip(named, trails, strict=True):
            keys.update(lookup.key for lookup in trail.lookups)
        return trails

    # With this policy, a certificate that is revoked or whose status is unknown does not end the look-ups about the
    # certificates below it.
    if_known = trust_store.with_revocation(RevocationPolicy.IF_KNOWN)
    looked_up = examine_with_lookups(judge_all, if_known, lambda trails: trails, source)
    return tuple(_answers_for(trail, keys, looked_up) for trail, keys in zip(looked_up.result, named, strict=True))


def look_up_issuers(
    certificates: Sequence[Certificate], provider: CryptoProvider, *, source: AnswerSource
) -> tuple[IssuerAnswers, ...]:
    """The certificates of each certificate's issuer, from the addresses in the certificate (RFC 5280 4.2.2.1).

    The maker of a certificate learns from the look-up that somebody examines it. `source` must allow LookupKind.ISSUER.
    All failures give the same problem with the same text. The client chose the address, and must not learn whether and
    how a server there answers.
    """
    lookups = [
        [
            Lookup(kind=LookupKind.ISSUER, url=url, certificate=certificate, path=(certificate,))
            for url in _issuer_urls(certificate)
        ]
        for certificate in certificates
    ]
    answers_by_lookup = source.find(itertools.chain(*lookups))
    answers = {lookup.key: answer for lookup, answer in answers_by_lookup.items()}
    return tuple(
        _read_issuers(certificate, {lookup: answers[lookup.key] for lookup in own if lookup.key in answers}, provider)
        for certificate, own in zip(certificates, lookups, strict=True)
    )


def _judge(
    path: Sequence[Certificate], store: TrustStore, at: datetime.datetime, provider: CryptoProvider
) -> PathTrail:
    validation = validate_path(path[0], _ANY_USE, PathRules(store, at, known=path[1:]), provider)
    try:
        return blocking.run(validation).trail
    except PathError as error:
        return trail_of(error) or PathTrail(certificates=(path[0],))
    except SmimeError:
        return PathTrail(certificates=(path[0],))


def _answers_for(trail: PathTrail, keys: set[LookupKey], looked_up: LookedUp[list[PathTrail]]) -> PathAnswers:
    if trail.anchor is None:
        problem = LookupProblem(
            code="untrusted-anchor", text="no authority that is trusted here vouches for this certificate"
        )
        return PathAnswers(problems=(problem,))
    own = {key: data for key, data in looked_up.answered.items() if key in keys}
    return PathAnswers(
        revocation_lists=tuple(data for (kind, _, _), data in own.items() if kind is LookupKind.CRL),
        ocsp_responses=tuple(data for (kind, _, _), data in own.items() if kind is LookupKind.OCSP),
        problems=tuple(dict.fromkeys(problem for key, problem in looked_up.problems.items() if key in keys)),
    )


def _issuer_urls(certificate: Certificate) -> tuple[str, ...]:
    # A certificate whose extension cannot be read names no address.
    try:
        return find_access_urls(certificate, ACCESS_CA_ISSUERS)[:_MAX_URLS]
    except MalformedMessage:
        return ()


def _read_issuers(certificate: Certificate, answers: dict[Lookup, Answer], provider: CryptoProvider) -> IssuerAnswers:
    issuers: dict[Certificate, None] = {}
    checks = SignatureChecks(provider)
    for lookup, answer in answers.items():
        # An answer that cannot be read is treated like no answer.
        with contextlib.suppress(SmimeError):
            candidates = add_answer(NO_EVIDENCE, lookup, answer.data).certificates
            issuers |= dict.fromkeys(
                candidate for candidate in candidates if _has_signed(candidate, certificate, checks)
            )
    is_missing = bool(answers) and not issuers
    return IssuerAnswers(certificates=tuple(issuers), problems=(_NO_ISSUER,) if is_missing else ())


def _has_signed(issuer: Certificate, certificate: Certificate, checks: SignatureChecks) -> bool:
    return names_match(issuer.subject_der, certificate.issuer_der) and blocking.run(checks.holds(issuer, certificate))
