"""The vault's operations at a key server, as a page drives them, against the server itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pyotp
import pytest

from roaming_keys.organisation.protocol.owner import confirm_policy, with_first_passphrase
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.messages.factors import FactorDemand, FactorKind, NewCodes
from roaming_keys.protocol.records.recovery_codes import recovery_keys
from roaming_keys.protocol.steps import KeptBytes, SignedCall
from roaming_keys.protocol.tickets import Purpose
from roaming_keys.server.accounts.resets import MIN_DELAY
from smime_core.blocking import run
from smime_core.errors import SmimeError
from smime_core.identity import export_identity
from smime_core.trust import Decision, DecisionKind, build_decisions, parse_decisions
from tests.support.clock import FakeClock
from tests.support.keys.organisation import OFFICERS, encryption_identity, policy_of
from tests.support.keys.pages import SEAL_KEY, Change, Page
from tests.support.keys.people import ORIGIN, OTHER_PASSPHRASE, PASSPHRASE, USER, Person, identity, make_client
from tests.support.keys.resets import start, ticket_at
from tests.support.people import NOW, PROVIDER, person
from tests.support.vault.verbs import call, sealed
from wasm_build.vault.python.roaming_steps import _State


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def page(clock: FakeClock) -> Page:
    client = make_client(clock)
    Person(client, clock).register()
    return Page(client, clock)


def refusal_of(act: Callable[[], object]) -> str:
    with pytest.raises(SmimeError) as refused:
        act()
    return refused.value.code


def noting(noted: list[bytes], member: str = "") -> Change:
    """Note each body that is sent, or that comes back."""

    def note(request: dict[str, Any], body: bytes) -> bytes:
        noted.append(request[member] if member else body)
        return body

    return note


def p12_of(number: int) -> bytes:
    return run(export_identity(identity(number), PASSPHRASE, provider=PROVIDER, iterations=1000))


def added() -> list[bytes]:
    return [sealed(identity(2))["identities"][0]]


def test_a_page_makes_an_account(clock: FakeClock) -> None:
    person = Person(make_client(clock), clock)
    page = Page(person.client, clock)
    file = {"p12": p12_of(0), "p12Passphrase": PASSPHRASE}
    ticket = ticket_at(person, purpose=Purpose.ENROLMENT)
    account = {"server": ORIGIN, "user": USER, "sealKey": SEAL_KEY}
    page.go_on(call("roaming.register", **account, ticket=ticket, passphrase=PASSPHRASE, **file))
    assert len(page.log_in(passphrase=PASSPHRASE)["identities"]) == 1
    assert json.loads(page.known)["version"] == 1


def test_a_page_stores_beside_another_device(page: Page, clock: FakeClock) -> None:
    page.log_in(passphrase=PASSPHRASE)
    person = Person(page.client, clock)
    person.add(person.log_in(), identity(1))
    page.run("roaming.push", identities=added())
    assert len(page.log_in(passphrase=PASSPHRASE)["identities"]) == 3


def test_a_page_that_always_comes_too_late_gives_up(page: Page, clock: FakeClock) -> None:
    page.log_in(passphrase=PASSPHRASE)
    person = Person(page.client, clock)
    other, stored = person.log_in(), []

    def be_faster(request: dict[str, Any], body: bytes) -> bytes:
        nonlocal other
        if request["method"] == "PUT":
            stored.append(request)
            other = person.add(other, identity(len(stored) + 2))
        return body

    page.change = be_faster
    reply = page.begin("roaming.push", identities=added())
    person.add(other, identity(1))
    other = person.log_in()
    assert refusal_of(lambda: page.go_on(reply)) == "record-changed"
    assert len(stored) == 5
    # The session has followed, so that the next try succeeds.
    page.change = lambda _request, body: body
    page.run("roaming.push", identities=added())


def test_a_page_changes_the_passphrase_and_recovers_by_a_code(page: Page) -> None:
    code = page.log_in("roaming.rotate", passphrase=PASSPHRASE, newCode=True)["code"]
    changed = page.log_in("roaming.rotate", passphrase=PASSPHRASE, newPassphrase=b"soon forgotten")
    assert "code" not in changed
    assert refusal_of(lambda: page.log_in(passphrase=PASSPHRASE)) == "login-refused"
    assert len(page.log_in("roaming.recover", code=code, passphrase=OTHER_PASSPHRASE)["identities"]) == 1
    assert len(page.log_in(passphrase=OTHER_PASSPHRASE)["identities"]) == 1


def finish_reset(page: Page) -> dict[str, Any]:
    """Finish a reset with other keys and another passphrase, three days after its start."""
    person = Person(page.client, page.clock)
    start(person)
    page.clock.at += MIN_DELAY
    ticket = ticket_at(person)
    file = {"p12": p12_of(1), "p12Passphrase": PASSPHRASE}
    version = start(person, ticket).version
    return page.log_in("roaming.reset", passphrase=OTHER_PASSPHRASE, ticket=ticket, version=version, **file)


def test_a_page_finishes_a_reset(page: Page, clock: FakeClock) -> None:
    [before] = page.log_in(passphrase=PASSPHRASE)["identities"]
    opened = finish_reset(page)
    assert [opened_identity["fingerprint"] for opened_identity in opened["identities"]] == [
        identity(1).certificate.fingerprint
    ]
    assert opened["identities"][0]["fingerprint"] != before["fingerprint"]
    assert json.loads(page.known)["reset"] == clock().timestamp()
    assert len(page.log_in("roaming.recover", code=opened["code"], passphrase=PASSPHRASE)["identities"]) == 1


def test_a_page_whose_code_is_not_stored_has_the_account_after_a_reset(page: Page) -> None:
    send = page.send
    page.send = lambda request: send(  # type: ignore[method-assign]
        {**request, "authorization": ""} if request["path"] == "/passphrase" else request
    )
    opened = finish_reset(page)
    assert "code" not in opened
    assert len(opened["identities"]) == 1


def test_another_device_is_asked_about_a_reset(page: Page) -> None:
    other = Page(page.client, page.clock)
    other.log_in(passphrase=PASSPHRASE)
    finish_reset(page)
    day = f"{page.clock():%Y-%m-%d}"
    other.agreed = [day]
    [opened] = other.log_in(passphrase=OTHER_PASSPHRASE)["identities"]
    assert opened["fingerprint"] == identity(1).certificate.fingerprint


def test_a_page_undoes_a_reset_by_the_passphrase_from_before(page: Page) -> None:
    [before] = page.log_in(passphrase=PASSPHRASE)["identities"]
    finish_reset(page)
    [opened] = page.log_in("roaming.undo", passphrase=PASSPHRASE)["identities"]
    assert opened["fingerprint"] == before["fingerprint"]


def test_a_page_undoes_a_reset_by_the_code_from_before(page: Page) -> None:
    made = page.log_in("roaming.rotate", passphrase=PASSPHRASE, newCode=True)
    finish_reset(page)
    # The person who has only the code chooses another passphrase at once.
    [opened] = page.log_in("roaming.undo", code=made["code"], passphrase=b"a third one")["identities"]
    assert opened["fingerprint"] == made["identities"][0]["fingerprint"]
    page.log_in(passphrase=b"a third one")


def test_a_page_learns_that_its_code_was_changed_and_carries_none_over(page: Page, clock: FakeClock) -> None:
    assert page.log_in(passphrase=PASSPHRASE)["hasCode"] is False
    assert page.log_in("roaming.rotate", passphrase=PASSPHRASE, newCode=True)["hasCode"] is True
    known = page.log_in(passphrase=PASSPHRASE)
    assert (known["hasLostCode"], known["hasCode"]) == (False, True)
    person = Person(page.client, clock)
    stolen = person.log_in()
    planted = run(recovery_keys(b"thief's code 16b", person.provider)).wrap_key
    content = replace(stolen.opened, state=replace(stolen.opened.state, wrap_keys=(planted,)))
    run(replace(stolen, opened=content).push(person.setting, content))
    assert page.log_in(passphrase=PASSPHRASE)["hasLostCode"] is True
    bodies: list[bytes] = []
    page.change = noting(bodies, "body")
    assert page.log_in("roaming.rotate", passphrase=PASSPHRASE, newPassphrase=OTHER_PASSPHRASE)["hasLostCode"] is True
    assert json.loads(bodies[-1])["recovery_key"] == ""
    assert page.log_in(passphrase=OTHER_PASSPHRASE)["hasLostCode"] is False


def test_a_page_lists_devices_and_deletes_the_account(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    assert [device["name"] for device in page.run("roaming.ask", what="devices")["devices"]] == ["a page"]
    page.run("roaming.ask", what="export")
    page.log_in("roaming.remove", passphrase=PASSPHRASE)
    assert refusal_of(lambda: page.run("roaming.ask", what="devices")) == "login-ended"


def test_a_page_adds_a_second_factor_and_proves_it(page: Page, clock: FakeClock) -> None:
    app = pyotp.TOTP("A" * 32)
    new = json.loads(NewCodes(name="a phone", secret=bytes(20), code=app.at(clock())).to_json())
    del new["protocol"]
    page.new_factor = new
    page.log_in("roaming.factors", passphrase=PASSPHRASE)
    clock.advance(seconds=30)
    page.code = app.at(clock())
    assert len(page.log_in(passphrase=PASSPHRASE)["identities"]) == 1
    (listed,) = page.run("roaming.ask", what="factors")["factors"]
    clock.advance(seconds=30)
    page.code = app.at(clock())
    page.log_in("roaming.factors", passphrase=PASSPHRASE, removed=listed["id"])
    page.code = ""
    assert len(page.log_in(passphrase=PASSPHRASE)["identities"]) == 1


def test_a_refused_factor_is_asked_for_again_until_the_login_has_ended(page: Page, clock: FakeClock) -> None:
    app = pyotp.TOTP("A" * 32)
    new = json.loads(NewCodes(name="a phone", secret=bytes(20), code=app.at(clock())).to_json())
    page.new_factor = {name: value for name, value in new.items() if name != "protocol"}
    page.log_in("roaming.factors", passphrase=PASSPHRASE)
    clock.advance(seconds=30)
    session, calls, typed = page.session, page.calls, []

    def type_code(question: dict[str, Any]) -> dict[str, str]:
        typed.append(question["kind"])
        right = app.at(clock())
        return {"kind": "totp", "code": right if len(typed) == 3 else f"{(int(right) + 7) % 1_000_000:06}"}

    def type_too_late(question: dict[str, Any]) -> dict[str, str]:
        clock.advance(seconds=3600)
        typed.append(question["kind"])
        return {"kind": "totp", "code": "123456"}

    page.answer_question = type_code  # type: ignore[method-assign]
    page.log_in(passphrase=PASSPHRASE)
    assert typed == ["factor"] * 3
    assert page.session != session
    before = page.session, page.calls
    clock.advance(seconds=30)
    page.answer_question = type_too_late  # type: ignore[method-assign]
    assert refusal_of(lambda: page.log_in(passphrase=PASSPHRASE)) == "login-ended"
    # The calls of the login that failed are no calls of the session from before.
    assert (page.session, page.calls) == before
    assert calls > 0


def test_a_demand_for_a_factor_is_no_record(page: Page) -> None:
    demand = FactorDemand(ends=0, kinds=(FactorKind.TOTP,), challenge=bytes(32)).to_json()
    page.code = "123456"
    page.find_answer = partial(demand_factors, page, demand)  # type: ignore[method-assign]
    assert refusal_of(lambda: page.log_in(passphrase=PASSPHRASE)) == "factor-needed"


def demand_factors(page: Page, demand: bytes, reply: dict[str, Any]) -> dict[str, Any]:
    """The answers of a server that asks for another factor after each one."""
    asks = reply.get("request", {}).get("path") in ("/login", "/factor")
    return {"body": demand} if asks else Page.find_answer(page, reply)


def test_an_undoing_without_a_secret_is_refused(page: Page) -> None:
    with pytest.raises(TypeError, match="passphrase"):
        page.log_in("roaming.undo")


def test_an_earlier_record_is_refused_by_the_vault(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    records: list[Any] = []

    def note(request: dict[str, Any], body: bytes) -> bytes:
        if request["path"] == "/login":
            records.append(body)
        return records[0] if records[1:] else body

    page.change = note
    page.log_in(passphrase=PASSPHRASE)
    page.run("roaming.push", identities=added())
    assert refusal_of(lambda: page.log_in(passphrase=PASSPHRASE)) in ("record-rolled-back", "wrong-passphrase")


@pytest.mark.parametrize("what", ["account", "/passphrase", "bundle", "devices/../passphrase", ""])
def test_the_vault_signs_no_call_with_a_record_for_a_page(page: Page, what: str) -> None:
    page.log_in(passphrase=PASSPHRASE)
    assert refusal_of(lambda: page.begin("roaming.ask", what=what)) == "malformed-message"


def test_a_sealed_session_is_for_one_user_and_hides_its_keys(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    assert refusal_of(lambda: page.begin("roaming.ask", what="devices", user="bob@example.test")) == "decryption-error"
    assert b"session_key" not in page.session
    assert base64.b64encode(b"session_key")[:-2] not in page.session
    assert json.loads(page.known)["version"] == 1


def test_the_state_of_an_operation_hides_its_secrets(page: Page) -> None:
    reply = page.begin("roaming.login", **login_members(page))
    while "result" not in reply:
        for hidden in (PASSPHRASE, PASSPHRASE.hex().encode(), base64.b64encode(PASSPHRASE), b"session_key"):
            assert hidden not in reply["state"]
        reply = page.answer(reply, **page.find_answer(reply))


def test_the_state_of_an_operation_shows_nothing_in_its_repr() -> None:
    state = _State(verb="roaming.login", arguments={"passphrase": PASSPHRASE}, entries=[], of="", step=0)
    call = Call(method="POST", path="/factor", body=PASSPHRASE)
    signed = SignedCall(call=call, authorization="a signature")
    shown = repr(state) + repr(signed) + repr(KeptBytes(PASSPHRASE))
    assert not any(hidden in shown for hidden in (PASSPHRASE.decode(), "a signature"))


def login_members(page: Page) -> dict[str, Any]:
    device = {"deviceToken": b"d" * 32, "deviceName": "a page"}
    account = {"server": ORIGIN, "at": page.clock().isoformat()}
    return {**account, **device, "passphrase": PASSPHRASE}


def steps_of_a_push(page: Page) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A first step, the answer to it, and the first step of another operation."""
    page.log_in(passphrase=PASSPHRASE)
    reply, other = page.begin("roaming.push", identities=added()), page.begin("roaming.ask", what="devices")
    return reply, page.find_answer(reply), other


