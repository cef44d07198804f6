"""Groups after the reset of an account: somebody who reads the mail of its owner changes and deletes none of them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest
from flask.testing import FlaskClient

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.groups.calls import end_group, list_groups
from roaming_keys.protocol.groups.membership import with_members
from roaming_keys.protocol.session import Session
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.replaced_accounts import REPLACED_LIFETIME
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.keys.groups import WARD, Sharer, member, own, sharer, ward
from tests.support.keys.people import USER, Person
from tests.support.keys.resets import client as client, config as config, reset, undo
from tests.support.people import person as certified

pytestmark = [pytest.mark.usefixtures("config"), pytest.mark.usefixtures("quick_passphrases")]


@pytest.fixture
def owner(client: FlaskClient, clock: FakeClock) -> Person:
    """Alice, who owns Ward 3 with Bob."""
    person = Person(client, clock)
    person.register(own("alice"))
    acting(person, person.log_in()).store(ward("alice", "bob"), 1)
    return person


def acting(person: Person, session: Session) -> Sharer:
    actor = Sharer(person.client, person.clock, "alice", certified("alice"))
    actor.session = session
    return actor


def after_reset(owner: Person) -> Sharer:
    """The account that takes the place of the owner's, on another device."""
    other = Person(owner.client, owner.clock)
    return acting(other, reset(other))


def refusal(step: Coroutine[Any, Any, object]) -> str:
    with pytest.raises(KeyServerError) as refused:
        run(step)
    return refused.value.code


def deletion(one: Sharer) -> None:
    call = Call(method="DELETE", path="/account")
    run(one.transport.send(call, run(one.session.sign(call, one.setting.provider))))


def groups_of(one: Sharer) -> list[str]:
    return [group.id for group in run(list_groups(one.session, one.setting))]


def test_the_account_after_a_reset_changes_no_group_of_before(owner: Person) -> None:
    thief = after_reset(owner)
    assert refusal(end_group(thief.session, thief.setting, WARD)) == "account-reset"
    with pytest.raises(KeyServerError) as refused:
        thief.store(ward("alice", "bob"), 2)
    assert refused.value.code == "account-reset"


def test_the_account_after_a_reset_makes_and_deletes_groups_of_its_own(owner: Person) -> None:
    person = after_reset(owner)
    person.store(ward("alice", "bob"), 1, id="new")
    assert groups_of(person) == [WARD, "new"]
    run(end_group(person.session, person.setting, "new"))
    assert groups_of(person) == [WARD]


def test_a_deleted_account_leaves_the_groups_of_the_kept_one(owner: Person) -> None:
    thief = after_reset(owner)
    thief.store(ward("alice"), 1, id="new")
    deletion(thief)
    back = acting(owner, undo(owner))
    assert groups_of(back) == [WARD]
    assert [person.user for person in back.open_own().content.members] == [USER, "bob@example.test"]


def test_an_undone_reset_takes_the_groups_of_the_account_in_between_along(owner: Person) -> None:
    after_reset(owner).store(ward("alice"), 1, id="new")
    back = acting(owner, undo(owner))
    assert groups_of(back) == [WARD]
    back.store(with_members(back.open_own().content, [member("carol")]), 2)


def test_a_member_whose_account_is_deleted_after_a_reset_is_still_in_the_group(owner: Person, clock: FakeClock) -> None:
    bob = sharer(owner.client, clock, "bob")
    bob.store(ward("bob", "alice"), 1, id="night")
    deletion(after_reset(owner))
    assert groups_of(acting(owner, undo(owner))) == [WARD, "night"]


def test_the_groups_of_a_kept_account_are_deleted_with_it(owner: Person, clock: FakeClock) -> None:
    bob = sharer(owner.client, clock, "bob")
    assert groups_of(bob) == [WARD]
    deletion(after_reset(owner))
    bob.log_in()
    assert groups_of(bob) == [WARD]
    clock.at += REPLACED_LIFETIME
    bob.log_in()
    assert groups_of(bob) == []
