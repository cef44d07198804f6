"""The time for which an answer is cached: up to its nextUpdate, within a lower and an upper limit."""

from __future__ import annotations

import datetime
from typing import Final

from smime_core.errors import SmimeError
from smime_core.limits import FAILURE_KEPT_MINUTES, MAX_KEPT_HOURS, UNDATED_KEPT_MINUTES
from smime_core.pkix import LookupKind
from smime_core.x509 import parse_ocsp_response, parse_revocation_list

FAILURE_KEPT: Final = datetime.timedelta(minutes=FAILURE_KEPT_MINUTES)
_UNDATED_KEPT: Final = datetime.timedelta(minutes=UNDATED_KEPT_MINUTES)
_MAX_KEPT: Final = datetime.timedelta(hours=MAX_KEPT_HOURS)


def kept_until(kind: LookupKind, data: bytes, at: datetime.datetime) -> datetime.datetime:
    """The end of the time for which an answer is cached. An expired or damaged answer is cached like a failure."""
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
    # RFC 6960 section 4.2.2.1: a response without nextUpdate means that newer information is always available.
    updates = [response.next_update for response in parse_ocsp_response(data).responses]
    return None if None in updates else min(filter(None, updates), default=None)