def test_answers_out_of_order_are_refused_by_name(page: Page) -> None:
    reply, server_answer, other = steps_of_a_push(page)
    for step in (0, reply["step"] + 1, -1):
        assert refusal_of(partial(page.answer, {**reply, "step": step}, **server_answer)) == "answer-out-of-order"
    assert refusal_of(lambda: page.answer(reply, told={})) == "answer-out-of-order"
    done = page.answer(reply, **server_answer)
    assert "result" in done
    assert refusal_of(lambda: page.answer({**other, "step": 7}, **server_answer)) == "answer-out-of-order"


def test_the_answer_of_another_operation_stores_nothing(page: Page) -> None:
    reply, server_answer, other = steps_of_a_push(page)
    listed = page.send(other["request"])
    assert listed.status_code in (200, 401, 403)
    assert refusal_of(lambda: page.answer(other, body=b"no JSON")) == "malformed-message"
    # The answer to a push has no content that counts. What was stored is what was signed.
    assert "result" in page.answer(reply, body=b"whatever")
    assert "result" in page.answer(reply, **server_answer)


def test_an_answer_that_is_given_twice_signs_nothing_new(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    first = page.begin("roaming.merge", at=page.clock().isoformat(), others={"setting": {"size": "2"}})
    server_answer = page.find_answer(first)
    for _ in range(2):
        assert "request" not in page.answer(first, **server_answer)
    # The server has taken the call. One of the same number is refused.
    assert page.send(first["request"]).status_code >= 400


def test_an_operation_asks_the_vault_only_as_often_as_an_answer_counts(page: Page, monkeypatch: Any) -> None:
    verbs: list[str] = []
    begin, answer = page.begin, page.answer

    def noted(verb: str, call: Callable[..., Any]) -> Any:
        verbs.append(verb)
        return call()

    monkeypatch.setattr(page, "begin", lambda verb, **members: noted(verb, lambda: begin(verb, **members)))
    monkeypatch.setattr(
        page, "answer", lambda *arguments, **answers: noted("answer", lambda: answer(*arguments, **answers))
    )
    page.log_in(passphrase=PASSPHRASE)
    verbs.clear()
    page.run("roaming.push", identities=added())
    page.run("roaming.ask", what="export")
    page.run("roaming.merge", at=page.clock().isoformat(), others={"setting": {"size": "2"}})
    assert verbs == ["roaming.push", "roaming.ask", "roaming.merge"]


def test_answers_that_were_fetched_ahead_are_used_in_order(page: Page) -> None:
    first = page.begin("roaming.login", **login_members(page))
    terms = page.find_answer(first)["body"]
    second = page.begin("roaming.login", **login_members(page), ahead=[terms])
    assert (second["request"]["path"], second["step"]) == ("/login", 1)
    assert len(page.go_on(second)["identities"]) == 1
    with pytest.raises(SmimeError):
        page.begin("roaming.login", **login_members(page), ahead=[b"{}"])


def test_the_answers_of_another_account_are_refused(page: Page, clock: FakeClock) -> None:
    reply = page.begin("roaming.login", **login_members(page))
    strange = page.answer({**reply}, body=page.find_answer(reply)["body"])
    assert refusal_of(lambda: page.answer(reply, body=b"{}", user="bob@example.test")) == "decryption-error"
    other = Page(make_client(clock), clock)
    Person(other.client, clock, passphrase=OTHER_PASSPHRASE).register(identity(3))
    answers: list[bytes] = []
    other.change = noting(answers)
    other.log_in(passphrase=OTHER_PASSPHRASE)
    assert refusal_of(lambda: page.answer(strange, body=answers[1])) == "wrong-passphrase"


def test_a_damaged_state_is_refused(page: Page) -> None:
    reply, server_answer, _ = steps_of_a_push(page)
    state = reply["state"]
    for wrong in (b"", state[:-1], bytes([state[0] ^ 1]) + state[1:], state[:40] + state[41:], page.session):
        assert refusal_of(partial(page.answer, {**reply, "state": wrong}, **server_answer)) == "decryption-error"
    with pytest.raises(SmimeError):
        page.answer(reply)
    refusals: list[Any] = [[], {"record": {}}, {"code": "record-changed"}]
    for refusal in refusals:
        with pytest.raises(SmimeError):
            page.answer(reply, refusal=refusal)


def decided_on(name: str) -> bytes:
    """The decisions of a page that has accepted the certificate of one person."""
    accepted = Decision(
        certificate=person(name).certificate,
        kind=DecisionKind.EXACT,
        addresses=(f"{name}@example.test",),
        accepted_at=NOW,
    )
    return build_decisions([accepted])


def merge(page: Page, **kept: Any) -> dict[str, Any]:
    return page.run("roaming.merge", **{"at": page.clock().isoformat(), "others": {}, **kept})


def test_pages_that_store_at_once_keep_the_decisions_of_both(page: Page, clock: FakeClock) -> None:
    other = Page(page.client, clock)
    for tab in (page, other):
        tab.log_in(passphrase=PASSPHRASE)
    first = merge(page, decisions=decided_on("bob"))
    second = merge(other, decisions=decided_on("carol"))
    third = merge(page, decisions=first["decisions"], base=first["base"])
    assert len(page.sent) == 1 or parse_decisions(first["decisions"])
    page.log_in(passphrase=PASSPHRASE)
    fourth = merge(page, decisions=first["decisions"], base=first["base"])
    for merged in (second, fourth):
        assert {decision.certificate.email_addresses[0] for decision in parse_decisions(merged["decisions"])} == {
            "bob@example.test",
            "carol@example.test",
        }
    assert parse_decisions(third["decisions"])


def test_a_page_knows_what_was_removed_by_the_base_that_it_keeps(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    first = merge(page, decisions=decided_on("bob"))
    merge(page, decisions=build_decisions([]), base=first["base"])
    sent = len(page.sent)
    old = merge(page, decisions=decided_on("bob"), base=first["base"])
    assert len(page.sent) == sent
    assert parse_decisions(old["decisions"]) == ()


def test_the_base_hides_addresses_and_is_not_needed_after_another_passphrase(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    first = merge(page, decisions=decided_on("bob"))
    assert b"bob@" not in first["base"]
    assert b"bob@" not in base64.b64decode(json.loads(first["base"])["state"])
    page.log_in("roaming.rotate", passphrase=PASSPHRASE, newPassphrase=OTHER_PASSPHRASE)
    sent = len(page.sent)
    again = merge(page, decisions=first["decisions"], base=first["base"])
    assert again["decisions"] == first["decisions"]
    assert len(page.sent) == sent


def test_what_is_removed_after_a_push_whose_answer_is_lost_stays_removed(page: Page, clock: FakeClock) -> None:
    page.log_in(passphrase=PASSPHRASE)
    reply = page.begin("roaming.merge", at=clock().isoformat(), others={}, decisions=decided_on("bob"))
    lost = reply["notes"]["sent"]["sent"]
    assert page.send(reply["request"]).status_code == 200
    assert b"bob@" not in base64.b64decode(json.loads(lost)["sent"][0]["state"])
    again = Page(page.client, clock)
    again.log_in(passphrase=PASSPHRASE)
    without = again.begin("roaming.merge", at=clock().isoformat(), others={}, decisions=build_decisions([]), sent=lost)
    assert len(json.loads(without["notes"]["sent"]["sent"])["sent"]) == 2
    # Another label than that of a base, so that neither is taken for the other.
    base = json.dumps(json.loads(lost)["sent"][0]).encode()
    for unknown in ({}, {"base": base}):
        # Without what was sent, it is an entry of another device.
        assert len(parse_decisions(merge(again, decisions=build_decisions([]), **unknown)["decisions"])) == 1
    assert parse_decisions(merge(again, decisions=build_decisions([]), sent=lost)["decisions"]) == ()


def test_the_notes_of_what_was_sent_stay_few(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    sent, at = b"", page.clock().isoformat()
    for _ in range(6):
        reply = page.begin("roaming.merge", at=at, others={}, decisions=decided_on("bob"), sent=sent)
        sent = reply["notes"]["sent"]["sent"]
    assert len(json.loads(sent)["sent"]) == 4
    for wrong in (b"{}", b'{"sent": [{}]}', b'{"sent": 1}', sent[:-1]):
        with pytest.raises(SmimeError):
            merge(page, decisions=decided_on("bob"), sent=wrong)


def test_others_are_texts_by_kind_and_name(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    wrongs: list[object] = [[], {"setting": 1}, {"setting": {"size": 2}}]
    for wrong in wrongs:
        with pytest.raises(SmimeError):
            merge(page, others=wrong)
    merge(page, others={"setting": {"size": "2"}})
    assert merge(page, others={"setting": {}})["others"] == {"setting": {"size": "2"}}


def test_a_page_shows_the_confirmed_officers_until_others_are_confirmed(clock: FakeClock) -> None:
    client = make_client(clock)
    person = Person(client, clock)
    person.register(identity(), encryption_identity(USER))
    session = person.log_in()
    run(confirm_policy(session, person.setting, policy_of(), clock()))
    page = Page(client, clock)
    page.log_in(passphrase=PASSPHRASE)
    offered = policy_of("olga", "otto")
    page.change = lambda _request, body: json.dumps(json.loads(body) | {"policy": offered.members()}).encode()
    shown = page.run("roaming.ask", what="recovery")["recovery"]
    assert [officer["name"] for officer in shown["confirmed"]["officers"]] == [
        f"{name}@example.test" for name in OFFICERS
    ]
    assert (shown["offered"]["fingerprint"], shown["leftOut"]) == (offered.fingerprint, 1)


def test_a_page_says_who_knows_the_passphrase_until_the_owner_chooses_one(clock: FakeClock) -> None:
    client = make_client(clock)
    person = Person(client, clock)
    person.register()
    session = person.log_in()
    state = with_first_passphrase(session.opened.state, clock())
    run(session.push(person.setting, replace(session.opened, state=state)))
    page = Page(client, clock)
    page.log_in(passphrase=PASSPHRASE)
    for change, is_known in (({"newCode": True}, True), ({"newPassphrase": OTHER_PASSPHRASE}, False)):
        page.log_in("roaming.rotate", passphrase=PASSPHRASE, **change)
        assert page.run("roaming.ask", what="recovery")["recovery"]["hasFirstPassphrase"] is is_known


def test_an_error_that_the_route_does_not_have_is_refused_by_name(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    reply = page.begin("roaming.ask", what="devices")
    with pytest.raises(SmimeError, match="with the code moon-landed") as refused:
        page.answer(reply, refusal={"code": "moon-landed", "message": "No."})
    assert refused.value.code == "key-server-error"
    assert refusal_of(lambda: page.answer(reply, refusal={"code": "unreachable", "message": "No."})) == "unreachable"
