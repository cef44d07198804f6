"""Certification paths: one that holds, or why none does (RFC 5280 section 6, 6818, RFC 9549, RFC 9598, RFC 8550).

(1) `path_building` finds paths, the most promising first, their signatures checked; (2) `path_validation` holds each
against the anchor and section 6.1, from the anchor down; (3) what is left is asked for revocation, from the anchor down
too. The first path that passes all of it is taken.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from smime_core.certificate import Certificate, names_match
from smime_core.distribution_points import ACCESS_CA_ISSUERS, find_access_urls
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
from smime_core.pkix.evidence import Lookup, LookupKind, RevocationState, RevocationStatus
from smime_core.pkix.journal import Journal
from smime_core.pkix.path_building import CertificatePool, PathSearch, SignatureChecks
from smime_core.pkix.path_validation import CheckedPath, PathInputs, check_path
from smime_core.pkix.purposes import CertificateUse, Purpose, find_usage_fault, use_of
from smime_core.pkix.revocation import UNKNOWN_REASONS, check_revocation, find_lookups
from smime_core.pkix.statements import TOO_MUCH, refuse_left_out
from smime_core.pkix.trail import PathTrail
from smime_core.pkix.trust import NO_REQUIREMENTS, RevocationPolicy, TrustAnchor, TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedPath:
    """A path that holds. Only `validate_path` makes one.

    `certificates` run from the end-entity certificate to the anchor's, DSA keys with the parameters that they inherit.
    `addresses` are those of the end-entity certificate that the anchor counts for. `policies` is the
    user-constrained-policy-set of RFC 5280 section 6.1.6.
    """

    certificates: tuple[Certificate, ...]
    trail: PathTrail
    addresses: tuple[str, ...]
    policies: frozenset[str] = frozenset()


async def validate_path(
    certificate: Certificate,
    *,
    intermediates: Sequence[Certificate],
    trust_store: TrustStore,
    at: datetime.datetime,
    purpose: Purpose | CertificateUse,
    provider: CryptoProvider,
    policy: Policy = Policy.RECEIVE,
    budget: PathBudget | None = None,
) -> ValidatedPath:
    """A path from `certificate` to one of the anchors that holds at the moment `at`.

    `budget` is what several paths may cost together, as those of all signers of a message.

    When none does, the error of the path that got furthest is raised: one that was only short of knowing about
    revocation before one with a revoked certificate, that before one that fails another check, and of those the one
    that fails closest to the end-entity certificate. Signatures by MD5, SHA-1 and DSA count by policy ARCHIVE alone.
    Raises PathError (CertificateExpired, CertificateRevoked, RevocationUnknown, UntrustedAnchor) with its trail, or
    LimitExceeded.
    """
    checks = SignatureChecks(provider, budget)
    pool = _find_pool(checks.budget, intermediates, trust_store, at=at)
    # The validity of a certificate ends with the second that it names.
    inputs = PathInputs(
        at=at.replace(microsecond=0),
        use=use_of(purpose, certificate),
        requirements=trust_store.requirements,
        policy=policy,
    )
    run = _Run(
        store=trust_store,
        inputs=inputs,
        pool=pool,
        checks=checks,
        provider=provider,
        further=tuple(intermediates),
    )
    return await run.validate(certificate, pool)


def _find_pool(
    budget: PathBudget, intermediates: Sequence[Certificate], trust_store: TrustStore, *, at: datetime.datetime
) -> CertificatePool:
    # The signers of one part follow one another with the same certificates, thousands where somebody means harm.
    if budget.last_pool is not None:
        of, store, moment, pool = budget.last_pool
        if of is intermediates and store is trust_store and moment == at:
            return pool
    pool = CertificatePool(
        (*intermediates, *trust_store.evidence.certificates),
        [anchor.certificate for anchor in trust_store.anchors],
        at=at,
    )
    if isinstance(intermediates, tuple):
        budget.last_pool = (intermediates, trust_store, at, pool)
    return pool


def check_end_entity(certificate: Certificate, purpose: Purpose | CertificateUse) -> None:
    """E-mail protection and the key usage of the operation (RFC 8550 sections 4.4.2 and 4.4.4). Raises PathError."""
    fault = find_usage_fault(certificate, use_of(purpose, certificate))
    if fault is not None:
        label, text = fault
        raise PathError(text, certificate=certificate.subject, rfc5280_step=label)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One validation: what it works with, and what came of it so far.

    `further` are certificates that stood beside the evidence. `asking` are the signers of lists whose own paths wait
    for this one, `crl_issuers` those whose paths hold, each with the anchor that they lead to and
    what they were limited to.
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
        """See `validate_path`; `pool` has what may stand in the path."""
        search = PathSearch(certificate, pool, self.checks)
        count = 0
        try:
            while path := await search.next_path():
                count += 1
                check_limit("the number of paths to judge", count, MAX_PATHS)
                self.checks.budget.count_path(sum(len(one.der) for one in path))
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
        # One certificate may be an anchor several times, by different conditions.
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
            return _validated(journal, checked)
        return None

    async def _check_revocation(self, journal: Journal, anchor: TrustAnchor) -> None:
        # 6.1.3 (a)(3), for every certificate below the anchor's. What is unknown stops nothing at once, so that all of
        # a path can be looked up together.
        label, path, store = "6.1.3 (a)(3)", journal.certificates, self.store
        policy = store.policy_for(anchor)
        if policy is RevocationPolicy.NOT_CHECKED:
            journal.noted(label, 0, "whether it was revoked was not checked")
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
                # What was not looked at for its cost must not pass for what nobody could say.
                unknown.append((position, text, status.why == TOO_MUCH))
        if revoked:
            # All were asked: why the others were revoked matters as well, to timestamps.
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
                # An authority may name as the issuer of a list the very certificate that it is about (PKITS 4.14.30),
                # where that is only asked about as the signer of a list. A signer of mail would take back their own
                # revocation, and so would its own next key, which issues certificates.
                is_next_key = certificate.is_ca and certificate.is_self_issued
                return candidate == certificate and bool(self.asking) and not is_next_key
            is_issuers = names_match(candidate.subject_der, certificate.issuer_der)
            return await self._is_valid_crl_issuer(candidate, anchor, above if is_issuers else ())

        status = await check_revocation(
            certificate,
            above[0],
            anchor=anchor.certificate,
            store=self.store,
            at=self.inputs.at,
            provider=self.provider,
            is_valid_crl_issuer=is_valid_crl_issuer,
            candidates=self.further,
            policy=self.inputs.policy,
            budget=self.checks.budget,
        )
        # What was not looked at for its cost must not pass for what nobody could say, which some stores forgive.
        self.checks.budget.check()
        return status

    async def _is_valid_crl_issuer(
        self, candidate: Certificate, anchor: TrustAnchor, above: tuple[Certificate, ...]
    ) -> bool:
        # Section 6.3.3 (f): a path of its own to the same anchor, which asks for revocation too. Who vouches for
        # himself that way, or needs too many others for it, is not valid. Another key of the issuer's own name has its
        # path over authorities `above` the certificate alone: any other below the anchor could certify that name.
        # Raises LimitExceeded where not all was looked at.
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
            for status in error.trail.revocation if error.trail else ():
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
            journal.lookups = tuple(one for one in lookups if one.key not in self.store.evidence.asked)
        text = f"nobody you trust vouches for {last.issuer}"
        if last in search.disowned:
            text += ", whose key at hand has not signed this certificate"
        return journal.failed("6.1.1 (d)", len(chain) - 1, text, error=UntrustedAnchor)


def _issuer_lookups(certificate: Certificate, chain: tuple[Certificate, ...]) -> Iterator[Lookup]:
    try:
        urls = find_access_urls(certificate, ACCESS_CA_ISSUERS)
    except MalformedMessage:
        return  # a damaged extension that would only have helped
    for url in urls:
        yield Lookup(kind=LookupKind.ISSUER, url=url, certificate=certificate, path=chain)


def _validated(journal: Journal, checked: CheckedPath) -> ValidatedPath:
    return ValidatedPath(
        certificates=journal.certificates,
        trail=journal.trail(),
        addresses=checked.addresses,
        policies=checked.policies,
    )


def _revoked_text(status: RevocationStatus) -> str:
    when = f" on {status.revoked_at:%Y-%m-%d}" if status.revoked_at else ""
    return f"the certificate of {status.certificate.common_name} was revoked{when}" + (
        f" ({status.reason})" if status.reason else ""
    )


def _stage(error: PathError) -> int:
    # How far a path got, the furthest first.
    if isinstance(error, RevocationUnknown):
        return 0
    return 1 if isinstance(error, CertificateRevoked) else 2
