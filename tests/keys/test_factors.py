"""Second factors: a login of an account with one gets nothing before a right code or assertion."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.changes import build_rotation
from roaming_keys.protocol.login import PendingLogin, prepare_login
from roaming_keys.protocol.messages.accounts import Device, LoginTerms, ParametersRequest
from roaming_keys.protocol.messages.factors import AssertionProof, CodeProof, FactorDemand, FactorKind, NewCodes
from roaming_keys.protocol.records.recovery_codes import recovery_keys
from roaming_keys.protocol.session import AskFactor, Session
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.app import _STORE
from roaming_keys.server.audit import AuditTrail
from roaming_keys.server.database.tables import FACTOR, SESSION, WAITING_LOGIN
from roaming_keys.server.factors.security_keys import FactorRefused, check_assertion, register_key
from roaming_keys.server.sessions.gate import MAX_WAITING
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.keys.people import PAGES, PROVIDER, Person, identity, make_client
from tests.support.keys.security_key import PRESENT, VERIFIED, SoftKey

pytestmark = [pytest.mark.usefixtures("quick_passphrases")]

SECRET = bytes(range(20))
CODES = pyotp.TOTP("AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT")
PHONE = Device(token=b"p" * 32, name="a phone")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(clock: FakeClock, database_url: str) -> Iterator[FlaskClient]:
    """A key server on each kind of database."""
    made = make_client(clock, database_url)
    yield made
    made.application.extensions[_STORE].close()


@pytest.fixture
def person(client: FlaskClient, clock: FakeClock) -> Person:
    made = Person(client, clock)
    made.register()
    return made


def store_of(person: Person) -> Store:
    store: Store = person.client.application.extensions[_STORE]
    return store


def code_at(clock: FakeClock, steps: int = 0) -> str:
    return CODES.at(clock(), counter_offset=steps)


def add_codes(person: Person) -> Session:
    """Add an authenticator app. The next code is that of a later step."""
    session = person.log_in()
    new = NewCodes(name="my phone", secret=SECRET, code=code_at(person.clock))
    run(session.add_factor(person.setting, new))
    person.clock.advance(seconds=30)
    return session


def add_key(person: Person, key: SoftKey) -> Session:
    session = person.log_in()
    challenge = run(session.factors(person.setting)).challenge
    run(session.add_factor(person.setting, key.register(challenge)))
    return session


def answering(*codes: str) -> AskFactor:
    left = list(codes)

    def answer(_: FactorDemand, refusal: KeyServerError | None) -> CodeProof:
        if refusal is not None and not left:
            raise refusal
        return CodeProof(code=left.pop(0))

    return answer


def signing(key: SoftKey) -> AskFactor:
    def answer(demand: FactorDemand, refusal: KeyServerError | None) -> AssertionProof:
        if refusal is not None:
            raise refusal
        return key.sign(demand.challenge)

    return answer


def wait_at(person: Person) -> tuple[FactorDemand, PendingLogin]:
    """Log in by the passphrase, and stop where a factor is asked for."""
    call = Call(method="POST", path="/parameters", body=ParametersRequest(user=person.account.user).to_json())
    terms = LoginTerms.from_json(run(person.transport.send(call)))
    pending = run(prepare_login(person.account, terms, person.login_context, PROVIDER))
    answer = run(person.transport.send(Call(method="POST", path="/login", body=pending.body)))
    demand = FactorDemand.find(answer)
    assert demand is not None
    assert b"record" not in answer
    return demand, pending


def send(person: Person, pending: PendingLogin, call: Call) -> bytes:
    signed = run(pending.session_key.sign(pending.account_id.server, call, PROVIDER))
    return run(person.transport.send(call, signed.to_header()))


def refusal_of(run_it: Callable[[], object]) -> str:
    with pytest.raises(KeyServerError) as refused:
        run_it()
    return refused.value.code


def prove(person: Person, pending: PendingLogin, proof: CodeProof | AssertionProof) -> bytes:
    return send(person, pending, Call(method="POST", path="/factor", body=proof.to_json()))


def test_a_login_gets_the_record_after_a_right_code(person: Person) -> None:
    add_codes(person)
    assert refusal_of(person.log_in) == "factor-needed"
    person.ask_factor = answering(code_at(person.clock))
    session = person.log_in()
    assert len(session.opened.identities) == 1
    assert len(person.add(session, identity(1)).opened.identities) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/bundle"), ("PUT", "/bundle"), ("POST", "/passphrase"), ("GET", "/devices"), ("DELETE", "/account"),
        ("GET", "/factors"), ("POST", "/factors"), ("DELETE", "/factors/0"),
    ],
)  # fmt: skip
def test_a_login_that_waits_has_no_session(person: Person, method: str, path: str) -> None:
    add_codes(person)
    _, pending = wait_at(person)
    assert refusal_of(lambda: send(person, pending, Call(method=method, path=path, body=b"{}"))) == "login-ended"


def test_every_route_of_a_session_is_closed_to_a_login_that_waits(person: Person) -> None:
    """Also those that are added later."""
    add_codes(person)
    _, pending = wait_at(person)
    open_to_all = {"/parameters", "/register", "/login", "/recover", "/factor", "/health", "/static/<path:filename>"}
    # They take tickets, or are logins themselves. `DELETE /reset` is of a session.
    open_to_all |= {"/reset/find", "/reset/finish", "/reset/parameters", "/reset/undo", "/reset/undo-by-code"}
    rules = [route for route in person.client.application.url_map.iter_rules() if str(route) not in open_to_all]
    assert len(rules) >= 8
    for rule in rules:
        takes_ticket = {"POST"} if str(rule) == "/reset" else set()
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"} - takes_ticket:
            call = Call(method=method, path=str(rule).replace("<id>", "0"), body=b"{}")
            # The staff sign each call by keys of their own, and have no sessions.
            refusal = "call-refused" if str(rule).startswith("/staff/") else "login-ended"
            assert refusal_of(partial(send, person, pending, call)) == refusal, rule


def test_a_device_is_not_known_before_the_factor(person: Person) -> None:
    add_codes(person)
    stranger = Person(person.client, person.clock, device=PHONE)
    _, pending = wait_at(stranger)
    devices = store_of(person).sessions.devices(person.account.user)
    assert len(devices) == 1
    prove(stranger, pending, CodeProof(code=code_at(person.clock)))
    assert len(store_of(person).sessions.devices(person.account.user)) == 2


def test_a_known_device_is_asked_too(person: Person) -> None:
    add_codes(person)
    assert store_of(person).sessions.devices(person.account.user)
    assert refusal_of(person.log_in) == "factor-needed"


def test_a_recovery_waits_for_the_factor_too(person: Person) -> None:
    keys = run(recovery_keys(bytes(16), PROVIDER))
    session = person.log_in()
    person.known = run(session.rotate(person.setting, person.passphrase, recovery=keys)).known
    add_codes(person)
    assert refusal_of(lambda: person.recover(keys)) == "factor-needed"
    person.ask_factor = answering(code_at(person.clock))
    assert len(person.recover(keys).opened.identities) == 1


def test_a_code_is_right_once(person: Person) -> None:
    add_codes(person)
    code = code_at(person.clock)
    _, first = wait_at(person)
    _, second = wait_at(person)
    prove(person, first, CodeProof(code=code))
    assert refusal_of(lambda: prove(person, second, CodeProof(code=code))) == "factor-refused"
    person.clock.advance(seconds=30)
    prove(person, second, CodeProof(code=code_at(person.clock)))


def test_the_code_that_added_the_app_is_used(person: Person) -> None:
    session = person.log_in()
    code = code_at(person.clock)
    run(session.add_factor(person.setting, NewCodes(name="my phone", secret=SECRET, code=code)))
    _, pending = wait_at(person)
    assert refusal_of(lambda: prove(person, pending, CodeProof(code=code))) == "factor-refused"


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_clock_of_the_phone_may_be_one_step_off(person: Person, steps: int, is_right: bool) -> None:
    add_codes(person)
    person.clock.advance(seconds=90)
    _, pending = wait_at(person)
    proof = CodeProof(code=code_at(person.clock, steps))
    if is_right:
        assert b"record" in prove(person, pending, proof)
    else:
        assert refusal_of(lambda: prove(person, pending, proof)) == "factor-refused"


def test_an_earlier_code_is_refused_after_a_later_one(person: Person) -> None:
    add_codes(person)
    person.clock.advance(seconds=30)
    _, first = wait_at(person)
    _, second = wait_at(person)
    prove(person, first, CodeProof(code=code_at(person.clock)))
    earlier = CodeProof(code=code_at(person.clock, -1))
    assert refusal_of(lambda: prove(person, second, earlier)) == "factor-refused"


def test_a_person_may_mistype_a_code(person: Person) -> None:
    add_codes(person)
    right = code_at(person.clock)
    person.ask_factor = answering(wrong_code(person.clock), wrong_code(person.clock), right)
    assert person.log_in().opened.identities


def wrong_code(clock: FakeClock) -> str:
    right = {code_at(clock, steps) for steps in (-2, -1, 0, 1, 2)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in right)


def guess_until_full(person: Person) -> list[str]:
    _, pending = wait_at(person)
    codes = [""]
    while codes[-1] != "try-later":
        codes.append(refusal_of(lambda: prove(person, pending, CodeProof(code=wrong_code(person.clock)))))
    return codes


def test_guesses_at_codes_are_bounded_over_all_logins(person: Person) -> None:
    """A person who has the passphrase, and comes from a new device each time, has 452 guesses a day."""
    add_codes(person)
    tried, hours = 0, 3
    end = person.clock() + datetime.timedelta(hours=hours)
    stranger = Person(person.client, person.clock, device=PHONE)
    while person.clock() < end:
        codes = guess_until_full(stranger)
        tried += codes.count("factor-refused")
        assert codes[-1] == "try-later"
        person.clock.advance(seconds=97)
    assert tried <= 5 + hours * 3_600 / 193
    # The owner on a known device is not kept out.
    person.ask_factor = answering(code_at(person.clock))
    assert person.log_in().opened.identities


@pytest.mark.parametrize("id", ["a\0b", "\0", "ü", "x" * 3_000])
def test_what_names_no_factor_or_device_is_refused_by_each_database(person: Person, id: str) -> None:
    session = add_codes(person)
    assert refusal_of(lambda: run(session.remove_factor(person.setting, id))) == "no-such-factor"
    rotate = partial(session.rotate, person.setting, person.passphrase, revoked=[id])
    assert refusal_of(lambda: run(rotate())) == "malformed-message"


def test_devices_from_before_the_factor_have_no_guesses_of_their_own(person: Person) -> None:
    """A thief who knew the passphrase before may have logged in on as many devices as an account has."""
    thief = [Person(person.client, person.clock, device=Device(token=bytes([n]) * 32, name="x")) for n in range(8)]
    for device in thief:
        device.log_in()
    person.clock.advance(seconds=1)
    add_codes(person)
    codes = [code for device in thief for code in guess_until_full(device) if code]
    assert codes == ["factor-refused"] * 5 + ["try-later"] * len(thief)
    # The device on which the factor was added is known.
    person.ask_factor = answering(code_at(person.clock))
    assert person.log_in().opened.identities


@pytest.mark.parametrize("logged_in_since", [False, True])
def test_nobody_with_the_passphrase_only_pushes_out_a_login_of_a_known_device(
    person: Person, logged_in_since: bool
) -> None:
    thief = [Person(person.client, person.clock, device=Device(token=bytes([n]) * 32, name="x")) for n in range(3)]
    thief[0].log_in()
    person.clock.advance(seconds=1)
    add_codes(person)
    if logged_in_since:
        person.ask_factor = answering(code_at(person.clock))
        person.log_in()
        person.clock.advance(seconds=60)
    _, pending = wait_at(person)
    for number in range(MAX_WAITING * 3):
        person.clock.advance(seconds=0.1)
        wait_at(thief[number % len(thief)])
    with store_of(person).database.reading() as rows:
        assert len(rows.execute(select(WAITING_LOGIN)).all()) == MAX_WAITING + 1
    assert b"record" in prove(person, pending, CodeProof(code=code_at(person.clock)))


def test_logins_that_wait_on_a_known_device_are_bounded(person: Person) -> None:
    add_codes(person)
    for _ in range(MAX_WAITING + 2):
        person.clock.advance(seconds=0.1)
        wait_at(person)
    with store_of(person).database.reading() as rows:
        assert len(rows.execute(select(WAITING_LOGIN)).all()) == MAX_WAITING


def test_parallel_guesses_are_counted(person: Person) -> None:
    """A guess is counted before it is checked."""
    add_codes(person)
    stranger = Person(person.client, person.clock, device=PHONE)
    waiting = [wait_at(stranger)[1] for _ in range(6)]
    proof = CodeProof(code=wrong_code(person.clock))
    codes = [refusal_of(partial(prove, stranger, login, proof)) for login in waiting]
    assert codes == ["factor-refused"] * 5 + ["try-later"]


def test_a_login_waits_five_minutes(person: Person) -> None:
    add_codes(person)
    _, pending = wait_at(person)
    person.clock.advance(seconds=301)
    proof = CodeProof(code=code_at(person.clock))
    assert refusal_of(lambda: prove(person, pending, proof)) == "login-ended"
    wait_at(person)
    with store_of(person).database.reading() as rows:
        assert len(rows.execute(select(WAITING_LOGIN)).all()) == 1


def test_a_call_that_proves_a_factor_is_taken_once(person: Person) -> None:
    add_codes(person)
    _, pending = wait_at(person)
    call = Call(method="POST", path="/factor", body=CodeProof(code=wrong_code(person.clock)).to_json())
    header = run(pending.session_key.sign(pending.account_id.server, call, PROVIDER)).to_header()
    assert refusal_of(lambda: run(person.transport.send(call, header))) == "factor-refused"
    assert refusal_of(lambda: run(person.transport.send(call, header))) == "call-refused"
    # The numbers of the calls go on in the session.
    answer = prove(person, pending, CodeProof(code=code_at(person.clock)))
    session = run(pending.open(answer, None, PROVIDER))
    session.session_key.counter = 1
    assert refusal_of(lambda: run(session.devices(person.setting))) == "call-refused"
    assert run(session.devices(person.setting))


def test_a_call_of_somebody_else_proves_nothing(person: Person) -> None:
    add_codes(person)
    _, pending = wait_at(person)
    other = replace(pending, session_key=type(pending.session_key)(bytes(32)))
    proof = CodeProof(code=code_at(person.clock))
    assert refusal_of(lambda: prove(person, other, proof)) == "login-ended"
    prove(person, pending, proof)


def test_a_new_passphrase_ends_the_logins_that_wait(person: Person) -> None:
    add_codes(person)
    person.ask_factor = answering(code_at(person.clock))
    session = person.log_in()
    _, pending = wait_at(person)
    account = replace(person.account, passphrase=b"other words")
    rotation, _ = run(build_rotation(account, session.opened, session.own.keys, PROVIDER, before=session.parameters))
    call = Call(method="POST", path="/passphrase", condition=session.opened.record.tag, body=rotation.to_json())
    run(person.transport.send(call, run(session.sign(call, PROVIDER))))
    person.clock.advance(seconds=30)
    proof = CodeProof(code=code_at(person.clock))
    assert refusal_of(lambda: prove(person, pending, proof)) == "login-ended"


def test_a_wrong_passphrase_tells_nothing_about_factors(person: Person) -> None:
    before = person.client.post("/login", base_url="http://127.0.0.1:8300", json={}).data
    person.passphrase = b"wrong"
    refused = refusal_of(person.log_in)
    person.passphrase = b"four words on paper"
    add_codes(person)
    person.passphrase = b"wrong"
    assert refusal_of(person.log_in) == refused == "login-refused"
    assert person.client.post("/login", base_url="http://127.0.0.1:8300", json={}).data == before


def test_a_security_key_opens_the_account(person: Person) -> None:
    key = SoftKey()
    add_key(person, key)
    demand, _ = wait_at(person)
    assert (demand.kinds, demand.credentials) == ((FactorKind.WEBAUTHN,), (key.credential_id,))
    person.ask_factor = signing(key)
    assert person.log_in().opened.identities
    assert person.log_in().opened.identities


def test_user_verification_is_not_demanded_and_presence_is(person: Person) -> None:
    key = SoftKey(flags=PRESENT | VERIFIED)
    add_key(person, key)
    key.flags = PRESENT
    person.ask_factor = signing(key)
    assert person.log_in().opened.identities
    key.flags = VERIFIED
    assert refusal_of(person.log_in) in {"factor-refused", "login-ended"}


def test_a_challenge_is_answered_once(person: Person) -> None:
    key = SoftKey()
    add_key(person, key)
    demand, pending = wait_at(person)
    wrong = replace(key.sign(demand.challenge), signature=b"0" * 70)
    assert refusal_of(lambda: prove(person, pending, wrong)) == "factor-refused"
    assert refusal_of(lambda: prove(person, pending, key.sign(demand.challenge))) == "factor-refused"


def test_an_assertion_of_another_login_is_refused(person: Person) -> None:
    key = SoftKey()
    add_key(person, key)
    demand, pending = wait_at(person)
    _, other = wait_at(person)
    assert refusal_of(lambda: prove(person, other, key.sign(demand.challenge))) == "factor-refused"
    assert b"record" in prove(person, pending, key.sign(demand.challenge))


@pytest.mark.parametrize(
    "change",
    [{"origin": "https://evil.example.test"}, {"host": "evil.example.test"}, {"count": -1}, {"is_framed": True}],
)
def test_an_assertion_of_another_page_or_of_a_copy_is_refused(person: Person, change: dict[str, str]) -> None:
    key = SoftKey()
    add_key(person, key)
    person.ask_factor = signing(key)
    person.log_in()
    for name, value in change.items():
        setattr(key, name, 0 if name == "count" else value)
    demand, pending = wait_at(person)
    assert refusal_of(lambda: prove(person, pending, key.sign(demand.challenge))) == "factor-refused"


@pytest.mark.parametrize(
    "change",
    [{"origin": "https://evil.example.test"}, {"host": "example.test"}, {"flags": 0}, {"is_framed": True}],
)
def test_a_registration_in_another_page_is_refused(person: Person, change: dict[str, str]) -> None:
    key = SoftKey(**change)  # type: ignore[arg-type]
    assert refusal_of(lambda: add_key(person, key)) == "factor-refused"


def test_a_challenge_registers_once_and_for_five_minutes(person: Person) -> None:
    session = person.log_in()
    challenge = run(session.factors(person.setting)).challenge
    run(session.add_factor(person.setting, SoftKey().register(challenge)))
    again = SoftKey().register(challenge)
    assert refusal_of(lambda: run(session.add_factor(person.setting, again))) == "factor-refused"
    late = SoftKey().register(run(session.factors(person.setting)).challenge)
    person.clock.advance(seconds=301)
    assert refusal_of(lambda: run(session.add_factor(person.setting, late))) == "factor-refused"


def test_a_key_is_added_once(person: Person) -> None:
    key = SoftKey()
    session = add_key(person, key)
    again = key.register(run(session.factors(person.setting)).challenge)
    assert refusal_of(lambda: run(session.add_factor(person.setting, again))) == "factor-refused"


@pytest.mark.parametrize("value", [0x00, 0x9F, 0xFF])
def test_damaged_registrations_are_refused(value: int) -> None:
    """Also where the library of WebAuthn lets an error of Python pass."""
    right = SoftKey().register(bytes(40))
    refused = 0
    for place in range(len(right.attestation)):
        altered = bytearray(right.attestation)
        altered[place] = value
        try:
            register_key(replace(right, attestation=bytes(altered)), (PAGES,))
        except FactorRefused:
            refused += 1
    assert refused > len(right.attestation) / 3


@pytest.mark.parametrize("value", [0x00, 0x9F, 0xFF])
def test_damaged_assertions_are_refused(value: int) -> None:
    soft = SoftKey()
    key, _ = register_key(soft.register(bytes(40)), (PAGES,))
    right = soft.sign(bytes(32))
    assert check_assertion(key, right, (PAGES,), challenge=bytes(32), count=0) == 1
    for part in ("client_data", "authenticator_data", "signature"):
        for place, before in enumerate(getattr(right, part)):
            altered = bytearray(getattr(right, part))
            altered[place] = value if before != value else value ^ 1
            damaged = replace(right, **{part: bytes(altered)})
            with pytest.raises(FactorRefused):
                check_assertion(key, damaged, (PAGES,), challenge=bytes(32), count=0)


def test_factors_are_listed_and_removed(person: Person) -> None:
    key = SoftKey()
    session = add_codes(person)
    run(session.add_factor(person.setting, key.register(run(session.factors(person.setting)).challenge)))
    listed = run(session.factors(person.setting)).factors
    assert [(factor.kind, factor.name) for factor in listed] == [("totp", "my phone"), ("webauthn", "a blue key")]
    for factor in listed:
        run(session.remove_factor(person.setting, factor.id))
    assert run(session.factors(person.setting)).factors == ()
    assert person.log_in().opened.identities
    assert refusal_of(lambda: run(session.remove_factor(person.setting, listed[0].id))) == "no-such-factor"


@pytest.mark.parametrize("is_added", [True, False])
def test_factors_are_changed_only_soon_after_a_login(person: Person, is_added: bool) -> None:
    session = add_codes(person)
    (factor,) = run(session.factors(person.setting)).factors
    person.clock.advance(seconds=601)
    new = NewCodes(name="other", secret=bytes(20), code="000000")

    def change() -> None:
        run(session.add_factor(person.setting, new) if is_added else session.remove_factor(person.setting, factor.id))

    assert refusal_of(change) == "log-in-again"
    assert len(run(session.factors(person.setting)).factors) == 1


def test_an_app_is_added_only_with_a_right_code(person: Person) -> None:
    session = person.log_in()
    new = NewCodes(name="my phone", secret=SECRET, code=wrong_code(person.clock))
    assert refusal_of(lambda: run(session.add_factor(person.setting, new))) == "factor-refused"
    assert run(session.factors(person.setting)).factors == ()


def test_a_new_factor_ends_the_sessions_that_were_started_without_it(person: Person) -> None:
    other = Person(person.client, person.clock, device=PHONE)
    theirs = other.log_in()
    add_codes(person)
    assert refusal_of(lambda: run(theirs.devices(other.setting))) == "login-ended"


def test_an_account_has_at_most_ten_factors(person: Person) -> None:
    session = person.log_in()
    for number in range(10):
        challenge = run(session.factors(person.setting)).challenge
        run(session.add_factor(person.setting, SoftKey().register(challenge, f"key {number}")))
    challenge = run(session.factors(person.setting)).challenge
    one_more = SoftKey().register(challenge)
    assert refusal_of(lambda: run(session.add_factor(person.setting, one_more))) == "too-many-factors"


def test_a_deleted_account_leaves_no_factor(person: Person) -> None:
    session = add_codes(person)
    wait_at(person)
    run(session.delete(person.setting))
    with store_of(person).database.reading() as rows:
        for table in (FACTOR, WAITING_LOGIN, SESSION):
            assert rows.execute(select(table)).all() == []


def test_the_trail_has_what_happened_to_factors(person: Person) -> None:
    session = add_codes(person)
    (factor,) = run(session.factors(person.setting)).factors
    person.ask_factor = answering(code_at(person.clock))
    person.log_in()
    run(session.remove_factor(person.setting, factor.id))
    store = store_of(person)
    trail = AuditTrail(store.keys)
    events = [(entry.kind, trail.details_of(entry)) for entry in trail.entries(store.database)]
    notes = {kind: details.note for kind, details in events if details is not None}
    assert notes["factor-added"] == notes["factor-removed"] == f"totp {factor.id}"
    assert notes["logged-in"].endswith(f"factor {factor.id}")


def test_the_database_has_no_secret_in_clear(tmp_path: Path, clock: FakeClock) -> None:
    client = make_client(clock, tmp_path / "keys.sqlite")
    person = Person(client, clock)
    person.register()
    key = SoftKey()
    session = add_codes(person)
    run(session.add_factor(person.setting, key.register(run(session.factors(person.setting)).challenge)))
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"totp" in content
    for clear in (SECRET, SECRET.hex().encode(), b"my phone", b"a blue key", key.credential_id):
        assert clear not in content


def test_what_is_said_of_a_factor_hides_its_secret() -> None:
    new = NewCodes(name="my phone", secret=SECRET, code="123456")
    assert "123456" not in repr(new) + repr(CodeProof(code="123456"))
    assert repr(SECRET) not in repr(new)


def test_malformed_proofs_are_refused(person: Person) -> None:
    add_codes(person)
    _, pending = wait_at(person)
    bodies = (
        b"", b"{}", b'{"protocol":2,"kind":"totp","code":"12345"}', b'{"protocol":2,"kind":"totp","code":"12345x"}',
        b'{"protocol":2,"kind":"sms","code":"123456"}', b'{"protocol":2,"kind":"totp","code":"123456","more":1}',
        '{"protocol":2,"kind":"totp","code":"١٢٣٤٥٦"}'.encode(), b'{"protocol":1,"kind":"totp","code":"123456"}',
    )  # fmt: skip
    for body in bodies[1:]:
        call = Call(method="POST", path="/factor", body=body)
        assert refusal_of(partial(send, person, pending, call)) == "malformed-message", body
    prove(person, pending, CodeProof(code=code_at(person.clock)))
