"""A person's session at a real key server: store, rotate, recover, delete, and a server that lies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from roaming_keys.organisation.protocol.owner import has_first_passphrase, with_first_passphrase, with_own_passphrase
from roaming_keys.protocol.calls import Call, Credentials, SessionKey
from roaming_keys.protocol.known import Known, ServerLies
from roaming_keys.protocol.messages.accounts import MIN_MEMORY_KIB, MIN_PASSES, STEP_BYTES, Device, KeyRecord, WrapKind
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.record import OpenRecord, build_next_record, open_record
from roaming_keys.protocol.records.recovery_codes import (
    RecoveryKeys,
    WrongRecoveryCode,
    read_code,
    recovery_keys,
    write_code,
)
from roaming_keys.protocol.records.state import AccountState, BoundBundle, WrapKey
from roaming_keys.protocol.session import Session
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.sessions import sessions
from roaming_keys.server.sessions.sessions import LIFETIME
from smime_core.blocking import run
from smime_core.errors import MalformedMessage, SmimeError, WrongPassphrase
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
    make_client,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(clock: FakeClock) -> FlaskClient:
    return make_client(clock)


@pytest.fixture
def laptop(client: FlaskClient, clock: FakeClock) -> Person:
    """The device on which the account was made."""
    person = Person(client, clock)
    person.register()
    return person


@pytest.fixture
def phone(laptop: Person) -> Person:
    """A second device."""
    return Person(laptop.client, laptop.clock, device=Device(token=b"p" * 32, name="a phone"))


def code_of(refused: pytest.ExceptionInfo[SmimeError]) -> str:
    return refused.value.code


def test_a_second_device_has_the_keys_that_the_first_stored(laptop: Person, phone: Person) -> None:
    laptop.add(laptop.log_in(), identity(1))
    assert certificates(phone.log_in()) == {identity(0).certificate.der, identity(1).certificate.der}


def test_a_stored_record_shows_its_size_only_in_steps(laptop: Person) -> None:
    session = laptop.log_in()
    for record in (session.opened.record, laptop.add(session, identity(1)).opened.record):
        assert (len(record.bundle), len(record.state)) == (STEP_BYTES, STEP_BYTES)


def test_two_devices_that_store_at_once_both_keep_their_keys(laptop: Person, phone: Person) -> None:
    ours, theirs = laptop.log_in(), phone.log_in()
    laptop.add(ours, identity(1))
    last = phone.add(theirs, identity(2))
    assert last.opened.record.version == 3
    assert certificates(laptop.log_in()) == {identity(number).certificate.der for number in range(3)}


def test_entries_of_two_devices_are_merged_and_a_removal_stays(laptop: Person, phone: Person) -> None:
    def entered(session: Session, **entries: Entry) -> OpenRecord:
        state = replace(session.opened.state, entries={**session.opened.state.entries, **entries})
        return replace(session.opened, state=state)

    ours, theirs = laptop.log_in(), phone.log_in()
    run(ours.push(laptop.setting, entered(ours, one=Entry(at=2, value=None), two=Entry(at=1, value="ours"))))
    run(theirs.push(phone.setting, entered(theirs, one=Entry(at=1, value="old"), two=Entry(at=3, value="theirs"))))
    assert laptop.log_in().opened.state.entries == {"one": Entry(at=2, value=None), "two": Entry(at=3, value="theirs")}


def test_a_push_whose_answer_was_lost_is_not_repeated(laptop: Person) -> None:
    session = laptop.log_in()
    send = laptop.transport.send
    lost: list[Call] = []

    async def lose_the_first(call: Call, authorization: str | None = None) -> bytes:
        answer = await send(call, authorization)
        if call.method == "PUT" and not lost:
            lost.append(call)
            # The proxy before the server sends the request again, under a new number.
            return await send(call, (await session.session_key.sign(ORIGIN, call, PROVIDER)).to_header())
        return answer

    laptop.transport.send = lose_the_first  # type: ignore[method-assign]
    assert laptop.add(session, identity(1)).opened.record.version == 2


def test_a_pull_gets_the_record_only_if_it_is_another_one(laptop: Person, phone: Person) -> None:
    session = laptop.log_in()
    assert run(session.pull(laptop.setting)) is session
    phone.add(phone.log_in(), identity(1))
    assert len(certificates(run(session.pull(laptop.setting)))) == 2


def test_a_new_passphrase_ends_other_sessions_and_opens_all_keys(laptop: Person, phone: Person) -> None:
    theirs = phone.log_in()
    ours = laptop.add(laptop.log_in(), identity(1))
    rotated = run(ours.rotate(laptop.setting, b"five other words on paper"))
    assert rotated.opened.record.bundle_id != ours.opened.record.bundle_id
    with pytest.raises(KeyServerError) as ended:
        run(theirs.pull(phone.setting))
    assert code_of(ended) == "login-ended"
    with pytest.raises(KeyServerError) as refused:
        phone.log_in()
    assert code_of(refused) == "login-refused"
    phone.passphrase = b"five other words on paper"
    assert certificates(phone.log_in()) == certificates(ours)
    laptop.passphrase = phone.passphrase
    assert laptop.add(rotated, identity(2)).opened.record.version == 4


def test_a_device_that_was_revoked_has_lost_its_keys_to_later_records(laptop: Person, phone: Person) -> None:
    theirs = phone.log_in()
    laptop.clock.advance(seconds=1)
    ours = laptop.log_in()
    listed = run(ours.devices(laptop.setting))
    assert [(device.name, device.is_this) for device in listed] == [("a laptop", True), ("a phone", False)]
    rotated = run(ours.rotate(laptop.setting, PASSPHRASE, revoked=[listed[1].id]))
    assert [device.name for device in run(rotated.devices(laptop.setting))] == ["a laptop"]
    with pytest.raises(KeyServerError):
        run(theirs.devices(phone.setting))
    with pytest.raises(SmimeError):
        run(theirs.with_record(rotated.opened.record, PROVIDER))
    assert certificates(phone.log_in()) == certificates(ours)


@pytest.mark.parametrize("stored_meanwhile", [False, True])
def test_a_change_of_the_state_is_made_to_what_another_device_has_stored(
    laptop: Person, phone: Person, stored_meanwhile: bool
) -> None:
    first = with_first_passphrase(laptop.log_in().opened.state, laptop.clock())
    session = laptop.log_in()
    session = run(session.push(laptop.setting, replace(session.opened, state=first)))
    if stored_meanwhile:
        phone.add(phone.log_in(), identity(1))
    rotated = run(session.rotate(laptop.setting, OTHER_PASSPHRASE, change=with_own_passphrase))
    assert not has_first_passphrase(rotated.opened.state)
    assert (identity(1).certificate.der in certificates(rotated)) == stored_meanwhile


def test_a_change_of_keys_makes_other_devices_strangers_until_their_next_login(laptop: Person, phone: Person) -> None:
    def is_known(person: Person) -> bool:
        store = person.client.application.extensions["roaming_keys.store"]
        token_hash = store.keys.counter_name("device", f"{person.device.token.hex()} {USER}")
        return store.find_account_and_device(USER, token_hash)[1] is True

    phone.log_in()
    ours = laptop.log_in()
    assert [is_known(laptop), is_known(phone)] == [True, True]
    run(ours.rotate(laptop.setting, OTHER_PASSPHRASE))
    assert [is_known(laptop), is_known(phone)] == [True, False]
    phone.passphrase = OTHER_PASSPHRASE
    phone.log_in()
    assert [is_known(laptop), is_known(phone)] == [True, True]


def test_the_device_in_use_cannot_revoke_itself(laptop: Person) -> None:
    session = laptop.log_in()
    (own,) = run(session.devices(laptop.setting))
    rotated = run(session.rotate(laptop.setting, PASSPHRASE, revoked=[own.id]))
    assert len(run(rotated.devices(laptop.setting))) == 1


def test_a_recovery_code_opens_the_account_also_after_later_changes(laptop: Person, phone: Person) -> None:
    code = write_code(PROVIDER.random_bytes(16))
    keys = run(recovery_keys(read_code(code.lower().replace("-", " ")), PROVIDER))
    session = run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=keys))
    session = laptop.add(session, identity(1))
    run(session.rotate(laptop.setting, b"a passphrase that is forgotten"))
    recovered = phone.recover(keys)
    assert len(certificates(recovered)) == 2
    run(recovered.rotate(phone.setting, PASSPHRASE))
    laptop.known = None
    assert len(certificates(laptop.log_in())) == 2


def test_a_new_recovery_code_takes_the_place_of_the_old_one(laptop: Person) -> None:
    old, new = (run(recovery_keys(bytes([number]) * 16, PROVIDER)) for number in (1, 2))
    session = run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=old))
    run(session.rotate(laptop.setting, PASSPHRASE, recovery=new))
    with pytest.raises(KeyServerError) as refused:
        laptop.recover(old)
    assert code_of(refused) == "login-refused"
    assert certificates(laptop.recover(new)) == certificates(session)


def keys_of_code(number: int) -> RecoveryKeys:
    return run(recovery_keys(bytes([number]) * 16, PROVIDER))


def with_wrap_keys(session: Session, *wrap_keys: WrapKey) -> Session:
    return replace(session, opened=replace(session.opened, state=replace(session.opened.state, wrap_keys=wrap_keys)))


@pytest.mark.parametrize("had_code", [True, False])
def test_a_code_that_a_thief_has_stored_opens_nothing_after_a_revocation(
    laptop: Person, phone: Person, had_code: bool
) -> None:
    paper, thief = keys_of_code(1), keys_of_code(2)
    if had_code:
        run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=paper))
    stolen = with_wrap_keys(phone.log_in(), thief.wrap_key)
    run(stolen.push(phone.setting, stolen.opened))
    ours = laptop.log_in()
    assert ours.own.has_lost_some
    rotated = run(ours.rotate(laptop.setting, PASSPHRASE, revoked=[_other_device(ours, laptop)]))
    assert [wrap.kind for wrap in rotated.opened.record.wraps] == [WrapKind.PASSPHRASE]
    for code in (thief, paper):
        with pytest.raises(KeyServerError):
            phone.recover(code)
    # A new code counts again.
    run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=paper))
    assert not laptop.log_in().own.has_lost_some
    assert phone.recover(paper).opened.state.wrap_keys == (paper.wrap_key,)


def _other_device(session: Session, person: Person) -> str:
    (other,) = [device.id for device in run(session.devices(person.setting)) if not device.is_this]
    return other


def test_a_code_that_is_stored_after_the_login_is_not_carried_over(laptop: Person, phone: Person) -> None:
    paper, thief = keys_of_code(1), keys_of_code(2)
    run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=paper))
    stolen, ours = phone.log_in(), laptop.log_in()
    planting = with_wrap_keys(stolen, thief.wrap_key)
    run(planting.push(phone.setting, planting.opened))
    rotated = run(run(ours.pull(laptop.setting)).rotate(laptop.setting, OTHER_PASSPHRASE))
    assert rotated.opened.state.wrap_keys == rotated.own.keys == (paper.wrap_key,)
    assert certificates(phone.recover(paper)) == certificates(rotated)


def test_a_code_that_was_removed_is_missed(laptop: Person, phone: Person) -> None:
    run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=keys_of_code(1)))
    emptied = with_wrap_keys(phone.log_in())
    run(emptied.push(phone.setting, emptied.opened))
    assert laptop.log_in().own.has_lost_some


def test_a_recovery_carries_over_only_the_code_that_was_typed(laptop: Person, phone: Person) -> None:
    paper, thief = keys_of_code(1), keys_of_code(2)
    run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=paper))
    planting = with_wrap_keys(phone.log_in(), thief.wrap_key)
    run(planting.push(phone.setting, planting.opened))
    rotated = run(laptop.recover(paper).rotate(laptop.setting, OTHER_PASSPHRASE))
    assert rotated.opened.state.wrap_keys == (paper.wrap_key,)
    with pytest.raises(KeyServerError):
        phone.recover(thief)
    laptop.passphrase = OTHER_PASSPHRASE
    assert not laptop.log_in().own.has_lost_some


def test_without_a_recovery_code_none_recovers(laptop: Person) -> None:
    with pytest.raises(KeyServerError) as refused:
        laptop.recover(run(recovery_keys(bytes(16), PROVIDER)))
    assert code_of(refused) == "login-refused"


@pytest.mark.parametrize("change", [lambda code: code[:-1], lambda code: code + "0", lambda code: "U" + code[1:]])
def test_what_is_no_recovery_code_is_told(change: Callable[[str], str]) -> None:
    with pytest.raises(WrongRecoveryCode, match="28 letters"):
        read_code(change(write_code(bytes(range(16)))))


def test_a_typing_mistake_in_a_recovery_code_is_told() -> None:
    code = write_code(bytes(range(16)))
    for place in (0, 10, len(code) - 1):
        other = "7" if code[place] != "7" else "8"
        with pytest.raises(WrongRecoveryCode, match="typing mistake"):
            read_code(code[:place] + other + code[place + 1 :])
    assert read_code(code.replace("0", "o").replace("1", "l")) == bytes(range(16))


def test_a_deleted_account_is_gone(laptop: Person, phone: Person) -> None:
    theirs = phone.log_in()
    run(laptop.log_in().delete(laptop.setting))
    with pytest.raises(KeyServerError) as ended:
        run(theirs.pull(phone.setting))
    assert code_of(ended) == "login-ended"
    with pytest.raises(KeyServerError) as refused:
        laptop.log_in()
    assert code_of(refused) == "login-refused"
    laptop.known = None
    laptop.register()
    assert laptop.log_in().opened.record.version == 1


@pytest.mark.parametrize("act", ["rotate", "delete"])
def test_what_takes_the_account_needs_a_fresh_login(laptop: Person, act: str) -> None:
    session = laptop.log_in()
    laptop.clock.advance(seconds=601)
    with pytest.raises(KeyServerError) as refused:
        run(session.rotate(laptop.setting, b"theirs") if act == "rotate" else session.delete(laptop.setting))
    assert code_of(refused) == "log-in-again"
    assert certificates(laptop.log_in()) == certificates(session)


def test_a_session_ends(laptop: Person) -> None:
    session = laptop.log_in()
    laptop.clock.advance(seconds=LIFETIME.total_seconds())
    with pytest.raises(KeyServerError) as ended:
        run(session.pull(laptop.setting))
    assert code_of(ended) == "login-ended"


def test_sessions_and_devices_of_an_account_are_bounded(laptop: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    monkeypatch.setattr(sessions, "MAX_DEVICES", 3)
    first = laptop.log_in()
    for number in range(4):
        laptop.device = Device(token=number.to_bytes(32, "big"), name=f"device {number}")
        laptop.clock.advance(seconds=1)
        last = laptop.log_in()
    assert [device.name for device in run(last.devices(laptop.setting))] == ["device 3", "device 2", "device 1"]
    with pytest.raises(KeyServerError) as ended:
        run(first.pull(laptop.setting))
    assert code_of(ended) == "login-ended"


def test_a_new_session_is_never_the_one_that_goes(laptop: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a server may stand still, or be set back between two logins."""
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    for seconds in (0, 0, 0, -5, 0, -5):
        laptop.clock.advance(seconds=seconds)
        run(laptop.log_in().pull(laptop.setting))


