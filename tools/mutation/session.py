"""One pytest session: runs every test once to record its lines, then the tests that reach a mutant with that mutant.

Each mutant runs in a forked child process, which starts with all modules imported and all keys of the tests generated.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol

from tools.mutation.mutants import Mutant
from tools.mutation.surgery import operate

_MAX_MEMORY_BYTES: Final = 6 * 1024**3
_PATIENCE: Final = 4  # times the duration without a mutant. A mutant that takes longer counts as noticed
_KILLED, _SURVIVED, _UNCHANGED = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The fate of a mutant; `tests` counts the tests that reached its line."""

    mutant: Mutant
    noticed: bool
    tests: int


@dataclass(slots=True)
class MutationSession:
    """A plugin for pytest that runs mutants instead of a plain suite."""

    mutants: Sequence[Mutant]
    workers: int
    report: Callable[[Outcome], None]
    seconds_per_mutant: float
    _reached: dict[tuple[str, int], set[int]] = field(default_factory=lambda: defaultdict(set))
    _seconds: list[float] = field(default_factory=list)
    _running: dict[int, tuple[Mutant, int, float]] = field(default_factory=dict)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the mutants, in place of pytest's own loop."""
        items = self._run_all(session.items)
        for mutant in self.mutants:
            chosen = self._choose(mutant)
            if not chosen:
                self.report(Outcome(mutant=mutant, noticed=False, tests=0))
                continue
            while len(self._running) >= self.workers:
                self._collect()
            self._start(mutant, [items[number] for number in chosen], sum(self._seconds[n] for n in chosen))
        while self._running:
            self._collect()
        return True

    def _run_all(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        # A test that fails without a mutant cannot notice one, so it is left out.
        files = {str(mutant.path.resolve()) for mutant in self.mutants}
        passed: list[pytest.Item] = []
        for item in items:
            started = time.monotonic()
            lines: set[tuple[str, int]] = set()
            sys.settrace(_tracer(files, lines))
            try:
                reports = runtestprotocol(item, log=False, nextitem=None)
            finally:
                sys.settrace(None)
            if all(report.passed for report in reports):
                for line in lines:
                    self._reached[line].add(len(passed))
                passed.append(item)
                self._seconds.append(time.monotonic() - started)
            elif any(report.failed for report in reports):
                print(f"left out, because it fails without a mutant: {item.nodeid}", flush=True)
        print(f"{len(passed)} tests in {sum(self._seconds):.0f} s", flush=True)
        return passed

    def _choose(self, mutant: Mutant) -> list[int]:
        # Tests that reach `body` come before tests that reach only the check. In both groups, the fastest test comes
        # first.
        path = str(mutant.path.resolve())
        tests = set[int]().union(*(self._reached.get((path, line), set()) for line in mutant.lines))
        inside = self._reached.get((path, mutant.body), set())
        chosen: list[int] = []
        seconds = 0.0
        for number in sorted(tests | inside, key=lambda number: (number not in inside, self._seconds[number])):
            seconds += self._seconds[number]
            if chosen and seconds > self.seconds_per_mutant:
                break
            chosen.append(number)
        return chosen

    def _start(self, mutant: Mutant, items: Sequence[pytest.Item], seconds: float) -> None:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            os._exit(_run_child(mutant, items))
        self._running[child] = (mutant, len(items), time.monotonic() + 5 + _PATIENCE * seconds)

    def _collect(self) -> None:
        while True:
            for child, (mutant, tests, deadline) in list(self._running.items()):
                finished, status = os.waitpid(child, os.WNOHANG)
                if not finished and time.monotonic() < deadline:
                    continue
                if not finished:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    status = _KILLED
                del self._running[child]
                code = os.waitstatus_to_exitcode(status)
                if code != _UNCHANGED:
                    self.report(Outcome(mutant=mutant, noticed=code != _SURVIVED, tests=tests))
                return
            time.sleep(0.01)


def _run_child(mutant: Mutant, items: Sequence[pytest.Item]) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    if not operate(mutant, str(mutant.path.resolve())):
        return _UNCHANGED
    for item in items:
        try:
            reports = runtestprotocol(item, log=False, nextitem=None)
        except BaseException:  # noqa: BLE001 (whatever ends a test has noticed the mutant)
            return _KILLED
        if any(report.failed for report in reports):
            return _KILLED
    return _SURVIVED


def _tracer(files: set[str], lines: set[tuple[str, int]]) -> Callable[[FrameType, str, Any], Any]:
    def trace_lines(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            lines.add((frame.f_code.co_filename, frame.f_lineno))
        return trace_lines

    def trace(frame: FrameType, _: str, __: object) -> Any:
        return trace_lines if frame.f_code.co_filename in files else None

    return trace


def source_files(names: Sequence[str], core: Path) -> Iterator[Path]:
    """The files of modules such as `cms/signed_data`, and all files of packages such as `ess`."""
    for name in names:
        path = core / name
        if path.is_dir():
            yield from (file for file in sorted(path.glob("*.py")) if file.name != "__init__.py" or name == "stream")
        else:
            yield path.with_suffix(".py")
