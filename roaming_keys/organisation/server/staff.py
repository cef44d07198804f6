"""The staff of an organisation at the key server: administrators, officers and auditors, each with a key of their own.

A call is signed by the member's Ed25519 key, over all that the server acts on. Its number is the time in milliseconds,
which the server takes once, and only near its own time.

    Authorization: Sealwax key="…", counter="…", signature="…"       as in a session (`protocol/calls.py`)
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from roaming_keys.organisation.protocol.messages import Role
from roaming_keys.protocol.calls import Call, Credentials
from roaming_keys.protocol.key_account import encode_fields
from roaming_keys.protocol.messages.accounts import PROTOCOL
from roaming_keys.server.audit import AuditEvent, AuditKind, AuditTrail
from roaming_keys.server.database.tables import STAFF
from sealwax.service import Database

MAX_CLOCK_SECONDS: Final = 300
OPERATOR: Final = "operator"
"""The actor in the audit trail for what somebody does at the server itself."""


class StaffCallRefused(Exception):
    """The call is not of a member of the staff, was sent before, or is too far from the server's time."""


class MemberExists(Exception):
    """A member has the same name, key or certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of the staff. `certificate` is the fingerprint of an officer's, to which shares are encrypted."""

    name: str
    role: Role
    key: bytes
    certificate: str | None = None


class StaffKey:
    """The private key of a member, which signs the calls. `clock` gives the time with its fractions of a second."""

    def __init__(self, seed: bytes, clock: Callable[[], datetime.datetime]) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._clock = clock
        self._counter = 0

    @property
    def public(self) -> bytes:
        """The public half."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, server: str, call: Call) -> str:
        """Return the header Authorization of a call to the server, a normalised origin."""
        self._counter = max(self._counter + 1, int(self._clock().timestamp() * 1_000))
        signature = self._key.sign(staff_call_record(server, self.public, call, self._counter))
        return Credentials(session_key=self.public, counter=self._counter, signature=signature).to_header()


def staff_call_record(server: str, key: bytes, call: Call, counter: int) -> bytes:
    """Return the bytes that a call of the staff signs."""
    body_hash = hashlib.sha256(call.body).digest()
    return encode_fields("staff call", PROTOCOL, server, key, call.method, call.path, body_hash, counter)


class StaffStore:
    """The members, in the key server's database."""

    def __init__(self, database: Database, trail: AuditTrail) -> None:
        self._database = database
        self._trail = trail

    def members(self) -> list[Member]:
        """Return all members, by name."""
        with self._database.reading() as rows:
            found = rows.execute(select(STAFF).order_by(STAFF.c.name)).all()
        return [
            Member(name=one.name, role=Role(one.role), key=bytes(one.key), certificate=one.certificate) for one in found
        ]

    def add(self, member: Member, at: datetime.datetime) -> None:
        """Add a member. Raises MemberExists."""
        # Calls from before, when somebody had the same key, are not taken again.
        counter = int(at.timestamp() * 1_000)
        values = {"name": member.name, "role": member.role.value, "key": member.key, "counter": counter}
        with self._database.transaction() as rows:
            try:
                rows.execute(insert(STAFF).values(**values, certificate=member.certificate))
            except IntegrityError:
                raise MemberExists from None
            self._note(rows, f"added {member.name} as {member.role}", at)

    def remove(self, name: str, at: datetime.datetime) -> bool:
        """Remove a member, and return whether there was one."""
        with self._database.transaction() as rows:
            if rows.execute(delete(STAFF).where(STAFF.c.name == name).returning(STAFF.c.name)).first() is None:
                return False
            self._note(rows, f"removed {name}", at)
        return True

    def check_call(self, server: str, call: Call, credentials: Credentials, at: datetime.datetime) -> Member:
        """Return the member who has signed a call, and count it. Raises StaffCallRefused."""
        record = staff_call_record(server, credentials.session_key, call, credentials.counter)
        try:
            Ed25519PublicKey.from_public_bytes(credentials.session_key).verify(credentials.signature, record)
        except InvalidSignature:
            raise StaffCallRefused from None
        if abs(credentials.counter / 1_000 - at.timestamp()) > MAX_CLOCK_SECONDS:
            raise StaffCallRefused
        is_next = STAFF.c.key == credentials.session_key, STAFF.c.counter < credentials.counter
        counted = update(STAFF).where(*is_next).values(counter=credentials.counter)
        returned = (STAFF.c.name, STAFF.c.role, STAFF.c.certificate)
        with self._database.transaction() as rows:
            found = rows.execute(counted.returning(*returned)).first()
        if found is None:
            raise StaffCallRefused
        return Member(
            name=found.name, role=Role(found.role), key=credentials.session_key, certificate=found.certificate
        )

    def _note(self, rows: Connection, note: str, at: datetime.datetime) -> None:
        event = AuditEvent(kind=AuditKind.ADMINISTRATOR_ACTED, at=at, actor=OPERATOR, note=note)
        self._trail.add(rows, event)
