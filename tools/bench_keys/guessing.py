"""Measures whether the time of a refused login reveals who is registered: known and unknown users log in in turn."""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from tools.bench.results import Figure, Figures, Limit
from tools.bench_keys.clients import STRANGE_DEVICE, WRONG_SEED
from tools.bench_keys.rig import ACTIVE, LARGE, SMALL, KeyRig, user

MEDIAN, AUC = "difference of the medians", "distance of the AUC from 0.5"
_SIDES: Final = ("known against unknown", "unknown against itself")


def measure_guessing(rig: KeyRig, large: int, runs: int) -> list[Figure]:
    """Compare refused logins of users with small and large bundles with refused logins of unregistered users."""
    figures = []
    for size, count in ((SMALL, ACTIVE), (LARGE, large)):
        known, unknown, again = _in_turns(rig, size, count, runs)
        where = f"bundles of {size:,} bytes"
        for who, sample, other in ((_SIDES[0], known, unknown), (_SIDES[1], again, unknown)):
            difference = abs(statistics.median(sample) / statistics.median(other) - 1)
            figures.append(Figure(where=where, job=MEDIAN, who=who, unit="times", values=(difference,)))
            figures.append(Figure(where=where, job=AUC, who=who, unit="times", values=(abs(auc(sample, other) - 0.5),)))
    return figures


def guessing_limits(figures: Figures) -> list[Limit]:
    """Limits: a difference of 5 % between the medians, and an AUC of 0.47 to 0.53."""
    return [
        Limit(where=where, what=job, value=figures.median(where, job, _SIDES[0]), limit=most, unit="times")
        for where, job in figures.rows
        for most in ([0.05] if job == MEDIAN else [0.03])
    ]


def auc(one: Sequence[float], other: Sequence[float]) -> float:
    """The probability that a value of `one` is larger than one of `other` (Mann-Whitney's U, divided by its range)."""
    ordered = sorted(other)
    wins = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in one) / 2
    return wins / (len(one) * len(other))


def _in_turns(rig: KeyRig, size: int, count: int, runs: int) -> tuple[list[float], list[float], list[float]]:
    client = rig.client()
    sides: tuple[list[float], list[float], list[float]] = ([], [], [])
    for number in range(runs):
        # Each name is tried equally often, because a name that was tried before already has its rows of counters.
        again = number % count
        names = (user(again, size), f"one{again}.{size}@example.test", f"two{again}.{size}@example.test")
        order = [(number + place) % 3 for place in range(3)]
        for side in order:
            body = client.sign(names[side], WRONG_SEED, STRANGE_DEVICE)
            address = f"{20 + side}.{size % 250}.{number // 250}.{number % 250}"
            status, answer, milliseconds = client.post("/login", body, address=address)
            assert status == 401, answer[:200]
            sides[side].append(milliseconds)
    return sides
