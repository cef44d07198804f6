"""The vault's verbs of a session at a key server, as a page calls them, against the server itself."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pyotp
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from roaming_keys.organisation.protocol.owner import confirm_policy, with_first_passphrase
from roaming_keys.protocol.messages.factors import CodeProof, FactorDemand, FactorKind, NewCodes
from roaming_keys.protocol.records.recovery_codes import recovery_keys
from roaming_keys.server.accounts.resets import MIN_DELAY
from smime_core.blocking import run
from smime_core.errors import SmimeError
from smime_core.identity import export_identity
from smime_core.trust import Decision, DecisionKind, build_decisions, parse_decisions
from tests.support.clock import FakeClock
from tests.support.keys.organisation import OFFICERS, encryption_identity, policy_of
from tests.support.keys.people import ORIGIN, OTHER_PASSPHRASE, PASSPHRASE, USER, Person, identity, make_client
from tests.support.keys.resets import start, ticket_at
from tests.support.people import NOW, PROVIDER, person
from tests.support.vault.verbs import call, sealed

SEAL_KEY = b"k" * 32


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Page:
    """The work of a page between the vault and the key server: it has the sealed session, and counts the calls."""

    def __init__(self, client: FlaskClient, clock: FakeClock) -> None:
        self.client, self.clock, self.calls, self.known = client, clock, 0, b""
        self.session, self.code, self.has_lost_code = b"", "", False

    def log_in(self, verb: str = "roaming.login", path: str = "/login", **secret: bytes) -> list[dict[str, Any]]:
        parameters = self.client.post("/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER}).get_json()
        place = {"server": ORIGIN, "user": USER, "sealKey": SEAL_KEY, "at": self.clock().isoformat()}
        device = {"deviceToken": b"d" * 32, "deviceName": "a page", "known": self.known}
        prepared = call(verb, **place, **device, parameters=parameters, **secret)
        answer = self.client.post(path, base_url=ORIGIN, data=prepared["request"], content_type="application/json")
        assert answer.status_code == 200, answer.data
        if "factors" in answer.get_json():
            answer = self.prove(prepared["login"])
        opening = {"user": USER, "login": prepared["login"], "known": self.known, "sealKey": SEAL_KEY}
        opened = call("roaming.open", **opening, response=answer.get_json())
        self.has_lost_code = opened["hasLostCode"]
        return self.take(opened)

    def undo_reset(self, path: str, **secret: bytes) -> list[dict[str, Any]]:
        """Put the account from before a reset back. Nothing that is known is compared."""
        asked = self.client.post("/reset/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER})
        place = {"server": ORIGIN, "user": USER, "sealKey": SEAL_KEY, "at": self.clock().isoformat()}
        device = {"deviceToken": b"d" * 32, "deviceName": "a page"}
        prepared = call("roaming.undo", **place, **device, parameters=asked.get_json(), **secret)
        answer = self.client.post(path, base_url=ORIGIN, data=prepared["request"], content_type="application/json")
        assert answer.status_code == 200, answer.data
        opening = {"user": USER, "login": prepared["login"], "sealKey": SEAL_KEY, "response": answer.get_json()}
        return self.take(call("roaming.open", **opening))

    def prove(self, login: bytes) -> TestResponse:
        proof = CodeProof(code=self.code).to_json()
        self.calls = 1
        waiting = {"user": USER, "login": login, "sealKey": SEAL_KEY, "call": self.calls, "proof": proof}
        headers = {"Authorization": call("roaming.prove", **waiting)["authorization"]}
        answer = self.client.post(
            "/factor", base_url=ORIGIN, data=proof, headers=headers, content_type="application/json"
        )
        assert answer.status_code == 200, answer.data
        return answer

    def take(self, opened: dict[str, Any]) -> list[dict[str, Any]]:
        self.session, self.known = opened["session"], opened["known"]
        found: list[dict[str, Any]] = opened["identities"]
        return found

    def prepare(self, verb: str, **members: Any) -> dict[str, Any]:
        self.calls += 1
        members = {"user": USER, "session": self.session, "sealKey": SEAL_KEY, "call": self.calls, **members}
        prepared: dict[str, Any] = call(verb, **members)
        return prepared

    def ask(self, method: str, path: str, body: bytes = b"") -> TestResponse:
        header = self.prepare("roaming.sign", method=method, path=path, body=body)["authorization"]
        kind = "application/json" if body else None
        headers = {"Authorization": header}
        return self.client.open(path, method=method, base_url=ORIGIN, headers=headers, data=body, content_type=kind)

    def send(self, method: str, path: str, prepared: dict[str, Any]) -> TestResponse:
        headers = {"Authorization": prepared["authorization"], "If-Match": prepared["condition"]}
        answer = self.client.open(
            path,
            method=method,
            base_url=ORIGIN,
            headers=headers,
            data=prepared["request"],
            content_type="application/json",
        )
        if answer.status_code == 200:
            self.session, self.known = prepared["session"], prepared["known"]
        return answer


@pytest.fixture
def page(clock: FakeClock) -> Page:
    client = make_client(clock)
    Person(client, clock).register()
    return Page(client, clock)


def test_a_page_stores_beside_another_device(page: Page, clock: FakeClock) -> None:
    page.log_in(passphrase=PASSPHRASE)
    person = Person(page.client, clock)
    person.add(person.log_in(), identity(1))
    added = [sealed(identity(2))["identities"][0]]
    own = page.prepare("roaming.push", identities=added)
    refused = page.send("PUT", "/bundle", own)
    assert refused.status_code == 412
    taken = call("roaming.take", user=USER, session=page.session, sealKey=SEAL_KEY, record=refused.get_json()["record"])
    assert len(page.take(taken)) == 2
    assert page.send("PUT", "/bundle", page.prepare("roaming.push", identities=added)).status_code == 200
    assert len(page.log_in(passphrase=PASSPHRASE)) == 3


def test_a_page_changes_the_passphrase_and_recovers_by_a_code(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    prepared = page.prepare("roaming.rotate", passphrase=PASSPHRASE, revoked=[], newCode=True)
    assert page.send("POST", "/passphrase", prepared).status_code == 200
    changed = page.prepare("roaming.rotate", passphrase=b"soon forgotten", revoked=[])
    assert "code" not in changed
    assert page.send("POST", "/passphrase", changed).status_code == 200
    page.calls = 0
    assert len(page.log_in("roaming.recover", "/recover", code=prepared["code"])) == 1
    new = page.prepare("roaming.rotate", passphrase=OTHER_PASSPHRASE, revoked=[])
    assert page.send("POST", "/passphrase", new).status_code == 200
    assert len(page.log_in(passphrase=OTHER_PASSPHRASE)) == 1


def finish_reset(page: Page, clock: FakeClock) -> TestResponse:
    """Finish a reset with other keys and another passphrase, three days after its start."""
    person = Person(page.client, clock)
    start(person)
    clock.at += MIN_DELAY
    ticket = ticket_at(person)
    p12 = run(export_identity(identity(1), PASSPHRASE, provider=PROVIDER, iterations=1000))
    parameters = page.client.post("/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER}).get_json()
    made = call(
        "roaming.reset",
        server=ORIGIN,
        user=USER,
        passphrase=OTHER_PASSPHRASE,
        ticket=ticket,
        p12=p12,
        p12Passphrase=PASSPHRASE,
        parameters=parameters,
        version=start(person, ticket).version,
        at=clock().isoformat(),
    )
    body, kind = made["request"], "application/json"
    return page.client.post("/reset/finish", base_url=ORIGIN, data=body, content_type=kind)


def test_a_page_finishes_a_reset(page: Page, clock: FakeClock) -> None:
    [before] = page.log_in(passphrase=PASSPHRASE)
    page.known = b""
    assert finish_reset(page, clock).status_code == 201
    [opened] = page.log_in(passphrase=OTHER_PASSPHRASE)
    assert opened["fingerprint"] != before["fingerprint"]
    assert json.loads(page.known)["reset"] == clock().timestamp()


def test_a_page_undoes_a_reset_by_the_passphrase_from_before(page: Page, clock: FakeClock) -> None:
    [before] = page.log_in(passphrase=PASSPHRASE)
    finish_reset(page, clock)
    [opened] = page.undo_reset("/reset/undo", passphrase=PASSPHRASE)
    assert opened["fingerprint"] == before["fingerprint"]


def test_a_page_undoes_a_reset_by_the_code_from_before(page: Page, clock: FakeClock) -> None:
    [before] = page.log_in(passphrase=PASSPHRASE)
    prepared = page.prepare("roaming.rotate", passphrase=PASSPHRASE, revoked=[], newCode=True)
    assert page.send("POST", "/passphrase", prepared).status_code == 200
    finish_reset(page, clock)
    [opened] = page.undo_reset("/reset/undo-by-code", code=prepared["code"])
    assert opened["fingerprint"] == before["fingerprint"]
    # The person who has only the code chooses another passphrase at once.
    page.calls = 0
    changed = page.prepare("roaming.rotate", passphrase=OTHER_PASSPHRASE, revoked=[])
    assert page.send("POST", "/passphrase", changed).status_code == 200


def test_an_undoing_without_a_secret_is_refused(page: Page) -> None:
    with pytest.raises(SmimeError, match="expected a passphrase or a recovery code"):
        page.undo_reset("/reset/undo")


def test_a_page_learns_that_its_code_was_changed_and_carries_none_over(page: Page, clock: FakeClock) -> None:
    page.log_in(passphrase=PASSPHRASE)
    prepared = page.prepare("roaming.rotate", passphrase=PASSPHRASE, revoked=[], newCode=True)
    assert page.send("POST", "/passphrase", prepared).status_code == 200
    page.log_in(passphrase=PASSPHRASE)
    assert page.has_lost_code is False
    person = Person(page.client, clock)
    stolen = person.log_in()
    planted = run(recovery_keys(b"thief's code 16b", person.provider)).wrap_key
    content = replace(stolen.opened, state=replace(stolen.opened.state, wrap_keys=(planted,)))
    run(replace(stolen, opened=content).push(person.setting, content))
    page.log_in(passphrase=PASSPHRASE)
    assert page.has_lost_code is True
    changed = page.prepare("roaming.rotate", passphrase=OTHER_PASSPHRASE, revoked=[])
    assert json.loads(changed["request"])["recovery_key"] == ""
    assert page.send("POST", "/passphrase", changed).status_code == 200
    assert len(page.log_in(passphrase=OTHER_PASSPHRASE)) == 1
    assert page.has_lost_code is False


def test_a_page_lists_devices_and_deletes_the_account(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    assert [one["name"] for one in page.ask("GET", "/devices").get_json()["devices"]] == ["a page"]
    assert page.ask("DELETE", "/account").status_code == 200
    assert page.ask("GET", "/devices").get_json()["code"] == "login-ended"


def test_a_page_adds_a_second_factor_and_proves_it(page: Page, clock: FakeClock) -> None:
    app = pyotp.TOTP("A" * 32)
    page.log_in(passphrase=PASSPHRASE)
    new = NewCodes(name="a phone", secret=bytes(20), code=app.at(clock()))
    assert page.ask("POST", "/factors", new.to_json()).status_code == 201
    clock.advance(seconds=30)
    page.code = app.at(clock())
    assert len(page.log_in(passphrase=PASSPHRASE)) == 1
    (listed,) = page.ask("GET", "/factors").get_json()["factors"]
    assert page.ask("DELETE", f"/factors/{listed['id']}").status_code == 200
    page.code, page.calls = "", 0
    assert len(page.log_in(passphrase=PASSPHRASE)) == 1


def test_a_demand_for_a_factor_is_no_record(page: Page, clock: FakeClock) -> None:
    demand = FactorDemand(ends=0, kinds=(FactorKind.TOTP,), challenge=bytes(32))
    place = {"server": ORIGIN, "user": USER, "sealKey": SEAL_KEY, "at": clock().isoformat()}
    terms = page.client.post("/parameters", base_url=ORIGIN, json={"protocol": 2, "user": USER}).get_json()
    device = {"deviceToken": b"d" * 32, "deviceName": "a page"}
    login = call("roaming.login", **place, **device, parameters=terms, passphrase=PASSPHRASE)["login"]
    with pytest.raises(SmimeError) as refused:
        call("roaming.open", user=USER, login=login, sealKey=SEAL_KEY, response=json.loads(demand.to_json()))
    assert refused.value.code == "factor-needed"


def test_an_earlier_record_is_refused_by_the_vault(page: Page, clock: FakeClock) -> None:
    page.log_in(passphrase=PASSPHRASE)
    before = page.ask("GET", "/bundle").get_json()
    added = [sealed(identity(1))["identities"][0]]
    assert page.send("PUT", "/bundle", page.prepare("roaming.push", identities=added)).status_code == 200
    with pytest.raises(SmimeError) as refused:
        call("roaming.take", user=USER, session=page.session, sealKey=SEAL_KEY, record=before)
    assert refused.value.code == "record-rolled-back"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", "/passphrase"), ("PUT", "/bundle"), ("GET", "/account")),
        *(("POST", "/factor"), ("DELETE", "/factors/0")),
    ],
)
def test_the_vault_signs_no_call_with_a_record_for_a_page(page: Page, method: str, path: str) -> None:
    page.log_in(passphrase=PASSPHRASE)
    with pytest.raises(SmimeError):
        page.prepare("roaming.sign", method=method, path=path)


def test_a_sealed_session_is_for_one_user_and_hides_its_keys(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    with pytest.raises(SmimeError):
        page.prepare("roaming.sign", method="GET", path="/devices", user="bob@example.test")
    assert b"session_key" not in page.session
    assert base64.b64encode(b"session_key")[:-2] not in page.session
    assert json.loads(page.known)["version"] == 1


def decided_on(name: str) -> bytes:
    """The decisions of a page that has accepted the certificate of one person."""
    accepted = Decision(
        certificate=person(name).certificate,
        kind=DecisionKind.EXACT,
        addresses=(f"{name}@example.test",),
        accepted_at=NOW,
    )
    return build_decisions([accepted])


def merge(page: Page, **kept: bytes) -> dict[str, Any]:
    return page.prepare("roaming.merge", at=page.clock().isoformat(), others={}, **kept)


def test_pages_that_store_at_once_keep_the_decisions_of_both(page: Page, clock: FakeClock) -> None:
    other = Page(page.client, clock)
    for one in (page, other):
        one.log_in(passphrase=PASSPHRASE)
    first = merge(page, decisions=decided_on("bob"))
    assert page.send("PUT", "/bundle", first).status_code == 200
    refused = other.send("PUT", "/bundle", merge(other, decisions=decided_on("carol")))
    assert refused.status_code == 412
    taken = call(
        "roaming.take", user=USER, session=other.session, sealKey=SEAL_KEY, record=refused.get_json()["record"]
    )
    other.take(taken)
    second = merge(other, decisions=decided_on("carol"))
    assert other.send("PUT", "/bundle", second).status_code == 200
    page.calls = 0
    page.log_in(passphrase=PASSPHRASE)
    third = merge(page, decisions=first["decisions"], base=first["base"])
    assert "request" not in third
    for merged in (second, third):
        assert {one.certificate.email_addresses[0] for one in parse_decisions(merged["decisions"])} == {
            "bob@example.test",
            "carol@example.test",
        }


def test_a_page_knows_what_was_removed_by_the_base_that_it_keeps(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    first = merge(page, decisions=decided_on("bob"))
    page.send("PUT", "/bundle", first)
    removed = merge(page, decisions=build_decisions([]), base=first["base"])
    page.send("PUT", "/bundle", removed)
    old = merge(page, decisions=decided_on("bob"), base=first["base"])
    assert "request" not in old
    assert parse_decisions(old["decisions"]) == ()


def test_the_base_hides_addresses_and_is_not_needed_after_another_passphrase(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    first = merge(page, decisions=decided_on("bob"))
    page.send("PUT", "/bundle", first)
    assert b"bob@" not in first["base"]
    assert b"bob@" not in base64.b64decode(json.loads(first["base"])["state"])
    page.send("POST", "/passphrase", page.prepare("roaming.rotate", passphrase=OTHER_PASSPHRASE, revoked=[]))
    again = merge(page, decisions=first["decisions"], base=first["base"])
    assert again["decisions"] == first["decisions"]
    assert "request" not in again


def test_what_is_removed_after_a_push_whose_answer_is_lost_stays_removed(page: Page, clock: FakeClock) -> None:
    page.log_in(passphrase=PASSPHRASE)
    lost = merge(page, decisions=decided_on("bob"))
    headers = {"Authorization": lost["authorization"], "If-Match": lost["condition"]}
    kind = "application/json"
    answer = page.client.put("/bundle", base_url=ORIGIN, data=lost["request"], headers=headers, content_type=kind)
    assert answer.status_code == 200
    assert b"bob@" not in base64.b64decode(json.loads(lost["sent"])["sent"][0]["state"])
    again = Page(page.client, clock)
    again.log_in(passphrase=PASSPHRASE)
    after = merge(again, decisions=build_decisions([]), sent=lost["sent"])
    assert parse_decisions(after["decisions"]) == ()
    assert len(json.loads(after["sent"])["sent"]) == 2
    # Without what was sent, it is an entry of another device.
    assert len(parse_decisions(merge(again, decisions=build_decisions([]))["decisions"])) == 1
    # Another label than that of a base, so that neither is taken for the other.
    base = json.dumps(json.loads(lost["sent"])["sent"][0]).encode()
    assert len(parse_decisions(merge(again, decisions=build_decisions([]), base=base)["decisions"])) == 1


def test_the_notes_of_what_was_sent_stay_few(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    sent = b""
    for _ in range(6):
        sent = merge(page, decisions=decided_on("bob"), sent=sent)["sent"]
    assert len(json.loads(sent)["sent"]) == 4
    for wrong in (b"{}", b'{"sent": [{}]}', b'{"sent": 1}', sent[:-1]):
        with pytest.raises(SmimeError):
            merge(page, decisions=decided_on("bob"), sent=wrong)


def test_others_are_texts_by_kind_and_name(page: Page) -> None:
    page.log_in(passphrase=PASSPHRASE)
    at = page.clock().isoformat()
    wrongs: list[object] = [[], {"setting": 1}, {"setting": {"size": 2}}]
    for wrong in wrongs:
        with pytest.raises(SmimeError):
            page.prepare("roaming.merge", at=at, others=wrong)
    sent = page.prepare("roaming.merge", at=at, others={"setting": {"size": "2"}})
    assert page.send("PUT", "/bundle", sent).status_code == 200
    assert page.prepare("roaming.merge", at=at, others={"setting": {}})["others"] == {"setting": {"size": "2"}}


def test_a_page_shows_the_confirmed_officers_until_others_are_confirmed(clock: FakeClock) -> None:
    client = make_client(clock)
    person = Person(client, clock)
    person.register(identity(), encryption_identity(USER))
    session = person.log_in()
    run(confirm_policy(session, person.setting, policy_of(), clock()))
    page = Page(client, clock)
    page.log_in(passphrase=PASSPHRASE)
    standing = page.ask("GET", "/recovery").get_json() | {"policy": policy_of("olga", "otto").members()}
    shown = call("roaming.recovery", user=USER, session=page.session, sealKey=SEAL_KEY, standing=standing)["recovery"]
    assert [one["name"] for one in shown["confirmed"]["officers"]] == [f"{name}@example.test" for name in OFFICERS]
    assert (shown["offered"]["fingerprint"], shown["leftOut"]) == (policy_of("olga", "otto").fingerprint, 1)


def test_a_page_says_who_knows_the_passphrase_until_the_owner_chooses_one(clock: FakeClock) -> None:
    client = make_client(clock)
    person = Person(client, clock)
    person.register()
    session = person.log_in()
    state = with_first_passphrase(session.opened.state, clock())
    run(session.push(person.setting, replace(session.opened, state=state)))
    page = Page(client, clock)
    page.log_in(passphrase=PASSPHRASE)
    for change, is_known in (({"newCode": True, "revoked": []}, True), ({"revoked": []}, False)):
        prepared = page.prepare("roaming.rotate", passphrase=OTHER_PASSPHRASE, **change)
        assert page.send("POST", "/passphrase", prepared).status_code == 200
        page.session = prepared["session"]
        standing = page.ask("GET", "/recovery").get_json()
        shown = call("roaming.recovery", user=USER, session=page.session, sealKey=SEAL_KEY, standing=standing)
        assert shown["recovery"]["hasFirstPassphrase"] is is_known
