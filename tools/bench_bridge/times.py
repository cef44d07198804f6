"""Measures server times: one person asks the bridge and Roundcube for the same work in turn, nearby and far away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge import mail
from tools.bench_bridge.ours import OurClient
from tools.bench_bridge.servers import PASSWORD, Rig
from tools.bench_bridge.theirs import TheirClient

ANNA: Final = "anna@example.test"
OURS, THEIRS = OurClient.name, TheirClient.name
CACHES_OFF, CACHES_ON = "both caches off", "both caches on"
USUAL, MANY = "usual mailbox", "ten times the messages, 300 folders"
LIST, OPEN, SEARCH, SEND, LOGIN = "list 50", "open 10 KB", "search subject", "send 10 KB", "login"
# The bridge keeps a connection to the submission server open for the next message of a session.
FIRST_SEND: Final = "send 10 KB, the first of a session"
FOLDERS = "list folders"
_SENT_BYTES: Final = 10_000
_DISTANT_JOBS: Final = (LIST, OPEN, SEARCH)

# The greatest allowed shares of Roundcube's time.
_MAX_SHARES: Final = {
    CACHES_OFF: {LIST: 0.35, OPEN: 0.2, SEARCH: 0.75, SEND: 0.5, LOGIN: 0.8},
    CACHES_ON: {LIST: 0.5, OPEN: 1.0, SEARCH: 0.75, SEND: 0.5, LOGIN: 0.8},
}
_MAX_DISTANT_SHARES: Final = {LIST: 0.3, OPEN: 0.3, SEARCH: 0.6}

Job = Callable[[], float]
"""Does the work once and returns the milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One program in the state that the table calls `where`."""

    who: str
    where: str
    jobs: Mapping[str, Job]


def measure_reading(rig: Rig, runs: int, where: str) -> list[Figure]:
    """Measure signing in and the jobs that read mail, with both programs' caches on."""
    sides = [_our_side(rig.bridge.port, where)]
    if rig.cached_roundcube_port is not None:
        sides.append(_their_side(rig.cached_roundcube_port, where))
    return _in_turns(sides, (LOGIN, *_DISTANT_JOBS), runs)


def measure_times(rig: Rig, runs: int) -> list[Figure]:
    """Measure all jobs nearby, with both programs' caches off and on."""
    sides = [*_uncached_sides(rig, CACHES_OFF), _our_side(rig.bridge.port, CACHES_ON)]
    if rig.cached_roundcube_port is not None:
        sides.append(_their_side(rig.cached_roundcube_port, CACHES_ON))
    return _in_turns(sides, (*_MAX_SHARES[CACHES_OFF], FIRST_SEND), runs)


def time_limits(figures: Figures) -> list[Limit]:
    """Limits: our share of Roundcube's median, with both caches off and then both on."""
    return [
        Limit(where=where, what=f"{job}: ours / Roundcube", value=figures.ratio(where, job, OURS, THEIRS), limit=most,
              unit="times")
        for where, shares in _MAX_SHARES.items()
        for job, most in shares.items()
    ]  # fmt: skip


def measure_distant(rig: Rig, runs: int, where: str) -> list[Figure]:
    """Measure the jobs that read mail, with a distant IMAP server and without caches."""
    return _in_turns(_uncached_sides(rig, where), _DISTANT_JOBS, runs)


def distant_limits(figures: Figures) -> list[Limit]:
    """Limits: our share of Roundcube's median."""
    return [
        Limit(where=where, what=f"{job}: ours / Roundcube", value=figures.ratio(where, job, OURS, THEIRS),
              limit=_MAX_DISTANT_SHARES[job], unit="times")
        for where, job in figures.rows
    ]  # fmt: skip


def measure_our_list(rig: Rig, runs: int, where: str) -> list[Figure]:
    """Measure our lists of messages and of folders."""
    side = _our_side(rig.bridge.port, where)
    return _in_turns([side], (LIST, FOLDERS), runs)


def many_limits(figures: Figures) -> list[Limit]:
    """Limit: the time for the list of a large mailbox, relative to the usual mailbox."""
    many, usual = figures.median(MANY, LIST, OURS), figures.median(USUAL, LIST, OURS)
    share = many / usual if many is not None and usual else None
    return [Limit(where=MANY, what=f"{LIST}: of the usual mailbox's time", value=share, limit=1.5, unit="times")]


def _uncached_sides(rig: Rig, where: str) -> list[_Side]:
    ours = [_our_side(rig.uncached.port, where)] if rig.uncached else []
    port = rig.uncached_roundcube_port
    return ours if port is None else [*ours, _their_side(port, where)]


def _our_side(port: int, where: str) -> _Side:
    client = OurClient(port, ANNA, PASSWORD)
    client.log_in()
    client.open_folders()
    uid = client.newest_uid()
    message = mail.build_message(1, _SENT_BYTES, to=ANNA, sender=ANNA)

    def send_first() -> float:
        client.log_in()
        return client.send(message, ANNA).milliseconds

    jobs: dict[str, Job] = {
        LIST: lambda: client.list_page().milliseconds,
        FOLDERS: lambda: client.list_folders().milliseconds,
        OPEN: lambda: client.open(uid).milliseconds,
        SEARCH: lambda: client.search(mail.RARE_WORD).milliseconds,
        SEND: lambda: client.send(message, ANNA).milliseconds,
        FIRST_SEND: send_first,
        LOGIN: lambda: client.log_in().milliseconds,
    }
    return _Side(who=OURS, where=where, jobs=jobs)


def _their_side(port: int, where: str) -> _Side:
    client = TheirClient(port, ANNA, PASSWORD)
    client.log_in()
    client.begin()
    uid = client.newest_uid()
    text = mail.build_message(1, _SENT_BYTES, to=ANNA).partition(b"\r\n\r\n")[2].decode()

    def log_in() -> float:
        milliseconds = client.log_in().milliseconds
        client.begin()
        return milliseconds

    def send_first() -> float:
        client.log_in()
        client.begin()
        return client.send(text, ANNA).milliseconds

    jobs: dict[str, Job] = {
        LIST: lambda: client.list_page().milliseconds,
        OPEN: lambda: client.open(uid).milliseconds,
        SEARCH: lambda: client.search(mail.RARE_WORD).milliseconds,
        SEND: lambda: client.send(text, ANNA).milliseconds,
        FIRST_SEND: send_first,
        LOGIN: log_in,
    }
    return _Side(who=THEIRS, where=where, jobs=jobs)


def _in_turns(sides: list[_Side], jobs: tuple[str, ...], runs: int) -> list[Figure]:
    """Run all jobs on each side in turn, again and again, so that a slow minute of the machine affects all sides."""
    figures: list[Figure] = []
    for job in jobs:
        present = [side for side in sides if job in side.jobs]
        times: list[list[float]] = [[] for _ in present]
        for turn in range(runs + 1):
            for side, values in zip(present, times, strict=True):
                milliseconds = side.jobs[job]()
                if turn:  # The first round only warms up.
                    values.append(milliseconds)
        figures += [
            Figure(where=side.where, job=job, who=side.who, unit="ms", values=tuple(values))
            for side, values in zip(present, times, strict=True)
        ]
    return figures
