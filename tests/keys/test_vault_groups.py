"""The vault's verbs about groups, as a page calls them, against the server itself and against one that lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from cryptography import x509

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.groups.calls import end_group
from roaming_keys.protocol.groups.known import known_groups
from roaming_keys.protocol.groups.membership import with_identities, with_members, without_members
from roaming_keys.protocol.groups.messages import Member, StoredGroup
from roaming_keys.protocol.steps import KeyServerError
from smime_core.blocking import run
from smime_core.errors import SmimeError
from smime_core.identity import Identity, export_identity
from smime_core.provider import NewKey
from tests.support.clock import FakeClock
from tests.support.keys.groups import WARD, Sharer, member, own, sharer, ward
from tests.support.keys.people import PROVIDER, make_client
from tests.support.people import anchor, build_revocation_list
from tests.support.vault.verbs import call
from wasm_build.vault.python.requests import Secret
from wasm_build.vault.python.roaming_steps import read_session, seal_session

pytestmark = [pytest.mark.usefixtures("quick_passphrases")]
SEAL_KEY: Final = Secret(b"k" * 32)
BOB: Final = "bob@example.test"
Answer = Callable[[Call, bytes], bytes]


class Page:
    """The work of a page between the vault and the key server, with the session of a person."""

    def __init__(self, person: Sharer) -> None:
        self.person = person

    def ask(self, verb: str, **members: Any) -> Any:
        """Run an operation to its end, and return its result."""
        session = self.person.session
        account = {"user": self.person.user, "sealKey": SEAL_KEY}
        own = {"session": run(seal_session(session, SEAL_KEY, PROVIDER)), "calls": session.session_key.counter}
        reply: dict[str, Any] = call(verb, **account, **own, **members)
        while "result" not in reply:
            self.take(reply)
            answer = {"state": reply["state"], "step": reply["step"], **self.send(reply["request"])}
            reply = call("roaming.answer", **account, **answer)
        self.take(reply)
        return reply["result"]

    def take(self, reply: dict[str, Any]) -> None:
        if "session" in reply:
            calls = reply["calls"]
            self.person.session = run(read_session(reply["session"], self.person.user, calls, SEAL_KEY, PROVIDER))
        self.person.session.session_key.counter = reply.get("calls", self.person.session.session_key.counter)

    def send(self, request: dict[str, Any]) -> dict[str, Any]:
        members = {name: request[name] for name in ("method", "path", "condition", "body")}
        try:
            return {"body": run(self.person.transport.send(Call(**members), request["authorization"]))}
        except KeyServerError as error:
            record = None if error.record is None else error.record.members()
            return {"refusal": {"code": error.code, "message": str(error), "record": record}}

    def list(self) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = self.ask("group.list")["groups"]
        return groups

    def judging(self, *anchors: bytes) -> dict[str, Any]:
        trust_anchors = [{"certificate": der} for der in anchors or (anchor().der,)]
        return {"trust": {"anchors": trust_anchors, "revocation": "not-checked"}, "at": self.person.clock().isoformat()}

    def fetch(self, id: str) -> Any:
        return self.ask("group.fetch", id=id)["stored"]

    def show(self, id: str = WARD, *anchors: bytes, accepted: str = "") -> Any:
        return self.ask("group.show", id=id, stored=self.fetch(id), accepted=accepted, **self.judging(*anchors))

    def take_keys(self, id: str = WARD, *anchors: bytes, accepted: str = "") -> Any:
        return self.ask("group.take", id=id, stored=self.fetch(id), accepted=accepted, **self.judging(*anchors))

    def change(self, *, removed: tuple[str, ...] = (), added: tuple[dict[str, Any], ...] = (), **file: bytes) -> Any:
        at = self.person.clock().isoformat()
        return self.ask("group.change", id=WARD, removed=removed, added=added, at=at, **file)

    def create(self, name: str, identity: Identity) -> str:
        file = {"p12": file_of(identity), "passphrase": b"words"}
        made: str = self.ask("group.create", name=name, at=self.person.clock().isoformat(), **file)["id"]
        return made


@pytest.fixture
def alice(clock: FakeClock) -> Sharer:
    """Alice, who owns Ward 3 with Bob."""
    alice = sharer(make_client(clock), clock, "alice")
    alice.store(ward("alice", "bob"), 1)
    return alice


@pytest.fixture
def bob(alice: Sharer) -> Page:
    return Page(sharer(alice.client, alice.clock, "bob"))


def file_of(identity: Identity) -> bytes:
    return run(export_identity(identity, b"words", provider=PROVIDER, iterations=1000))


def answering(change: Callable[[StoredGroup], StoredGroup]) -> Answer:
    def answer(call: Call, body: bytes) -> bytes:
        is_group = call.method == "GET" and call.path.startswith("/groups/")
        return change(StoredGroup.from_json(body)).to_json() if is_group else body

    return answer


def listing(groups: dict[str, Any]) -> Answer:
    return lambda call, body: json.dumps(groups).encode() if call.path == "/groups" else body


def test_the_list_says_what_is_new_taken_and_left(alice: Sharer, bob: Page) -> None:
    assert [(group["state"], group["name"], group["owner"]) for group in bob.list()] == [("new", None, alice.user)]
    bob.take_keys()
    (row,) = bob.list()
    assert (row["state"], row["name"], row["addresses"]) == ("taken", "Ward 3", ["ward3@example.test"])
    alice.store(alice.open_own().content, 2)
    assert [group["state"] for group in bob.list()] == ["newer"]
    run(end_group(bob.person.session, bob.person.setting, WARD))
    assert [(group["state"], group["problem"]) for group in bob.list()] == [("left", None)]
    assert [group["isOwn"] for group in Page(alice).list()] == [True]


def test_taking_stores_the_keys_as_the_command_does(alice: Sharer, bob: Page) -> None:
    alice.store(with_identities(alice.open_own().content, [own("ward3", NewKey.P384)]), 2)
    reply = bob.take_keys()
    assert [identity["fingerprint"] for identity in reply["identities"]] == [
        own("bob").certificate.fingerprint,
        own("ward3", NewKey.P384).certificate.fingerprint,
        own("ward3").certificate.fingerprint,
    ]
    assert [person["user"] for person in reply["group"]["members"]] == [alice.user, BOB]
    bob.person.log_in()
    assert known_groups(bob.person.session.opened.state)[WARD].version == 2
    sent = len([request for request in bob.person.transport.sent if request.method == "PUT"])
    bob.take_keys()
    assert len([request for request in bob.person.transport.sent if request.method == "PUT"]) == sent


def test_an_owner_who_is_not_trusted_is_offered_by_the_fingerprint(alice: Sharer, bob: Page) -> None:
    stranger = own("dave").certificate.der
    refusal = bob.show(WARD, stranger)["refusal"]
    assert refusal["code"] == "group-owner-not-verified"
    assert [reason["code"] for reason in refusal["reasons"]] == ["untrusted-anchor"]
    fingerprint = refusal["acceptable"]["fingerprint"]
    assert fingerprint == own("alice").certificate.fingerprint
    with pytest.raises(SmimeError):
        bob.take_keys(WARD, stranger)
    with pytest.raises(SmimeError):
        bob.take_keys(WARD, stranger, accepted=own("carol").certificate.fingerprint)
    bob.take_keys(WARD, stranger, accepted=fingerprint)
    # From then on the certificate is known.
    assert bob.show(WARD, stranger)["refusal"] is None


def test_another_certificate_of_the_owner_is_asked_about(alice: Sharer, bob: Page) -> None:
    bob.take_keys()
    content, renewed = alice.open_own().content, own("alice", NewKey.P384)
    opened = replace(alice.session.opened, identities=(renewed,))
    alice.session = replace(alice.session, opened=opened)
    alice.store(content, 2)
    refusal = bob.show()["refusal"]
    assert refusal["code"] == "group-owner-changed"
    assert refusal["acceptable"]["fingerprint"] == renewed.certificate.fingerprint
    assert bob.show(accepted=renewed.certificate.fingerprint)["group"]["version"] == 2


def test_a_known_owner_whose_certificate_is_revoked_is_refused(alice: Sharer, bob: Page) -> None:
    """A thief of the owner's key stores a version with keys of the thief's."""
    bob.take_keys()
    alice.store(alice.open_own().content, 2)
    at = bob.person.clock()
    serial = x509.load_der_x509_certificate(own("alice").certificate.der).serial_number
    for revoked, code in (((serial,), "group-owner-not-verified"), ((), None)):
        crls = [build_revocation_list(*revoked, at=at)]
        anchors = [{"certificate": anchor().der}]
        trust = {"anchors": anchors, "revocation": "required", "evidence": {"crls": crls}}
        request = {"id": WARD, "stored": bob.fetch(WARD), "trust": trust, "at": at.isoformat()}
        refusal = bob.ask("group.show", accepted="", **request)["refusal"]
        assert (refusal and refusal["code"]) == code
        accepted = own("alice").certificate.fingerprint
        again = bob.ask("group.show", accepted=accepted, **request)["refusal"]
        assert (again and again["code"], again and again["acceptable"]) == (code, None)


def test_an_address_of_other_keys_is_asked_about(alice: Sharer, bob: Page) -> None:
    bob.take_keys()
    carol = sharer(alice.client, alice.clock, "carol")
    carol.store(ward("carol", "bob", identity=own("ward3", NewKey.P384)), 1, id="next")
    refusal = bob.show("next")["refusal"]
    assert refusal["code"] == "group-of-known-address"
    fingerprint = refusal["acceptable"]["fingerprint"]
    assert fingerprint == own("carol").certificate.fingerprint
    taken = bob.take_keys("next", accepted=fingerprint)["identities"]
    assert [identity.get("isShared", False) for identity in taken] == [False, True, True]


def test_agreeing_is_not_offered_where_it_does_not_help(alice: Sharer, bob: Page) -> None:
    alice.store(ward("alice", "bob", identity=own("bob", NewKey.P384)), 1, id="trap")
    for anchors in ((), (own("dave").certificate.der,)):
        refusal = bob.show("trap", *anchors)["refusal"]
        assert refusal["acceptable"] is None
    assert bob.show("trap")["refusal"]["code"] == "group-of-own-address"
    with pytest.raises(SmimeError) as refused:
        bob.take_keys("trap")
    assert refused.value.code == "group-of-own-address"


def test_a_lie_about_a_group_is_a_refusal(bob: Page) -> None:
    flipped: list[Callable[[StoredGroup], StoredGroup]] = [
        lambda group: replace(group, bundle=bytes([group.bundle[0] ^ 1]) + group.bundle[1:]),
        lambda group: replace(group, version=2),
        lambda group: replace(group, owner="carol@example.test"),
    ]
    for change in flipped:
        bob.person.transport.answer = answering(change)
        refusal = bob.show()["refusal"]
        assert (refusal["code"], refusal["acceptable"]) == ("group-key-refused", None)


def test_a_group_without_a_right_key_is_an_error(bob: Page) -> None:
    lies: list[tuple[Callable[[StoredGroup], StoredGroup], str]] = [
        (lambda group: replace(group, members=[]), "group-without-key"),
        (lambda group: replace(group, members=[Member(user=BOB, wrap=b"")]), "malformed-message"),
        (lambda group: replace(group, owner=BOB), "group-key-refused"),
    ]
    for change, code in lies:
        bob.person.transport.answer = answering(change)
        with pytest.raises(SmimeError) as refused:
            bob.show()
        assert refused.value.code == code


def test_the_key_of_another_member_is_not_for_the_person(alice: Sharer, bob: Page) -> None:
    other = Page(alice).fetch(WARD)["members"][0]["wrap"]
    stored = bob.fetch(WARD)
    stored["members"][0]["wrap"] = other
    with pytest.raises(SmimeError) as refused:
        bob.ask("group.show", id=WARD, stored=stored, **bob.judging())
    assert refused.value.code == "group-not-for-you"


def test_a_bad_list_is_refused(bob: Page) -> None:
    right = {"id": WARD, "owner": "alice@example.test", "version": 1}
    lists: list[dict[str, Any]] = [
        {},
        {"groups": [{"id": WARD, "owner": "alice@example.test"}]},
        {"groups": [{**right, "owner": "nobody"}]},
        {"groups": [{**right, "id": "../account"}]},
        {"groups": [right, right]},
        {"groups": [{**right, "id": f"a{count}"} for count in range(201)]},
    ]
    for listed in lists:
        bob.person.transport.answer = listing(listed)
        with pytest.raises(SmimeError) as refused:
            bob.list()
        assert refused.value.code in ("malformed-message", "limit-exceeded")


def test_a_list_that_goes_back_is_a_problem_of_its_group_only(alice: Sharer, bob: Page) -> None:
    alice.store(alice.open_own().content, 2)
    alice.store(ward("alice", "bob"), 1, id="night")
    bob.take_keys()
    rows = [
        {"id": WARD, "owner": alice.user, "version": 1},
        {"id": "night", "owner": alice.user, "version": 1},
    ]
    bob.person.transport.answer = listing({"groups": rows})
    first, other = bob.list()
    assert (first["problem"]["code"], first["name"]) == ("group-rolled-back", "Ward 3")
    assert (other["problem"], other["state"]) == (None, "new")
    rows[0] = {"id": WARD, "owner": "carol@example.test", "version": 3}
    first, _ = bob.list()
    assert first["problem"]["code"] == "group-of-another"


def test_the_owner_removes_and_adds(alice: Sharer, bob: Page) -> None:
    bob.take_keys()
    owner = Page(alice)
    assert owner.change(removed=(BOB,))["version"] == 2
    taken = owner.take_keys()["group"]
    assert (taken["version"], [person["user"] for person in taken["members"]], taken["removed"]) == (
        2,
        [alice.user],
        [BOB],
    )
    with pytest.raises(SmimeError) as refused:
        bob.show()
    assert refused.value.code == "no-such-group"
    owner.change(added=({"user": "Bob@Example.test", "certificate": own("bob").certificate.der},))
    assert owner.take_keys()["group"]["removed"] == []
    assert bob.take_keys()["group"]["version"] == 3


def test_a_change_leaves_out_who_has_left(alice: Sharer, bob: Page) -> None:
    alice.store(with_members(alice.open_own().content, [member("carol")]), 2)
    run(end_group(bob.person.session, bob.person.setting, WARD))
    owner = Page(alice)
    assert [person["hasLeft"] for person in owner.show()["group"]["members"]] == [False, True, False]
    assert owner.change(removed=("carol@example.test",))["gone"] == [BOB]
    assert without_members(alice.open_own().content, (), alice.user).removed == ("carol@example.test", BOB)


def test_only_the_owner_changes_a_group(bob: Page) -> None:
    with pytest.raises(SmimeError):
        bob.change(removed=("alice@example.test",))


def test_the_owner_creates_and_renews(alice: Sharer, bob: Page) -> None:
    owner = Page(alice)
    id = owner.create("Night shift", own("ward3"))
    taken = owner.take_keys(id)["group"]
    assert (taken["name"], [person["user"] for person in taken["members"]], taken["isOwn"]) == (
        "Night shift",
        [alice.user],
        True,
    )
    owner.change(removed=(BOB,))
    assert owner.take_keys()["group"]["removed"] == [BOB]
    # The same key protects from nobody who has it.
    owner.change(p12=file_of(own("ward3")), passphrase=b"words")
    assert owner.take_keys()["group"]["removed"] == [BOB]
    owner.change(p12=file_of(own("ward3", NewKey.P384)), passphrase=b"words")
    assert owner.take_keys()["group"]["removed"] == []


def test_no_group_gets_a_certificate_of_its_owner(alice: Sharer) -> None:
    """Its owner could not open it any more, and its key would be that of the owner's mail."""
    owner = Page(alice)
    acts: list[Callable[[], Any]] = [
        lambda: owner.create("Mine", own("alice", NewKey.P384)),
        lambda: owner.change(p12=file_of(own("alice", NewKey.P384)), passphrase=b"words"),
        lambda: alice.store(ward("alice", identity=own("alice", NewKey.P384)), 1, id="mine"),
    ]
    for act in acts:
        with pytest.raises(SmimeError) as refused:
            act()
        assert refused.value.code == "group-of-own-address"
    assert len(owner.list()) == 1
