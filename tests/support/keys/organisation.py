"""An organisation at a key server in the test's process: its staff, its officers, and a person with encryption keys."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cache
from typing import Final

from roaming_keys.organisation.client.calls import StaffClient
from roaming_keys.organisation.client.staff_key import StaffKey
from roaming_keys.organisation.protocol.copies import Share, decrypt_share, open_copy, pass_on_share
from roaming_keys.organisation.protocol.messages import OpenCase, Role
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.organisation.server.staff import Member, StaffStore
from roaming_keys.server.audit import AuditTrail
from roaming_keys.server.master_key.key_sources import GivenKeys
from roaming_keys.server.master_key.server_keys import KeyRing, MasterKey, ServerKeys
from sealwax.service import Database
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity import Identity
from smime_core.provider import NewKey
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, PROVIDER, USER, LocalTransport, Person, make_client

OFFICERS: Final = ("olga", "oscar", "otto")
AT: Final = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


@cache
def encryption_identity(address: str, number: int = 0) -> Identity:
    """An identity whose certificate is for encryption only, the same at each call with the same arguments."""
    authority = run(create_authority(f"Example CA {number}", PROVIDER, at=AT, key=NewKey.P256))
    return run(issue_identity(authority, address, PROVIDER, at=AT, key=NewKey.X25519))


def officer(name: str) -> Identity:
    """The identity of an officer."""
    return encryption_identity(f"{name}@example.test")


def policy_of(*names: str, needed: int = 2, wait_hours: int = 0) -> RecoveryPolicy:
    """A policy of these officers, or of all."""
    certificates = tuple(officer(name).certificate for name in names or OFFICERS)
    return RecoveryPolicy(organisation="Example Ltd", needed=needed, wait_hours=wait_hours, officers=certificates)


@dataclass
class Organisation:
    """A key server with staff: an administrator `adam`, an auditor `ada`, and the officers."""

    person: Person
    staff: StaffStore
    clock: FakeClock

    def client(self, name: str) -> StaffClient:
        key = StaffKey(seed=seed_of(name), clock=self._next_time)
        return StaffClient(server=ORIGIN, key=key, transport=LocalTransport(self.person.client))

    def approve(self, case: str, name: str) -> None:
        """Pass on an officer's share, as the command does."""
        answer = self.client(name).share(case)
        share = Share(user=USER, copy_id=answer.copy_id, number=answer.number, value=b"", case=case)
        passed = run(pass_on_share(answer.share, [officer(name)], share, answer.recipient, PROVIDER))
        self.client(name).approve(case, passed)

    def recover(self, opened: OpenCase, successor: Identity) -> tuple[Identity, ...]:
        """Return the keys of a case, as the command does."""
        shares = [run(decrypt_share(share, [successor], PROVIDER)) for share in opened.shares]
        return run(open_copy(opened.copy, opened.facts.user, opened.facts.id, shares, PROVIDER))

    def _next_time(self) -> datetime.datetime:
        # The number of a call is its time in milliseconds.
        self.clock.advance(seconds=0.002)
        return self.clock()


def found_organisation(database: Database, url: object, clock: FakeClock) -> Organisation:
    """Make a key server in a database of its tables, and its staff."""
    person = Person(make_client(clock, url), clock)
    ring = KeyRing(GivenKeys(keys=(MasterKey(bytes(32)),)))
    staff = StaffStore(database, AuditTrail(ServerKeys.open(database, ring)))
    for name, role in [("adam", Role.ADMINISTRATOR), ("ada", Role.AUDITOR)]:
        staff.add(Member(name=name, role=role, key=public_of(name)), clock())
    for name in OFFICERS:
        certificate = officer(name).certificate.fingerprint
        staff.add(Member(name=name, role=Role.OFFICER, key=public_of(name), certificate=certificate), clock())
    return Organisation(person=person, staff=staff, clock=clock)


def seed_of(name: str) -> bytes:
    return name.encode().ljust(32, b".")


def public_of(name: str) -> bytes:
    return StaffKey(seed=seed_of(name), clock=lambda: AT).public
