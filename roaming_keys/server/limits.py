"""The limits on guesses at passphrases: which logins are checked at once, and which have to wait.

A login is counted before it is checked, so that parallel guesses are counted too. It is checked if one of these lanes
has room, and counted in the first that has:

- Each known device has its own bucket, which no stranger can fill.
- The first try of a network at an account needs no room in a bucket. An account admits 1,040 first tries a day.
- All other tries at an account share one bucket. A network that has often failed at the account may fill the bucket
less.

The tries of unknown devices in a network are also limited by the number of accounts at which the network has failed.

So an account admits at most 1,492 guesses in 24 hours: 1,040 first tries, 5 that fill the bucket, and one more every
193 seconds, after which the bucket has room again. Tries at accounts that do not exist are counted in the same way. All
names are keyed hashes. So the table does not list who logs in from where, and nobody can choose accounts that share a
row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import ceil, inf
from typing import Final

from sqlalchemy import Connection

from roaming_keys.server.database.tables import TABLES
from sealwax.service import Database, DecayingCounter, TryLater

HALF_LIFE_SECONDS: Final = 10 * 60
DEVICE_ROOM: Final = 5
ACCOUNT_ROOM: Final = 5
# With this lower limit, a guesser in a few networks leaves room for an owner whose first try was mistyped.
ACCOUNT_ROOM_AFTER_MANY: Final = 4
MANY_FAILURES: Final = 10

FIRST_TRIES: Final = 1_040
# First tries are counted in parts of a day. The latest five cover at least 24 hours.
PART_SECONDS: Final = 6 * 3_600
_PARTS: Final = 5
# After this time, a network gets a first try again, and its earlier first try no longer counts. So if fewer than
# FIRST_TRIES networks guess at an account, one more network gets its first try.
NEW_AFTER_SECONDS: Final = _PARTS * PART_SECONDS
# First tries are counted for groups of accounts: 65,536 groups have at most 327,680 rows. So even tries at very many
# accounts push no count out of the table, and no account gets its 1,040 first tries twice.
_GROUP_DIGITS: Final = 4

# Enough for a hundred people in one network who all mistype at once. The network may fail at 166 more accounts a day.
NETWORK_ACCOUNTS: Final = 120
NETWORK_HALF_LIFE_SECONDS: Final = 12 * 3_600

# Enough for 1,200 networks that all reach their limit. So many networks could use up an account's first tries anyway,
# so filling the table gains nothing.
MOST_ROWS: Final = 400_000
KINDS: Final = ("failed device", "failed account and network", "failed network", "first tries", "failed account")
_HALF_LIVES_KEPT: Final = 10
_REFUSAL: Final = "There were too many attempts to log in. Try again in {seconds} seconds."


@dataclass(frozen=True, slots=True)
class _Counted:
    """The events under one name that a successful login deletes from the count."""

    counter: DecayingCounter
    name: str
    events: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that has been counted and may be checked now."""

    counted: tuple[_Counted, ...]


