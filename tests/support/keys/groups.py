"""People with accounts at a key server of the test's process, who share groups. One authority has issued to all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from flask.testing import FlaskClient

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.groups.calls import (
    OpenGroup,
    fetch_group,
    find_wrap,
    keep_group,
    open_group,
    open_own_group,
    store_group,
)
from roaming_keys.protocol.groups.content import GroupContent, GroupMember, GroupVersion
from roaming_keys.protocol.groups.known import own_identities
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.login import LoginContext, log_in
from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.session import Session, Setting
from roaming_keys.protocol.tickets import issue_ticket
from smime_core.blocking import run
from smime_core.identity import Identity
from smime_core.own_content import examine_group_key, read_group_key
from smime_core.provider import NewKey
from smime_core.trust import Judging
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, PASSPHRASE, PROVIDER, TICKET_KEY, LocalTransport
from tests.support.people import person, trust

WARD: Final = "0123456789abcdef0123456789abcdef"


def own(name: str, key: NewKey = NewKey.P256) -> Identity:
    return person(name, key)


def member(name: str, key: NewKey = NewKey.P256) -> GroupMember:
    return GroupMember(user=f"{name}@example.test", certificate=own(name, key).certificate)


@dataclass
class Sharer:
    """A person whose session is open."""

    client: FlaskClient
    clock: FakeClock
    name: str
    identity: Identity
    transport: LocalTransport = field(init=False)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.transport = LocalTransport(self.client)

    @property
    def user(self) -> str:
        return f"{self.name}@example.test"

    @property
    def setting(self) -> Setting:
        return Setting(transport=self.transport, provider=PROVIDER)

    @property
    def account(self) -> KeyAccount:
        return KeyAccount(server=ORIGIN, user=self.user, passphrase=PASSPHRASE)

    def register(self) -> None:
        ticket = issue_ticket(TICKET_KEY, audience=ORIGIN, user=self.user, at=self.clock())
        body = run(build_registration(self.account, [self.identity], ticket, PROVIDER)).to_json()
        run(self.transport.send(Call(method="POST", path="/register", body=body)))

    def log_in(self) -> None:
        context = LoginContext(
            device=Device(token=PROVIDER.random_bytes(32), name="a laptop"), known=None, at=self.clock()
        )
        self.session = run(log_in(self.setting, self.account, context))

    def store(self, content: GroupContent, number: int, id: str = WARD) -> OpenGroup:
        version = GroupVersion(id=id, owner=self.user, number=number)
        self.session, stored = run(store_group(self.session, self.setting, version, content, at=self.clock()))
        return stored

    def open_own(self, id: str = WARD) -> OpenGroup:
        stored = run(fetch_group(self.session, self.setting, id))
        return run(open_own_group(self.session, id, stored, PROVIDER, at=self.clock()))

    def open(self, id: str = WARD, *, accepted: str = "", judging: Judging | None = None) -> OpenGroup:
        """Open a group of another, whose owner the test's authority vouches for."""
        judging = judging or Judging(trust_store=trust(), at=self.clock())
        stored = run(fetch_group(self.session, self.setting, id))
        identities = own_identities(self.session.opened)
        report = run(examine_group_key(find_wrap(stored, self.user), judging, PROVIDER, identities=identities))
        return run(open_group(self.session, id, stored, read_group_key(report), PROVIDER, accepted=accepted))

    def take(self, id: str = WARD, *, accepted: str = "") -> OpenGroup:
        """Open a group and add its keys to the account."""
        opened = self.open(id, accepted=accepted)
        self.session = run(keep_group(self.session, self.setting, opened, at=self.clock()))
        return opened


def ward(*members: str, identity: Identity | None = None) -> GroupContent:
    """The group Ward 3."""
    return GroupContent(name="Ward 3", members=tuple(map(member, members)), identities=(identity or own("ward3"),))


def sharer(client: FlaskClient, clock: FakeClock, name: str, key: NewKey = NewKey.P256) -> Sharer:
    """A person who registers and logs in."""
    newcomer = Sharer(client, clock, name, own(name, key))
    newcomer.register()
    newcomer.log_in()
    return newcomer
