"""The trust store: anchors with their conditions, the operator's demands, and the evidence."""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.pkix.evidence import NO_EVIDENCE, Evidence
from smime_core.x509.certificate import Certificate


class RevocationPolicy(StrEnum):
    """The effect of an unknown revocation status on a path."""

    REQUIRED = "required"
    """Hard failure: a path is valid only if every certificate below the anchor is known to be good."""
    IF_KNOWN = "if-known"
    """Soft failure: a path with a revoked certificate fails; an unknown status is only noted."""
    NOT_CHECKED = "not-checked"
    """Revocation is not checked, and the trail of the path says so."""


class TrustSource(StrEnum):
    """The source of the trust in an anchor."""

    GIVEN = "given"
    """The caller, by --anchor or an argument."""
    MOZILLA = "mozilla"
    """Mozilla's roots that are trusted for e-mail."""
    OPERATOR = "operator"
    """The signed list of the bridge's operator."""
    USER = "user"
    """The user's own decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustAnchor:
    """One certificate that is trusted, and the limits of this trust.

    `addresses` are the addresses for which it is trusted: "a@example.test", or "@example.test" for a whole domain;
    empty means all. With `is_exact`, only this certificate is trusted and no certificate that it issued. Certificates
    issued after `distrust_after` do not count (Mozilla's distrust dates). `accepted_at` is the time of the user's
    decision. `revocation` is the policy for paths that end at this anchor, or None for the policy of the store. A store
    may combine several trust lists, each with its own policy.
    """

    certificate: Certificate
    source: TrustSource = TrustSource.GIVEN
    addresses: tuple[str, ...] = ()
    is_exact: bool = False
    distrust_after: datetime.datetime | None = None
    accepted_at: datetime.datetime | None = None
    revocation: RevocationPolicy | None = None


ANY_POLICY: Final = "2.5.29.32.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequirements:
    """The inputs (c) to (g) of RFC 5280 section 6.1.1; the defaults demand nothing."""

    initial_policies: frozenset[str] = frozenset({ANY_POLICY})
    require_explicit_policy: bool = False
    inhibit_policy_mapping: bool = False
    inhibit_any_policy: bool = False


NO_REQUIREMENTS: Final = PolicyRequirements()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """Trust anchors, and the rules for paths to them. By default, every certificate must be known not to be revoked.

    `evidence` comes from lookups or from a cache. The evidence is not trusted: the core validates all of it.
    `timestamp_anchors` are the anchors of timestamp authorities (RFC 3161), because an authority that vouches for
    people says nothing about clocks.
    """

    anchors: tuple[TrustAnchor, ...]
    revocation: RevocationPolicy = RevocationPolicy.REQUIRED
    requirements: PolicyRequirements = NO_REQUIREMENTS
    evidence: Evidence = NO_EVIDENCE
    timestamp_anchors: tuple[TrustAnchor, ...] = ()

    @classmethod
    def of(cls, *certificates: Certificate, revocation: RevocationPolicy = RevocationPolicy.REQUIRED) -> TrustStore:
        """A store that trusts these certificates for all addresses."""
        anchors = tuple(TrustAnchor(certificate=certificate) for certificate in certificates)
        return cls(anchors=anchors, revocation=revocation)

    def with_evidence(self, evidence: Evidence) -> TrustStore:
        """The same store with other evidence."""
        return dataclasses.replace(self, evidence=evidence)

    def policy_for(self, anchor: TrustAnchor | None) -> RevocationPolicy:
        """The effect of an unknown status on a path to this anchor. NOT_CHECKED of the store overrides its anchors."""
        if anchor is None or self.revocation is RevocationPolicy.NOT_CHECKED:
            return self.revocation
        return anchor.revocation or self.revocation

    def with_revocation(self, policy: RevocationPolicy) -> TrustStore:
        """The same store with this policy for all of its anchors."""
        anchors = tuple(dataclasses.replace(anchor, revocation=None) for anchor in self.anchors)
        return dataclasses.replace(self, anchors=anchors, revocation=policy)

    def softened(self) -> TrustStore:
        """The same store, but an unknown status fails no path. NOT_CHECKED stays NOT_CHECKED."""

        def soften(policy: RevocationPolicy) -> RevocationPolicy:
            return RevocationPolicy.IF_KNOWN if policy is RevocationPolicy.REQUIRED else policy

        return dataclasses.replace(
            self,
            revocation=soften(self.revocation),
            anchors=tuple(
                dataclasses.replace(anchor, revocation=soften(anchor.revocation)) if anchor.revocation else anchor
                for anchor in self.anchors
            ),
        )

    def looking_back_from(self, at: datetime.datetime) -> TrustStore:
        """The same store for a moment before `at`: evidence that was issued up to `at` counts for that moment too."""
        if self.evidence.gathered_at is not None:
            return self
        return self.with_evidence(dataclasses.replace(self.evidence, gathered_at=at))

    def for_timestamps(self) -> TrustStore:
        """The store for judging timestamp authorities: their own anchors, and no requirements on policies."""
        return dataclasses.replace(self, anchors=self.timestamp_anchors, requirements=NO_REQUIREMENTS)
