"""Looking up what concerns given certification paths, for somebody who asks from elsewhere."""

from __future__ import annotations

import contextlib
import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core import blocking
from smime_core.certificate import Certificate, names_match
from smime_core.distribution_points import ACCESS_CA_ISSUERS, find_access_urls
from smime_core.errors import MalformedMessage, PathError, SmimeError
from smime_core.lookups.answers import Answer, AnswerSource, LookupProblem
from smime_core.lookups.rounds import LookedUp, examine_with_lookups
from smime_core.pkix import PathTrail, RevocationPolicy, TrustStore, validate_path
from smime_core.pkix.evidence import NO_EVIDENCE, Lookup, LookupKey, LookupKind, add_answer
from smime_core.pkix.path_building import SignatureChecks
from smime_core.pkix.purposes import CertificateUse
from smime_core.provider import CryptoProvider

# Whoever asks judges the use.
_ANY_USE: Final = CertificateUse(name="looking up")
_MAX_URLS: Final = 2  # of one certificate's issuer
_NO_ISSUER: Final = LookupProblem(
    code="issuer-not-found", text="no issuer's certificate came from the addresses in the certificate"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathAnswers:
    """What came for one path, as octets and unchecked, and what did not come."""

    revocation_lists: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()
    problems: tuple[LookupProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerAnswers:
    """Certificates whose key has signed the one that was asked about, or the one problem that none came."""

    certificates: tuple[Certificate, ...] = ()
    problems: tuple[LookupProblem, ...] = ()


def look_up_paths(
    paths: Sequence[Sequence[Certificate]],
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    source: AnswerSource,
    provider: CryptoProvider,
) -> tuple[PathAnswers, ...]:
    """What bears on the revocation of each path's certificates, the end-entity certificate first in each.

    Nothing is asked about a path that does not chain to one of the store's anchors.
    """
    named: list[set[LookupKey]] = [set() for _ in paths]

    def judge_all(store: TrustStore) -> list[PathTrail]:
        trails = [_judge(path, store, at=at, provider=provider) for path in paths]
        for keys, trail in zip(named, trails, strict=True):
            keys.update(lookup.key for lookup in trail.lookups)
        return trails

    looked_up = examine_with_lookups(
        judge_all,
        # What is revoked above does not end the asking below it.
        trust_store=trust_store.with_revocation(RevocationPolicy.IF_KNOWN),
        trails_of=lambda trails: trails,
        source=source,
    )
    return tuple(_answers_for(trail, keys, looked_up) for trail, keys in zip(looked_up.result, named, strict=True))


def look_up_issuers(
    certificates: Sequence[Certificate], *, source: AnswerSource, provider: CryptoProvider
) -> tuple[IssuerAnswers, ...]:
    """For each certificate those of its issuer, from where it says (RFC 5280 section 4.2.2.1).

    Whoever made a certificate learns from this that somebody looks at it. `source` must allow LookupKind.ISSUER.
    Whatever keeps an issuer from coming is one problem with one text: the person who asks chose the address, and must
    not learn how a server answers there.
    """
    lookups = [
        [
            Lookup(kind=LookupKind.ISSUER, url=url, certificate=certificate, path=(certificate,))
            for url in _issuer_urls(certificate)
        ]
        for certificate in certificates
    ]
    found = source.find(itertools.chain(*lookups))
    answers = {lookup.key: answer for lookup, answer in found.items()}
    return tuple(
        _read_issuers(certificate, {lookup: answers[lookup.key] for lookup in own if lookup.key in answers}, provider)
        for certificate, own in zip(certificates, lookups, strict=True)
    )


def _judge(
    path: Sequence[Certificate], store: TrustStore, *, at: datetime.datetime, provider: CryptoProvider
) -> PathTrail:
    validation = validate_path(
        path[0], intermediates=path[1:], trust_store=store, at=at, purpose=_ANY_USE, provider=provider
    )
    try:
        return blocking.run(validation).trail
    except PathError as error:
        return error.trail or PathTrail(certificates=(path[0],))
    except SmimeError:
        return PathTrail(certificates=(path[0],))


def _answers_for(trail: PathTrail, keys: set[LookupKey], looked_up: LookedUp[list[PathTrail]]) -> PathAnswers:
    if trail.anchor is None:
        problem = LookupProblem(
            code="untrusted-anchor", text="nobody that is trusted here vouches for this certificate"
        )
        return PathAnswers(problems=(problem,))
    own = {key: data for key, data in looked_up.answered.items() if key in keys}
    return PathAnswers(
        revocation_lists=tuple(data for (kind, _, _), data in own.items() if kind is LookupKind.CRL),
        ocsp_responses=tuple(data for (kind, _, _), data in own.items() if kind is LookupKind.OCSP),
        problems=tuple(dict.fromkeys(problem for key, problem in looked_up.problems.items() if key in keys)),
    )


def _issuer_urls(certificate: Certificate) -> tuple[str, ...]:
    # A certificate whose extension cannot be read names nobody.
    try:
        return find_access_urls(certificate, ACCESS_CA_ISSUERS)[:_MAX_URLS]
    except MalformedMessage:
        return ()


def _read_issuers(certificate: Certificate, answers: dict[Lookup, Answer], provider: CryptoProvider) -> IssuerAnswers:
    issuers: dict[Certificate, None] = {}
    checks = SignatureChecks(provider)
    for lookup, answer in answers.items():
        # Certificates that cannot be read count as none, like a server that does not answer.
        with contextlib.suppress(SmimeError):
            candidates = add_answer(NO_EVIDENCE, lookup, answer.data).certificates
            issuers |= dict.fromkeys(one for one in candidates if _has_signed(one, certificate, checks))
    is_missing = bool(answers) and not issuers
    return IssuerAnswers(certificates=tuple(issuers), problems=(_NO_ISSUER,) if is_missing else ())


def _has_signed(issuer: Certificate, certificate: Certificate, checks: SignatureChecks) -> bool:
    return names_match(issuer.subject_der, certificate.issuer_der) and blocking.run(checks.holds(issuer, certificate))
