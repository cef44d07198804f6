"""The events of the audit trail, and the hashes that chain them.

The hash of an event covers the previous hash, the number, time and kind of the event, and a commitment to its details,
which say who acted on which account. The details begin with a random salt, so that the commitment reveals nothing once
they are deleted. Failed logins are no events, because somebody who guesses could fill the trail with them.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from roaming_keys.protocol.key_account import encode_fields

NO_HASH: Final = bytes(32)
"""The hash before the first event."""
_SALT_BYTES: Final = 16
_FORM: Final = 1


class AuditKind(StrEnum):
    """The kinds of events."""

    TRAIL_BEGUN = "trail-begun"
    REGISTERED = "registered"
    LOGGED_IN = "logged-in"
    DEVICE_ADDED = "device-added"
    KEYS_EXPORTED = "keys-exported"
    BUNDLE_STORED = "bundle-stored"
    KEYS_ROTATED = "keys-rotated"
    DEVICE_REVOKED = "device-revoked"
    RECOVERED = "recovered"
    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    RESET_STARTED = "reset-started"
    RESET_STOPPED = "reset-stopped"
    RESET_FINISHED = "reset-finished"
    RESET_UNDONE = "reset-undone"
    ACCOUNT_DELETED = "account-deleted"
    TICKET_REFUSED = "ticket-refused"
    MASTER_KEY_ROTATED = "master-key-rotated"
    ADMINISTRATOR_ACTED = "administrator-acted"
    RECOVERY_COPY_STORED = "recovery-copy-stored"
    RECOVERY_ASKED = "recovery-asked"
    RECOVERY_OWNER_TOLD = "recovery-owner-told"
    RECOVERY_APPROVED = "recovery-approved"
    RECOVERY_OPENED = "recovery-opened"
    GROUP_STORED = "group-stored"
    GROUP_DELETED = "group-deleted"
    HEAD_STAMPED = "head-stamped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The part of an event that can be deleted.

    `user` is the account, or empty if the event is about no account. `actor` is the administrator or officer who acted,
    or empty if the owner or the server acted. `note` is a short text, such as the name of a device.
    """

    user: str = ""
    actor: str = ""
    note: str = ""

    def encode(self) -> bytes:
        """Return the details after a random salt, so that equal details give different bytes."""
        details = {name: value for name, value in asdict(self).items() if value}
        return os.urandom(_SALT_BYTES) + json.dumps(details, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> Details:
        """Return the details from the result of `encode`. Raises ValueError."""
        try:
            return cls(**json.loads(encoded[_SALT_BYTES:]))
        except TypeError:
            raise ValueError("its details are those of a newer version") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """An event that is to be appended. The texts are those of `Details`."""

    kind: AuditKind
    at: datetime.datetime
    user: str = ""
    actor: str = ""
    note: str = ""

    @property
    def details(self) -> Details:
        """The part of the event that can be deleted."""
        return Details(user=self.user, actor=self.actor, note=self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event as the database stores it. `at` is in seconds since 1970. `sealed` is None if the details were deleted.

    `name` is a keyed hash of the user, which finds the events of an account.
    """

    number: int
    at: int
    kind: str
    commitment: bytes
    hash: bytes
    name: bytes | None
    sealed: bytes | None

    @property
    def time(self) -> datetime.datetime:
        """The time of the event. Raises ValueError if it is beyond the calendar."""
        try:
            return datetime.datetime.fromtimestamp(self.at, datetime.UTC)
        except (ValueError, OverflowError, OSError):
            raise ValueError(f"its time is {self.at} seconds after 1970, which no calendar has") from None

    def chained(self, previous_hash: bytes) -> bytes:
        """Return the bytes of which `hash` is the SHA-256 if the event is unchanged."""
        return chained_bytes(previous_hash, self.number, self.at, self.kind, self.commitment)


def chained_bytes(previous_hash: bytes, number: int, at: int, kind: str, commitment: bytes) -> bytes:
    """Return the bytes of an event that its hash covers."""
    return encode_fields("audit event", _FORM, previous_hash, number, at, kind, commitment)


def hash_event(chained: bytes) -> bytes:
    """Return the hash of an event from its chained bytes. It is also the imprint of an RFC 3161 timestamp of them."""
    return hashlib.sha256(chained).digest()


def commit(encoded_details: bytes) -> bytes:
    """Return the commitment to details with their salt."""
    return hashlib.sha256(encode_fields("audit details", _FORM, encoded_details)).digest()


def write_ranges(numbers: list[int]) -> str:
    """Return sorted numbers as a short text: 3,17,29-31."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def read_ranges(text: str) -> list[range]:
    """Return the numbers from the result of `write_ranges`. Raises ValueError."""
    pairs = [part.partition("-") for part in text.split(",") if part]
    return [range(int(first), int(last or first) + 1) for first, _, last in pairs]
