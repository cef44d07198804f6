"""The vault's verb for an organisation's list: its operator is pinned once, and every judgement uses the list."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest

from smime_core import RevocationPolicy, TrustAnchor
from smime_core.blocking import run
from smime_core.errors import MalformedMessage
from smime_core.identity.identity import Identity
from smime_core.own_content.trust_list import TrustList, sign_trust_list
from smime_core.pkix import TrustSource, TrustStore
from tests.support.people import NOW, PROVIDER, anchor, person
from tests.support.trust_lists import DAY, LIST, operator, sign
from tests.support.vault.verbs import AT, call
from wasm_build.vault.python.requests import parse_request
from wasm_build.vault.python.trust import GivenJudging, read_store

NEWER = dataclasses.replace(LIST, serial_number=8, anchors=LIST.anchors[1:])


def follow(cms: bytes | None, followed: bytes | None = None, *, at: datetime.datetime = NOW) -> Any:
    return call("trust.follow", list=cms, followed=followed, at=at.isoformat())


def codes(reply: Any) -> list[str]:
    return [problem["code"] for problem in reply["problems"]]


def test_the_first_list_pins_whoever_signed_it() -> None:
    reply = follow(sign())
    assert reply["operator"] == operator().certificate.der
    assert (reply["list"]["name"], reply["list"]["serialNumber"], reply["problems"]) == ("Example Ltd", 7, [])
    assert [trust_anchor["addresses"] for trust_anchor in reply["list"]["anchors"]] == [["@example.test"], []]


def test_a_newer_list_by_the_same_operator_takes_the_place_of_the_older_one() -> None:
    reply = follow(sign(NEWER), follow(sign())["followed"])
    assert (reply["list"]["serialNumber"], reply["problems"]) == (8, [])


@pytest.mark.parametrize(
    ("handed_out", "identity", "code"),
    [
        (LIST, None, "trust-list-refused"),
        (dataclasses.replace(NEWER, serial_number=9), person("alice"), "another-operator"),
    ],
)
def test_an_older_list_and_one_of_another_operator_leave_what_was_followed(
    handed_out: TrustList, identity: Identity | None, code: str
) -> None:
    before = follow(sign(NEWER))["followed"]
    reply = follow(sign(handed_out, identity), before)
    assert reply["followed"] == before
    assert (reply["list"]["serialNumber"], codes(reply)) == (8, [code])


def store_of(args: dict[str, Any]) -> TrustStore:
    return run(read_store(parse_request(GivenJudging, args), PROVIDER))


def test_an_unreadable_list_keeps_the_followed_one_and_pins_nobody() -> None:
    before = follow(sign())["followed"]
    assert follow(b"no list", before)["followed"] == before
    nothing = follow(b"no list")
    assert (nothing["followed"], nothing["list"], len(nothing["problems"])) == (None, None, 1)


def test_a_list_that_has_ended_stays_pinned_and_counts_for_nothing() -> None:
    later = LIST.expires + DAY
    followed = follow(sign())["followed"]
    for handed_out in (None, sign()):
        reply = follow(handed_out, followed, at=later)
        assert (reply["followed"], reply["list"], codes(reply)) == (followed, None, ["trust-list-refused"])
    store = store_of({"trust": {"anchors": [], "followed": followed}, "at": later.isoformat()})
    assert store.anchors == ()


def test_following_nothing_gives_an_empty_answer() -> None:
    assert follow(None) == {"followed": None, "operator": None, "list": None, "problems": []}


def test_the_list_that_is_followed_counts_with_its_policy_and_requirements() -> None:
    args = {"trust": {"anchors": [], "revocation": "required", "followed": follow(sign())["followed"]}, "at": AT}
    store = store_of(args)
    assert store.anchors == LIST.trust_store.anchors
    assert {trust_anchor.source for trust_anchor in store.anchors} == {TrustSource.OPERATOR}
    assert {store.policy_for(trust_anchor) for trust_anchor in store.anchors} == {LIST.revocation}
    assert (store.revocation, store.requirements) == (RevocationPolicy.REQUIRED, LIST.requirements)


def test_a_signer_whom_only_the_list_vouches_for_is_verified() -> None:
    simple = TrustList(
        name="Example Ltd",
        serial_number=1,
        issued=NOW,
        expires=NOW + DAY,
        anchors=(TrustAnchor(certificate=anchor()),),
        revocation=LIST.revocation,
    )
    cms = run(sign_trust_list(simple, identity=operator(), provider=PROVIDER, signing_time=NOW))
    certificates = [person("bob").certificate.der]
    asking = {"certificates": certificates, "at": AT}
    for followed, usable in ((None, False), (follow(cms)["followed"], True)):
        described = call("certificate.describe", trust={"anchors": [], "followed": followed}, **asking)
        assert described["certificates"][0]["usable"] is usable


def test_a_damaged_followed_list_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        follow(sign(), b"{}")