def test_after_its_clock_was_ahead_a_server_lists_no_more_devices_than_a_client_reads(
    laptop: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_DEVICES", 3)
    laptop.clock.advance(seconds=7_200)
    for number in range(3):
        laptop.device = Device(token=number.to_bytes(32, "big"), name=f"device {number}")
        laptop.log_in()
        laptop.clock.advance(seconds=1)
    laptop.clock.advance(seconds=-7_200)
    laptop.device = Device(token=b"n" * 32, name="a new one")
    listed = run(laptop.log_in().devices(laptop.setting))
    assert [device.name for device in listed] == ["device 2", "device 1", "a new one"]


def signed(session: Session, call: Call, **change: Any) -> dict[str, str]:
    credentials = run(session.session_key.sign(ORIGIN, call, PROVIDER))
    return {"Authorization": replace(credentials, **change).to_header()}


def get_devices(laptop: Person, headers: dict[str, str], path: str = "/devices") -> tuple[int, str]:
    answer = laptop.client.get(path, base_url=ORIGIN, headers=headers)
    return answer.status_code, answer.get_json().get("code", "")


def test_a_call_counts_once_and_in_its_order(laptop: Person) -> None:
    session, call = laptop.log_in(), Call(method="GET", path="/devices")
    earlier, later = signed(session, call), signed(session, call)
    assert get_devices(laptop, later) == (200, "")
    assert get_devices(laptop, later) == get_devices(laptop, earlier) == (401, "call-refused")


@pytest.mark.parametrize(
    "call",
    [
        Call(method="DELETE", path="/devices"),
        Call(method="GET", path="/bundle"),
        Call(method="GET", path="/devices", condition='"b.1"'),
        Call(method="GET", path="/devices", body=b"{}"),
    ],
)
def test_a_call_signs_method_path_condition_and_body(laptop: Person, call: Call) -> None:
    assert get_devices(laptop, signed(laptop.log_in(), call)) == (401, "call-refused")


@pytest.mark.parametrize(
    ("method", "path", "most_bytes"),
    [
        ("GET", "/devices", 4_096),
        ("GET", "/bundle", 4_096),
        ("DELETE", "/account", 4_096),
        ("PUT", "/bundle", 3_145_728),
        ("POST", "/passphrase", 3_145_728),
    ],
)
def test_only_calls_with_a_record_may_have_a_large_body(
    laptop: Person, method: str, path: str, most_bytes: int
) -> None:
    session = laptop.log_in()
    call = Call(method=method, path=path, body=b" " * (most_bytes + 1))
    answer = laptop.client.open(
        path, method=method, base_url=ORIGIN, data=call.body, headers=signed(session, call), content_type="text/plain"
    )
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too-large")


def test_a_call_is_for_one_server(laptop: Person) -> None:
    session, call = laptop.log_in(), Call(method="GET", path="/devices")
    credentials = run(session.session_key.sign("https://other.test", call, PROVIDER))
    assert get_devices(laptop, {"Authorization": credentials.to_header()}) == (401, "call-refused")


def test_another_key_signs_no_call_of_a_session(laptop: Person) -> None:
    session, call = laptop.log_in(), Call(method="GET", path="/devices")
    other = run(SessionKey(bytes(32)).sign(ORIGIN, call, PROVIDER))
    assert get_devices(laptop, {"Authorization": other.to_header()}) == (401, "login-ended")
    moved = replace(other, session_key=session.session_key.public)
    assert get_devices(laptop, {"Authorization": moved.to_header()}) == (401, "call-refused")


@pytest.mark.parametrize("header", ["", "Bearer x", "Sealwax", 'Sealwax key="", counter="1", signature=""'])
def test_a_call_without_a_signature_is_refused(laptop: Person, header: str) -> None:
    assert get_devices(laptop, {"Authorization": header}) == (401, "call-refused")


def test_credentials_have_one_spelling(laptop: Person) -> None:
    credentials = run(SessionKey(bytes(32)).sign(ORIGIN, Call(method="GET", path="/"), PROVIDER))
    header = credentials.to_header()
    assert Credentials.from_header(header) == credentials
    for other in (header + " ", header.replace("Sealwax", "sealwax"), header.replace('"1"', '"01"')):
        with pytest.raises(MalformedMessage):
            Credentials.from_header(other)
    # The last of 43 letters has two bits that count for nothing.
    key = header.partition('key="')[2][:43]
    with pytest.raises(MalformedMessage):
        Credentials.from_header(header.replace(key, key[:-1] + chr(ord(key[-1]) + 1)))


def put(laptop: Person, session: Session, record: KeyRecord, condition: str | None) -> tuple[int, str]:
    body = json.dumps({"protocol": 2, "record": json.loads(record.to_json())}).encode()
    call = Call(method="PUT", path="/bundle", condition=condition or "", body=body)
    headers = signed(session, call) | ({"If-Match": condition} if condition else {})
    answer = laptop.client.put("/bundle", base_url=ORIGIN, data=body, headers=headers, content_type="application/json")
    return answer.status_code, answer.get_json().get("code", "")


@pytest.mark.parametrize(
    ("version", "condition", "status"),
    [
        (2, None, (428, "condition-missing")),
        (2, "*", (400, "malformed-message")),
        (3, '"{id}.1"', (400, "malformed-message")),
        (1, '"{id}.1"', (400, "malformed-message")),
        (2, '"other.1"', (400, "malformed-message")),
        (6, '"{id}.5"', (412, "record-changed")),
    ],
)
def test_a_push_names_the_version_before(
    laptop: Person, version: int, condition: str | None, status: tuple[int, str]
) -> None:
    session = laptop.log_in()
    record = replace(session.opened.record, version=version)
    assert put(laptop, session, record, condition and condition.format(id=record.bundle_id)) == status
    assert laptop.log_in().opened.record.version == 1


@pytest.mark.parametrize("wraps", ["other", "fewer", "more"])
def test_a_push_changes_no_wrap(laptop: Person, wraps: str) -> None:
    """The thief of an open session could lock its owner out: the passphrase would open nothing."""
    code = run(recovery_keys(bytes(16), PROVIDER))
    session = run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=code))
    record = session.opened.record
    by_passphrase, by_code = record.wraps
    noise = replace(by_passphrase, wrapped=PROVIDER.random_bytes(len(by_passphrase.wrapped)))
    changed = {
        "other": (noise, by_code),
        "fewer": (by_passphrase,),
        "more": (by_passphrase, by_code, replace(noise, kind="another")),
    }
    following = replace(record, version=record.version + 1, wraps=changed[wraps])
    assert put(laptop, session, following, record.tag) == (400, "malformed-message")
    assert laptop.log_in().opened.record == record
    assert put(laptop, session, replace(following, wraps=record.wraps), record.tag) == (200, "")


