"""Measures the processor time of each request, in the bridge's processes and in PostgreSQL's.

Unlike the time until an answer, processor time does not depend on other work of the machine. It shows how many requests
one core can answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge import mail
from tools.bench_bridge.memory import family
from tools.bench_bridge.ours import OurClient
from tools.bench_bridge.servers import PASSWORD, Rig
from tools.bench_bridge.times import ANNA

REQUESTS: Final = 200
BRIDGE, POSTGRESQL = "bridge", "PostgreSQL"
WHERE: Final = "processor"
MIXED: Final = "mixed request"
_LIST, _OPEN, _FLAGS, _SEND, _LOGIN = "list 50", "open 10 KB", "flags", "send 10 KB", "login"
# The requests of each kind out of a hundred, as in the measurement of many sessions (`load`).
_MIX: Final = {_LIST: 50, _OPEN: 30, _FLAGS: 15, _SEND: 5}
_SENT_BYTES: Final = 10_000
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def measure_processor(rig: Rig, database_pid: int) -> list[Figure]:
    """Do each job many times, one after the other."""
    client = OurClient(rig.bridge.port, ANNA, PASSWORD)
    client.log_in()
    client.open_folders()
    uid = client.newest_uid()
    message = mail.build_message(1, _SENT_BYTES, to=ANNA, sender=ANNA)
    jobs: dict[str, Callable[[], object]] = {
        _LIST: client.list_page,
        _OPEN: lambda: client.open(uid),
        _FLAGS: lambda: client.mark_seen(uid),
        _SEND: lambda: client.send(message, ANNA),
        _LOGIN: client.log_in,
    }
    costs = {job: _milliseconds(work, {BRIDGE: rig.bridge.pid, POSTGRESQL: database_pid}) for job, work in jobs.items()}
    costs[MIXED] = {
        who: sum(costs[job][who] * share for job, share in _MIX.items()) / 100 for who in (BRIDGE, POSTGRESQL)
    }
    return [
        Figure(where=WHERE, job=job, who=who, unit="ms", values=(value,))
        for job, sides in costs.items()
        for who, value in sides.items()
    ]


def processor_limits(figures: Figures) -> list[Limit]:
    """A limit without comparison: one core of the bridge answers 250 mixed requests a second."""
    return [Limit(where=WHERE, what=MIXED, value=figures.median(WHERE, MIXED, BRIDGE), limit=4.0, unit="ms")]


def _milliseconds(work: Callable[[], object], pids: dict[str, int]) -> dict[str, float]:
    for _ in range(REQUESTS // 10):
        work()
    before = {who: seconds_of(pid) for who, pid in pids.items()}
    for _ in range(REQUESTS):
        work()
    return {who: (seconds_of(pid) - before[who]) / REQUESTS * 1000 for who, pid in pids.items()}


def seconds_of(pid: int) -> float:
    """The processor seconds of a process and its children, both running and ended."""
    return sum(_ticks(member) for member in family(pid)) / _TICKS


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
