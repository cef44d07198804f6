"""A server moves only by its own key, for its domain, now, and once."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.errors import LimitExceeded, MalformedMessage, MoveNotNext, MoveRefused
from smime_core.limits import MAX_MOVE_BYTES
from smime_core.own_content.discovery_key import key_text
from smime_core.own_content.server_move import MAX_AGE, Move, check_move
from tests.support.people import NOW, PROVIDER
from tests.support.server_lists import BRIDGE_KEY, KEYS, LIST, OPERATOR, SECOND, key, move


def check(data: bytes, at: datetime.datetime = NOW) -> Move:
    return run(check_move(data, LIST, PROVIDER, at))


def changed(**members: Any) -> bytes:
    return json.dumps(json.loads(move()) | members).encode()


def test_a_server_moves_by_its_key() -> None:
    moved = check(move())
    assert (moved.server, moved.address, moved.counter) == (KEYS, "https://new.example.test", 3)


@pytest.mark.parametrize("owner", [OPERATOR, key(99)])
def test_a_key_that_the_list_does_not_name_moves_nobody(owner: Any) -> None:
    with pytest.raises(MoveRefused, match="no server of the list"):
        check(move(owner=owner))


def test_a_server_does_not_move_another_one() -> None:
    with pytest.raises(MoveRefused, match="no server of the list"):
        check(json.dumps(json.loads(move(owner=BRIDGE_KEY)) | {"key": KEYS.key}).encode())


def test_a_move_of_another_domain_is_refused() -> None:
    for data in (move(domain="other.test"), changed(domain="other.test")):
        with pytest.raises(MoveRefused, match="no server of the list"):
            check(data)
    relabelled = json.loads(move(domain="other.test")) | {"domain": LIST.domain}
    with pytest.raises(MoveRefused, match="no server of the list"):
        check(json.dumps(relabelled).encode())


@pytest.mark.parametrize(
    "members",
    [
        {"address": "https://mallory.test"},
        {"counter": 4},
        {"at": "2026-06-01T12:00:01Z"},
        {"key": key_text(BRIDGE_KEY)},
        {"signature": ""},
    ],
)
def test_the_signature_covers_each_member(members: dict[str, Any]) -> None:
    with pytest.raises(MoveRefused, match="no server of the list"):
        check(changed(**members))


@pytest.mark.parametrize("at", [NOW - MAX_AGE - SECOND, NOW + MAX_AGE + SECOND])
def test_a_move_of_another_time_is_refused(at: datetime.datetime) -> None:
    with pytest.raises(MoveRefused, match="correct the clock"):
        check(move(at=at))


@pytest.mark.parametrize("at", [NOW - MAX_AGE, NOW + MAX_AGE])
def test_clocks_may_differ_by_five_minutes(at: datetime.datetime) -> None:
    assert check(move(at=at)).counter == 3


@pytest.mark.parametrize("counter", [0, 1, 2, 4, 5])
def test_only_the_next_move_counts(counter: int) -> None:
    with pytest.raises(MoveNotNext, match=f"the counter is {counter}, and 3 is the next one"):
        check(move(counter=counter))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", changed(more=1), changed(format="sealwax-move-2"), changed(counter="3"), changed(at=1),
        changed(key="x"), changed(signature="?"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_move_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        check(data)


@pytest.mark.parametrize("address", ["http://example.test", "https://example.test/", "x"])
def test_a_move_to_an_address_that_no_client_takes_is_neither_signed_nor_read(address: str) -> None:
    with pytest.raises(MalformedMessage):
        move(address)
    with pytest.raises(MalformedMessage):
        check(changed(address=address))


def test_a_huge_move_is_not_read() -> None:
    with pytest.raises(LimitExceeded):
        check(move() + b" " * MAX_MOVE_BYTES)