def lying(person: Person, path: str, **members: Any) -> None:
    """Let the server answer with other members of the record at one path."""

    def answer(call: Call, body: bytes) -> bytes:
        if call.path != path:
            return body
        parsed = json.loads(body)
        parsed.get("record", parsed).update(members)
        return json.dumps(parsed).encode()

    person.transport.answer = answer


def test_an_earlier_record_is_refused(laptop: Person, phone: Person) -> None:
    first = laptop.log_in()
    laptop.add(first, identity(1))
    lying(laptop, "/login", **json.loads(first.opened.record.to_json()))
    with pytest.raises(ServerLies) as refused:
        laptop.log_in()
    assert code_of(refused) == "record-rolled-back"
    lying(phone, "/login", **json.loads(first.opened.record.to_json()))
    assert len(certificates(phone.log_in())) == 1, "a new device cannot know"


def test_parts_of_two_records_of_one_version_are_refused(laptop: Person, phone: Person) -> None:
    """A server that takes neither of two records has two of one version, under one key."""
    session, other = laptop.log_in(), phone.log_in()
    with_key = replace(session.opened, identities=(*session.opened.identities, identity(1)))
    entries = {"setting:x": Entry(at=1, value="on")}
    with_entry = replace(other.opened, state=replace(other.opened.state, entries=entries))
    first = run(session.prepare_push(with_key, PROVIDER)).after.opened.record
    second = run(other.prepare_push(with_entry, PROVIDER)).after.opened.record
    for record in (first, second):
        assert run(session.with_record(record, PROVIDER)).opened.record == record
    for bundle, state in itertools.permutations((first, second)):
        with pytest.raises(WrongPassphrase):
            run(session.with_record(replace(bundle, state=state.state), PROVIDER))


