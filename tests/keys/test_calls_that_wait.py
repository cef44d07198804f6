"""Logins and calls that were right when they were checked, and whose account has changed before their transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.messages.accounts import Device, Push
from roaming_keys.protocol.records.recovery_codes import RecoveryKeys, recovery_keys
from roaming_keys.protocol.session import Session
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.accounts.factors import FactorStore
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.app import close_app
from roaming_keys.server.sessions.sessions import SessionStore
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.keys.people import OTHER_PASSPHRASE, PROVIDER, Person, certificates, identity, make_client

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("quick_passphrases")]


@pytest.fixture
def laptop(clock: FakeClock, database_url: str) -> Iterator[Person]:
    person = Person(make_client(clock, database_url), clock)
    person.register()
    yield person
    close_app(person.client.application)


@pytest.fixture
def phone(laptop: Person) -> Person:
    return other_device(laptop)


def other_device(laptop: Person) -> Person:
    client = laptop.client.application.test_client()
    return Person(client, laptop.clock, device=Device(token=b"p" * 32, name="a phone"))


class Waiting:
    """Lets the next call of a method wait while something else happens, as if it waited for its transaction."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.has_waited = False

    def at(self, owner: type, name: str, meanwhile: Callable[[], object]) -> None:
        plain = getattr(owner, name)

        def waiting(*arguments: object, **options: object) -> object:
            self._monkeypatch.setattr(owner, name, plain)
            meanwhile()
            self.has_waited = True
            return plain(*arguments, **options)

        self._monkeypatch.setattr(owner, name, waiting)


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    return Waiting(monkeypatch)


def refusal_of(act: Callable[[], object]) -> KeyServerError:
    with pytest.raises(KeyServerError) as refused:
        act()
    return refused.value


def revoke_others(person: Person, session: Session) -> Session:
    others = [device.id for device in run(session.devices(person.setting)) if not device.is_this]
    return run(session.rotate(person.setting, person.passphrase, revoked=others))


def test_a_login_by_the_earlier_passphrase_starts_no_session_after_the_new_one(
    laptop: Person, phone: Person, waiting: Waiting
) -> None:
    phone.log_in()
    session = laptop.log_in()
    others = [device.id for device in run(session.devices(laptop.setting)) if not device.is_this]
    waiting.at(SessionStore, "start", lambda: run(session.rotate(laptop.setting, OTHER_PASSPHRASE, revoked=others)))
    assert refusal_of(phone.log_in).code == "login-refused"
    assert waiting.has_waited
    laptop.passphrase, laptop.known = OTHER_PASSPHRASE, None
    assert [device.name for device in run(laptop.log_in().devices(laptop.setting))] == ["a laptop"]


def with_recovery(laptop: Person) -> RecoveryKeys:
    code = run(recovery_keys(bytes(16), PROVIDER))
    run(laptop.log_in().rotate(laptop.setting, laptop.passphrase, recovery=code))
    return code


def test_a_login_by_the_earlier_recovery_code_starts_no_session_after_the_new_one(
    laptop: Person, phone: Person, waiting: Waiting
) -> None:
    code = with_recovery(laptop)
    session, other = laptop.log_in(), run(recovery_keys(b"another code....", PROVIDER))
    waiting.at(SessionStore, "start", lambda: run(session.rotate(laptop.setting, laptop.passphrase, recovery=other)))
    assert refusal_of(lambda: phone.recover(code)).code == "login-refused"
    assert waiting.has_waited
    phone.recover(other)


def test_a_login_to_a_deleted_account_starts_no_session_of_the_next_one(
    laptop: Person, phone: Person, waiting: Waiting
) -> None:
    code = with_recovery(laptop)
    session = laptop.log_in()
    later = Person(laptop.client, laptop.clock, passphrase=OTHER_PASSPHRASE)

    def register_anew() -> None:
        run(session.delete(laptop.setting))
        later.register(identity(5))

    waiting.at(SessionStore, "start", register_anew)
    assert refusal_of(lambda: phone.recover(code)).code == "login-refused"
    assert waiting.has_waited
    assert certificates(later.log_in()) == {identity(5).certificate.der}


def test_a_login_goes_on_if_only_the_record_has_changed(laptop: Person, phone: Person, waiting: Waiting) -> None:
    session = laptop.log_in()
    waiting.at(SessionStore, "start", lambda: laptop.add(session, identity(1)))
    assert len(certificates(phone.log_in())) == 2
    assert waiting.has_waited


def test_a_session_that_ended_meanwhile_deletes_nothing(laptop: Person, phone: Person, waiting: Waiting) -> None:
    theirs, ours = phone.log_in(), laptop.log_in()
    waiting.at(Store, "delete_account", lambda: revoke_others(laptop, ours))
    assert refusal_of(lambda: run(theirs.delete(phone.setting))).code == "login-ended"
    assert waiting.has_waited
    laptop.known = None
    laptop.log_in()


