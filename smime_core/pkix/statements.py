"""What one list or response says about one certificate, and what all of them say together.

A revocation in any statement that holds wins over "good" in any other (ours: nobody who can withhold one of them shall
decide), with one exception: certificateHold is lifted by a newer statement that covers it and knows of no revocation
(RFC 5280 section 5.3.1; a delta says so by removeFromCRL). "Good" needs statements that cover all reasons together.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from smime_core.algorithms import SignatureAlgorithm
from smime_core.certificate import Certificate
from smime_core.der import Buffer
from smime_core.distribution_points import ALL_REASONS, NO_REASONS, ReasonFlags
from smime_core.errors import LimitExceeded, SmimeError, UnsupportedAlgorithm
from smime_core.limits import MAX_REVOCATION_SIGNATURES, MAX_REVOCATION_SIGNED_BYTES, check_limit
from smime_core.pkix.budget import PathBudget
from smime_core.pkix.evidence import Evidence, RevocationState, RevocationStatus
from smime_core.policy import Policy, check_signature_algorithm
from smime_core.provider import CryptoProvider, PublicKey

UNKNOWN_REASONS: Final[dict[str, str]] = {
    "reasons-not-covered": "the revocation lists found do not cover every reason for a revocation",
    "too-much": "there is more evidence about its revocation than is looked through",
    "stale": "what is known about its revocation is too old",
    "not-yet-valid": "what is known about its revocation is from later than the moment in question",
    "responder-does-not-know": "the OCSP responder does not know the certificate",
    "not-authorised": "who signed about its revocation may not speak for its issuer",
    "weak-signature": "what is known about its revocation is signed by too weak an algorithm",
    "unsigned": "the signature about its revocation does not hold",
    "not-understood": "a revocation list or OCSP response has a critical extension that is not understood",
    "damaged": "what came about its revocation is damaged",
    "other-certificate": "what was answered is about other certificates",
    "unavailable": "the addresses that the certificate names did not answer",
    "not-asked": "nobody has asked yet whether it was revoked",
    "nobody-to-ask": "the certificate names nobody who could say whether it was revoked",
}
"""Why a status is unknown: code and sentence, the most telling first."""

TOO_MUCH: Final = "too-much"
HOLD: Final = "certificateHold"
# The further behind, the less a reason says against what was signed before (RFC 3161 section 4, RFC 5280 section
# 5.3.1); all that are not named here say the most.
_MILD_REASONS: Final = (
    "privilegeWithdrawn",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    HOLD,
    "removeFromCRL",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one list (with its delta) or one response says: good for `reasons`, or a revocation.

    `revoked_at` is None when the certificate is not revoked. `is_current` is False for a statement that is too old to
    say anything but a revocation.
    """

    source: str
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    reasons: ReasonFlags = ALL_REASONS
    revoked_at: datetime.datetime | None = None
    reason: str = ""
    is_current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Whether a certificate was revoked at a moment, and all that is needed to find out.

    `candidates` are certificates that could be a list's signer's, beside those of the evidence. `tried` has
    the octets under each signature that was looked at.
    """

    certificate: Certificate
    issuer: Certificate
    anchor: Certificate
    evidence: Evidence
    at: datetime.datetime
    policy: Policy
    provider: CryptoProvider
    is_valid_crl_issuer: Callable[[Certificate], Awaitable[bool]]
    candidates: Sequence[Certificate] = ()
    tried: list[int] = field(default_factory=list)
    budget: PathBudget = field(default_factory=PathBudget)

    async def find_fault(
        self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, signed: Buffer
    ) -> str | None:
        """What is wrong with a signature, a code of UNKNOWN_REASONS; None when it holds.

        Raises LimitExceeded beyond MAX_REVOCATION_SIGNATURES, MAX_REVOCATION_SIGNED_BYTES and the budget.
        """
        self.tried.append(len(signed))
        check_limit("signatures about a revocation", len(self.tried), MAX_REVOCATION_SIGNATURES)
        check_limit("octets signed about a revocation", sum(self.tried), MAX_REVOCATION_SIGNED_BYTES)
        self.budget.count_signature(key)
        try:
            check_signature_algorithm(algorithm, self.policy)
            await self.provider.verify(key, algorithm, signature, signed)
        except UnsupportedAlgorithm:
            return "weak-signature"
        except SmimeError:
            return "unsigned"
        return None


def combine(certificate: Certificate, statements: Sequence[Statement], faults: Iterable[str]) -> RevocationStatus:
    """The status that all statements give together; `faults` are codes of why others do not count."""
    revocations = [one for one in statements if one.revoked_at is not None and not _is_lifted(one, statements)]
    if revocations:
        # A later list may give a graver reason than an earlier one, as when a key turns out to be known to others.
        deciding = min(revocations, key=lambda one: (mildness(one.reason), one.revoked_at))
        return _status(certificate, RevocationState.REVOKED, deciding)
    faults = set(faults)
    if TOO_MUCH in faults:
        # What was not looked at could revoke it, and whoever sends a message can fill it up.
        return RevocationStatus(certificate=certificate, state=RevocationState.UNKNOWN, why=TOO_MUCH)
    good = [one for one in statements if one.is_current and one.revoked_at is None]
    covered = NO_REASONS
    for statement in good:
        covered |= statement.reasons
    if good and covered & ALL_REASONS == ALL_REASONS:
        return _status(certificate, RevocationState.GOOD, max(good, key=lambda one: one.this_update))
    codes = {"reasons-not-covered"} if good else faults
    if not codes and statements:
        codes = {"stale"}
    why = next((code for code in UNKNOWN_REASONS if code in codes), "nobody-to-ask")
    return RevocationStatus(certificate=certificate, state=RevocationState.UNKNOWN, why=why)


def refuse_left_out(status: RevocationStatus) -> None:
    """Raise LimitExceeded for the status of somebody who has signed a statement, when not all about them was read."""
    if status.why == TOO_MUCH:
        raise LimitExceeded("signatures about a revocation", MAX_REVOCATION_SIGNATURES + 1, MAX_REVOCATION_SIGNATURES)


def mildness(reason: str) -> int:
    """How little a reason for a revocation says against what was signed before: 0 for the gravest."""
    return _MILD_REASONS.index(reason) + 1 if reason in _MILD_REASONS else 0


def _is_lifted(hold: Statement, statements: Sequence[Statement]) -> bool:
    return hold.reason == HOLD and any(
        one.revoked_at is None
        and one.is_current
        and one.this_update > hold.this_update
        and ReasonFlags.CERTIFICATE_HOLD in one.reasons
        for one in statements
    )


def _status(certificate: Certificate, state: RevocationState, deciding: Statement) -> RevocationStatus:
    return RevocationStatus(
        certificate=certificate,
        state=state,
        revoked_at=deciding.revoked_at,
        reason=deciding.reason,
        source=deciding.source,
        this_update=deciding.this_update,
        next_update=deciding.next_update,
    )
