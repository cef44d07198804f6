"""Measures the bridge under load: many clients, many messages, large messages, and wrong logins."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge import mail
from tools.bench_bridge.memory import MemoryWatch
from tools.bench_bridge.ours import OurClient
from tools.bench_bridge.servers import PASSWORD, Rig
from tools.bench_bridge.theirs import TheirClient
from tools.bench_bridge.times import ANNA, OURS, THEIRS
from tools.bench_bridge.web import Answer, Refused

CLIENTS: Final = 16
_CLIENTS_SECONDS: Final = 10.0
_MANY_CLIENTS: Final = f"{CLIENTS} clients listing"
_SESSIONS: Final = 200
_SECONDS_BETWEEN: Final = 2.0
# The requests of each session, out of a hundred.
_MIX: Final = {"list": 50, "open": 30, "flags": 15, "send": 5}
_UNDER_LOAD: Final = f"{_SESSIONS} sessions"
_LARGE_BYTES: Final = 25_000_000
_AT_ONCE: Final = 4
_LARGE: Final = "25 MB"
_WARM_UP_SECONDS: Final = 5.0
_QUIET_LISTS: Final = 50
# One reading is too short for many lists by others, and among few lists the 95th percentile would be the slowest.
_REPEATED: Final = 5
_WRONG_LOGINS: Final = 1_000
_LOGINS: Final = f"{_WRONG_LOGINS} wrong logins"
_STRANGER, _OWNER = "127.1.0.1", "127.2.0.1"
_SEED: Final = 200
_MB: Final = 1_000_000.0


def measure_clients(rig: Rig) -> list[Figure]:
    """Measure the number of lists a second that all clients get together."""

    def of(make: Callable[[], OurClient | TheirClient], who: str) -> Figure:
        clients = [make() for _ in range(CLIENTS)]
        rate = _count_calls([client.list_page for client in clients], _CLIENTS_SECONDS) / _CLIENTS_SECONDS
        return Figure(where=_MANY_CLIENTS, job="requests a second", who=who, unit="per second", values=(rate,))

    figures = [of(lambda: _our_client(rig), OURS)]
    if port := rig.uncached_roundcube_port:
        figures.append(of(lambda: _their_client(port), THEIRS))
    return figures


def client_limits(figures: Figures) -> list[Limit]:
    """Limit: three times Roundcube's requests a second."""
    share = figures.ratio(_MANY_CLIENTS, "requests a second", THEIRS, OURS)
    return [
        Limit(where=_MANY_CLIENTS, what="requests a second: Roundcube / ours", value=share, limit=1 / 3, unit="times")
    ]