class _Full(Exception):
    """The lane has no room for the next `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class LoginLimits:
    """The counters of failed logins. `counter_name` hashes a kind and a value with a key of the server."""

    def __init__(self, database: Database, counter_name: Callable[[str, str], bytes]) -> None:
        self._database = database
        self._counter_name = counter_name
        device, pair, network, first_tries, account = KINDS
        bucket_seconds = HALF_LIFE_SECONDS * _HALF_LIVES_KEPT
        self._devices = self._counter(device, HALF_LIFE_SECONDS, bucket_seconds)
        self._pairs = self._counter(pair, inf, NEW_AFTER_SECONDS)
        self._networks = self._counter(network, NETWORK_HALF_LIFE_SECONDS, NETWORK_HALF_LIFE_SECONDS * _HALF_LIVES_KEPT)
        self._first_tries = self._counter(first_tries, inf, NEW_AFTER_SECONDS)
        self._accounts = self._counter(account, HALF_LIFE_SECONDS, bucket_seconds)
        # Each transaction locks rows in this order, so that two transactions never wait for each other.
        self._counters = (self._devices, self._pairs, self._networks, self._first_tries, self._accounts)

    def start(self, user: str, network: str, *, device: bytes | None, at: datetime) -> Attempt:
        """Count a failed login before the login is checked. Raises TryLater, and counts nothing, if no lane has room.

        `network` comes from `client_site`, and `device` is the name of a device that the account knows.
        """
        now = at.timestamp()
        for counter in self._counters:
            counter.sweep(now)
        waits = []
        with self._database.transaction(durable=False) as rows:
            if device is not None:
                try:
                    return self._start_on_device(rows, self._name("failed device", f"{device.hex()} {user}"), now)
                except _Full as full:
                    waits.append(full.seconds)
            try:
                return self._start_as_stranger(rows, user, network, now)
            except _Full as full:
                waits.append(full.seconds)
            # This error rolls the transaction back, which also removes rows with new names.
            seconds = max(1, ceil(min(waits) - 1e-6))
            raise TryLater(_REFUSAL.format(seconds=seconds), seconds)

    def succeeded(self, rows: Connection, attempt: Attempt, at: datetime) -> None:
        """Delete the failures that this attempt has counted, and the earlier failures of its network or device.

        Call this in the transaction of the successful login, so that an attempt that fails there stays counted. It
        locks rows that logins to other accounts need too.
        """
        for counted in attempt.counted:
            counted.counter.take_back(rows, counted.name, counted.events, at.timestamp())

    def _start_on_device(self, rows: Connection, name: str, now: float) -> Attempt:
        self._take_room(rows, self._devices, name, DEVICE_ROOM, now)
        return Attempt((_Counted(self._devices, name, inf),))

    def _start_as_stranger(self, rows: Connection, user: str, network: str, now: float) -> Attempt:
        pair_name, network_name = self._name("account and network", f"{network} {user}"), self._name("network", network)
        failures = self._pairs.count(rows, pair_name, now)
        is_first = failures.value == 0
        if is_first:
            self._take_room(rows, self._networks, network_name, NETWORK_ACCOUNTS, now)
        first_try = self._find_first_try(rows, user, now) if is_first else None
        lane = first_try or self._take_next_try(rows, user, failures.value, now)
        # The part of the network's earlier failures at this account that has not decayed yet.
        share = 0.5 ** (failures.age_seconds / NETWORK_HALF_LIFE_SECONDS)
        return Attempt((_Counted(self._pairs, pair_name, inf), _Counted(self._networks, network_name, share), lane))

    def _find_first_try(self, rows: Connection, user: str, now: float) -> _Counted | None:
        """Count a first try at an account, or return None if there were too many."""
        group, part = self._name("account", user)[:_GROUP_DIGITS], int(now // PART_SECONDS)
        name, *earlier = (f"{group} {part - ago}" for ago in range(_PARTS))
        room, counted = FIRST_TRIES - self._first_tries.total(rows, earlier), _Counted(self._first_tries, name, 1)
        if room >= 1 and self._first_tries.begin(rows, name, now):
            return counted
        level = self._first_tries.lock(rows, name, now)
        if level.value + 1 > room:
            return None
        self._first_tries.add(rows, name, level)
        return counted

    def _take_next_try(self, rows: Connection, user: str, failures: float, now: float) -> _Counted:
        """Count a try at an account by a network that has failed there `failures` times. Raises _Full."""
        name = self._name("account", user)
        room = ACCOUNT_ROOM if failures < MANY_FAILURES else ACCOUNT_ROOM_AFTER_MANY
        self._take_room(rows, self._accounts, name, room, now)
        # A success also deletes the failures before it, because they were no guesses.
        return _Counted(self._accounts, name, max(1, failures))

    def _take_room(self, rows: Connection, counter: DecayingCounter, name: str, room: int, now: float) -> None:
        # Most names have no failures, because a success deletes the failures before it.
        if counter.begin(rows, name, now):
            return
        level = counter.lock(rows, name, now)
        if (seconds := counter.seconds_until(level, room - 1)) > 0:
            raise _Full(seconds)
        counter.add(rows, name, level)

    def _counter(self, kind: str, half_life_seconds: float, forget_seconds: int) -> DecayingCounter:
        return DecayingCounter(
            self._database,
            tables=TABLES,
            kind=kind,
            half_life_seconds=half_life_seconds,
            forget_seconds=forget_seconds,
            most_rows=MOST_ROWS,
        )

    def _name(self, kind: str, value: str) -> str:
        return self._counter_name(kind, value).hex()