def test_a_session_of_a_deleted_account_deletes_nothing_of_the_next_one(
    laptop: Person, phone: Person, waiting: Waiting
) -> None:
    theirs, ours = phone.log_in(), laptop.log_in()
    later = Person(laptop.client, laptop.clock, passphrase=OTHER_PASSPHRASE)

    def register_anew() -> None:
        run(ours.delete(laptop.setting))
        later.register(identity(5))

    waiting.at(Store, "delete_account", register_anew)
    assert refusal_of(lambda: run(theirs.delete(phone.setting))).code == "login-ended"
    assert waiting.has_waited
    assert certificates(later.log_in()) == {identity(5).certificate.der}


def test_a_session_that_ended_meanwhile_gets_no_record_with_412(
    laptop: Person, phone: Person, waiting: Waiting
) -> None:
    theirs, ours = phone.log_in(), laptop.log_in()
    waiting.at(Store, "replace_record", lambda: revoke_others(laptop, ours))
    refusal = refusal_of(lambda: phone.add(theirs, identity(1)))
    assert waiting.has_waited
    assert (refusal.code, refusal.record) == ("login-ended", None)


def test_a_session_that_ended_meanwhile_reads_no_record(laptop: Person, phone: Person, waiting: Waiting) -> None:
    theirs, ours = phone.log_in(), laptop.log_in()
    waiting.at(Store, "find_record_of", lambda: revoke_others(laptop, ours))
    refusal = refusal_of(lambda: run(theirs.pull(phone.setting)))
    assert waiting.has_waited
    assert (refusal.code, refusal.record) == ("login-ended", None)


def test_a_session_that_ended_meanwhile_rotates_nothing(laptop: Person, phone: Person, waiting: Waiting) -> None:
    theirs, ours = phone.log_in(), laptop.log_in()
    waiting.at(Store, "rotate", lambda: laptop.add(revoke_others(laptop, ours), identity(1)))
    refusal = refusal_of(lambda: run(theirs.rotate(phone.setting, OTHER_PASSPHRASE)))
    assert waiting.has_waited
    assert (refusal.code, refusal.record) == ("login-ended", None)
    laptop.known = None
    assert len(certificates(laptop.log_in())) == 2


def test_a_session_that_ended_meanwhile_removes_no_second_factor(
    laptop: Person, phone: Person, waiting: Waiting
) -> None:
    theirs, ours = phone.log_in(), laptop.log_in()
    call = Call(method="DELETE", path="/factors/any")
    header = run(theirs.sign(call, PROVIDER))
    waiting.at(FactorStore, "remove", lambda: revoke_others(laptop, ours))
    assert refusal_of(lambda: run(phone.transport.send(call, header))).code == "login-ended"
    assert waiting.has_waited


def test_a_push_in_place_of_a_record_that_is_not_there_yet_changes_no_wrap(
    laptop: Person, phone: Person, waiting: Waiting
) -> None:
    """Wraps are compared with those of the record that the push replaces."""
    theirs, ours = phone.log_in(), laptop.log_in()
    coming = run(ours.prepare_push(ours.opened, PROVIDER)).after.opened.record
    noise = replace(coming.wraps[0], wrapped=PROVIDER.random_bytes(len(coming.wraps[0].wrapped)))
    after_it = replace(coming, version=coming.version + 1, wraps=(noise,))
    call = Call(method="PUT", path="/bundle", condition=coming.tag, body=Push(record=after_it).to_json())
    waiting.at(Store, "replace_record", lambda: laptop.add(ours))
    header = run(theirs.sign(call, PROVIDER))
    assert refusal_of(lambda: run(phone.transport.send(call, header))).code == "record-changed"
    laptop.log_in()


def test_a_session_that_stores_all_the_time_keeps_nobody_from_revoking_its_device(
    laptop: Person, phone: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = phone.log_in(), laptop.log_in()
    stored: list[Session] = [theirs]
    refusals: list[str] = []
    rotate = Store.rotate

    def after_one_more_push(*arguments: Any) -> None:
        try:
            stored.append(phone.add(stored[-1], identity(len(stored))))
        except KeyServerError as error:
            refusals.append(error.code)
        rotate(*arguments)

    monkeypatch.setattr(Store, "rotate", after_one_more_push)
    rotated = revoke_others(laptop, ours)
    assert [device.name for device in run(rotated.devices(laptop.setting))] == ["a laptop"]
    assert refusals == ["login-ended"]
    assert certificates(rotated) == {identity(0).certificate.der, identity(1).certificate.der}
