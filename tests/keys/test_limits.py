"""The limits on guesses at passphrases, over days of a simulated clock."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tracemalloc
from bisect import bisect_left
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import func, select

from roaming_keys.server import limits as limits_module
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import COUNTER
from roaming_keys.server.limits import KINDS, NETWORK_HALF_LIFE_SECONDS, LoginLimits
from sealwax.service import Database, TryLater, counters as counters_module

ALICE = "alice@example.test"
HOME, DEVICE = "192.0.2.1", b"device"
NIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = 86_400.0
MOST_GUESSES_A_DAY = 1_500


def hashed(kind: str, value: str) -> bytes:
    return sha256(f"{kind} {value}".encode()).digest()


@dataclass(slots=True)
class Door:
    """The limits at a number of seconds after midnight."""

    limits: LoginLimits
    seconds: float = 0.0

    @property
    def at(self) -> datetime:
        return NIGHT + timedelta(seconds=self.seconds)

    def guess(self, user: str = ALICE, network: str = HOME, device: bytes | None = None) -> int:
        """Send a wrong login. Returns 0 if it was checked, or the seconds to wait."""
        try:
            self.limits.start(user, network, device=device, at=self.at)
        except TryLater as refused:
            return refused.retry_after_seconds or 0
        return 0

    def guesses(self, count: int, network: str = HOME, device: bytes | None = None) -> list[int]:
        return [self.guess(network=network, device=device) for _ in range(count)]

    def log_in(self, user: str = ALICE, network: str = HOME, device: bytes | None = None) -> int:
        """Send the right login, or return the seconds to wait."""
        try:
            attempt = self.limits.start(user, network, device=device, at=self.at)
        except TryLater as refused:
            return refused.retry_after_seconds or 0
        with self.limits._database.transaction() as rows:
            self.limits.succeeded(rows, attempt, self.at)
        return 0


@pytest.fixture
def database() -> Iterator[Database]:
    opened = SCHEMA.open(":memory:")
    yield opened
    opened.close()


@pytest.fixture
def door(database: Database) -> Door:
    return Door(LoginLimits(database, hashed))


def network(number: int) -> str:
    return f"10.{number >> 8}.{number & 255}.1"


def most_in_a_day(times: list[float]) -> int:
    return max(bisect_left(times, since + DAY) - number for number, since in enumerate(times))


@pytest.mark.parametrize("days", [8, pytest.param(365, marks=pytest.mark.thorough)])
def test_nobody_waits_for_the_typos_of_a_hundred_people_behind_one_address(door: Door, days: int) -> None:
    """Each mistypes once a day on a device that is not known, all within one minute. Two of them give up each day."""
    people, waits = [f"{number}@example.test" for number in range(100)], []
    for day in range(days):
        for number, user in enumerate(people):
            door.seconds = day * DAY + 9 * 3_600 + number / 2
            waits.append(door.guess(user))
        for number, user in enumerate(people):
            door.seconds = day * DAY + 9 * 3_600 + 55 + number / 2
            if (day + number) % 50:
                waits.append(door.log_in(user))
    print(f"{days} days, {days * len(people)} typos: the longest wait is {max(waits)} s")
    assert max(waits) == 0


@pytest.mark.parametrize("days", [1, pytest.param(5, marks=pytest.mark.thorough)])
def test_the_owner_signs_in_at_once_while_a_thousand_networks_guess_all_day(door: Door, days: int) -> None:
    checked, at_home, elsewhere = [], [], []
    for number in range(days * 10_000):
        door.seconds = number * DAY / 10_000
        if door.guess(network=network(number % 1_000)) == 0:
            checked.append(door.seconds)
        if number % 100 == 99:
            at_home.append(door.log_in(device=DEVICE))
            elsewhere.append(door.log_in(network="198.51.100.1"))
    print(
        f"{days} days of 10,000 guesses from 1,000 networks: in 24 h at most {most_in_a_day(checked)} were checked."
        f" The owner came {len(at_home)} times, and waited at most {max(at_home)} s on a known device"
        f" and {max(elsewhere)} s on a new one"
    )
    assert most_in_a_day(checked) <= MOST_GUESSES_A_DAY
    assert max(at_home) == 0
    assert max(elsewhere) <= 60


def test_no_number_of_networks_gets_more_guesses_a_day(door: Door) -> None:
    """The guesser uses a new network for each guess, never waits longer than it must, and goes on when it may."""
    checked, tried = [], 0
    while door.seconds < 2 * DAY:
        tried += 1
        if (wait := door.guess(network=network(tried))) == 0:
            checked.append(door.seconds)
        door.seconds += wait
    print(f"A guesser in {tried} networks: {most_in_a_day(checked)} guesses were checked in 24 h")
    assert 1_480 <= most_in_a_day(checked) <= 1_492 <= MOST_GUESSES_A_DAY
    assert door.log_in(device=DEVICE) == 0


def test_networks_that_come_again_take_no_first_try_from_another_one(door: Door) -> None:
    """A network gets a second first try only when its first one is out of the count."""
    for turn in range(2):
        for number in range(1_039):
            door.seconds = turn * 31 * 3_600 + number
            assert door.guess(network=network(number)) == 0
        assert door.log_in(network="198.51.100.1") == 0


def test_a_guesser_in_one_network_leaves_room_for_an_owner_who_mistypes(door: Door) -> None:
    def wait(seconds: float) -> None:
        """The guesser uses each chance."""
        ends = door.seconds + seconds
        while (due := door.seconds + max(1, door.guess())) < ends:
            door.seconds = due
        door.seconds = ends

    wait(7_200)
    for number in range(10):
        elsewhere = network(number)
        assert door.guesses(2, network=elsewhere) == [0, 0]
        seconds = door.guess(network=elsewhere)
        assert seconds <= 194
        wait(seconds)
        assert door.log_in(network=elsewhere) == 0
        wait(1_800)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("networks", "typos"), [(1_000, 1), (10_000, 0)], ids=["a typo, 1,000 networks", "10,000 networks"]
)
def test_an_owner_who_shares_the_bucket_with_guessers_waits_for_minutes(door: Door, networks: int, typos: int) -> None:
    """The owner tries again two to eight seconds after the end of each wait, each time in a network of its own."""
    chance, sent, due, waits = random.Random(1), 0, 0.0, []  # noqa: S311 (the same every time)

    def wait(seconds: float) -> None:
        nonlocal sent, due
        ends = door.seconds + seconds
        while due < ends:
            door.seconds = due
            door.guess(network=network(sent % networks))
            sent, due = sent + 1, due + chance.expovariate(10_000 / DAY)
        door.seconds = ends

    wait(20 * 3_600)
    for number in range(100):
        begun, home = door.seconds, f"198.51.100.{number}"
        for _ in range(typos):
            while seconds := door.guess(network=home):
                wait(seconds + chance.uniform(2, 8))
        while seconds := door.log_in(network=home):
            wait(seconds + chance.uniform(2, 8))
        waits.append(door.seconds - begun)
        wait(600)
    waits.sort()
    print(
        f"{networks} networks, {typos} typos: the median wait is {waits[50]:.0f} s,"
        f" and 95 of 100 are at most {waits[94]:.0f} s"
    )
    assert waits[50] < 240
    assert waits[94] < 1_200


def test_a_known_device_has_its_own_bucket(door: Door) -> None:
    assert door.guesses(6) == [0] * 6
    assert door.guess() == 194
    assert door.log_in(device=DEVICE) == 0
    assert door.guesses(5, device=DEVICE) == [0] * 5
    # The owner of a stolen token is a stranger now, in a network that has failed.
    assert door.guess(device=DEVICE) == 194
    assert door.guesses(5, device=b"other device") == [0] * 5
    # At another account the device fills another bucket, and counts as a stranger afterwards.
    assert [door.guess("bob@example.test", device=DEVICE) for _ in range(12)] == [0] * 11 + [194]


def test_a_stolen_token_keeps_no_owner_out(door: Door) -> None:
    for number in range(10):
        door.guess(network=network(number), device=DEVICE)
    assert door.log_in(network="198.51.100.1", device=DEVICE) == 0


def test_a_stolen_token_gives_at_most_452_further_guesses_a_day(door: Door) -> None:
    checked = []
    while door.seconds < 1.5 * DAY:
        if (wait := door.guess(device=DEVICE)) == 0:
            checked.append(door.seconds)
        door.seconds += wait
    print(f"A guesser in one network with a stolen token: {most_in_a_day(checked)} guesses were checked in 24 h")
    assert most_in_a_day(checked) <= 452 + 452 + 1


def test_a_network_waits_that_tries_one_guess_at_ten_thousand_accounts(door: Door) -> None:
    checked = 0
    for number in range(10_000):
        door.seconds = number * DAY / 10_000
        checked += door.guess(f"{number}@example.test") == 0
    print(f"10,000 accounts from one network in a day: {checked} guesses were checked")
    assert 250 <= checked <= 290
    # An account at which it has failed is counted already, and another network has room.
    assert door.guess("0@example.test") == 0
    assert door.guess("9999@example.test", network="198.51.100.1") == 0


def test_a_success_takes_back_what_its_network_failed_before(door: Door) -> None:
    for _ in range(20):
        assert door.guesses(4) == [0] * 4
        assert door.log_in() == 0
    assert {count(door, kind) for kind in KINDS if kind != "first tries"} == {0}


def test_a_success_takes_back_no_guess_of_another_network(door: Door) -> None:
    for number in range(4):
        assert door.guesses(2, network=network(number)) == [0, 0]
    assert door.guess() == 0
    assert door.log_in() == 0
    assert door.guesses(2, network=network(0)) == [0, 194]


def test_a_success_takes_back_of_its_network_only_what_has_not_decayed(door: Door) -> None:
    people = ["bob@example.test", "carol@example.test"]
    assert [door.guess(user) for user in people] == [0, 0]
    door.seconds += NETWORK_HALF_LIFE_SECONDS
    assert {door.guess(f"{number}@example.test") for number in range(119)} == {0}
    assert door.guess() > 0
    assert [door.log_in(user) for user in people] == [0, 0]
    assert door.guess() == 0
    assert door.guess("dave@example.test") > 0


def test_an_attempt_that_must_wait_is_counted_nowhere(door: Door, database: Database) -> None:
    assert door.guesses(6) == [0] * 6
    before = all_rows(database)
    assert door.guesses(9) == [194] * 9
    assert all_rows(database) == before


def test_a_clock_that_was_ahead_blocks_nobody(door: Door) -> None:
    door.seconds = 3_660 * DAY
    assert door.guesses(7, device=DEVICE)[-1] == 0
    assert door.guesses(9)[-1] > 0
    door.seconds = 0
    assert [door.guesses(6), door.guesses(5, device=DEVICE)] == [[0] * 6, [0] * 5]


def test_memory_and_tables_stay_bounded_under_a_storm_of_random_logins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "MOST_ROWS", 200)
    monkeypatch.setattr(counters_module, "SWEPT_AT_ONCE", 100)
    database = SCHEMA.open(tmp_path / "keys.sqlite")
    door, chance = Door(LoginLimits(database, hashed)), random.Random(1)  # noqa: S311 (the same every time)

    def storm(count: int) -> None:
        for _ in range(count):
            door.seconds += 0.01
            user, source = f"{chance.randrange(10**9)}@example.test", f"2001:db8:{chance.randrange(10**4)}::/48"
            device = chance.choice([None, None, None, DEVICE])
            door.guess(user, source, device)
            door.guess(user, source)

    storm(200)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    storm(400)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rows = {kind: count(door, kind) for kind in KINDS}
    print(f"After 1,200 logins the rows are {rows}, and Python's memory has grown by {after - before} bytes")
    assert max(rows.values()) <= 200 + 50
    assert after - before < 50_000
    database.close()


def test_first_tries_need_at_most_as_many_rows_as_there_are_groups(door: Door) -> None:
    """So a storm cannot push the count of an account out of the table."""
    assert limits_module.MOST_ROWS > 16**limits_module._GROUP_DIGITS * limits_module._PARTS
    with door.limits._database.transaction() as rows:
        first = door.limits._find_first_try(rows, ALICE, door.at.timestamp())
        again = door.limits._find_first_try(rows, ALICE, door.at.timestamp())
    assert first is not None
    assert again is not None
    assert first.name == again.name
    group, _part = first.name.split()
    assert hashed("account", ALICE).hex().startswith(group)


def test_of_parallel_guesses_only_as_many_are_checked_as_there_is_room(database_url: str) -> None:
    opened = SCHEMA.open(database_url)
    door = Door(LoginLimits(opened, hashed))
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: door.guess(), range(40)))
        on_device = list(threads.map(lambda _: door.guess(network="198.51.100.1", device=DEVICE), range(40)))
    assert waits.count(0) == 6
    # The first try of the other network, and those of the device.
    assert on_device.count(0) == 6
    opened.close()


# Each process says that it is ready, waits for the word of the test, and guesses in one network and in sixty others.
GUESSER = """
import json, sys
from datetime import UTC, datetime
from hashlib import sha256
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.limits import LoginLimits
from sealwax.service import TryLater

