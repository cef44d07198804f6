"""The vault's verb that finds a key server by the signed list: forged, stale and older lists, and other servers."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest

from smime_core.errors import SmimeError
from smime_core.limits import MAX_DISCOVERY_BYTES
from smime_core.own_content import ServerKind
from tests.support.people import NOW
from tests.support.server_lists import DOMAIN, HOUR, KEYS, LIST, PINNED, key, number, server, sign, succession
from tests.support.vault.verbs import call

LATER = NOW + HOUR
ADDRESSES = [KEYS.address]


def find(signed: bytes = b"", followed: bytes = b"", *, at: datetime = LATER, **others: str) -> dict[str, Any]:
    request = {"server": KEYS.name, "user": f"alice@{DOMAIN}", "key": PINNED, "at": at.isoformat(), **others}
    answer: dict[str, Any] = call("roaming.find", **request, signed=signed, followed=followed)
    return answer


def codes(found: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in found["problems"]]


def test_the_servers_of_the_account_are_found_in_the_order_of_the_list() -> None:
    spare = dataclasses.replace(KEYS, address="https://spare.example.test", key=None)
    other = server(ServerKind.KEY_SERVER, "https://other.example.test")
    below = dataclasses.replace(spare, address="https://spare.example.test/keys")
    listed = dataclasses.replace(LIST, servers=(other, KEYS, below, spare))
    answer = find(sign(listed))
    assert (answer["addresses"], codes(answer)) == ([KEYS.address, spare.address], [])
    assert find(followed=answer["followed"])["addresses"] == answer["addresses"]
    assert find(sign(listed), server="https://gone.example.test")["addresses"] == []


REFUSED = [
    (sign(number(8, hours=1), key(2)), "discovery-unsigned"),
    (sign(number(8, hours=1))[:-10], "malformed-message"),
    (sign(number(8, hours=-24)), "discovery-expired"),
    (sign(number(8, hours=2)), "discovery-not-yet-valid"),
    (sign(dataclasses.replace(number(8), domain="other.test")), "discovery-of-another-domain"),
    (sign() + b" " * MAX_DISCOVERY_BYTES, "limit-exceeded"),
]


@pytest.mark.parametrize(("signed", "code"), [*REFUSED, (sign(number(6)), "discovery-older")])
def test_a_list_that_is_refused_leaves_the_last_good_one(signed: bytes, code: str) -> None:
    good = find(sign())
    answer = find(signed, good["followed"])
    assert (codes(answer), answer["addresses"], answer["followed"]) == ([code], ADDRESSES, good["followed"])


@pytest.mark.parametrize(("signed", "code"), REFUSED)
def test_without_a_good_list_no_server_is_found(signed: bytes, code: str) -> None:
    answer = find(signed)
    assert (codes(answer), answer["addresses"], answer["followed"]) == ([code], [], None)


def test_the_last_good_list_ends_thirty_days_after_its_end() -> None:
    good = find(sign())["followed"]
    end = NOW + 24 * HOUR + timedelta(days=30)
    assert find(followed=good, at=end - timedelta(seconds=1))["addresses"] == ADDRESSES
    answer = find(followed=good, at=end)
    assert (answer["addresses"], codes(answer)) == ([], ["discovery-expired"])


def test_a_list_is_followed_to_the_successor_of_its_key() -> None:
    newer = find(sign(number(8, hours=1), key(2), succession(key(1), key(2))), find(sign())["followed"])
    assert (newer["addresses"], codes(newer)) == (ADDRESSES, [])
    assert codes(find(sign(number(9, hours=1)), newer["followed"])) == ["discovery-unsigned"]


def test_a_list_of_another_key_or_domain_is_not_the_last_good_one() -> None:
    good = find(sign())["followed"]
    assert find(followed=good, user="alice@other.test")["addresses"] == []
    from_another = find(followed=good, key="ed25519:JUO5L_EJVRFHatyDadtt3JM2ZaEZeN2hQE7hBmypVZ0")
    assert (from_another["addresses"], from_another["followed"]) == ([], None)


def test_a_kept_list_that_was_altered_is_refused() -> None:
    good = find(sign())["followed"]
    with pytest.raises(SmimeError):
        find(followed=good[:-3])
