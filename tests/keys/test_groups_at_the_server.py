"""Groups at the key server: only the owner writes, a member reads the own wrap, and others learn nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.groups.messages import (
    MAX_LISTED,
    MAX_MEMBERS,
    MAX_OWNED,
    MAX_WRAP_BYTES,
    GroupPush,
    ListedGroups,
    Member,
    StoredGroup,
)
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.login import LoginContext, log_in
from roaming_keys.protocol.messages.accounts import STEP_BYTES, Device
from roaming_keys.protocol.session import Session, Setting
from roaming_keys.protocol.tickets import issue_ticket
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import GROUP_BUNDLE, GROUP_MEMBER
from roaming_keys.server.views.calls import FRESH
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, PASSPHRASE, PROVIDER, TICKET_KEY, LocalTransport, identity
from tests.support.keys.resets import client as client, config as config

pytestmark = [pytest.mark.usefixtures("quick_passphrases")]

ALICE, BOB, CAROL, EVE = (f"{name}@example.test" for name in ("alice", "bob", "carol", "eve"))
BUNDLE: Final = b"a bundle that only members open".ljust(STEP_BYTES, b"\0")
NEXT_BUNDLE: Final = b"the next bundle".ljust(STEP_BYTES, b"\0")
WARD: Final = "ward3"
PATH: Final = f"/groups/{WARD}"


def push(*members: str, bundle: bytes = BUNDLE) -> GroupPush:
    return GroupPush(bundle=bundle, members=[Member(user=member, wrap=f"for {member}".encode()) for member in members])


@dataclass
class Caller:
    """A person whose session is open."""

    client: FlaskClient
    session: Session
    user: str

    def call(self, method: str, path: str, *, body: bytes = b"", condition: str = "") -> TestResponse:
        call = Call(method=method, path=path, condition=condition, body=body)
        credentials = run(self.session.session_key.sign(ORIGIN, call, PROVIDER))
        headers = {"Authorization": credentials.to_header()}
        if condition:
            headers["If-Match"] = condition
        return self.client.open(
            path, method=method, data=body or None, headers=headers, base_url=ORIGIN, content_type="application/json"
        )

    def store(self, version: int, *members: str, bundle: bytes = BUNDLE, group: str = WARD) -> TestResponse:
        body = push(*members, bundle=bundle).to_json()
        return self.call("PUT", f"/groups/{group}", body=body, condition=f'"{group}.{version - 1}"')

    def group(self) -> StoredGroup:
        answer = self.call("GET", PATH)
        assert answer.status_code == 200, answer.text
        return StoredGroup.from_json(answer.data)

    def groups(self) -> list[tuple[str, str, int]]:
        listed = ListedGroups.from_json(self.call("GET", "/groups").data)
        return [(group.id, group.owner, group.version) for group in listed.groups]


Enter = Callable[[str], Caller]


@pytest.fixture
def enter(client: FlaskClient, clock: FakeClock) -> Enter:
    """A function that registers a person and logs in."""

    def enter_as(user: str) -> Caller:
        account = KeyAccount(server=ORIGIN, user=user, passphrase=PASSPHRASE)
        ticket = issue_ticket(TICKET_KEY, audience=ORIGIN, user=user, at=clock())
        body = run(build_registration(account, [identity()], ticket, PROVIDER)).to_json()
        transport = LocalTransport(client)
        run(transport.send(Call(method="POST", path="/register", body=body)))
        context = LoginContext(device=Device(token=PROVIDER.random_bytes(32), name="a laptop"), known=None, at=clock())
        return Caller(client, run(log_in(Setting(transport=transport, provider=PROVIDER), account, context)), user)

    return enter_as


@pytest.fixture
def alice(enter: Enter) -> Caller:
    """Alice, who owns the group Ward 3 with Bob."""
    alice = enter(ALICE)
    assert alice.store(1, ALICE, BOB).status_code == 200
    return alice


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, json.loads(answer.data)["code"]


def test_the_owner_reads_all_wraps_and_a_member_the_own_one(alice: Caller, enter: Enter) -> None:
    assert [(member.user, member.wrap) for member in alice.group().members] == [
        (ALICE, b"for alice@example.test"),
        (BOB, b"for bob@example.test"),
    ]
    bob = enter(BOB).group()
    assert (bob.owner, bob.version, bob.bundle) == (ALICE, 1, BUNDLE)
    assert [(member.user, member.wrap) for member in bob.members] == [(BOB, b"for bob@example.test")]


def test_others_learn_nothing_of_a_group(alice: Caller, enter: Enter) -> None:
    eve = enter(EVE)
    unknown = [eve.call("GET", "/groups/none"), eve.call("DELETE", "/groups/none"), eve.store(2, EVE, group="none")]
    known = [eve.call("GET", PATH), eve.call("DELETE", PATH), eve.store(2, EVE)]
    assert [code(response) for response in known] == [(404, "no-such-group")] * 3
    assert [response.data for response in known] == [response.data for response in unknown]
    assert eve.groups() == []


def test_a_member_does_not_write(alice: Caller, enter: Enter) -> None:
    bob = enter(BOB)
    assert code(bob.store(2, BOB, EVE)) == (404, "no-such-group")
    assert code(bob.store(1, BOB, EVE)) == (412, "group-changed")
    assert [member.user for member in alice.group().members] == [ALICE, BOB]


def test_a_removed_member_reads_nothing_any_more(alice: Caller, enter: Enter) -> None:
    bob = enter(BOB)
    assert bob.groups() == [(WARD, ALICE, 1)]
    assert alice.store(2, ALICE, CAROL, bundle=NEXT_BUNDLE).status_code == 200
    assert code(bob.call("GET", PATH)) == (404, "no-such-group")
    assert bob.groups() == []
    assert enter(CAROL).group().bundle == NEXT_BUNDLE


def test_a_store_over_another_version_is_refused(alice: Caller) -> None:
    assert alice.store(2, ALICE).status_code == 200
    for version in (1, 2, 4):
        assert code(alice.store(version, ALICE, EVE)) == (412, "group-changed")
    assert (alice.group().version, len(alice.group().members)) == (2, 1)


@pytest.mark.parametrize("condition", ["", "ward3.0", '"other.0"', '"ward3.-1"', '"ward3.01"', '"ward3.0", "x.1"', "*"])
def test_a_store_names_the_version_before(alice: Caller, condition: str) -> None:
    answer = alice.call("PUT", PATH, body=push(ALICE).to_json(), condition=condition)
    assert code(answer) == ((400, "malformed-message") if condition else (428, "condition-missing"))


def test_a_member_leaves(alice: Caller, enter: Enter) -> None:
    bob = enter(BOB)
    assert bob.call("DELETE", PATH).status_code == 200
    assert bob.groups() == []
    assert [member.user for member in alice.group().members] == [ALICE]


def test_only_a_fresh_login_deletes_a_group(alice: Caller, clock: FakeClock) -> None:
    clock.at += 2 * FRESH
    assert code(alice.call("DELETE", PATH)) == (403, "log-in-again")
    clock.at -= 2 * FRESH
    assert alice.call("DELETE", PATH).status_code == 200
    assert alice.groups() == []


def test_the_account_of_the_owner_takes_its_groups_along(alice: Caller, enter: Enter) -> None:
    bob = enter(BOB)
    assert bob.store(1, ALICE, BOB, group="night").status_code == 200
    assert alice.call("DELETE", "/account").status_code == 200
    assert bob.groups() == [("night", BOB, 1)]
    assert [member.user for member in StoredGroup.from_json(bob.call("GET", "/groups/night").data).members] == [BOB]


def test_an_owner_has_a_limited_number_of_groups(alice: Caller) -> None:
    for number in range(MAX_OWNED - 1):
        assert alice.store(1, ALICE, group=f"g{number}").status_code == 200
    assert code(alice.store(1, ALICE, group="more")) == (409, "too-many-groups")
    assert alice.store(2, ALICE).status_code == 200


def test_strangers_push_no_group_out_of_a_list(
    alice: Caller, enter: Enter, clock: FakeClock, config: KeyServerConfig
) -> None:
    """Hostile accounts put Bob into more groups than his list has room for, with ids that come first."""
    bob, dave = enter(BOB), enter("dave@example.test")
    assert bob.store(1, BOB, group="zz").status_code == 200
    assert bob.group().version == 1
    clock.advance(seconds=1)
    database = SCHEMA.open(config.database)
    with database.transaction() as rows:
        for owner, number in itertools.product(range(15), range(20)):
            id, user, at = f"0{owner}x{number}", f"eve{owner}@example.test", clock().timestamp()
            new = {"id": id, "user": user, "version": 1, "created": 0, "sealed": b""}
            rows.execute(insert(GROUP_BUNDLE).values(new))
            rows.execute(insert(GROUP_MEMBER).values(group=id, user=BOB, sealed=b"", since=at))
    database.close()
    clock.advance(seconds=1)
    assert dave.store(1, dave.user, BOB, group="zzz").status_code == 200
    listed = bob.groups()
    assert len(listed) == MAX_LISTED
    # The own one, the one that was asked for, and an invitation that has come after all of them.
    assert listed[:2] == [("zz", BOB, 1), (WARD, ALICE, 1)]
    assert ("zzz", dave.user, 1) in listed[: 2 + 15 + 1]
    # A new version changes no place.
    assert alice.store(2, ALICE, BOB, bundle=NEXT_BUNDLE).status_code == 200
    assert bob.groups()[1] == (WARD, ALICE, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"bundle": "AAAA"},
        {"bundle": ""},
        {"members": [{"user": "Bob@Example.test", "wrap": ""}]},
        {"members": [{"user": BOB, "wrap": ""}] * 2},
        {"members": [{"user": BOB, "wrap": "", "more": 1}]},
        {"more": 1},
        {"protocol": 1},
    ],
)
def test_a_store_of_another_form_is_malformed(alice: Caller, changes: dict[str, Any]) -> None:
    members = json.loads(push(ALICE).to_json()) | changes
    answer = alice.call("PUT", PATH, body=json.dumps(members).encode(), condition='"ward3.1"')
    assert code(answer) == (400, "malformed-message")


def test_members_and_wraps_have_limits(alice: Caller) -> None:
    many = [f"m{number}@example.test" for number in range(MAX_MEMBERS + 1)]
    assert alice.store(2, *many).status_code == 400
    assert alice.store(2, *many[:-1]).status_code == 200
    long = GroupPush(bundle=BUNDLE, members=[Member(user=BOB, wrap=b"x" * (MAX_WRAP_BYTES + 1))])
    assert alice.call("PUT", PATH, body=long.to_json(), condition='"ward3.2"').status_code == 400


def test_a_stolen_database_has_neither_bundle_nor_wraps(alice: Caller, config: KeyServerConfig) -> None:
    database = SCHEMA.open(config.database)
    with database.reading() as rows:
        stored = repr([rows.execute(select(table)).all() for table in (GROUP_BUNDLE, GROUP_MEMBER)])
    database.close()
    assert WARD in stored
    assert "only members open" not in stored
    assert "for bob" not in stored
