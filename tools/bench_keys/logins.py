"""Measures the processor time and the duration of a login, and the growth of memory by very many wrong logins."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator
from typing import Final

from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge.memory import family, proportional_bytes
from tools.bench_bridge.processor import seconds_of
from tools.bench_keys.clients import LOGIN_SEED, STRANGE_DEVICE, WRONG_SEED
from tools.bench_keys.rig import ACTIVE, KeyRig, user

SERVER, DATABASE = "key server", "PostgreSQL"
LOGIN, TERMS = "login", "of it /parameters"
LATENCY, GROWTH = "p95 of a login", "growth by 5,000 wrong logins"
_STORM: Final = 5_000


def measure_logins(rig: KeyRig, where: str, runs: int) -> list[Figure]:
    """Log in to one account after the other, each from another network.

    A login is two requests, `/parameters` and `/login`. The processor time of the key server's processes counts from
    the first request to the last, with the time between requests. PostgreSQL's processor time is a separate figure.
    """
    client, times = rig.client(), []
    with _processor_of(rig, runs) as terms:
        bodies = [client.sign(user(number % ACTIVE), LOGIN_SEED) for number in range(runs)]
    with _processor_of(rig, runs) as login:
        for number, body in enumerate(bodies):
            status, answer, milliseconds = client.post("/login", body, address=f"198.51.{number // 250}.{number % 250}")
            assert status == 200, answer[:200]
            times.append(milliseconds)
    whole = {who: terms[who] + login[who] for who in terms}
    figures = [
        Figure(where=where, job=job, who=f"processor of {who}", unit="ms", values=(value,))
        for job, used in ((LOGIN, whole), (TERMS, terms))
        for who, value in used.items()
    ]
    return [*figures, Figure(where=where, job=LATENCY, who="time", unit="ms", values=(_p95(times),))]


@contextlib.contextmanager
def _processor_of(rig: KeyRig, runs: int) -> Iterator[dict[str, float]]:
    """The processor milliseconds of server and database for each of `runs` runs. The dict is filled after the block."""
    pids = {SERVER: rig.pid, DATABASE: rig.database_pid or 0}
    used: dict[str, float] = {}
    before = {who: seconds_of(pid) for who, pid in pids.items()}
    yield used
    used.update({who: (seconds_of(pid) - before[who]) / runs * 1000 for who, pid in pids.items()})


def measure_storm(rig: KeyRig, where: str) -> list[Figure]:
    """Send wrong logins for random users from random networks."""
    client = rig.client()
    body = client.sign("nobody@example.test", WRONG_SEED, STRANGE_DEVICE)
    for number in range(_STORM // 10):
        client.post("/login", body, address=_network(number))
    before = _memory(rig)
    for number in range(_STORM):
        if number % 100 == 0:
            body = client.sign(f"nobody{number}@example.test", WRONG_SEED, STRANGE_DEVICE)
        client.post("/login", body, address=_network(number))
    return [Figure(where=where, job=GROWTH, who="memory", unit="MB", values=(_memory(rig) - before,))]


def login_limits(figures: Figures) -> list[Limit]:
    """Limits: 5 ms of processor time, 30 ms until the answer, no growth of memory."""
    limits = []
    for where, job in figures.rows:
        if job == LOGIN:
            value = figures.median(where, job, f"processor of {SERVER}")
            limits.append(Limit(where=where, what=LOGIN, value=value, limit=5.0, unit="ms"))
        elif job == LATENCY:
            value = figures.median(where, job, "time")
            limits.append(Limit(where=where, what=LATENCY, value=value, limit=30.0, unit="ms"))
        elif job == GROWTH:
            value = figures.median(where, job, "memory")
            limits.append(Limit(where=where, what=GROWTH, value=value, limit=2.0, unit="MB"))
    return limits


def _network(number: int) -> str:
    return f"{11 + number % 80}.{number % 251}.{number // 251 % 251}.1"


def _memory(rig: KeyRig) -> float:
    return sum(proportional_bytes(pid) for pid in family(rig.pid)) / 1_000_000


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
