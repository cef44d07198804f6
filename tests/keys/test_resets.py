"""A forgotten passphrase without a recovery code: a reset by two mail logins with three days between."""

from __future__ import annotations

import datetime
from base64 import b32encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from roaming_keys.client.transport import finish_reset
from roaming_keys.organisation.protocol.messages import Change, Role
from roaming_keys.organisation.server.staff import Member
from roaming_keys.organisation.server.store import OrganisationStore
from roaming_keys.protocol.key_account import stretch
from roaming_keys.protocol.known import UNDONE, AccountReset, ServerLies
from roaming_keys.protocol.login import undo_reset_by_code
from roaming_keys.protocol.messages.factors import CodeProof, FactorDemand, NewCodes
from roaming_keys.protocol.messages.resets import ResetAnswer
from roaming_keys.protocol.records.record import (
    build_first_record,
    build_next_record,
    open_record,
    unwrap_by_passphrase,
)
from roaming_keys.protocol.records.recovery_codes import CODE_BYTES, recovery_keys
from roaming_keys.protocol.session import AccountId
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.protocol.tickets import Purpose, Ticket, issue_ticket
from roaming_keys.server.accounts.resets import FINISH_WITHIN, MIN_DELAY, ResetNotReady, ResetStore
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.master_key.key_sources import GivenKeys
from roaming_keys.server.master_key.rotation import heads_in, reseal_all
from roaming_keys.server.master_key.server_keys import KeyRing, MasterKey, ServerKeys
from roaming_keys.server.replaced_accounts import REPLACED_LIFETIME
from roaming_keys.server.sessions.sessions import SessionEnded
from smime_core.blocking import run
from smime_core.errors import WrongPassphrase
from tests.support.clock import FakeClock
from tests.support.keys.people import (
    ORIGIN,
    OTHER_PASSPHRASE,
    PASSPHRASE,
    PROVIDER,
    USER,
    Person,
    certificates,
    identity,
)
from tests.support.keys.resets import (
    client as client,
    config as config,
    finish,
    log_in_agreed,
    new_account,
    owner as owner,
    reset,
    start,
    ticket_at,
    undo,
)

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("quick_passphrases")]
SECOND = datetime.timedelta(seconds=1)


@pytest.fixture
def forgetful(owner: Person) -> Person:
    """The device of a person who reads the mail of the address, and has chosen another passphrase."""
    return Person(owner.client, owner.clock, passphrase=OTHER_PASSPHRASE)


@dataclass(frozen=True)
class Authenticator:
    """An authenticator app with a secret."""

    secret: bytes
    clock: FakeClock

    def added(self) -> NewCodes:
        return NewCodes(name="my phone", secret=self.secret, code=self._code())

    def prove(self, _demand: FactorDemand, refusal: KeyServerError | None) -> CodeProof:
        """The code of this moment. Who is refused once does not try again."""
        if refusal is not None:
            raise refusal
        return CodeProof(code=self._code())

    def _code(self) -> str:
        return pyotp.TOTP(b32encode(self.secret).decode()).at(self.clock())


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(KeyServerError) as refused:
        act()
    return refused.value.code


def find(person: Person, ticket: str) -> TestResponse:
    """The answer about the reset that goes on."""
    return person.client.post("/reset/find", base_url=ORIGIN, json={"protocol": 2, "user": USER, "ticket": ticket})


def test_after_three_days_a_second_mail_login_makes_a_new_account(owner: Person, forgetful: Person) -> None:
    began = forgetful.clock()
    started = start(forgetful)
    assert started.ready - started.started == MIN_DELAY.total_seconds()
    forgetful.clock.at += MIN_DELAY - SECOND
    assert code_of(lambda: finish(forgetful)) == "reset-not-ready"
    assert certificates(owner.log_in()) == {identity(0).certificate.der}
    forgetful.clock.at += SECOND
    session = finish(forgetful)
    assert certificates(session) == {identity(1).certificate.der}
    assert session.opened.state.reset == (began + MIN_DELAY).timestamp()
    assert session.reset_ready is None
    assert [device.is_this for device in run(session.devices(forgetful.setting))] == [True]
    assert code_of(owner.log_in) == "login-refused"


