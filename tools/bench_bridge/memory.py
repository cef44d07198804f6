"""The memory of services: of their processes and all descendants. Shared memory counts once."""

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
    """Measures the memory of processes and their descendants, in bytes."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids

    def now(self) -> int:
        """Return the number of bytes in use now."""
        return sum(proportional_bytes(member) for pid in self._pids for member in family(pid))

    def growth_during(self, works: Sequence[Callable[[], object]], meanwhile: Callable[[], None]) -> int:
        """Run all works at once, and `meanwhile` again and again. Return the greatest growth of memory in bytes.

        Each work has a separate process, so that it does not slow the measurements of `meanwhile` in this process.
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
    """Return the ids of a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in family(int(child)))]


def proportional_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Pss:", "SwapPss:")))