def test_a_state_of_an_earlier_program_says_nothing_about_the_bundle(
    laptop: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps the member of the record before."""

    def stale(*, version: int, digest: bytes) -> BoundBundle:
        return BoundBundle(version=version - 1, digest=digest[::-1])

    session = laptop.log_in()
    monkeypatch.setattr("roaming_keys.protocol.records.record.BoundBundle", stale)
    record = run(build_next_record(session.opened, USER, PROVIDER))
    assert run(open_record(record, USER, session.opened.key, PROVIDER)).record == record


@pytest.mark.parametrize("change", [{"version": 2}, {"version": 9}, {"bundle_id": "other"}])
def test_a_record_under_another_name_is_refused(laptop: Person, change: dict[str, Any]) -> None:
    lying(laptop, "/login", **change)
    with pytest.raises(WrongPassphrase):
        laptop.log_in()


def test_a_server_that_gives_two_devices_different_keys_is_found_out(laptop: Person, phone: Person) -> None:
    """The server keeps what the laptop stores from the phone, and the other way round."""
    theirs = phone.log_in()
    laptop.add(laptop.log_in(), identity(1))
    for record in run(_next_of(theirs, 2)):
        lying(laptop, "/login", **json.loads(record.to_json()))
        with pytest.raises(ServerLies) as refused:
            laptop.log_in()
        assert code_of(refused) == "record-forked"


def test_a_record_whose_history_leaves_out_the_known_one_is_refused(laptop: Person, phone: Person) -> None:
    ours = laptop.log_in()
    phone.log_in()
    later = laptop.add(ours, identity(1))
    emptied = replace(later, opened=replace(later.opened, state=replace(later.opened.state, history={})))
    run(emptied.push(laptop.setting, emptied.opened))
    with pytest.raises(ServerLies) as refused:
        phone.log_in()
    assert code_of(refused) == "record-forked"


async def _next_of(session: Session, count: int) -> list[KeyRecord]:
    records, opened = [], session.opened
    for _ in range(count):
        records.append(await build_next_record(opened, USER, PROVIDER))
        opened = await open_record(records[-1], USER, opened.key, PROVIDER)
    return records


def test_weaker_parameters_are_refused_before_anything_is_computed(laptop: Person) -> None:
    laptop.log_in()
    assert laptop.known is not None
    laptop.known = replace(laptop.known, passes=4)
    with pytest.raises(ServerLies) as refused:
        laptop.log_in()
    assert code_of(refused) == "parameters-weakened"
    assert laptop.transport.sent[-1].path == "/parameters"


def test_a_recovery_refuses_weaker_parameters_too(laptop: Person) -> None:
    laptop.log_in()
    assert laptop.known is not None
    laptop.known = replace(laptop.known, memory_kib=131_072)
    with pytest.raises(ServerLies) as refused:
        laptop.recover(keys_of_code(1))
    assert code_of(refused) == "parameters-weakened"


def test_a_change_of_the_keys_never_lowers_the_cost_of_a_guess(laptop: Person, phone: Person) -> None:
    phone.log_in()
    dearer = replace(laptop.log_in().parameters, memory_kib=MIN_MEMORY_KIB + 1_024, passes=MIN_PASSES + 1)
    session = run(replace(laptop.log_in(), parameters=dearer).rotate(laptop.setting, PASSPHRASE))
    known = phone.log_in().known
    assert (known.memory_kib, known.passes) == (dearer.memory_kib, dearer.passes)
    rotated = run(laptop.log_in().rotate(laptop.setting, PASSPHRASE))
    assert rotated.parameters.salt != session.parameters.salt
    assert (phone.log_in().known.memory_kib, rotated.parameters.passes) == (dearer.memory_kib, dearer.passes)


def test_the_salt_of_another_account_gets_a_login_that_opens_nothing(laptop: Person) -> None:
    lying(laptop, "/parameters", salt="b3RoZXIgc2FsdCBvdGhlcg==")
    with pytest.raises(KeyServerError) as refused:
        laptop.log_in()
    assert code_of(refused) == "login-refused"


def test_swapped_wraps_open_nothing(laptop: Person) -> None:
    keys = run(recovery_keys(bytes(16), PROVIDER))
    record = run(laptop.log_in().rotate(laptop.setting, PASSPHRASE, recovery=keys)).opened.record
    laptop.known = None
    first, second = (wrap.members() for wrap in record.wraps)
    lying(laptop, "/login", wraps=[first | {"kind": second["kind"]}, second | {"kind": first["kind"]}])
    with pytest.raises(SmimeError):
        laptop.log_in()


def test_what_a_device_knows_survives_its_json(laptop: Person) -> None:
    known = laptop.log_in().known
    assert Known.from_json(known.to_json()) == known


def test_members_of_later_programs_stay_in_the_state(laptop: Person) -> None:
    state = AccountState(others={"later": {"a": [1, 2]}}, entries={"x": Entry(at=1, value="ä")})
    read = AccountState.from_bytes(state.to_bytes())
    assert read == state
    assert read.after(1, bytes(32)).others == state.others


def test_sessions_show_no_secret(laptop: Person) -> None:
    session = laptop.log_in()
    shown = repr(session) + repr(session.session_key)
    assert session.opened.key.hex() not in shown
    assert repr(session.session_key.seed)[2:-1] not in shown
