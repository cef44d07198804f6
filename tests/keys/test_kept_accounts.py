"""The file in which `sealwax roam` keeps what this computer has seen of accounts, written by commands at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from roaming_keys.client import kept
from roaming_keys.client.command.login import (
    AccountChoice,
    Roaming,
    forget,
    keep_login,
    login_context,
    remember,
    setting_for,
)
from roaming_keys.client.kept import KeptAccount, changing_accounts, load_accounts
from roaming_keys.protocol.known import Known, ServerLies
from roaming_keys.protocol.session import AccountId, Session
from smime_core.errors import LimitExceeded
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, USER, Person, make_client

ACCOUNT_ID: Final = AccountId(server="https://keys.example.org", user="alice@example.org")
OTHER_ID: Final = AccountId(server="https://other.example.org", user="alice@example.org")
SECOND: Final = Known(version=2, digest=bytes(32), memory_kib=65_536, passes=3)
THIRD: Final = replace(SECOND, version=3, memory_kib=131_072, passes=4)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def session() -> Session:
    clock = FakeClock()
    person = Person(make_client(clock), clock)
    person.register()
    return person.log_in()


def keep(account_id: AccountId, known: Known | None) -> None:
    keep_login(account_id, login_context(account_id).device, known)


def test_a_slower_command_does_not_forget_a_later_record() -> None:
    keep(ACCOUNT_ID, THIRD)
    keep(ACCOUNT_ID, SECOND)
    assert load_accounts()[ACCOUNT_ID].known == THIRD


def test_a_rotation_replaces_record_and_parameters() -> None:
    keep(ACCOUNT_ID, SECOND)
    keep(ACCOUNT_ID, THIRD)
    assert load_accounts()[ACCOUNT_ID].known == THIRD


def test_two_commands_that_see_different_records_of_one_version_find_the_server_out() -> None:
    keep(ACCOUNT_ID, SECOND)
    with pytest.raises(ServerLies) as refused:
        keep(ACCOUNT_ID, replace(SECOND, digest=bytes(31) + b"x"))
    assert refused.value.code == "record-forked"
    assert load_accounts()[ACCOUNT_ID].known == SECOND


def test_a_change_that_ends_late_does_not_forget_a_later_record(session: Session) -> None:
    own = AccountId(server=ORIGIN, user=USER)
    later = replace(session.known, version=session.known.version + 1)
    keep(own, later)
    remember(session)
    assert load_accounts()[own].known == later


def test_an_account_is_kept_only_after_a_right_login() -> None:
    keep(ACCOUNT_ID, None)
    login_context(OTHER_ID)
    assert AccountChoice(server=None, user=None, urls=()).account_id() == ACCOUNT_ID
    assert list(load_accounts()) == [ACCOUNT_ID]


def test_this_computer_keeps_its_token() -> None:
    keep(ACCOUNT_ID, None)
    token = login_context(ACCOUNT_ID).device.token
    keep(ACCOUNT_ID, SECOND)
    assert login_context(ACCOUNT_ID).device.token == token
    assert login_context(OTHER_ID).device.token != token


def test_an_account_that_was_deleted_meanwhile_stays_forgotten(session: Session) -> None:
    keep(session.account_id, None)
    forget(session.account_id)
    remember(session)
    assert load_accounts() == {}


def test_no_more_is_written_than_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MAX_ACCOUNTS", 3)
    for number in range(3):
        keep(replace(ACCOUNT_ID, user=f"u{number}@example.org"), SECOND)
    with pytest.raises(LimitExceeded):
        keep(ACCOUNT_ID, SECOND)
    forget(replace(ACCOUNT_ID, user="u0@example.org"))
    keep(ACCOUNT_ID, SECOND)
    assert len(load_accounts()) == 3


def test_no_more_bytes_are_written_than_can_be_read() -> None:
    account_ids = [AccountId(server=f"https://{n}.example.org", user=f"{'u' * 1_200}@example.org") for n in range(900)]
    with pytest.raises(LimitExceeded), changing_accounts() as accounts:
        accounts.update({account_id: KeptAccount(token=bytes(32), known=SECOND) for account_id in account_ids})
    assert load_accounts() == {}


def test_the_session_of_a_command_does_not_show_its_passphrase(session: Session) -> None:
    choice = AccountChoice(server=ORIGIN, user=USER, urls=())
    roaming = Roaming(session=session, passphrase=b"four words on paper", setting=setting_for(choice))
    assert "four words" not in repr(roaming)
