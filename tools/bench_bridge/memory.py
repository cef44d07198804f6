"""The memory of services: of their processes and of all processes below them. What they share counts once."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

_SECONDS_BETWEEN: Final = 0.02


class MemoryWatch:
    """Measures the memory of processes and their children, in bytes."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids

    def now(self) -> int:
        """Return the bytes of this moment."""
        return sum(proportional_bytes(member) for pid in self._pids for member in family(pid))

    def growth_during(self, works: Sequence[Callable[[], object]], meanwhile: Callable[[], None]) -> int:
        """Do the works at once, and something else again and again. Return the most bytes more than before.

        Each work has a process of its own, so that it costs the time that `meanwhile` measures nothing in this one.
        Raises RuntimeError if a work fails.
        """
        before = most = self.now()
        fork = multiprocessing.get_context("fork")
        running = [fork.Process(target=work) for work in works]
        for process in running:
            process.start()
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(_repeat_while, meanwhile, running)
            while any(process.is_alive() for process in running):
                most = max(most, self.now())
                time.sleep(_SECONDS_BETWEEN)
        other.result()
        for process in running:
            process.join()
            if process.exitcode:
                raise RuntimeError(f"a work ended with {process.exitcode}")
        return most - before


def _repeat_while(work: Callable[[], None], running: Sequence[BaseProcess]) -> None:
    while any(process.is_alive() for process in running):
        work()


def family(pid: int) -> list[int]:
    """Return the ids of a process and of its children, and of theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in family(int(child)))]


def proportional_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Pss:", "SwapPss:")))
