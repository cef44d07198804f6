"""Resets of accounts that an administrator disables or deletes meanwhile."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import select

from roaming_keys.organisation.protocol.messages import Change, Role
from roaming_keys.organisation.server.staff import Member
from roaming_keys.organisation.server.store import OrganisationStore
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.accounts.resets import FINISH_WITHIN, MIN_DELAY
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import AUDIT, KEPT_ACCOUNT
from roaming_keys.server.master_key.key_sources import GivenKeys
from roaming_keys.server.master_key.server_keys import KeyRing, MasterKey
from sealwax.service import ServiceError
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.keys.people import OTHER_PASSPHRASE, USER, Person, certificates, identity
from tests.support.keys.resets import client as client, config as config, finish, owner as owner, reset, start, undo

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("quick_passphrases")]
ADAM = Member(name="adam", role=Role.ADMINISTRATOR, key=bytes(32), certificate=None)


@pytest.fixture
def thief(owner: Person) -> Person:
    """Somebody who reads the mail of the address."""
    return Person(owner.client, owner.clock, passphrase=OTHER_PASSPHRASE)


@pytest.fixture
def change(config: KeyServerConfig, clock: FakeClock) -> Callable[[Change], None]:
    def act(action: Change) -> None:
        with closing(Store(config.database, KeyRing(GivenKeys(keys=(MasterKey(bytes(32)),))))) as store:
            OrganisationStore(store).change_user(USER, action, ADAM, clock())

    return act


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(KeyServerError) as refused:
        act()
    return refused.value.code


def kinds_in(config: KeyServerConfig) -> list[str]:
    with closing(SCHEMA.open(config.database)) as database, database.reading() as rows:
        return list(rows.execute(select(AUDIT.c.kind).order_by(AUDIT.c.number)).scalars())


def test_a_reset_that_went_on_when_its_account_was_disabled_is_not_finished_later(
    owner: Person, thief: Person, change: Callable[[Change], None], config: KeyServerConfig
) -> None:
    start(thief)
    change(Change.DISABLE)
    # No device can log in to stop it.
    thief.clock.at += MIN_DELAY
    change(Change.ENABLE)
    assert code_of(lambda: finish(thief, version=1)) == "reset-not-ready"
    assert certificates(owner.log_in()) == {identity(0).certificate.der}
    assert kinds_in(config).count("reset-stopped") == 1


def test_disabling_an_account_without_a_reset_stops_none(
    owner: Person, change: Callable[[Change], None], config: KeyServerConfig
) -> None:
    change(Change.DISABLE)
    assert "reset-stopped" not in kinds_in(config)


@pytest.mark.parametrize("by", ["a device", "an administrator"])
def test_a_reset_whose_time_is_over_is_not_stopped(
    owner: Person, thief: Person, change: Callable[[Change], None], config: KeyServerConfig, by: str
) -> None:
    start(thief)
    owner.clock.at += MIN_DELAY + FINISH_WITHIN - datetime.timedelta(minutes=30)
    session = owner.log_in()
    owner.clock.advance(seconds=40 * 60)
    if by == "a device":
        assert code_of(lambda: run(session.stop_reset(owner.setting))) == "no-reset"
    else:
        change(Change.DISABLE)
    assert "reset-stopped" not in kinds_in(config)


def test_an_administrator_deletes_the_account_from_before_a_reset_also_when_its_successor_is_gone(
    owner: Person, thief: Person, change: Callable[[Change], None], config: KeyServerConfig
) -> None:
    run(reset(thief).delete(thief.setting))
    change(Change.DELETE)
    assert code_of(lambda: undo(owner)) == "login-refused"
    with closing(SCHEMA.open(config.database)) as database, database.reading() as rows:
        assert rows.execute(select(KEPT_ACCOUNT)).first() is None
    with pytest.raises(ServiceError):
        change(Change.DELETE)


def test_an_administrator_disables_the_account_from_before_a_reset_also_when_its_successor_is_gone(
    owner: Person, thief: Person, change: Callable[[Change], None]
) -> None:
    run(reset(thief).delete(thief.setting))
    change(Change.DISABLE)
    assert code_of(lambda: undo(owner)) == "account-disabled"
    change(Change.ENABLE)
    assert certificates(undo(owner)) == {identity(0).certificate.der}