def test_the_date_of_the_reset_stays_in_later_records(forgetful: Person) -> None:
    session = reset(forgetful)
    date = session.opened.state.reset
    pushed = forgetful.add(session, identity(2))
    rotated = run(pushed.rotate(forgetful.setting, OTHER_PASSPHRASE))
    assert date is not None
    assert {pushed.opened.state.reset, rotated.opened.state.reset} == {date}
    assert forgetful.log_in().opened.state.reset == date


def test_a_device_that_knew_the_account_takes_the_one_after_a_reset_when_the_person_agrees(
    owner: Person, forgetful: Person
) -> None:
    reset(forgetful)
    owner.passphrase = OTHER_PASSPHRASE
    with pytest.raises(AccountReset, match="this account was reset on 2026-11-23 by mail login") as refused:
        owner.log_in()
    for another in ("", UNDONE, "2026-11-24"):
        with pytest.raises(AccountReset):
            log_in_agreed(owner, another)
    assert certificates(log_in_agreed(owner, refused.value.reset)) == {identity(1).certificate.der}
    assert refused.value.code == f"account-reset-{refused.value.reset}"
    # Asked once.
    assert certificates(owner.log_in()) == {identity(1).certificate.der}


def test_a_device_that_knew_the_account_after_a_reset_asks_before_it_takes_the_earlier_one(
    owner: Person, forgetful: Person
) -> None:
    reset(forgetful)
    undo(owner)
    forgetful.passphrase = PASSPHRASE
    with pytest.raises(AccountReset, match="a reset of this account by mail login was undone") as refused:
        forgetful.log_in()
    assert certificates(log_in_agreed(forgetful, refused.value.reset)) == {identity(0).certificate.der}


def test_a_second_reset_is_asked_about_too(forgetful: Person) -> None:
    reset(forgetful)
    thief = Person(forgetful.client, forgetful.clock, passphrase=b"words of a thief of mail")
    reset(thief)
    forgetful.passphrase = thief.passphrase
    with pytest.raises(AccountReset):
        forgetful.log_in()


def test_a_record_that_forgets_its_reset_is_no_later_record(owner: Person, forgetful: Person) -> None:
    """Somebody who resets an account cannot give the known devices a record that looks like the next one."""
    start(forgetful)
    forgetful.clock.at += MIN_DELAY
    ticket = ticket_at(forgetful)
    registration = run(new_account(forgetful, ticket, start(forgetful, ticket).version))
    keys = run(stretch(forgetful.account, registration.keys.parameters, PROVIDER))
    base = run(build_first_record(USER, [identity(1)], keys, PROVIDER))
    opened = run(open_record(base, USER, run(unwrap_by_passphrase(base, USER, keys.wrap_key, PROVIDER)), PROVIDER))
    unmarked = run(build_next_record(opened, USER, PROVIDER))
    run(finish_reset(forgetful.transport, replace(registration, record=unmarked)))
    owner.passphrase = OTHER_PASSPHRASE
    with pytest.raises(ServerLies) as refused:
        owner.log_in()
    assert refused.value.code == "record-forked"


def test_each_login_shows_a_reset_that_goes_on_and_any_device_stops_it(owner: Person, forgetful: Person) -> None:
    before = owner.log_in()
    assert before.reset_ready is None
    started = start(forgetful)
    session = owner.log_in()
    assert session.reset_ready == started.ready
    # A session that began before may stop it too, for as long as it lasts.
    assert run(before.stop_reset(owner.setting)).reset_ready is None
    assert owner.log_in().reset_ready is None
    assert code_of(lambda: run(session.stop_reset(owner.setting))) == "no-reset"
    forgetful.clock.at += MIN_DELAY
    stopped = ticket_at(forgetful)
    assert code_of(lambda: finish(forgetful, stopped, version=1)) == "reset-not-ready"
    assert certificates(owner.log_in()) == {identity(0).certificate.der}


def test_a_reset_that_was_started_and_forgotten_ends(owner: Person, forgetful: Person) -> None:
    start(forgetful)
    forgetful.clock.at += MIN_DELAY + FINISH_WITHIN
    assert code_of(lambda: finish(forgetful, version=1)) == "reset-not-ready"
    assert owner.log_in().reset_ready is None
    again = start(forgetful)
    assert again.ready == (forgetful.clock() + MIN_DELAY).timestamp()


