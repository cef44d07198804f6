"""How long an answer is kept: as long as it says of itself, within bounds of ours."""

from __future__ import annotations

import datetime
from typing import Final

from smime_core.errors import SmimeError
from smime_core.limits import FAILURE_KEPT_MINUTES, MAX_KEPT_HOURS, UNDATED_KEPT_MINUTES
from smime_core.ocsp import parse_ocsp_response
from smime_core.pkix.evidence import LookupKind
from smime_core.revocation_list import parse_revocation_list

FAILURE_KEPT: Final = datetime.timedelta(minutes=FAILURE_KEPT_MINUTES)
_UNDATED_KEPT: Final = datetime.timedelta(minutes=UNDATED_KEPT_MINUTES)
_MAX_KEPT: Final = datetime.timedelta(hours=MAX_KEPT_HOURS)


def kept_until(kind: LookupKind, data: bytes, *, at: datetime.datetime) -> datetime.datetime:
    """Until when an answer that came at this moment is kept; one that is over or damaged only as a failure is."""
    if kind is LookupKind.ISSUER:
        return at + _MAX_KEPT
    try:
        next_update = _next_ocsp_update(data) if kind is LookupKind.OCSP else parse_revocation_list(data).next_update
    except SmimeError:
        return at + FAILURE_KEPT
    if next_update is None:
        return at + _UNDATED_KEPT
    return max(min(next_update, at + _MAX_KEPT), at + FAILURE_KEPT)


def _next_ocsp_update(data: bytes) -> datetime.datetime | None:
    # RFC 6960 section 4.2.2.1: without nextUpdate newer information is there all the time.
    updates = [response.next_update for response in parse_ocsp_response(data).responses]
    return None if None in updates else min(filter(None, updates), default=None)
