"""Whether a statement (a CRL or an OCSP response) covers the moment `at`, for which a path is judged.

The usual case (RFC 5280 section 6.3.3 (a), RFC 6960 section 3.2): the statement was issued before `at`, and the next
statement is not due yet. Clocks may differ by CLOCK_TOLERANCE. A statement without nextUpdate is valid for MAX_AGE.

For a moment in the past, as for old mail, later statements count too. A statement issued after `at`, but before the
evidence was gathered (`Evidence.gathered_at`), covers `at` if its issuer still reports on the certificate. The issuer
still reports on a certificate that had not expired when the statement was made. It reports on an expired certificate if
the list or the responder says so. If such a later statement has a revocation after `at`, the revocation does not count
at `at`, unless the key was compromised before (invalidityDate).

A revocation counts even in a stale statement. The exception is certificateHold, because the hold may have been lifted
since. If a stale statement does not revoke a certificate, the status of the certificate is unknown.
"""

from __future__ import annotations

import datetime
from enum import Enum
from typing import Final

from smime_core.pkix.evidence import Evidence

CLOCK_TOLERANCE: Final = datetime.timedelta(minutes=5)
MAX_AGE: Final = datetime.timedelta(days=7)
"""The validity of a statement without nextUpdate. CAs publish lists for end entities at least once a week."""

_COMPROMISES: Final = {"keyCompromise", "cACompromise", "aACompromise"}


class Freshness(Enum):
    """The relation of a statement to the moment `at`."""

    CURRENT = "current"
    LATER = "later"
    """The statement was issued after `at`, but covers `at`."""
    STALE = "stale"
    NOT_YET = "not-yet"
    """The statement was issued in the future, or so long after `at` that it may not list the certificate any more."""


def judge_freshness(
    *,
    at: datetime.datetime,
    evidence: Evidence,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    remembers: bool,
) -> Freshness:
    """The relation of a statement to `at`. `remembers` is True if the statement still reported on the certificate."""
    # A sum could overflow, so only differences are computed. nextUpdate may be the last possible second, meaning
    # "never", and `at` may be any time that a signer claims.
    if this_update - at > CLOCK_TOLERANCE:
        is_gathered = evidence.gathered_at is not None and this_update - evidence.gathered_at <= CLOCK_TOLERANCE
        return Freshness.LATER if is_gathered and remembers else Freshness.NOT_YET
    is_due = at - next_update >= CLOCK_TOLERANCE if next_update else at - this_update >= MAX_AGE + CLOCK_TOLERANCE
    return Freshness.STALE if is_due else Freshness.CURRENT


def was_revoked(
    *,
    at: datetime.datetime,
    freshness: Freshness,
    revoked_at: datetime.datetime,
    reason: str,
    invalidity_date: datetime.datetime | None,
) -> bool:
    """Whether a revocation in a statement was in force at the moment `at`.

    If the statement was made before `at`, a revocation in it counts, whatever its date.
    """
    if freshness is not Freshness.LATER or revoked_at <= at:
        return True
    return reason in _COMPROMISES and invalidity_date is not None and invalidity_date <= at