def test_a_second_start_does_not_move_the_first(forgetful: Person) -> None:
    first = start(forgetful)
    forgetful.clock.at += datetime.timedelta(hours=71)
    assert start(forgetful) == first


def test_a_ticket_finds_the_reset_that_goes_on_and_starts_none(owner: Person, forgetful: Person) -> None:
    ticket = ticket_at(forgetful)
    assert find(forgetful, ticket).status_code == 204
    assert owner.log_in().reset_ready is None
    started = start(forgetful, ticket)
    owner.add(owner.log_in(), identity(2))
    answer = find(forgetful, ticket_at(forgetful))
    assert (answer.status_code, ResetAnswer.from_json(answer.data)) == (200, replace(started, version=2))
    forgetful.clock.at += MIN_DELAY + FINISH_WITHIN
    assert find(forgetful, ticket_at(forgetful)).status_code == 204


def test_a_ticket_for_another_purpose_finds_no_reset(forgetful: Person) -> None:
    start(forgetful)
    assert find(forgetful, ticket_at(forgetful, purpose=Purpose.ENROLMENT)).status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": Purpose.ENROLMENT},
        {"audience": "https://keys.example.org"},
        {"user": "mallory@example.test"},
        {"at": FakeClock().at - datetime.timedelta(minutes=11)},
        {"at": FakeClock().at + datetime.timedelta(minutes=2)},
    ],
    ids=["purpose", "server", "address", "expired", "early"],
)
def test_a_ticket_is_for_this_purpose_server_address_and_time(
    owner: Person, forgetful: Person, changed: dict[str, Any]
) -> None:
    assert code_of(lambda: start(forgetful, ticket_at(forgetful, **changed))) == "bad-ticket"
    assert owner.log_in().reset_ready is None
    start(forgetful)
    if "at" in changed:
        changed = {"at": changed["at"] + MIN_DELAY}
    forgetful.clock.at += MIN_DELAY
    assert code_of(lambda: finish(forgetful, ticket_at(forgetful, **changed), version=1)) == "bad-ticket"
    assert certificates(owner.log_in()) == {identity(0).certificate.der}


def test_a_ticket_of_another_bridge_starts_nothing(owner: Person, forgetful: Person) -> None:
    foreign = issue_ticket(bytes(32), audience=ORIGIN, user=USER, at=forgetful.clock(), purpose=Purpose.RESET)
    assert code_of(lambda: start(forgetful, foreign)) == "bad-ticket"
    assert owner.log_in().reset_ready is None


def test_a_ticket_works_once(owner: Person, forgetful: Person) -> None:
    ticket = ticket_at(forgetful)
    start(forgetful, ticket)
    assert code_of(lambda: start(forgetful, ticket)) == "bad-ticket"
    run(owner.log_in().stop_reset(owner.setting))
    assert code_of(lambda: start(forgetful, ticket)) == "bad-ticket"
    start(forgetful)
    forgetful.clock.at += MIN_DELAY
    ticket = ticket_at(forgetful)
    version = finish(forgetful, ticket).opened.record.version
    assert code_of(lambda: start(forgetful, ticket)) == "bad-ticket"
    assert code_of(lambda: finish(forgetful, ticket, version=version)) == "reset-not-ready"


def test_neither_the_passphrase_after_a_reset_nor_its_key_opens_the_earlier_record(
    owner: Person, forgetful: Person
) -> None:
    before = owner.log_in().opened.record
    session = reset(forgetful)
    keys = run(stretch(forgetful.account, session.parameters, PROVIDER))
    with pytest.raises(WrongPassphrase):
        run(unwrap_by_passphrase(before, USER, keys.wrap_key, PROVIDER))
    with pytest.raises(WrongPassphrase):
        run(open_record(before, USER, session.opened.key, PROVIDER))
    assert code_of(lambda: undo(forgetful)) == "login-refused"
    # Nothing that the server gives in the new account has a part of the earlier one.
    answer = session.opened.record
    assert not {before.bundle, before.state, *before.wraps} & {answer.bundle, answer.state, *answer.wraps}
    assert answer.bundle_id != before.bundle_id


