"""Which moment a list or response speaks of, and whether that covers the moment a path is judged at.

Ordinarily (RFC 5280 section 6.3.3 (a), RFC 6960 section 3.2): issued before `at`, and the next one is not due yet.
Clocks may differ by CLOCK_TOLERANCE; without nextUpdate a statement ages by MAX_AGE.

For a moment in the past, as of old mail: a statement issued after `at`, and until the evidence was gathered
(`Evidence.gathered_at`), covers `at` too, while it still remembers the certificate: that had not expired when the
statement was made, or the list or the responder says that it remembers expired ones. What such a later statement
revokes after `at` was not revoked at `at`, but for a key that was compromised before (invalidityDate).

A revocation does not grow old: what a stale statement says of a revocation holds, but for certificateHold, which may
have been lifted since. What it does not revoke is unknown.
"""

from __future__ import annotations

import datetime
from enum import Enum
from typing import Final

from smime_core.pkix.evidence import Evidence

CLOCK_TOLERANCE: Final = datetime.timedelta(minutes=5)
MAX_AGE: Final = datetime.timedelta(days=7)
"""Of a statement without nextUpdate: a week is what CAs at most let pass between two lists for end entities."""

_COMPROMISES: Final = {"keyCompromise", "cACompromise", "aACompromise"}


class Freshness(Enum):
    """How a statement lies to the moment `at`."""

    CURRENT = "current"
    LATER = "later"
    """Made after `at`, and it covers `at`."""
    STALE = "stale"
    NOT_YET = "not-yet"
    """From the future, or made when the certificate could be forgotten already."""


def judge_freshness(
    *,
    at: datetime.datetime,
    evidence: Evidence,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    remembers: bool,
) -> Freshness:
    """How a statement lies to `at`; `remembers` says whether it may be asked about a certificate at its thisUpdate."""
    # Only differences: nextUpdate may be the last second that there is, for "never", and `at` what a signer claims.
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
    """Whether a revocation that a statement names was one at the moment `at`.

    A statement of before `at` revokes whatever date it gives.
    """
    if freshness is not Freshness.LATER or revoked_at <= at:
        return True
    return reason in _COMPROMISES and invalidity_date is not None and invalidity_date <= at
