"""The staff of an organisation in the key server's database: administrators, officers and auditors."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from roaming_keys.organisation.protocol.messages import Role
from roaming_keys.organisation.protocol.staff_calls import staff_call_record
from roaming_keys.protocol.calls import Call, Credentials
from roaming_keys.server.audit import AuditEvent, AuditKind, AuditTrail
from roaming_keys.server.database.tables import STAFF
from sealwax.service import Database

MAX_CLOCK_SECONDS: Final = 300
OPERATOR: Final = "operator"
"""The actor in the audit trail for what somebody does at the server itself."""


class StaffCallRefused(Exception):
    """No staff member has signed the call, or it was sent before, or its time is too far from the server's time."""


class MemberExists(Exception):
    """A member has the same name, key or certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of the staff. `certificate` is the fingerprint of the certificate for an officer's shares."""

    name: str
    role: Role
    key: bytes
    certificate: str | None = None


class StaffStore:
    """The members, in the key server's database."""

    def __init__(self, database: Database, trail: AuditTrail) -> None:
        self._database = database
        self._trail = trail

    def members(self) -> list[Member]:
        """Return all members, by name."""
        with self._database.reading() as rows:
            staff_rows = rows.execute(select(STAFF).order_by(STAFF.c.name)).all()
        return [
            Member(name=row.name, role=Role(row.role), key=bytes(row.key), certificate=row.certificate)
            for row in staff_rows
        ]

    def add(self, member: Member, at: datetime.datetime) -> None:
        """Add a member. Raises MemberExists."""
        # If the key was appointed before, calls from that time must not be accepted again.
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
        """Return the member who has signed a call, and store its counter. Raises StaffCallRefused."""
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
            row = rows.execute(counted.returning(*returned)).first()
        if row is None:
            raise StaffCallRefused
        return Member(name=row.name, role=Role(row.role), key=credentials.session_key, certificate=row.certificate)

    def _note(self, rows: Connection, note: str, at: datetime.datetime) -> None:
        event = AuditEvent(kind=AuditKind.ADMINISTRATOR_ACTED, at=at, actor=OPERATOR, note=note)
        self._trail.add(rows, event)
