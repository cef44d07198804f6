"""The statement of one list or response about one certificate, and the status that all statements together give.

A revocation in any valid statement overrides "good" in all others. This rule is our own. Under this rule, an attacker
who withholds statements cannot hide a revocation that another statement reports. The exception is certificateHold: a
newer statement lifts the hold if it covers the certificate and does not revoke it (RFC 5280 section 5.3.1). In a delta,
removeFromCRL lifts the hold. "Good" needs statements that together cover all reasons.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from smime_core.algorithms import SignatureAlgorithm
from smime_core.asn1.der import Buffer
from smime_core.errors import LimitExceeded, SmimeError, UnsupportedAlgorithm
from smime_core.limits import MAX_REVOCATION_SIGNATURES, MAX_REVOCATION_SIGNED_BYTES, check_limit
from smime_core.pkix.budget import PathBudget
from smime_core.pkix.evidence import Evidence, RevocationState, RevocationStatus
from smime_core.policy import Policy, check_signature_algorithm
from smime_core.provider import CryptoProvider, PublicKey
from smime_core.x509.certificate import Certificate
from smime_core.x509.distribution_points import ALL_REASONS, NO_REASONS, ReasonFlags

UNKNOWN_REASONS: Final[dict[str, str]] = {
    "reasons-not-covered": "the revocation lists found do not cover every reason for a revocation",
    "too-much": "there is more evidence about its revocation than this program looks through",
    "stale": "the evidence about its revocation is too old",
    "not-yet-valid": "the evidence about its revocation is from later than the moment in question",
    "responder-does-not-know": "the OCSP responder does not know the certificate",
    "not-authorised": "the signer of the evidence about its revocation may not speak for its issuer",
    "weak-signature": "the evidence about its revocation is signed with too weak an algorithm",
    "unsigned": "the signature on the evidence about its revocation is not valid",
    "not-understood": "a revocation list or OCSP response has a critical extension that is not understood",
    "damaged": "the evidence about its revocation is damaged",
    "other-certificate": "the evidence is about other certificates",
    "unavailable": "the addresses that the certificate names did not respond",
    "not-asked": "no authority was asked yet whether it was revoked",
    "nobody-to-ask": "the certificate names no service that could say whether it was revoked",
}
"""Reasons why a status is unknown: code and sentence, the most informative first. Of several, the first is reported."""

TOO_MUCH: Final = "too-much"
HOLD: Final = "certificateHold"
# The mild reasons, the mildest last: the milder a reason, the less it says against earlier signatures (RFC 3161 section
# 4, RFC 5280 section 5.3.1). Reasons that are not listed are more serious than all of these.
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
    """The statement of one list (with its delta) or one response: good for `reasons`, or a revocation.

    `revoked_at` is None if the certificate is not revoked. `is_current` is False if the statement is stale. A stale
    statement counts only as a revocation.
    """

    source: str
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    reasons: ReasonFlags = ALL_REASONS
    revoked_at: datetime.datetime | None = None
    reason: str = ""
    is_current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RevocationQuestion:
    """The question whether a certificate was revoked at a moment, with all inputs to answer it.

    `issuer` is the certificate above `certificate` in the path. `is_valid_crl_issuer` is a function that decides
    whether a signer of lists has a path to the same anchor. `candidates` are further certificates that may have signed
    a list, such as those of a message. `tried` has the number of signed bytes of each signature that was checked;
    `budget` counts these signatures too.
    """

    certificate: Certificate
    issuer: Certificate
    anchor: Certificate
    evidence: Evidence
    at: datetime.datetime
    provider: CryptoProvider
    is_valid_crl_issuer: Callable[[Certificate], Awaitable[bool]]
    candidates: Sequence[Certificate] = ()
    policy: Policy = Policy.RECEIVE
    tried: list[int] = field(default_factory=list)
    budget: PathBudget = field(default_factory=PathBudget)

    async def find_fault(
        self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, signed: Buffer
    ) -> str | None:
        """Returns a code of UNKNOWN_REASONS for a signature that does not count, or None if the signature verifies.

        Raises LimitExceeded beyond MAX_REVOCATION_SIGNATURES, MAX_REVOCATION_SIGNED_BYTES and the budget.
        """
        self.tried.append(len(signed))
        check_limit("signatures about a revocation", len(self.tried), MAX_REVOCATION_SIGNATURES)
        check_limit("bytes signed about a revocation", sum(self.tried), MAX_REVOCATION_SIGNED_BYTES)
        self.budget.count_signature(key)
        try:
            check_signature_algorithm(algorithm, self.policy, key)
            await self.provider.verify(key, algorithm, signature, signed)
        except UnsupportedAlgorithm:
            return "weak-signature"
        except SmimeError:
            return "unsigned"
        return None


def combine(certificate: Certificate, statements: Sequence[Statement], faults: Iterable[str]) -> RevocationStatus:
    """The status from all statements. `faults` are UNKNOWN_REASONS codes of lists and responses that do not count."""
    revocations = [
        answer for answer in statements if answer.revoked_at is not None and not _is_lifted(answer, statements)
    ]
    if revocations:
        # A later list may give a more serious reason than an earlier one, as when a key turns out to be compromised.
        deciding = min(revocations, key=lambda revocation: (mildness(revocation.reason), revocation.revoked_at))
        return _status(certificate, RevocationState.REVOKED, deciding)
    faults = set(faults)
    if TOO_MUCH in faults:
        # Statements were skipped, and one of them could revoke the certificate. A sender can cause this on purpose by
        # filling a message with evidence.
        return RevocationStatus(certificate=certificate, state=RevocationState.UNKNOWN, why=TOO_MUCH)
    good = [answer for answer in statements if answer.is_current and answer.revoked_at is None]
    covered = NO_REASONS
    for statement in good:
        covered |= statement.reasons
    if good and covered & ALL_REASONS == ALL_REASONS:
        return _status(certificate, RevocationState.GOOD, max(good, key=lambda answer: answer.this_update))
    codes = {"reasons-not-covered"} if good else faults
    if not codes and statements:
        codes = {"stale"}
    why = next((code for code in UNKNOWN_REASONS if code in codes), "nobody-to-ask")
    return RevocationStatus(certificate=certificate, state=RevocationState.UNKNOWN, why=why)


def refuse_left_out(status: RevocationStatus) -> None:
    """Raise LimitExceeded if a limit stopped the check of `status`, the status of a signer of lists or responses."""
    if status.why == TOO_MUCH:
        raise LimitExceeded("signatures about a revocation", MAX_REVOCATION_SIGNATURES + 1, MAX_REVOCATION_SIGNATURES)


def mildness(reason: str) -> int:
    """The mildness of a reason: how little it says against earlier signatures. 0 is the most serious."""
    return _MILD_REASONS.index(reason) + 1 if reason in _MILD_REASONS else 0


def _is_lifted(hold: Statement, statements: Sequence[Statement]) -> bool:
    return hold.reason == HOLD and any(
        statement.revoked_at is None
        and statement.is_current
        and statement.this_update > hold.this_update
        and ReasonFlags.CERTIFICATE_HOLD in statement.reasons
        for statement in statements
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
