"""The quota is reserved before the bytes come, and given back when they are gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.servers.bridge import error_of
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import DAY, Draft, Rig, Sender, bridge_config, store_config
from webbridge import BridgeConfig
from webbridge.delivery import quota

pytestmark = pytest.mark.server

SMALL = Draft(chunks=(b"x" * 400,), manifest=b"m" * 100)


def another() -> Draft:
    return replace(SMALL, id=Draft().id)


@pytest.fixture
def parcels_bridge(database_url: str, store: Path, clock: FakeClock) -> BridgeConfig:
    limits = store_config(store, max_parcel_bytes=1_000, sender_bytes=1_200, total_bytes=1_600)
    return bridge_config(database_url, clock, limits)


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "_LOOK_SECONDS", 0.0)


@pytest.mark.parametrize("whole", [True, False])
def test_a_sender_has_room_for_so_many_bytes(sender: Sender, rig: Rig, store: Path, *, whole: bool) -> None:
    assert [sender.create(another(), whole=whole).status_code for _ in range(2)] == [201, 201]
    assert error_of(sender.create(another(), whole=whole)) == (507, "quota-exceeded")
    assert rig.used() == {ALICE: 1_000}
    assert len(rig.rows()) == 2
    assert len([file for file in store.rglob("*") if file.is_file()]) == (2 if whole else 0)


def test_all_senders_together_have_room_for_so_many(sender: Sender, rig: Rig) -> None:
    assert [sender.create(another()).status_code for _ in range(2)] == [201, 201]
    other = rig.sender("carol@example.org")
    assert other.create(another()).status_code == 201
    assert error_of(other.create(another())) == (507, "quota-exceeded")


def test_parcels_that_are_refused_take_no_room_from_others(
    sender: Sender, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The sum over all senders is not looked at again in this test.
    monkeypatch.setattr(quota, "_LOOK_SECONDS", 1e9)
    assert [sender.create(another(), whole=True).status_code for _ in range(2)] == [201, 201]
    assert [sender.create(another(), whole=True).status_code for _ in range(5)] == [507] * 5
    assert rig.sender("carol@example.org").create(another()).status_code == 201


def test_a_withdrawn_parcel_gives_its_room_back(sender: Sender, rig: Rig) -> None:
    drafts = [another(), another()]
    for draft in drafts:
        sender.send_whole(draft)
    assert sender.call(drafts[0], "withdraw").status_code == 200
    assert rig.used() == {ALICE: 500}
    assert sender.create(another(), whole=True).status_code == 201
    # Once more, nothing is given back.
    assert sender.call(drafts[0], "withdraw").status_code == 200
    assert rig.used() == {ALICE: 1_000}


def test_an_expired_parcel_gives_its_room_back_when_its_bytes_are_gone(sender: Sender, rig: Rig) -> None:
    sender.send_whole(another())
    rig.clock.advance(seconds=7 * DAY)
    rig.delivery.sweep.run()
    assert rig.used() == {ALICE: 500}
    rig.clock.advance(seconds=DAY)
    rig.delivery.sweep.run()
    assert rig.used() == {ALICE: 0}
    rig.delivery.sweep.run()
    assert rig.used() == {ALICE: 0}


def test_a_parcel_that_is_too_large_reserves_nothing(sender: Sender, rig: Rig) -> None:
    draft = Draft(chunks=(b"x" * 1_000,), manifest=b"m")
    assert error_of(sender.create(draft)) == (413, "parcel-too-large")
    assert rig.used() == {}


def test_requests_at_the_same_time_do_not_exceed_the_quota(sender: Sender, rig: Rig) -> None:
    def send(_number: int) -> int:
        own = Sender(rig.app.test_client(), sender.token)
        return own.create(another()).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(8)))
    assert sorted(answers) == [201, 201, *[507] * 6]
    assert rig.used() == {ALICE: 1_000}


def test_a_disk_without_room_takes_no_parcel(rig: Rig, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "_SPARE_BYTES", 10**18)
    assert error_of(sender.create(another())) == (507, "store-full")
    assert rig.used() == {}


def test_the_list_says_what_is_used(sender: Sender) -> None:
    sender.send_whole(another())
    listed = sender.list()
    assert (listed["used"], listed["quota"]) == (500, 1_200)
