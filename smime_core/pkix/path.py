"""The first certification path that is valid, or why there is none (RFC 5280 section 6, RFC 6818, 8550, 9549, 9598).

(1) `path_building` finds paths, the most promising first, and checks their signatures. (2) `path_validation` checks
each path against the conditions of the anchor and section 6.1, from the anchor down. (3) Revocation is checked for the
paths that pass (2), also from the anchor down. The first path that passes all three steps is returned.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field

from smime_core.errors import (
    CertificateRevoked,
    LimitExceeded,
    MalformedMessage,
    PathError,
    RevocationUnknown,
    UntrustedAnchor,
)
from smime_core.limits import MAX_CRL_ISSUER_DEPTH, MAX_PATHS, check_limit
from smime_core.pkix.budget import PathBudget
from smime_core.pkix.certificate_pool import CertificatePool
from smime_core.pkix.evidence import Lookup, LookupKind, RevocationState, RevocationStatus
from smime_core.pkix.journal import Journal
from smime_core.pkix.path_building import PathSearch, SignatureChecks
from smime_core.pkix.path_validation import PathInputs, check_path
from smime_core.pkix.purposes import CertificateUse, Purpose, find_usage_fault, use_of
from smime_core.pkix.revocation import UNKNOWN_REASONS, check_revocation, find_lookups
from smime_core.pkix.statements import TOO_MUCH, RevocationQuestion, refuse_left_out
from smime_core.pkix.trail import PathTrail, trail_of
from smime_core.pkix.trust import NO_REQUIREMENTS, RevocationPolicy, TrustAnchor, TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate, names_match
from smime_core.x509.distribution_points import ACCESS_CA_ISSUERS, find_access_urls


@dataclass(frozen=True, slots=True)
class PathRules:
    """The rules for a path: the anchors of `trust_store`, the moment `at`, and the algorithms of `policy`.

    `known` are certificates that the path may use besides those of the store, such as those of a message. Signatures
    with MD5, SHA-1 or DSA count only under Policy.ARCHIVE.
    """

    trust_store: TrustStore
    at: datetime.datetime
    _: KW_ONLY
    known: Sequence[Certificate] = ()
    policy: Policy = Policy.RECEIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedPath:
    """A valid path. Only `validate_path` makes one.

    `certificates` run from the end-entity certificate to the anchor's; DSA keys include inherited parameters.
    `addresses` are the end-entity certificate's addresses for which the anchor is trusted. `policies` is the
    user-constrained-policy-set of RFC 5280 section 6.1.6.
    """

    certificates: tuple[Certificate, ...]
    trail: PathTrail
    addresses: tuple[str, ...]
    policies: frozenset[str] = frozenset()


async def validate_path(
    certificate: Certificate,
    purpose: Purpose | CertificateUse,
    rules: PathRules,
    provider: CryptoProvider,
    *,
    budget: PathBudget | None = None,
) -> ValidatedPath:
    """Returns a path from `certificate` to one of the anchors, valid for the purpose under the rules.

    `budget` limits the cost of several paths together, such as those of all signers of a message.

    If no path is valid, raises the error of the path that got furthest. RevocationUnknown counts as furthest, then
    CertificateRevoked, then all other errors. Among errors of one rank, raises the error closest to the end-entity
    certificate. Raises PathError (CertificateExpired, CertificateRevoked, RevocationUnknown, UntrustedAnchor) with its
    trail, or LimitExceeded.
    """
    checks = SignatureChecks(provider, budget)
    pool = _find_pool(checks.budget, rules)
    # A certificate is valid until the end of the second in notAfter, so `at` loses its fraction of a second.
    inputs = PathInputs(
        at=rules.at.replace(microsecond=0),
        use=use_of(purpose, certificate),
        requirements=rules.trust_store.requirements,
        policy=rules.policy,
    )
    run = _Run(
        store=rules.trust_store,
        inputs=inputs,
        pool=pool,
        checks=checks,
        provider=provider,
        further=tuple(rules.known),
    )
    return await run.validate(certificate, pool)


def _find_pool(budget: PathBudget, rules: PathRules) -> CertificatePool:
    # The signers of one part share their certificates, so they also share one pool. Building a pool for each signer
    # would take too long in a hostile message with thousands of signers.
    if budget.last_pool is not None:
        of, store, moment, pool = budget.last_pool
        if of is rules.known and store is rules.trust_store and moment == rules.at:
            return pool
    pool = CertificatePool(
        (*rules.known, *rules.trust_store.evidence.certificates),
        [anchor.certificate for anchor in rules.trust_store.anchors],
        at=rules.at,
    )
    if isinstance(rules.known, tuple):
        budget.last_pool = (rules.known, rules.trust_store, rules.at, pool)
    return pool


def check_end_entity(certificate: Certificate, purpose: Purpose | CertificateUse) -> None:
    """Check that a certificate by itself may be used for the purpose. Raises PathError.

    For mail, this checks extended key usage, and key usage for the operation (RFC 8550 sections 4.4.2 and 4.4.4).
    """
    fault = find_usage_fault(certificate, use_of(purpose, certificate))
    if fault is not None:
        label, text = fault
        raise PathError(text, certificate=certificate.subject, rfc5280_step=label)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One validation: its inputs and its results so far.

    `further` are the certificates of `PathRules.known`. `asking` are the signers of revocation lists whose own paths
    are being checked for this path. `failures` are (`_stage` of the error, position of the failure, error).
    `crl_issuers` are the signers of revocation lists whose paths are valid, each with its anchor and the certificates
    to which its path was limited.
    """

    store: TrustStore
    inputs: PathInputs
    pool: CertificatePool
    checks: SignatureChecks
    provider: CryptoProvider
    further: tuple[Certificate, ...]
    asking: tuple[Certificate, ...] = ()
    failures: list[tuple[int, int, PathError]] = field(default_factory=list)
    crl_issuers: set[tuple[Certificate, Certificate, tuple[Certificate, ...]]] = field(default_factory=set)

    async def validate(self, certificate: Certificate, pool: CertificatePool) -> ValidatedPath:
        """See `validate_path`; `pool` has the certificates that the path may use."""
        search = PathSearch(certificate, pool, self.checks)
        count = 0
        try:
            while path := await search.next_path():
                count += 1
                check_limit("the number of paths to judge", count, MAX_PATHS)
                self.checks.budget.count_path(sum(len(path_certificate.der) for path_certificate in path))
                validated = await self._judge(path)
                if validated is not None:
                    return validated
        except LimitExceeded:
            if not self.failures:
                raise
        if self.failures:
            raise min(self.failures, key=lambda failure: failure[:2])[2]
        raise self._no_path(search)

    async def _judge(self, path: tuple[Certificate, ...]) -> ValidatedPath | None:
        # A store may have several anchors with the same certificate and different conditions.
        for anchor in self.store.anchors:
            if anchor.certificate != path[-1] or (anchor.is_exact and len(path) > 1):
                continue
            journal = Journal(path, anchor)
            try:
                checked = check_path(journal, self.inputs, anchor)
                await self._check_revocation(journal, anchor)
            except PathError as error:
                self.failures.append((_stage(error), journal.steps[-1].position, error))
                continue
            return ValidatedPath(
                certificates=journal.certificates,
                trail=journal.trail(),
                addresses=checked.addresses,
                policies=checked.policies,
            )
        return None

    async def _check_revocation(self, journal: Journal, anchor: TrustAnchor) -> None:
        # 6.1.3 (a)(3), for every certificate below the anchor's. An unknown status does not end the loop, so that all
        # lookups of a path can be made together.
        label, path, store = "6.1.3 (a)(3)", journal.certificates, self.store
        policy = store.policy_for(anchor)
        if policy is RevocationPolicy.NOT_CHECKED:
            journal.noted(label, 0, "its revocation was not checked")
            return
        unknown: list[tuple[int, str, bool]] = []
        revoked: list[tuple[int, str]] = []
        for position in range(len(path) - 2, -1, -1):
            status = await self._ask(path[position], path[position + 1 :], anchor)
            journal.revocation.append(status)
            if status.state is RevocationState.REVOKED:
                revoked.append((position, _revoked_text(status)))
            elif status.state is RevocationState.GOOD:
                journal.passed(label, position, "known not to be revoked")
            else:
                text = f"whether it was revoked is unknown: {UNKNOWN_REASONS[status.why]}"
                # TOO_MUCH means that a limit stopped the check, which always fails the path. A mere lack of evidence
                # may be accepted.
                unknown.append((position, text, status.why == TOO_MUCH))
        if revoked:
            # The loop did not stop at the first revoked certificate, because timestamps need the reasons of all
            # revocations.
            position, text = revoked[0]
            raise journal.failed(label, position, text, error=CertificateRevoked)
        journal.lookups = find_lookups(
            path, statuses=journal.revocation, evidence=store.evidence, provider=self.provider
        )
        for position, text, is_left_out in unknown:
            if is_left_out or policy is RevocationPolicy.REQUIRED:
                raise journal.failed(label, position, text, error=RevocationUnknown)
            journal.noted(label, position, text)

    async def _ask(
        self, certificate: Certificate, above: tuple[Certificate, ...], anchor: TrustAnchor
    ) -> RevocationStatus:
        async def is_valid_crl_issuer(candidate: Certificate) -> bool:
            if candidate.public_key.spki_der == certificate.public_key.spki_der:
                # A certificate may sign the list about itself only while it is checked as the signer of a list (test
                # 4.14.30 of NIST's PKITS). Otherwise signers of mail could state that they are not revoked themselves.
                # The certificate of an authority's next key is refused even then, because that key also issues
                # certificates.
                is_next_key = certificate.is_ca and certificate.is_self_issued
                return candidate == certificate and bool(self.asking) and not is_next_key
            is_issuers = names_match(candidate.subject_der, certificate.issuer_der)
            return await self._is_valid_crl_issuer(candidate, anchor, above if is_issuers else ())

        question = RevocationQuestion(
            certificate=certificate,
            issuer=above[0],
            anchor=anchor.certificate,
            evidence=self.store.evidence,
            at=self.inputs.at,
            provider=self.provider,
            is_valid_crl_issuer=is_valid_crl_issuer,
            candidates=self.further,
            policy=self.inputs.policy,
            budget=self.checks.budget,
        )
        status = await check_revocation(question)
        # Raises LimitExceeded if a limit stopped the check. No trust store accepts a stopped check, although some
        # stores accept a lack of evidence.
        self.checks.budget.check()
        return status

    async def _is_valid_crl_issuer(
        self, candidate: Certificate, anchor: TrustAnchor, above: tuple[Certificate, ...]
    ) -> bool:
        # Section 6.3.3 (f): the signer of a list needs its own path to the same anchor, with revocation checked too.
        # The signer is not accepted if that path depends on the signer itself or on too many other list signers.
        # `above` is set if the signer has the issuer's name with another key. The signer's path may then use only the
        # authorities in `above`, because any other authority below the anchor could certify that name. Raises
        # LimitExceeded if a limit stopped the check.
        if (candidate, anchor.certificate, above) in self.crl_issuers:
            return True
        if candidate in self.asking or len(self.asking) == MAX_CRL_ISSUER_DEPTH:
            return False
        plain = TrustAnchor(certificate=anchor.certificate, source=anchor.source, revocation=anchor.revocation)
        run = dataclasses.replace(
            self,
            store=dataclasses.replace(self.store, anchors=(plain,)),
            inputs=dataclasses.replace(self.inputs, use=use_of(Purpose.CRL, candidate), requirements=NO_REQUIREMENTS),
            pool=self.pool.with_anchor(anchor.certificate),
            asking=(*self.asking, candidate),
            failures=[],
        )
        try:
            await run.validate(candidate, run.pool.limited_to(above) if above else run.pool)
        except LimitExceeded:
            raise
        except PathError as error:
            trail = trail_of(error)
            for status in trail.revocation if trail else ():
                refuse_left_out(status)
            return False
        self.crl_issuers.add((candidate, anchor.certificate, above))
        return True

    def _no_path(self, search: PathSearch) -> PathError:
        chain = search.furthest
        journal = Journal(chain)
        fault = find_usage_fault(chain[0], self.inputs.use)
        if fault is not None:
            return journal.failed(fault[0], 0, fault[1])
        for position in range(len(chain) - 1):
            journal.passed("6.1.3 (a)(1)", position, "signed by the key of its issuer")
        last = chain[-1]
        if not last.is_self_issued:
            lookups = _issuer_lookups(last, chain)
            journal.lookups = tuple(lookup for lookup in lookups if lookup.key not in self.store.evidence.asked)
        text = f"no authority that you trust vouches for {last.issuer}"
        if last in search.with_rejected_issuer:
            text += ", whose key at hand has not signed this certificate"
        return journal.failed("6.1.1 (d)", len(chain) - 1, text, error=UntrustedAnchor)


def _issuer_lookups(certificate: Certificate, chain: tuple[Certificate, ...]) -> Iterator[Lookup]:
    try:
        urls = find_access_urls(certificate, ACCESS_CA_ISSUERS)
    except MalformedMessage:
        return  # The extension only helps to find the issuer, so damage in it is no error.
    for url in urls:
        yield Lookup(kind=LookupKind.ISSUER, url=url, certificate=certificate, path=chain)


def _revoked_text(status: RevocationStatus) -> str:
    when = f" on {status.revoked_at:%Y-%m-%d}" if status.revoked_at else ""
    return f"the certificate of {status.certificate.common_name} was revoked{when}" + (
        f" ({status.reason})" if status.reason else ""
    )


def _stage(error: PathError) -> int:
    # The rank of an error by the progress of its path: 0 is the furthest.
    if isinstance(error, RevocationUnknown):
        return 0
    return 1 if isinstance(error, CertificateRevoked) else 2