def test_a_ticket_of_a_reset_registers_nobody(forgetful: Person, client: FlaskClient) -> None:
    body = run(new_account(forgetful, ticket_at(forgetful), version=0))
    answer = client.post("/register", base_url=ORIGIN, data=body.to_json(), content_type="application/json")
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "bad-ticket")


def test_an_address_without_an_account_has_nothing_to_reset(client: FlaskClient, clock: FakeClock) -> None:
    stranger = Person(client, clock)
    assert code_of(lambda: start(stranger)) == "no-account"
    assert code_of(lambda: finish(stranger, version=1)) == "no-account"


def test_keys_that_a_device_stores_during_the_wait_ask_for_another_try(owner: Person, forgetful: Person) -> None:
    version = start(forgetful).version
    owner.add(owner.log_in(), identity(2))
    forgetful.clock.at += MIN_DELAY
    assert code_of(lambda: finish(forgetful, version=version)) == "reset-outdated"
    assert finish(forgetful).opened.record.version == version + 2


def test_the_passphrase_from_before_puts_the_account_back(owner: Person, forgetful: Person) -> None:
    reset(forgetful)
    owner.clock.at += REPLACED_LIFETIME - SECOND
    back = undo(owner)
    assert certificates(back) == {identity(0).certificate.der}
    assert back.opened.state.reset is None
    assert code_of(forgetful.log_in) == "login-refused"
    assert certificates(owner.add(back, identity(2))) == {identity(number).certificate.der for number in (0, 2)}
    # It is put back once.
    assert code_of(lambda: undo(owner)) == "login-refused"


def test_the_recovery_code_from_before_puts_the_account_back(owner: Person, forgetful: Person) -> None:
    keys = run(recovery_keys(PROVIDER.random_bytes(CODE_BYTES), PROVIDER))
    run(owner.log_in().rotate(owner.setting, PASSPHRASE, recovery=keys))
    reset(forgetful)
    account_id = AccountId(server=ORIGIN, user=USER)
    back = run(undo_reset_by_code(owner.setting, account_id, keys, owner.login_context))
    assert certificates(back) == {identity(0).certificate.der}
    assert certificates(owner.recover(keys)) == {identity(0).certificate.der}


def test_after_thirty_days_the_account_from_before_is_gone(
    owner: Person, forgetful: Person, config: KeyServerConfig
) -> None:
    reset(forgetful)
    owner.clock.at += REPLACED_LIFETIME - SECOND
    forgetful.log_in()
    assert rows_in(config) == 1
    owner.clock.at += SECOND
    assert code_of(lambda: undo(owner)) == "login-refused"
    # Any login deletes what is over.
    assert certificates(forgetful.log_in()) == {identity(1).certificate.der}
    assert rows_in(config) == 0


def test_neither_a_second_reset_nor_a_deletion_takes_the_account_from_before(owner: Person, forgetful: Person) -> None:
    reset(forgetful)
    thief = Person(forgetful.client, forgetful.clock, passphrase=b"words of a thief of mail")
    run(reset(thief).delete(thief.setting))
    assert code_of(thief.log_in) == "login-refused"
    assert certificates(undo(owner)) == {identity(0).certificate.der}


def test_second_factors_stay_through_a_reset_and_its_end(owner: Person, forgetful: Person) -> None:
    app = Authenticator(bytes(range(20)), owner.clock)
    run(owner.log_in().add_factor(owner.setting, app.added()))
    assert code_of(lambda: reset(forgetful)) == "factor-needed"
    forgetful.ask_factor = app.prove
    assert certificates(forgetful.log_in()) == {identity(1).certificate.der}
    forgetful.clock.advance(seconds=30)
    assert code_of(lambda: undo(owner)) == "factor-needed"
    # Nothing was put back, and nothing of the new account was deleted, before the factor.
    assert certificates(forgetful.log_in()) == {identity(1).certificate.der}
    owner.ask_factor = app.prove
    # The code counted once already, for the new account.
    assert code_of(lambda: undo(owner)) == "factor-refused"
    forgetful.clock.advance(seconds=30)
    assert certificates(undo(owner)) == {identity(0).certificate.der}
    assert code_of(forgetful.log_in) == "login-refused"


