"""Timestamps of the trail's head (RFC 3161): they prove when its events existed, also against the server's operator.

Each timestamp is itself an event, so that the next timestamp covers it. No request runs this code. A timer starts
`sealwax keys stamp`, which is a separate process.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from roaming_keys.server.audit.authority import Authority
from roaming_keys.server.audit.events import NO_HASH, AuditEvent, AuditKind, Details, Entry
from roaming_keys.server.audit.trail import AuditTrail, find_entry, find_latest
from sealwax.cli.messages.timestamp_service import ask_service
from sealwax.cli.provider import PROVIDER
from sealwax.service import Database
from smime_core import blocking
from smime_core.cms import OctetsContent
from smime_core.errors import TimestampMismatch
from smime_core.pkix import PathRules, RevocationPolicy, TrustStore
from smime_core.timestamp import (
    Timestamp,
    TimestampToken,
    obtain_timestamp,
    parse_timestamp_token,
    verify_timestamp,
)
from smime_core.x509 import Certificate

STAMP_EVERY: Final = datetime.timedelta(hours=20)
"""Less than a day, so that a timer which runs every hour stamps once a day, and tries again after a failure."""
CLOCKS_DIFFER: Final = datetime.timedelta(minutes=5)
"""The most by which the clocks of this server and the authority may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A timestamp, not yet verified. It covers the event with the number `covers`, and so all events before it."""

    covers: int
    token: TimestampToken

    def write(self) -> str:
        """Return the timestamp as the note of an event."""
        return f"{self.covers} {base64.b64encode(self.token.der).decode('ascii')}"

    @classmethod
    def read(cls, details: Details) -> Stamp:
        """Return the timestamp in an event. Raises ValueError, MalformedMessage or UnsupportedAlgorithm."""
        covers, _, token = details.note.partition(" ")
        return cls(covers=int(covers), token=parse_timestamp_token(base64.b64decode(token, validate=True)))


def stamp_head(
    trail: AuditTrail, database: Database, authority: Authority, clock: Callable[[], datetime.datetime]
) -> Stamp | None:
    """Obtain a timestamp of the latest event and append it, or return None if none is due yet.

    The timestamp is verified before it is stored, so that `sealwax keys check` accepts it later. Raises SmimeError.
    """
    latest = find_latest(database, AuditKind.HEAD_STAMPED)
    if latest is not None and abs(clock() - latest.time) < STAMP_EVERY:
        return None
    head = trail.begin(database, clock())
    content = content_of(database, head)
    stamp = Stamp(
        covers=head.number, token=blocking.run(obtain_timestamp(content, ask_service(authority.url), PROVIDER))
    )
    timestamp = verify_stamp(stamp, content, authority.anchors, at=clock())
    if abs(clock() - timestamp.time) > CLOCKS_DIFFER:
        raise TimestampMismatch(
            f"the timestamp is of {timestamp.time:%Y-%m-%d %H:%M}, this machine's clock says {clock():%Y-%m-%d %H:%M}:"
            " set the clock right"
        )
    with database.transaction() as rows:
        trail.add(rows, AuditEvent(kind=AuditKind.HEAD_STAMPED, at=clock(), note=stamp.write()))
    return stamp


def content_of(database: Database, entry: Entry) -> bytes:
    """Return the bytes that a timestamp of an event covers. Their SHA-256 is the event's hash."""
    previous = find_entry(database, entry.number - 1)
    return entry.chained(NO_HASH if previous is None else previous.hash)


def verify_stamp(stamp: Stamp, content: bytes, anchors: tuple[Certificate, ...], *, at: datetime.datetime) -> Timestamp:
    """Verify a timestamp as of a time. The revocation of its authority is not checked. Raises SmimeError."""
    return blocking.run(
        verify_timestamp(
            stamp.token,
            OctetsContent(content, PROVIDER),
            PathRules(TrustStore.of(*anchors, revocation=RevocationPolicy.NOT_CHECKED), at),
            PROVIDER,
        )
    )
