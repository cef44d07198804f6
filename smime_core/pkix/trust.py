"""What a decision is made from: anchors with their conditions, what their operator demands, and what was looked up."""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.certificate import Certificate
from smime_core.pkix.evidence import NO_EVIDENCE, Evidence


class RevocationPolicy(StrEnum):
    """What an unknown revocation status does to a path."""

    REQUIRED = "required"
    """Hard failure: a path holds only when every certificate below the anchor is known to be good."""
    IF_KNOWN = "if-known"
    """Soft failure: what is known to be revoked fails, what nobody could say is noted."""
    NOT_CHECKED = "not-checked"
    """Nothing is looked at; the details say so."""


class TrustSource(StrEnum):
    """Who says that an anchor is to be trusted."""

    GIVEN = "given"
    """The caller: --anchor, or an argument."""
    MOZILLA = "mozilla"
    """Mozilla's roots that are trusted for e-mail."""
    OPERATOR = "operator"
    """The signed list of whoever runs the bridge."""
    USER = "user"
    """The user's own decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustAnchor:
    """One certificate that is trusted, and how far.

    `addresses` are those that it counts for, "a@example.test" or "@example.test" for a whole domain; none stands for
    everybody. `is_exact` trusts this very certificate and nothing that it issued. Certificates issued after
    `distrust_after` do not count (Mozilla's distrust dates). `accepted_at` is when somebody decided so. `revocation` is
    what an unknown status does to the paths that end here, None for what the store demands: several lists of trust make
    one store, each with a policy of its own.
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
    """Trust anchors and the policy that goes with them; no default weakens it.

    `evidence` is what was looked up or kept from before. Nothing in it is believed: the core validates all of it.
    `timestamp_anchors` are those of timestamp authorities (RFC 3161): who vouches for people says nothing about clocks.
    """

    anchors: tuple[TrustAnchor, ...]
    revocation: RevocationPolicy = RevocationPolicy.REQUIRED
    requirements: PolicyRequirements = NO_REQUIREMENTS
    evidence: Evidence = NO_EVIDENCE
    timestamp_anchors: tuple[TrustAnchor, ...] = ()

    @classmethod
    def of(cls, *certificates: Certificate, revocation: RevocationPolicy = RevocationPolicy.REQUIRED) -> TrustStore:
        """A store that trusts these certificates for everybody."""
        anchors = tuple(TrustAnchor(certificate=certificate) for certificate in certificates)
        return cls(anchors=anchors, revocation=revocation)

    def with_evidence(self, evidence: Evidence) -> TrustStore:
        """The same store with other evidence."""
        return dataclasses.replace(self, evidence=evidence)

    def policy_for(self, anchor: TrustAnchor | None) -> RevocationPolicy:
        """What an unknown status does to a path that ends at this anchor; who checks nothing checks nothing."""
        if anchor is None or self.revocation is RevocationPolicy.NOT_CHECKED:
            return self.revocation
        return anchor.revocation or self.revocation

    def with_revocation(self, policy: RevocationPolicy) -> TrustStore:
        """The same store with this policy for all of its anchors."""
        anchors = tuple(dataclasses.replace(anchor, revocation=None) for anchor in self.anchors)
        return dataclasses.replace(self, anchors=anchors, revocation=policy)

    def softened(self) -> TrustStore:
        """The same store where an unknown status fails no path; what is not checked stays unchecked."""

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
        """The same store for a moment before `at`: what was issued until `at`, and is here, may say what was then."""
        if self.evidence.gathered_at is not None:
            return self
        return self.with_evidence(dataclasses.replace(self.evidence, gathered_at=at))

    def for_timestamps(self) -> TrustStore:
        """What timestamp authorities are judged by: their own anchors, and no requirements on policies."""
        return dataclasses.replace(self, anchors=self.timestamp_anchors, requirements=NO_REQUIREMENTS)