def test_a_factor_that_a_thief_adds_after_a_reset_keeps_no_owner_out(owner: Person, forgetful: Person) -> None:
    thief = Authenticator(bytes(range(20)), forgetful.clock)
    run(reset(forgetful).add_factor(forgetful.setting, thief.added()))
    assert code_of(forgetful.log_in) == "factor-needed"
    assert certificates(undo(owner)) == {identity(0).certificate.der}
    # It went with the account of the thief.
    assert certificates(owner.log_in()) == {identity(0).certificate.der}


@pytest.mark.parametrize("end", ["remove", "delete"])
def test_a_factor_from_before_a_reset_gates_the_account_from_before_also_when_it_is_removed_or_deleted(
    owner: Person, forgetful: Person, end: str
) -> None:
    app = Authenticator(bytes(range(20)), owner.clock)
    run(owner.log_in().add_factor(owner.setting, app.added()))
    forgetful.ask_factor = app.prove
    session = reset(forgetful)
    if end == "delete":
        run(session.delete(forgetful.setting))
    else:
        (factor,) = run(session.factors(forgetful.setting)).factors
        run(session.remove_factor(forgetful.setting, factor.id))
    assert code_of(lambda: undo(owner)) == "factor-needed"
    owner.clock.advance(seconds=30)
    owner.ask_factor = app.prove
    assert certificates(undo(owner)) == {identity(0).certificate.der}
    owner.ask_factor = None
    assert code_of(owner.log_in) == "factor-needed"


def test_a_deleted_account_takes_its_reset_along(owner: Person, forgetful: Person) -> None:
    start(forgetful)
    run(owner.log_in().delete(owner.setting))
    owner.known = None
    owner.register(identity(2))
    forgetful.clock.at += MIN_DELAY
    assert code_of(lambda: finish(forgetful, version=1)) == "reset-not-ready"


def test_the_clock_of_a_client_shortens_no_wait(owner: Person, forgetful: Person) -> None:
    start(forgetful)
    ticket, body = ticket_at(forgetful), None
    forgetful.clock.at += MIN_DELAY
    body = run(new_account(forgetful, ticket, version=1))
    forgetful.clock.at -= MIN_DELAY
    assert code_of(lambda: run(finish_reset(forgetful.transport, body))) == "reset-not-ready"
    assert certificates(owner.log_in()) == {identity(0).certificate.der}


@pytest.mark.parametrize("change", [Change.DISABLE, Change.DELETE])
def test_an_account_that_an_administrator_ends_is_not_reset_and_not_kept(
    owner: Person, forgetful: Person, config: KeyServerConfig, change: Change
) -> None:
    reset(forgetful)
    with closing(Store(config.database, KeyRing(config.key_source))) as store:
        member = Member(name="adam", role=Role.ADMINISTRATOR, key=bytes(32), certificate=None)
        OrganisationStore(store).change_user(USER, change, member, owner.clock())
    refusal = {Change.DISABLE: "account-disabled", Change.DELETE: "no-account"}[change]
    assert code_of(lambda: start(forgetful)) == refusal
    assert code_of(lambda: finish(forgetful, version=2)) == refusal
    assert code_of(lambda: undo(owner)) == {"account-disabled": refusal, "no-account": "login-refused"}[refusal]
    assert rows_in(config) == (1 if change is Change.DISABLE else 0)


def test_a_wrong_passphrase_puts_nothing_back_and_counts(owner: Person, forgetful: Person) -> None:
    reset(forgetful)
    codes = [code_of(lambda: undo(forgetful)) for _ in range(30)]
    assert set(codes) == {"login-refused", "try-later"}
    forgetful.clock.advance(seconds=3_600)
    assert certificates(forgetful.log_in()) == {identity(1).certificate.der}


def test_nobody_sees_of_whom_an_account_is_kept(owner: Person, forgetful: Person, client: FlaskClient) -> None:
    def salt(path: str, user: str) -> str:
        answer = client.post(path, base_url=ORIGIN, json={"protocol": 2, "user": user})
        return str((answer.json or {})["salt"])

    unknown = "bob@example.test"
    for user in (USER, unknown):
        assert salt("/reset/parameters", user) == salt("/reset/parameters", user)
        assert salt("/reset/parameters", user) != salt("/parameters", user)
    before = salt("/parameters", USER)
    reset(forgetful)
    assert salt("/reset/parameters", USER) == before