def measure_sessions(rig: Rig, minutes: float) -> list[Figure]:
    """Measure the answers to 200 people, each with a request every two seconds."""
    people = [_our_client(rig) for _ in range(_SESSIONS)]
    uid = people[0].newest_uid()
    message = mail.build_message(1, 10_000, to=ANNA, sender=ANNA)
    watch = MemoryWatch(rig.bridge.pid)
    load = _Load(ends_at=time.monotonic() + minutes * 60)
    threads = [
        threading.Thread(target=load.live, args=(person, uid, message, random.Random(_SEED + number)))  # noqa: S311
        for number, person in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    time.sleep(min(60.0, minutes * 30))
    after_a_minute = watch.now()
    for thread in threads:
        thread.join()
    at_the_end = watch.now()

    def figure(job: str, unit: str, *values: float) -> Figure:
        return Figure(where=_UNDER_LOAD, job=job, who=OURS, unit=unit, values=values)

    times = sorted(load.milliseconds)
    return [
        figure("requests", "count", len(times)),
        figure("errors", "count", load.errors),
        figure("p50", "ms", statistics.median(times)),
        figure("p95", "ms", times[int(len(times) * 0.95)]),
        figure("memory after the first minute", "MB", after_a_minute / _MB),
        figure("memory at the end / after the first minute", "times", at_the_end / after_a_minute),
    ]


def session_limits(figures: Figures) -> list[Limit]:
    """Limits: the number of errors, the 95th percentile, and the growth of memory after the first minute."""
    most = (
        ("errors", 0.0, "count"),
        ("p95", 500.0, "ms"),
        ("memory at the end / after the first minute", 1.05, "times"),
    )
    return [
        Limit(where=_UNDER_LOAD, what=what, value=figures.median(_UNDER_LOAD, what, OURS), limit=limit, unit=unit)
        for what, limit, unit in most
    ]


def measure_large(rig: Rig) -> list[Figure]:
    """Measure the memory for messages of 25 MB, and how long other people wait meanwhile."""
    people = [_our_client(rig) for _ in range(_AT_ONCE)]
    other = _our_client(rig)
    message = mail.build_message(2, _LARGE_BYTES, to=ANNA, sender=ANNA)
    small = mail.build_message(3, 10_000, to=ANNA, sender=ANNA)

    # Every process does each kind of work before, so that it has its own copies of the memory that it writes to. All
    # people ask at once, because a single person is always answered by the same process.
    def warm_up(person: OurClient) -> None:
        person.open(person.newest_uid())
        person.send(small, ANNA)

    _count_calls([partial(warm_up, person) for person in people], _WARM_UP_SECONDS)
    quiet = [other.list_page().milliseconds for _ in range(_QUIET_LISTS)]
    watch = MemoryWatch(rig.bridge.pid)

    def send(person: OurClient) -> Callable[[], object]:
        return lambda: person.send(message, ANNA)

    jobs: dict[str, Callable[[], list[Callable[[], object]]]] = {
        "sending one": lambda: [send(people[0])],
        "reading one": lambda: [people[0].opening_of_last_sent()],
        "sending four": lambda: [send(person) for person in people],
        "reading four": lambda: [person.opening_of_last_sent() for person in people],
    }
    figures = []
    for job, prepare in jobs.items():
        waits: list[float] = []
        growth = max(watch.growth_during(prepare(), partial(_note_wait, other, waits)) for _ in range(_REPEATED))
        figures.append(Figure(where=_LARGE, job=f"{job}: growth", who=OURS, unit="MB", values=(growth / _MB,)))
        added = sorted(waits)[int(len(waits) * 0.95)] - statistics.median(quiet)
        figures.append(
            Figure(where=_LARGE, job=f"{job}: p95 of what others wait", who=OURS, unit="ms", values=(added,))
        )
    return figures


def large_limits(figures: Figures) -> list[Limit]:
    """Limits: the growth of memory by one message and by four, and the longest wait of other people."""
    most = (
        ("reading one: growth", 2.0, "MB"),
        ("sending one: growth", 4.0, "MB"),
        ("sending four: growth", 16.0, "MB"),
        ("reading four: growth", 16.0, "MB"),
        *(
            (f"{job}: p95 of what others wait", 50.0, "ms")
            for job in ("sending one", "reading one", "sending four", "reading four")
        ),
    )
    return [
        Limit(where=_LARGE, what=what, value=figures.median(_LARGE, what, OURS), limit=limit, unit=unit)
        for what, limit, unit in most
    ]


def measure_logins(rig: Rig) -> list[Figure]:
    """Measure the owner's wait for a login, after a thousand wrong logins for the same address from another place."""
    refused: Counter[str] = Counter()
    stranger = OurClient(rig.bridge.port, ANNA, "wrong", source=_STRANGER)
    for _ in range(_WRONG_LOGINS):
        try:
            stranger.log_in()
        except Refused as error:
            refused[str(error).partition(": ")[2][:3]] += 1
    if sum(refused.values()) != _WRONG_LOGINS:
        raise AssertionError("a wrong password was accepted")
    owner = OurClient(rig.bridge.port, ANNA, PASSWORD, source=_OWNER)
    return [
        Figure(where=_LOGINS, job="the owner signs in", who=OURS, unit="ms", values=(owner.log_in().milliseconds,)),
        *(
            Figure(where=_LOGINS, job=f"answered {status}", who=OURS, unit="count", values=(float(count),))
            for status, count in refused.items()
        ),
    ]


def login_limits(figures: Figures) -> list[Limit]:
    """Limit: one second for the owner's login."""
    value = figures.median(_LOGINS, "the owner signs in", OURS)
    return [Limit(where=_LOGINS, what="the owner signs in", value=value, limit=1000.0, unit="ms")]


def _count_calls(works: list[Callable[[], object]], seconds: float) -> int:
    """Call each function again and again in a separate thread. Returns the number of calls."""
    end = time.monotonic() + seconds

    def repeat(work: Callable[[], object]) -> int:
        done = 0
        while time.monotonic() < end:
            work()
            done += 1
        return done

    with ThreadPoolExecutor(len(works)) as pool:
        return sum(pool.map(repeat, works))


@dataclass(slots=True)
class _Load:
    """The observations of all sessions."""

    ends_at: float
    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0

    def live(self, person: OurClient, uid: int, message: bytes, chance: random.Random) -> None:
        """Make one request every two seconds. Each session begins at a random moment."""
        time.sleep(chance.random() * _SECONDS_BETWEEN)
        works: dict[str, Callable[[], Answer]] = {
            "list": person.list_page,
            "open": lambda: person.open(uid),
            "flags": lambda: person.mark_seen(uid),
            "send": lambda: person.send(message, ANNA),
        }
        while (start := time.monotonic()) < self.ends_at:
            (kind,) = chance.choices(list(_MIX), weights=list(_MIX.values()))
            try:
                self.milliseconds.append(works[kind]().milliseconds)
            except (Refused, OSError):
                self.errors += 1
            time.sleep(max(0.0, start + _SECONDS_BETWEEN - time.monotonic()))


def _note_wait(other: OurClient, waits: list[float]) -> None:
    waits.append(other.list_page().milliseconds)


def _our_client(rig: Rig) -> OurClient:
    client = OurClient(rig.bridge.port, ANNA, PASSWORD)
    client.log_in()
    client.open_folders()
    client.list_page()
    return client


def _their_client(port: int) -> TheirClient:
    client = TheirClient(port, ANNA, PASSWORD)
    client.log_in()
    client.begin()
    client.list_page()
    return client