night = datetime(2026, 3, 1, tzinfo=UTC)
limits = LoginLimits(SCHEMA.open(sys.argv[1]), lambda kind, value: sha256(f"{kind} {value}".encode()).digest())

def is_checked(network):
    try:
        limits.start("alice@example.test", network, device=None, at=night)
    except TryLater:
        return False
    return True

print("ready", flush=True)
sys.stdin.readline()
in_one = sum(is_checked("192.0.2.1") for _ in range(40))
in_many = sum(is_checked(f"10.0.0.{number}") for number in range(60))
print(json.dumps([in_one, in_many]))
"""


def test_two_processes_count_together(database_url: str) -> None:
    SCHEMA.upgrade(database_url)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", GUESSER, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    checked = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert [sum(counts) for counts in zip(*checked, strict=True)] == [6, 60]
    opened = SCHEMA.open(database_url)
    assert count(Door(LoginLimits(opened, hashed)), "failed account and network") == 61
    opened.close()


def count(door: Door, kind: str) -> int:
    query = select(func.count()).select_from(COUNTER).where(COUNTER.c.kind == kind)
    with door.limits._database.reading() as rows:
        return int(rows.execute(query).scalar_one())


def all_rows(database: Database) -> list[tuple[object, ...]]:
    with database.reading() as rows:
        return [tuple(row) for row in rows.execute(select(COUNTER).order_by(COUNTER.c.kind, COUNTER.c.name))]