@pytest.mark.parametrize("number", range(3))
def test_a_stop_and_an_end_at_once_have_one_winner(
    owner: Person, forgetful: Person, config: KeyServerConfig, number: int
) -> None:
    version = start(forgetful).version
    with closing(Store(config.database, KeyRing(config.key_source))) as store:
        resets, at = ResetStore(store), forgetful.clock() + MIN_DELAY
        account, record = store.find_account(USER), store.find_record(USER)
        forgetful.clock.at += MIN_DELAY
        caller = store.sessions.find(owner.log_in().session_key.public, at)
        assert caller is not None
        assert account is not None
        assert record is not None
        after = replace(record, bundle_id="b", version=version + 1)
        together = Barrier(2)

        def end() -> bool:
            together.wait()
            try:
                resets.finish(account, after, Ticket(id=str(number), ends=at + MIN_DELAY), at)
            except ResetNotReady:
                return False
            return True

        def stop() -> bool:
            together.wait()
            with suppress(SessionEnded):
                return resets.stop(caller, at)
            return False

        with ThreadPoolExecutor(2) as threads:
            finished, stopped = threads.submit(end), threads.submit(stop)
            assert finished.result() is not stopped.result()
        assert resets.find_with_version(USER, at) is None
        stored_record = store.find_record(USER)
        assert stored_record == (after if finished.result() else record)


def test_two_starts_at_once_make_one_reset(owner: Person, config: KeyServerConfig) -> None:
    store = Store(config.database, KeyRing(config.key_source))
    resets, at = ResetStore(store), owner.clock()

    def begin(number: int) -> bool:
        return resets.start(USER, Ticket(id=str(number), ends=at + MIN_DELAY), MIN_DELAY, at).is_new

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(begin, range(4))) == [False, False, False, True]
    store.close()


def test_a_kept_account_is_sealed_under_a_new_master_key(
    owner: Person, forgetful: Person, config: KeyServerConfig
) -> None:
    reset(forgetful)
    old, new = MasterKey(bytes(32)), MasterKey(bytes([1]) * 32)
    database = SCHEMA.open(config.database)
    keys = ServerKeys.open(database, KeyRing(GivenKeys(keys=(new, old))))
    with database.transaction() as rows:
        keys.replace_master_key(rows, new)
    assert reseal_all(database, keys, new, pause=lambda _seconds: None).damaged == []
    with database.reading() as rows:
        assert set(heads_in(rows)) == {new.head}
    database.close()


def test_each_step_is_in_the_audit_trail(owner: Person, forgetful: Person, config: KeyServerConfig) -> None:
    start(forgetful)
    run(owner.log_in().stop_reset(owner.setting))
    reset(forgetful)
    undo(owner)
    database = SCHEMA.open(config.database)
    with database.reading() as rows:
        kinds = rows.execute(text("SELECT kind FROM audit WHERE kind LIKE 'reset-%' ORDER BY number")).scalars().all()
    database.close()
    assert kinds == ["reset-started", "reset-stopped", "reset-started", "reset-finished", "reset-undone"]


def test_the_delay_is_made_longer_and_never_shorter(tmp_path: Path, clock: FakeClock) -> None:
    settings: dict[str, Any] = {"origin": ORIGIN, "database": tmp_path / "k", "ticket_key": bytes(32), "clock": clock}
    longer = KeyServerConfig(**settings, reset_delay=MIN_DELAY * 2)
    assert longer.reset_delay == MIN_DELAY * 2
    with pytest.raises(ValueError, match="the delay of a reset is 2 days, 23:59:59, expected at least 3 days"):
        KeyServerConfig(**settings, reset_delay=MIN_DELAY - SECOND)


def rows_in(config: KeyServerConfig) -> int:
    database = SCHEMA.open(config.database)
    with database.reading() as rows:
        count = int(rows.execute(text("SELECT count(*) FROM kept_account")).scalar_one())
    database.close()
    return count
